"""The blueprint: a frozen description of domains, their hosts, users and gateways, from Python or from TOML.

    Domain("globex.test", users=["bob"], mx=["mx1", "mx2"], gateway=Gateway(max_size=1_000_000))

Everything that can be wrong in it is refused here, at the call, with what is known and the nearest match.
"""

import dataclasses
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from mailharness.agents.filters import (
    Filter,
    attachment_types,
    check_filters,
    deceptive_links,
    max_size,
    payment_cards,
    words,
)
from mailharness.agents.relay import DEFAULT_LIMITS
from mailharness.agents.routing import Routes, check_routes
from mailharness.dns import Record, parse_master_file, parse_records
from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.mail.address import ascii_form, is_domain
from mailharness.queue import Schedule, SendingLimits
from mailharness.world.checks import FLAG, Rule, check, kind, listed

DEFAULT_RETRY = Schedule()
_OCTETS = kind(int, NoneType, cure="a whole number of octets, or None for no limit")
_ACCOUNT = {
    "name": Rule(lambda name: isinstance(name, str) and bool(name), "write the local part of an address, as in 'alice'"),
    "password": kind(str, cure="text, as in password='secret'"),
    "quota": _OCTETS,
}
_GATEWAY = {
    "max_size": _OCTETS,
    "attachments": listed(str, cure="a list of types or file names, as in attachments=['*.exe']"),
    "words": listed(str, cure="a list of words, as in words=['lottery']"),
    "payment_cards": FLAG,
    "deceptive_links": FLAG,
}
_HOSTS = listed(str, cure="a list of host names, as in mx=['mx1', 'mx2']")
"""What the arguments of a description must be, where the type alone says it."""


@dataclass(frozen=True)
class Account:
    """One user of a domain: ``name`` is the local part, ``password`` "secret" unless given, ``quota`` in octets."""

    name: str
    password: str = "secret"
    quota: int | None = None

    def __post_init__(self) -> None:
        check("Account", _ACCOUNT, name=self.name, password=self.password, quota=self.quota)
        if "@" in self.name and not self.name.startswith('"'):
            raise MisuseError(f"user {self.name!r}: write the local part alone, as in {self.name.partition('@')[0]!r}")
        try:
            Address.parse(f"{self.name}@a.test")
        except MisuseError:
            raise MisuseError(
                f"user {self.name!r} cannot stand before the @ of an address: write letters, digits and dots, "
                f"or quote the rest, as in '\"al ice\"'"
            ) from None
        if self.quota is not None and self.quota < 0:
            raise MisuseError(f"user {self.name!r}: quota={self.quota} must be 0 or more octets, or None for no limit")


@dataclass(frozen=True)
class Gateway:
    """A mail gateway between the MX and the MTA: an ordered list of ``filters``, each a function that judges a letter.

    The keywords are short for the filters of the same name, asked before ``filters``: ``max_size`` in octets,
    ``attachments`` the types or file names to refuse, ``words`` to tag, ``payment_cards`` to refuse, ``deceptive_links``
    to quarantine. Its hosts are those that the domain's MX records name, ``gateway.<domain>`` unless the domain says.
    """

    filters: Iterable[Filter] = ()
    max_size: int | None = None
    attachments: Iterable[str] = ()
    words: Iterable[str] = ()
    payment_cards: bool = False
    deceptive_links: bool = False

    def __post_init__(self) -> None:
        for name in ("attachments", "words"):
            value = getattr(self, name)
            if isinstance(value, str) or not isinstance(value, Iterable):
                raise MisuseError(f"Gateway({name}={value!r}): write a list, as in {name}=[{value!r}]")
            object.__setattr__(self, name, tuple(value))
        flags = {"payment_cards": self.payment_cards, "deceptive_links": self.deceptive_links}
        check("Gateway", _GATEWAY, max_size=self.max_size, attachments=self.attachments, words=self.words, **flags)
        object.__setattr__(self, "filters", check_filters(self.filters))
        self.all_filters()

    def all_filters(self) -> tuple[Filter, ...]:
        """Every filter in the order they are asked."""
        chosen: list[Filter] = []
        if self.max_size is not None:
            chosen.append(max_size(self.max_size))
        if self.attachments:
            chosen.append(attachment_types(deny=list(self.attachments)))
        if self.words:
            chosen.append(words(list(self.words)))
        if self.payment_cards:
            chosen.append(payment_cards())
        if self.deceptive_links:
            chosen.append(deceptive_links())
        return (*chosen, *self.filters)


