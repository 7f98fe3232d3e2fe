"""The domains of a world together: what can be told only of all of them."""

from collections.abc import Iterable, Mapping

from mailharness.errors import MisuseError
from mailharness.mail.address import ascii_form
from mailharness.world.blueprint.domain import Domain

DEFAULT_DOMAINS = (Domain("exampleA.tst", users=["userA"]), Domain("exampleB.tst", users=["userB"]))
"""The story's world: userA@exampleA.tst writes to userB@exampleB.tst."""


def check_domains(domains: Iterable[object]) -> tuple[Domain, ...]:
    """The domains of a world: each a Domain, none twice, none with a host that belongs into another's zone."""
    checked: dict[str, Domain] = {}
    for domain in domains:
        if isinstance(domain, list | tuple):
            raise MisuseError("World([...]): drop the list, as in World(Domain('acme.test'), Domain('globex.test'))")
        if not isinstance(domain, Domain):
            raise MisuseError(f"{domain!r} is not a Domain: write Domain({str(domain)!r}, users=[...])")
        if (key := ascii_form(domain.name).lower()) in checked:
            raise MisuseError(f"domain {domain.name!r} is declared twice; put all its users and hosts into one Domain(...)")
        checked[key] = domain
    for key, domain in checked.items():
        for host in _hosts(domain, key):
            _check_place(host, key, domain, checked)
    _check_backups(checked)
    return tuple(checked.values())


def _check_backups(declared: Mapping[str, Domain]) -> None:
    """Raise MisuseError for a backup that is no host of another domain, or one that cannot queue for others."""
    taking = {host: one for key, one in declared.items() for host in _hosts(one, key) if host != f"ns.{key}"}
    for domain in declared.values():
        for name in domain.backup_mx:
            other = taking.get(name.lower())
            if other is None:
                raise MisuseError.unknown(f"host for Domain({domain.name!r}, backup_mx=...):", name, taking)
            if other is domain:
                raise MisuseError(
                    f"Domain({domain.name!r}, backup_mx=[{name!r}]): that is its own host, which delivers; write mx=[...], "
                    "or name a host of another domain"
                )
            if not _takes_mail(other, name.lower()):
                raise MisuseError(
                    f"Domain({domain.name!r}, backup_mx=[{name!r}]): that is no MTA; name an MX or submission host "
                    f"of {other.name}"
                )


def _takes_mail(domain: Domain, host: str) -> bool:
    """Whether ``host`` is an MTA, which no gateway is."""
    plain = f"mail.{ascii_form(domain.name).lower()}"
    own_mx = () if domain.gateway else domain.mx
    always = {plain} if domain.gateway or not domain.mx or not domain.submission else set()
    return host in always | {one.lower() for one in (*own_mx, *domain.submission)}


def _hosts(domain: Domain, name: str) -> Iterable[str]:
    """The names of all the domain's machines, in lower case."""
    named = (domain.mx, domain.submission, domain.imap, domain.pop)
    standing = [f"mail.{name}"] * (domain.gateway is not None or not all(named))
    standing += [f"gateway.{name}"] * (domain.gateway is not None and not domain.mx)
    return (f"ns.{name}", *standing, *(host.lower() for hosts in named for host in hosts))


def _check_place(host: str, own: str, domain: Domain, declared: Mapping[str, Domain]) -> None:
    """Raise MisuseError for a host that is, or lies under, another domain: its address is looked up there in vain."""
    zone = host
    while zone != own:
        if zone in declared:
            raise MisuseError(
                f"host {host!r} of {domain.name!r} lies in the zone of domain {declared[zone].name!r}, which does not know "
                f"it: give that domain another name, or name the hosts, as in Domain({domain.name!r}, mx=['mx1'], ...)"
            )
        zone = zone.partition(".")[2]
