"""A domain's description: its name, its users, and which machines do what in it."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailharness.agents.handed import check_handler
from mailharness.agents.relay import DEFAULT_LIMITS
from mailharness.agents.routing import Routes, check_routes
from mailharness.dns import Record, parse_master_file, parse_records
from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.mail.address import ascii_form, is_domain
from mailharness.queue import Schedule, SendingLimits
from mailharness.world.blueprint.account import Account
from mailharness.world.blueprint.addresses import Addresses
from mailharness.world.blueprint.gateway import Gateway
from mailharness.world.blueprint.host import ANY_HOST, Host, check_size
from mailharness.world.blueprint.hosts import Described, full_names
from mailharness.world.blueprint.mailing_list import MailingList
from mailharness.world.checks import FLAG, Rule, check, kind, listed

DEFAULT_RETRY = Schedule()
_ROLES = ("mx", "imap", "pop", "submission", "ns")
NO_ALIASES: Mapping[str, str] = {}
_DOMAIN = {
    "require_tls": FLAG,
    "require_auth": FLAG,
    "strict": FLAG,
    "backup_checks": FLAG,
    "vrfy": FLAG,
    "expn": FLAG,
    "gateway": kind(Gateway, type(None), cure="gateway=Gateway(...)"),
    "records": listed(str, Record, cure="a list, as in records=['www A 192.0.2.1'], or a Path for a file"),
    "max_size": kind(int, cure="a whole number of octets, as in max_size=50_000_000"),
    "retry": kind(Schedule, cure="a schedule, as in retry=Schedule(every=3600)"),
    "sending": kind(SendingLimits, cure="limits, as in sending=SendingLimits(connections=2)"),
    "host": Rule(
        lambda host: isinstance(host, Host) and not host.name,
        "write what is so of every host, as in host=Host(greeting='ESMTP'); one with a name stands in mx=[...]",
    ),
}


@dataclass(frozen=True, init=False)
class Domain:
    """One domain: its name, its users, and the hosts of each role by first label or full name.

    A domain that names no hosts has one, ``mail.<domain>``, in all roles, and its name server is ``ns.<domain>``.
    ``require_tls`` forbids passwords in clear, ``require_auth`` a submission without one. ``max_size`` (octets) bounds a
    message, ``retry`` says when the queue tries again, ``sending`` how many connections it uses, ``route`` which domains'
    mail goes elsewhere (``"*"``: all).

    ``records`` are more records of its zone, as lines of a master file (``"www A 192.0.2.1"``, ``"@ TXT hello"``; names
    are relative to the domain) or the path of one; those of a name and type stand in the place of all that the world
    would have made. ``strict=False`` admits records that break the rules, to see what programs make of them.

    ``aliases`` are more names, each for one or several users, addresses and other aliases; ``lists`` are mailing lists;
    ``catch_all`` is the user who has the mail for all names that nobody has. An exact name goes first, then ``+detail``,
    then ``catch_all``. ``backup_mx`` are hosts of other domains, by full name, that take mail for this one while it is
    away, and queue it: they stand behind its own MX hosts, and refuse unknown users only with ``backup_checks``.
    ``vrfy`` and ``expn`` let anyone ask who is who (RFC 5321 §3.5).

    ``handler`` is a handler of aiosmtpd, as its Controller takes one: the domain's MX hosts (behind a gateway, the host
    there) answer as it says, and what it takes is its own.
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
    host: Host = ANY_HOST
    hosts: Mapping[str, Host] = field(default_factory=dict, hash=False)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    lists: tuple[MailingList, ...] = ()
    catch_all: str | None = None
    backup_mx: tuple[str, ...] = ()
    backup_checks: bool = False
    vrfy: bool = False
    expn: bool = False
    handler: object = field(default=None, hash=False)

    def __init__(
        self,
        name: str,
        users: Iterable[str | Account] = (),
        *,
        mx: Iterable[str | Host] = (),
        imap: Iterable[str | Host] = (),
        pop: Iterable[str | Host] = (),
        submission: Iterable[str | Host] = (),
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
        host: Host = ANY_HOST,
        aliases: Mapping[str, str | Iterable[str]] = NO_ALIASES,
        lists: Iterable[MailingList] = (),
        catch_all: str | None = None,
        backup_mx: Iterable[str] = (),
        backup_checks: bool = False,
        vrfy: bool = False,
        expn: bool = False,
        handler: object = None,
    ) -> None:
        given = {key: value for key, value in locals().items() if key != "self"}
        _check_domain_name(name)
        for attribute, value in _values(given).items():
            object.__setattr__(self, attribute, value)
        self._check_whole()

    def _check_whole(self) -> None:
        """Raise MisuseError for what can be told only of all of it."""
        behind = f"mail.{ascii_form(self.name)}".lower()
        if self.gateway is not None and behind in (host.lower() for host in self.mx):
            raise MisuseError(f"Domain({self.name!r}, mx=...): {behind} stands behind the gateway; call that one otherwise")
        check_size(f"Domain({self.name!r}", self.max_size)
        if self.handler is not None:
            check_handler(self.handler)

    @property
    def addresses(self) -> Addresses:
        """What its names stand for that are no users."""
        return Addresses(self.name, self.aliases, self.lists, self.catch_all)

    def describe(self, host: str) -> Host:
        """The description of the machine called ``host`` (a full name): its own, else that of all of them."""
        return self.hosts.get(host.lower(), self.host)


def _check_domain_name(name: object) -> None:
    if not isinstance(name, str) or not is_domain(name) or name.endswith("."):
        raise MisuseError(
            f"{name!r} is not a domain name: write letters, digits and hyphens between dots, as in 'acme.test'"
        )
    if "." not in name:
        raise MisuseError(f"{name!r} is a top-level domain: write one below it, as in 'mail.{name}'")


def _values(given: Mapping[str, Any]) -> dict[str, object]:
    """What was given to a Domain as it keeps it. Raises MisuseError for what it cannot keep."""
    check("Domain", _DOMAIN, **{key: given[key] for key in _DOMAIN if key != "records"})
    name, users = given["name"], _accounts(given["name"], given["users"])
    described = Described(name)
    hosts: dict[str, object] = {role: described.names(role, given[role]) for role in _ROLES}
    found = Addresses.read(name, users, given["aliases"], given["lists"], given["catch_all"])
    return {
        **given,
        **hosts,
        "users": users,
        "hosts": described.hosts,
        "backup_mx": full_names(name, given["backup_mx"]),
        "records": _zone_records(name, given["records"]),
        "route": check_routes(given["route"]),
        "aliases": found.aliases,
        "lists": found.lists,
        "catch_all": found.catch_all,
    }


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