_DOMAIN = {
    "require_tls": FLAG,
    "require_auth": FLAG,
    "strict": FLAG,
    "gateway": kind(Gateway, type(None), cure="gateway=Gateway(...)"),
    "records": listed(str, Record, cure="a list, as in records=['www A 192.0.2.1'], or a Path for a file"),
    "max_size": kind(int, cure="a whole number of octets, as in max_size=50_000_000"),
    "retry": kind(Schedule, cure="a schedule, as in retry=Schedule(every=3600)"),
    "sending": kind(SendingLimits, cure="limits, as in sending=SendingLimits(connections=2)"),
}


@dataclass(frozen=True, init=False)
class Domain:
    """One domain: its name, its users, and the hosts of each role by first label or full name.

    A domain that names no hosts has one, ``mail.<domain>``, in all roles, and its name server is ``ns.<domain>``.
    ``require_tls`` forbids passwords in clear, ``require_auth`` a submission without one. ``max_size`` (octets) bounds a
    message, ``retry`` says when the queue tries again, ``route`` which domains' mail goes elsewhere (``"*"``: all).

    ``records`` are more records of its zone, as lines of a master file (``"www A 192.0.2.1"``, ``"@ TXT hello"``; names
    are relative to the domain) or the path of one; those of a name and type stand in the place of all that the world
    would have made. ``strict=False`` admits records that break the rules, to see what programs make of them.
    """

    name: str
    users: tuple[Account, ...] = ()
    _: dataclasses.KW_ONLY
    mx: tuple[str, ...] = ()
    imap: tuple[str, ...] = ()
    pop: tuple[str, ...] = ()
    submission: tuple[str, ...] = ()
    ns: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    strict: bool = True
    gateway: Gateway | None = None
    require_tls: bool = False
    require_auth: bool = False
    max_size: int = 50_000_000
    retry: Schedule = DEFAULT_RETRY
    sending: SendingLimits = DEFAULT_LIMITS
    route: Routes = ()

    def __init__(
        self,
        name: str,
        users: Iterable[str | Account] = (),
        *,
        mx: Iterable[str] = (),
        imap: Iterable[str] = (),
        pop: Iterable[str] = (),
        submission: Iterable[str] = (),
        ns: Iterable[str] = (),
        records: Iterable[str | Record] | Path = (),
        strict: bool = True,
        gateway: Gateway | None = None,
        require_tls: bool = False,
        require_auth: bool = False,
        max_size: int = 50_000_000,
        retry: Schedule = DEFAULT_RETRY,
        sending: SendingLimits = DEFAULT_LIMITS,
        route: Mapping[str, Any] | Routes = (),
    ) -> None:
        _check_domain_name(name)
        hosts = {"mx": mx, "imap": imap, "pop": pop, "submission": submission, "ns": ns}
        values: dict[str, object] = {role: _host_names(name, role, names) for role, names in hosts.items()}
        values |= {"name": name, "users": _accounts(name, users), "gateway": gateway, "require_tls": require_tls}
        values |= {"require_auth": require_auth, "max_size": max_size, "retry": retry, "strict": strict}
        values |= {"records": _zone_records(name, records), "route": check_routes(route), "sending": sending}
        flags = {"require_tls": require_tls, "require_auth": require_auth, "strict": strict}
        check("Domain", _DOMAIN, max_size=max_size, retry=retry, sending=sending, gateway=gateway, **flags)
        for field, value in values.items():
            object.__setattr__(self, field, value)
        self._check_whole()

    def _check_whole(self) -> None:
        """Raise MisuseError for what can be told only of all of it."""
        behind = f"mail.{ascii_form(self.name)}".lower()
        if self.gateway is not None and behind in (host.lower() for host in self.mx):
            raise MisuseError(f"Domain({self.name!r}, mx=...): {behind} stands behind the gateway; call that one otherwise")
        if self.max_size < 64_000:
            raise MisuseError(
                f"Domain({self.name!r}, max_size={self.max_size}): a server takes at least 64,000 octets "
                "(RFC 5321 §4.5.3.1.7)"
            )


