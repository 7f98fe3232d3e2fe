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
    return tuple(checked.values())


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
