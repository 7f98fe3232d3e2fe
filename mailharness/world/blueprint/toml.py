"""Scenario files: the same descriptions written in TOML, each key with the reader of its value."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from mailharness.agents import behaviours
from mailharness.errors import MisuseError
from mailharness.queue import Schedule, SendingLimits
from mailharness.smtp.extensions import LIMIT_NAMES
from mailharness.world.blueprint.account import Account
from mailharness.world.blueprint.domain import Domain
from mailharness.world.blueprint.domains import check_domains
from mailharness.world.blueprint.forward import Forward
from mailharness.world.blueprint.gateway import Gateway
from mailharness.world.blueprint.host import Host
from mailharness.world.blueprint.mailing_list import MailingList
from mailharness.world.blueprint.toml_rules import read_rule

Reader: TypeAlias = Callable[[object, str], Any]
"""Makes something of a value; ``where`` it stands is named in the MisuseError for a value of the wrong kind."""
_KINDS = {str: "a string", list: "a list", dict: "a table", bool: "true or false", int: "a whole number"}


def exactly(kind: type) -> Reader:
    """The value itself if it is of that kind: TOML has exact kinds, and true is no number there."""

    def read(value: object, where: str) -> object:
        if type(value) is not kind:
            raise MisuseError(f"{where}: {value!r} is not {_KINDS[kind]}")
        return value

    return read


TEXT, NUMBER, YES_OR_NO = exactly(str), exactly(int), exactly(bool)


def number(what: str) -> Reader:
    """A number, whole or not; ``what`` it is, is named in the MisuseError for anything else."""

    def read(value: object, where: str) -> object:
        if type(value) not in (int, float):
            raise MisuseError(f"{where}: {value!r} is not {what}")
        return value

    return read


seconds = number("a number of seconds")


def or_never(reader: Reader) -> Reader:
    """What ``reader`` reads, or false for None, which TOML has not."""
    return lambda value, where: None if value is False else reader(value, where)


def listed(reader: Reader, *, one: str = "") -> Reader:
    """A list of what ``reader`` reads; ``one`` is what one of them is called."""

    def read(value: object, where: str) -> list[Any]:
        entries: list[object] = exactly(list)(value, where)
        return [reader(entry, f"{where}, {one} {n}" if one else where) for n, entry in enumerate(entries, 1)]

    return read


def table(
    make: Callable[..., Any], keys: Mapping[str, Reader], *, named: bool = False, needs: tuple[str, ...] = ()
) -> Reader:
    """What ``make`` makes of a table with some of these keys, those it ``needs``, and with ``named`` a name, among them."""

    def read(value: object, where: str) -> object:
        values: dict[str, object] = exactly(dict)(value, where)
        for key in values:
            if key not in keys:
                raise MisuseError.unknown(f"key in {where}:", key, keys)
        if named and "name" not in values:
            raise MisuseError(f"{where}: a name is missing")
        for key in needs:
            if key not in values:
                raise MisuseError(f"{where}: {key} is missing")
        return make(**{key: keys[key](entry, f"{where}, {key}") for key, entry in values.items()})

    return read


def either(plain: Reader, described: Reader) -> Reader:
    """A table as ``described`` reads it, anything else as ``plain`` does."""
    return lambda value, where: (described if isinstance(value, dict) else plain)(value, where)


def one_kind(kinds: Mapping[str, Reader]) -> Reader:
    """A table whose ``kind`` says which of the readers reads the rest of it."""

    def read(value: object, where: str) -> object:
        values: dict[str, object] = dict(exactly(dict)(value, where))
        kind = exactly(str)(values.pop("kind", ""), f"{where}, kind")
        if kind not in kinds:
            raise MisuseError.unknown(f"kind in {where}:", kind, kinds)
        return kinds[kind](values, where)

    return read


NAMES = listed(TEXT)
_LIST: dict[str, Reader] = {"senders": NAMES, "recipients": NAMES, "clients": NAMES, "helos": NAMES}
BEHAVIOURS: dict[str, Reader] = {
    "greylisting": table(
        behaviours.greylisting,
        {"delay": seconds, "window": seconds, "remember": seconds, "network": NUMBER, "reply": TEXT},
    ),
    "first_contact": table(behaviours.first_contact, {"delay": seconds, "remember": seconds, "reply": TEXT}),
    "rate_limit": table(
        behaviours.rate_limit,
        {"messages": NUMBER, "per": seconds, "by": TEXT, "reply": TEXT},
        needs=("messages", "per"),
    ),
    "recipient_quota": table(
        behaviours.recipient_quota, {"messages": NUMBER, "per": seconds, "reply": TEXT}, needs=("messages",)
    ),
    "connection_limit": table(behaviours.connection_limit, {"total": NUMBER, "per_client": NUMBER, "reply": TEXT}),
    "tarpit": table(behaviours.tarpit, {"seconds": seconds, "after": NUMBER, "of": TEXT}, needs=("seconds",)),
    "block": table(behaviours.block, _LIST | {"reply": TEXT}),
    "allow": table(behaviours.allow, _LIST),
}
"""By its kind, how a behaviour is read."""


def one_or_more(value: object, where: str) -> str | list[str]:
    """A string, or a list of strings."""
    return listed(TEXT)(value, where) if isinstance(value, list) else TEXT(value, where)  # type: ignore[no-any-return]


def aliases(value: object, where: str) -> dict[str, str | list[str]]:
    """A table of names, each for one address or several."""
    names: dict[str, object] = exactly(dict)(value, where)
    return {name: one_or_more(to, f"{where}, {name}") for name, to in names.items()}


FORWARD = either(one_or_more, table(Forward, {"to": one_or_more, "keep": YES_OR_NO, "rewrite": TEXT}))
LISTS = listed(
    table(
        MailingList,
        {
            "name": TEXT,
            "members": listed(TEXT),
            "owner": TEXT,
            "post": TEXT,
            "subject_prefix": TEXT,
            "reply_to_list": YES_OR_NO,
            "verp": YES_OR_NO,
            "bounces": NUMBER,
        },
        named=True,
    ),
    one="list",
)
SCHEDULE = table(
    Schedule,
    {
        "steps": listed(seconds),
        "every": seconds,
        "give_up": seconds,
        "warn": or_never(number("a number of seconds, or false for never")),
        "jitter": number("a share of each pause"),
    },
)
_HOST: dict[str, Reader] = {
    "name": TEXT,
    "max_size": NUMBER,
    "max_recipients": NUMBER,
    "retry": SCHEDULE,
    "greeting": TEXT,
    "behaviours": listed(one_kind(BEHAVIOURS), one="behaviour"),
    "personality": TEXT,
    "hide": listed(TEXT),
    "auth": listed(TEXT),
    "limits": table(dict, dict.fromkeys(LIMIT_NAMES, NUMBER)),
    "trusted": listed(TEXT),
    "imap": TEXT,
    "proxy": YES_OR_NO,
    "timeout": seconds,
    "pop_login_delay": seconds,
    "pop_expire": NUMBER,
    "smuggling": listed(TEXT),
    "external": YES_OR_NO,
    "coded_addresses": YES_OR_NO,
}
HOSTS = listed(either(TEXT, table(Host, _HOST, named=True)))
RULES = listed(read_rule, one="rule")
_ACCOUNT: dict[str, Reader] = {
    "name": TEXT,
    "password": TEXT,
    "quota": NUMBER,
    "forward": FORWARD,
    "token": TEXT,
    "bounce": TEXT,
    "bounce_after": seconds,
    "complains": TEXT,
    "complains_to": TEXT,
    "auto_reply": TEXT,
    "auto_reply_every": seconds,
    "filters": RULES,
    "folders": listed(TEXT),
}
USERS = listed(
    either(lambda value, where: Account(TEXT(value, where)), table(Account, _ACCOUNT, named=True)),
    one="user",
)
GATEWAY = table(
    Gateway,
    {
        "max_size": NUMBER,
        "attachments": listed(TEXT),
        "words": listed(TEXT),
        "payment_cards": YES_OR_NO,
        "deceptive_links": YES_OR_NO,
    },
)
_DOMAIN: dict[str, Reader] = {
    "name": TEXT,
    "users": USERS,
    "mx": HOSTS,
    "imap": HOSTS,
    "pop": HOSTS,
    "submission": HOSTS,
    "host": table(Host, _HOST),
    "ns": listed(TEXT),
    "records": listed(TEXT),
    "strict": YES_OR_NO,
    "gateway": GATEWAY,
    "require_tls": YES_OR_NO,
    "require_auth": YES_OR_NO,
    "route": exactly(dict),
    "sending": table(SendingLimits, {"connections": NUMBER, "letters": NUMBER}),
    "max_size": NUMBER,
    "retry": SCHEDULE,
    "aliases": aliases,
    "lists": LISTS,
    "catch_all": TEXT,
    "backup_mx": listed(TEXT),
    "backup_checks": YES_OR_NO,
    "vrfy": YES_OR_NO,
    "expn": YES_OR_NO,
}
DOMAIN = table(Domain, _DOMAIN, named=True)


def read_toml(path: str | Path) -> tuple[Domain, ...]:
    """The domains of a scenario file: ``[[domain]]`` tables with the arguments of Domain, Host, Account and Gateway.

    Raises MisuseError for a file that cannot be read, for a key that is not known, and for a value of the wrong kind.
    """
    import tomllib  # loaded where it is wanted

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
    return check_domains(DOMAIN(entry, f"{path}, domain {n}") for n, entry in enumerate(domains, 1))
