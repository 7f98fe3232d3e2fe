"""Zones from the blueprint: the root, each top-level domain, each declared domain, and the reverse zone of loopback.

Every zone has a name server of its own at an address of its own, so referrals are real ones. A zone is delegated by
the nearest zone above it that the world has.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailharness.dns import Record, Zone, apex, delegation, txt
from mailharness.world.blueprint import Domain

ROOT_SERVER = "a.root-servers"
REVERSE_ORIGIN = "127.in-addr.arpa."
_TTL = 3600


@dataclass(frozen=True, slots=True)
class Servers:
    """The name servers of a world: host name by zone origin, the root's as ``.``."""

    by_zone: Mapping[str, str]

    @classmethod
    def plan(cls, domains: Sequence[Domain]) -> "Servers":
        """``a.root-servers`` for the root, ``ns.nic.tst`` for a top-level domain, ``ns.<domain>`` for a domain."""
        tlds = dict.fromkeys(domain.name.rpartition(".")[2].lower() for domain in domains)
        by_zone = {".": ROOT_SERVER} | {f"{tld}.": f"ns.nic.{tld}" for tld in tlds}
        return cls(by_zone | {f"{domain.name}.": f"ns.{domain.name}" for domain in domains})


def delegations(servers: Servers, address: Mapping[str, str]) -> dict[str, list[Record]]:
    """For every zone (in lower case) the NS records of the zones right below it, with their glue."""
    below: dict[str, list[Record]] = {origin.lower(): [] for origin in servers.by_zone}
    for origin, server in servers.by_zone.items():
        if origin != ".":
            below[_parent(origin, below)] += delegation(origin, {f"{server}.": address[server]})
    return below


def top_zone(origin: str, server: str, address: Mapping[str, str], below: Iterable[Record]) -> Zone:
    """The root zone or a top-level one: nothing but its server and what it delegates."""
    return Zone(origin, [*apex(origin, [f"{server}."]), _a(server, address[server]), *below])


def domain_zone(
    domain: Domain,
    server: str,
    mx: Iterable[str],
    hosts: Iterable[str],
    address: Mapping[str, str],
    below: Iterable[Record] = (),
) -> Zone:
    """The zone of one domain: MX by preference in the order declared, an A record for every host, SPF as TXT."""
    origin = f"{domain.name}."
    records = apex(origin, [f"{server}."])
    records += [Record(origin, "MX", _TTL, f"{10 * n} {host}.") for n, host in enumerate(mx, 1)]
    records.append(txt(origin, "v=spf1 mx -all"))
    records += [_a(host, address[host]) for host in (server, *hosts)]
    return Zone(origin, [*records, *below])


def reverse_zone(address: Mapping[str, str]) -> Zone:
    """PTR records for every host, served by the root's server (RFC 1035 §3.5)."""
    pointers = (Record(_reverse(where), "PTR", _TTL, f"{host}.") for host, where in address.items())
    return Zone(REVERSE_ORIGIN, [*apex(REVERSE_ORIGIN, [f"{ROOT_SERVER}."]), *pointers])


def _parent(origin: str, known: Container[str]) -> str:
    """The nearest zone above ``origin`` that the world has, in lower case."""
    above = origin.lower().partition(".")[2]
    while above and above not in known:
        above = above.partition(".")[2]
    return above or "."


def _a(host: str, address: str) -> Record:
    return Record(f"{host}.", "A", _TTL, address)


def _reverse(address: str) -> str:
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa."
