"""Zones from the blueprint: the root, each top-level domain, each declared domain, and the reverse zone of loopback.

Every zone has name servers of its own at addresses of their own, so referrals are real ones. A zone is delegated by
the nearest zone above it that the world has.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailharness.dns import Record, Zone, apex, delegation, txt
from mailharness.dns.name import key_of
from mailharness.errors import MisuseError
from mailharness.world.blueprint import Domain
from mailharness.world.roles import Roles

ROOT_SERVER = "a.root-servers"
REVERSE_ORIGIN = "127.in-addr.arpa."
_TTL = 3600
_ANYWHERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Servers:
    """The name servers of a world: host names by zone origin, the root's as ``.``; the first is the primary."""

    by_zone: Mapping[str, tuple[str, ...]]

    @classmethod
    def plan(cls, domains: Sequence[Domain], roles: Mapping[str, Roles]) -> "Servers":
        """``a.root-servers`` for the root, ``ns.nic.tst`` for a top-level domain, a domain's own for the rest."""
        tlds = dict.fromkeys(domain.name.rpartition(".")[2].lower() for domain in domains)
        by_zone = {".": (ROOT_SERVER,)} | {f"{tld}.": (f"ns.nic.{tld}",) for tld in tlds}
        return cls(by_zone | {f"{domain.name}.": roles[domain.name].nameservers for domain in domains})

    @property
    def names(self) -> list[str]:
        """Every name server, zone by zone."""
        return [server for servers in self.by_zone.values() for server in servers]

    def of(self, zone: str) -> tuple[str, ...]:
        """The name servers of ``zone`` ("tst", "exampleB.tst", "." for the root); none if the world has no such zone."""
        wanted = key_of(zone)
        return next((servers for origin, servers in self.by_zone.items() if key_of(origin) == wanted), ())


def delegations(servers: Servers, address: Mapping[str, str]) -> dict[str, list[Record]]:
    """For every zone (in lower case) the NS records of the zones right below it, the reverse one's too, with their glue."""
    below: dict[str, list[Record]] = {origin.lower(): [] for origin in servers.by_zone}
    for origin, names in (*servers.by_zone.items(), (REVERSE_ORIGIN, (ROOT_SERVER,))):
        if origin != ".":
            below[_parent(origin, below)] += delegation(origin, {f"{name}.": address[name] for name in names})
    return below


def top_zone(origin: str, servers: Iterable[str], address: Mapping[str, str], below: Iterable[Record]) -> Zone:
    """The root zone or a top-level one: nothing but its servers and what it delegates."""
    names = list(servers)
    return Zone(origin, [*_apex(origin, names), *(_a(name, address[name]) for name in names), *below], sound=True)


def domain_zone(domain: Domain, roles: Roles, address: Mapping[str, str], below: Iterable[Record] = ()) -> Zone:
    """The zone of one domain: MX by preference in the order declared, backups last, an A record for every host, SPF as TXT.

    Records that the domain declares stand in the place of all of ours of their name and type. Raises MisuseError where
    they break a rule, unless the domain is declared with ``strict=False``.
    """
    origin = f"{domain.name}."
    ours = _apex(origin, roles.nameservers)
    ours += [Record(origin, "MX", _TTL, f"{10 * n} {host}.") for n, host in enumerate((*roles.mx, *domain.backup_mx), 1)]
    ours.append(txt(origin, "v=spf1 mx -all"))
    ours += [_a(host, address[host]) for host in (*roles.nameservers, *roles.doors)]
    declared = {(record.key, record.rrtype) for record in domain.records}
    kept = (record for record in ours if (record.key, record.rrtype) not in declared)
    return Zone(origin, [*kept, *domain.records, *below], strict=domain.strict, sound=not domain.records)


def check_zone(domain: Domain, roles: Roles) -> None:
    """Raise MisuseError if the domain's zone is the world's own, or the records it declares could not stand in it."""
    if key_of(domain.name) == key_of(REVERSE_ORIGIN):
        raise MisuseError(f"Domain({domain.name!r}): that zone is the world's own, where it keeps its hosts' PTR records")
    if domain.records:
        domain_zone(domain, roles, dict.fromkeys((*roles.nameservers, *roles.doors), _ANYWHERE))


def reverse_zone(address: Mapping[str, str]) -> Zone:
    """PTR records for every host, served by the root's server (RFC 1035 §3.5)."""
    pointers = (Record(_reverse(where), "PTR", _TTL, f"{host}.") for host, where in address.items())
    return Zone(REVERSE_ORIGIN, [*_apex(REVERSE_ORIGIN, [ROOT_SERVER]), *pointers], sound=True)


def _parent(origin: str, known: Container[str]) -> str:
    """The nearest zone above ``origin`` that the world has, in lower case."""
    above = origin.lower().partition(".")[2]
    while above and above not in known:
        above = above.partition(".")[2]
    return above or "."


def _apex(origin: str, servers: Iterable[str]) -> list[Record]:
    return apex(origin, [f"{server}." for server in servers])


def _a(host: str, address: str) -> Record:
    return Record(f"{host}.", "A", _TTL, address)


def _reverse(address: str) -> str:
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa."