def _check_domain_name(name: object) -> None:
    if not isinstance(name, str) or not is_domain(name) or name.endswith("."):
        raise MisuseError(
            f"{name!r} is not a domain name: write letters, digits and hyphens between dots, as in 'acme.test'"
        )
    if "." not in name:
        raise MisuseError(f"{name!r} is a top-level domain: write one below it, as in 'mail.{name}'")


def _host_names(domain: str, role: str, names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise MisuseError(f"Domain({domain!r}, {role}={names!r}): write a list, as in {role}=[{names!r}]")
    names = tuple(names) if isinstance(names, Iterator) else names
    if names == ():
        return ()
    check("Domain", {role: _HOSTS}, **{role: names})
    own = ascii_form(domain)  # a host says its name in EHLO and Received, which are ASCII (RFC 6531 §3.7.1)
    plain = [ascii_form(name) for name in names]
    full = tuple(name if name.lower().endswith("." + own.lower()) else f"{name}.{own}" for name in plain)
    for name in full:
        if not is_domain(name):
            raise MisuseError(f"Domain({domain!r}, {role}=...): {name!r} is not a host name")
    if len({name.lower() for name in full}) < len(full):
        raise MisuseError(f"Domain({domain!r}, {role}=...): a host is named twice: {', '.join(full)}")
    return full


def _zone_records(domain: str, records: Iterable[str | Record] | Path) -> tuple[Record, ...]:
    origin = f"{ascii_form(domain)}."
    if isinstance(records, Path):
        try:
            text = records.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MisuseError(f"Domain({domain!r}, records=...): {records}: {error}") from None
        return tuple(parse_master_file(text, origin, folder=records.parent))
    records = tuple(records) if isinstance(records, Iterator) else records
    check("Domain", _DOMAIN, records=records)
    written = [[each] if isinstance(each, Record) else parse_records([each], origin) for each in records]
    return tuple(record for some in written for record in some)


def _accounts(domain: str, users: Iterable[str | Account]) -> tuple[Account, ...]:
    if isinstance(users, str):
        raise MisuseError(f"Domain({domain!r}, users={users!r}): write a list, as in users=[{users!r}]")
    if not isinstance(users, Iterable) or isinstance(users, Mapping):
        raise MisuseError(f"Domain({domain!r}, users={users!r}): write a list, as in users=['alice']")
    accounts = tuple(user if isinstance(user, Account) else Account(user) for user in users)
    seen: set[str] = set()
    for account in accounts:
        key = Address(account.name, domain).folded  # "bob" in quotes is bob (RFC 5321 §4.1.2)
        if key in seen:
            raise MisuseError(f"Domain({domain!r}): user {account.name!r} is declared twice; remove one")
        seen.add(key)
    return accounts


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


_DOMAIN_KEYS: dict[str, type] = {
    "name": str,
    "users": list,
    "mx": list,
    "imap": list,
    "pop": list,
    "submission": list,
    "ns": list,
    "records": list,
    "strict": bool,
    "gateway": dict,
}
_DOMAIN_KEYS |= {"require_tls": bool, "require_auth": bool, "max_size": int, "route": dict}
_ACCOUNT_KEYS = {"name": str, "password": str, "quota": int}
_GATEWAY_KEYS = {"max_size": int, "attachments": list, "words": list, "payment_cards": bool, "deceptive_links": bool}
_KINDS = {str: "a string", list: "a list", dict: "a table", bool: "true or false", int: "a whole number"}
_OPTIONS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "start": (
        lambda start: start is None or (isinstance(start, int | float) and 0 <= start < 250e9),
        "a start in seconds since the epoch, as in datetime(2030, 1, 31, tzinfo=UTC).timestamp()",
    ),
    "seed": (lambda seed: isinstance(seed, int), "a seed that is a whole number"),
    "timeout": (
        lambda timeout: isinstance(timeout, int | float) and 0 < timeout < 1e9,
        "more than 0 seconds to settle, and a finite number of them",
    ),
    "keep_letters": (
        lambda letters: letters is None or (isinstance(letters, int) and letters > 0),
        "at least 1 letter to keep, or None for all",
    ),
    "spool": (lambda path: path is None or isinstance(path, str | Path), "the path of a file, or None"),
}


