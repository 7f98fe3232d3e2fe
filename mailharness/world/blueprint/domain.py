"""A domain's description: its name, its users, and which machines do what in it."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailharness.agents.handed import check_handler
from mailharness.dns import Record, parse_master_file, parse_records
from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.mail.address import ascii_form, is_domain
from mailharness.queue import Schedule
from mailharness.world.blueprint.account import Account
from mailharness.world.blueprint.gateway import Gateway
from mailharness.world.blueprint.host import ANY_HOST, Host, check_size
from mailharness.world.blueprint.hosts import Described
from mailharness.world.checks import FLAG, Rule, check, kind, listed

DEFAULT_RETRY = Schedule()
_DOMAIN = {
    "require_tls": FLAG,
    "require_auth": FLAG,
    "strict": FLAG,
    "gateway": kind(Gateway, type(None), cure="gateway=Gateway(...)"),
    "records": listed(str, Record, cure="a list, as in records=['www A 192.0.2.1'], or a Path for a file"),
    "max_size": kind(int, cure="a whole number of octets, as in max_size=50_000_000"),
    "retry": kind(Schedule, cure="a schedule, as in retry=Schedule(every=3600)"),
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
    message, ``retry`` says when the queue tries again.

    ``records`` are more records of its zone, as lines of a master file (``"www A 192.0.2.1"``, ``"@ TXT hello"``; names
    are relative to the domain) or the path of one; those of a name and type stand in the place of all that the world
    would have made. ``strict=False`` admits records that break the rules, to see what programs make of them.

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
    host: Host = ANY_HOST
    hosts: Mapping[str, Host] = field(default_factory=dict, hash=False)
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
        host: Host = ANY_HOST,
        handler: object = None,
    ) -> None:
        _check_domain_name(name)
        described = Described(name)
        roles = {"mx": mx, "imap": imap, "pop": pop, "submission": submission, "ns": ns}
        values: dict[str, object] = {role: described.names(role, hosts) for role, hosts in roles.items()}
        values |= {"host": host, "hosts": described.hosts, "handler": handler}
        values |= {"name": name, "users": _accounts(name, users), "gateway": gateway, "require_tls": require_tls}
        values |= {"require_auth": require_auth, "max_size": max_size, "retry": retry, "strict": strict}
        values["records"] = _zone_records(name, records)
        flags = {"require_tls": require_tls, "require_auth": require_auth, "strict": strict}
        check("Domain", _DOMAIN, max_size=max_size, retry=retry, gateway=gateway, host=host, **flags)
        for attribute, value in values.items():
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
