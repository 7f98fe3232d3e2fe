"""The topology: who is where in a world, read from its blueprint, for pictures to draw."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailharness.agents.routing import SmartHost
from mailharness.dns.name import key_of
from mailharness.mail.address import ascii_form
from mailharness.world.blueprint import Account, Domain
from mailharness.world.roles import Roles

HOSTS, PEOPLE, REMARKS = 6, 12, 8
"""How many hosts of a stage, names and remarks of a domain are told."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One host and what it does; ``guards`` says that it is a gateway."""

    name: str
    does: str
    guards: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """What else is to be said of a domain; ``to`` is the domain that it leads to, "" for none."""

    text: str
    to: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One domain: its machines in ``stages`` from where mail comes in to where it is read, its people, and remarks."""

    name: str
    stages: tuple[tuple[Machine, ...], ...]
    people: tuple[str, ...]
    remarks: tuple[Remark, ...]


def cards(domains: Iterable[Domain]) -> list[Card]:
    """One card a domain, in their order."""
    domains = list(domains)
    homes = {host.lower(): domain.name for domain in domains for host in Roles(domain).doors}
    homes |= {ascii_form(domain.name).lower(): domain.name for domain in domains}
    return [_card(domain, Roles(domain), homes) for domain in domains]


def _card(domain: Domain, roles: Roles, homes: dict[str, str]) -> Card:
    remarks = list(_remarks(domain, roles, homes))
    people = list(_people(domain))
    return Card(
        domain.name,
        tuple(_bounded(stage) for stage in _stages(domain, roles) if stage),
        tuple(_first(people, PEOPLE)),
        tuple(remarks[:REMARKS] + [Remark(f"and {len(remarks) - REMARKS} more")] * (len(remarks) > REMARKS)),
    )


def _first(texts: list[str], most: int) -> list[str]:
    return texts if len(texts) <= most else [*texts[:most], f"and {len(texts) - most:,} more"]


def _bounded(stage: list[Machine]) -> tuple[Machine, ...]:
    left_out = len(stage) - HOSTS
    return (*stage[:HOSTS], Machine(f"and {left_out} more hosts", "")) if left_out > 0 else tuple(stage)


def _stages(domain: Domain, roles: Roles) -> Iterator[list[Machine]]:
    """Where mail comes in; the MTA behind a gateway; where it is read, if that is another machine."""
    seen: set[str] = set()
    for names in ((*roles.mx, *roles.submission), roles.mtas, (*roles.imap, *roles.pop)):
        new = [name for name in dict.fromkeys(names) if name.lower() not in seen]
        if names is roles.mtas and not roles.gateways:
            continue
        seen |= {name.lower() for name in new}
        yield [_machine(domain, roles, name) for name in new]


def _machine(domain: Domain, roles: Roles, name: str) -> Machine:
    def among(names: Iterable[str]) -> bool:
        return name.lower() in {one.lower() for one in names}

    host = domain.describe(name)
    preferences = [f"MX {preference}" for preference, mx in exchanges(domain) if mx.lower() == name.lower()]
    words = {"submission": roles.submission, "IMAP": roles.imap, "POP3": roles.pop}
    does = [*preferences, "gateway" if among(roles.gateways) else "", "MTA" if among(roles.mtas) else ""]
    does += [word for word, names in words.items() if among(names)]
    does += ["a program of yours" if host.external else "", f"as {host.personality}" if host.personality else ""]
    return Machine(name, ", ".join(filter(None, does)), among(roles.gateways))


def exchanges(domain: Domain) -> list[tuple[int, str]]:
    """The domain's MX records, preference and host, those that it declares itself in the place of the world's."""
    apex = key_of(domain.name)
    own = [one.data.split() for one in domain.records if one.rrtype == "MX" and one.key == apex]
    if own:
        return sorted((int(preference), name.rstrip(".")) for preference, name in own)
    return [(10 * n, host) for n, host in enumerate((*Roles(domain).mx, *domain.backup_mx), 1)]


def _people(domain: Domain) -> Iterator[str]:
    yield from map(_person, domain.users)
    for name, to in domain.aliases.items():
        yield f"{name} → {', '.join(to[:3])}{' …' if len(to) > 3 else ''}"
    for one in domain.lists:
        yield f"{one.name}: list of {len(one.members)}"
    if domain.catch_all is not None:
        yield f"* → {domain.catch_all}"


def _person(user: Account) -> str:
    forward = f" → {', '.join(user.forward.to[:2])}" if user.forward and not isinstance(user.forward, str) else ""  # type: ignore[union-attr]
    return f"{user.name}{forward}"


def _remarks(domain: Domain, roles: Roles, homes: dict[str, str]) -> Iterator[Remark]:
    yield Remark(f"names: {', '.join(_first(list(roles.nameservers), 4))}")
    if domain.gateway is not None:
        count = len(domain.gateway.all_filters())
        yield Remark(f"gateway: {count} {'filter' if count == 1 else 'filters'}")
    backups = {name.lower() for name in domain.backup_mx}
    for preference, name in exchanges(domain):
        if name.lower() in backups:
            yield Remark(f"backup MX {preference}: {name}", homes.get(name.lower(), ""), waits=True)
    for pattern, to in domain.route:
        yield _route(pattern, to, homes)
    if domain.handler is not None:
        yield Remark(f"answers as {type(domain.handler).__name__} does")


def _route(pattern: str, to: SmartHost, homes: dict[str, str]) -> Remark:
    whose = "all others" if pattern == "*" else pattern
    login = f", as {to.user}" if to.user else ""
    return Remark(f"route for {whose}: {to.host}{login}", homes.get(to.name, ""))