def check_options(clock: object, **options: object) -> None:
    """Raise MisuseError for an option of a world that cannot be."""
    if clock not in ("virtual", "wall"):
        raise MisuseError.unknown("clock", clock, ("virtual", "wall"))
    for name, value in options.items():
        is_right, right = _OPTIONS[name]
        if not is_right(value):
            raise MisuseError(f"{name}={value!r}: give the world {right}")


def read_toml(path: str | Path) -> tuple[Domain, ...]:
    """The domains of a scenario file: ``[[domain]]`` tables with the arguments of Domain, Account and Gateway.

    Raises MisuseError for a file that cannot be read, for a key that is not known, and for a value of the wrong kind.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MisuseError(f"{path}: {error}") from None
    for key in tables:
        if key != "domain":
            raise MisuseError.unknown(f"key in {path}:", key, ("domain",))
    domains = tables.get("domain")
    if not domains or not isinstance(domains, list):
        raise MisuseError(f"{path}: no domain is described; write [[domain]] with name and users under it")
    return check_domains(_domain_from_table(table, f"{path}, domain {n}") for n, table in enumerate(domains, 1))


def _domain_from_table(table: object, where: str) -> Domain:
    values = dict(_check_keys(table, _DOMAIN_KEYS, where))
    values["users"] = [_account_from_table(user, f"{where}, user {n}") for n, user in enumerate(values.get("users", []), 1)]
    for key in ("mx", "imap", "pop", "submission", "ns", "records"):
        for entry in values.get(key, []):
            _check_kind(entry, str, f"{where}, {key}")
    if "gateway" in values:
        values["gateway"] = Gateway(**_check_keys(values["gateway"], _GATEWAY_KEYS, f"{where}, gateway"))
    return Domain(**_with_name(values, where))


def _account_from_table(user: object, where: str) -> Account:
    return Account(user) if isinstance(user, str) else Account(**_with_name(_check_keys(user, _ACCOUNT_KEYS, where), where))


def _with_name(table: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    if "name" not in table:
        raise MisuseError(f"{where}: a name is missing")
    return table


def _check_keys(table: object, allowed: Mapping[str, type], where: str) -> Mapping[str, Any]:
    """The table itself if all its keys are allowed and their values of the right kind."""
    _check_kind(table, dict, where)
    assert isinstance(table, dict)
    for key, value in table.items():
        if key not in allowed:
            raise MisuseError.unknown(f"key in {where}:", key, allowed)
        _check_kind(value, allowed[key], f"{where}, {key}")
    return table


def _check_kind(value: object, kind: type, where: str) -> None:
    if type(value) is not kind:  # TOML has exact kinds, and true is no number there
        raise MisuseError(f"{where}: {value!r} is not {_KINDS[kind]}")
