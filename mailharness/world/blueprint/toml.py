"""Scenario files: the same descriptions written in TOML, each key with the reader of its value."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from mailharness.errors import MisuseError
from mailharness.queue import Schedule
from mailharness.world.blueprint.account import Account
from mailharness.world.blueprint.domain import Domain
from mailharness.world.blueprint.domains import check_domains
from mailharness.world.blueprint.gateway import Gateway
from mailharness.world.blueprint.host import Host

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


def seconds(value: object, where: str) -> float:
    """A number of seconds, whole or not."""
    if type(value) not in (int, float):
        raise MisuseError(f"{where}: {value!r} is not a number of seconds")
    return value  # type: ignore[return-value]


def listed(reader: Reader, *, one: str = "") -> Reader:
    """A list of what ``reader`` reads; ``one`` is what one of them is called."""

    def read(value: object, where: str) -> list[Any]:
        entries: list[object] = exactly(list)(value, where)
        return [reader(entry, f"{where}, {one} {n}" if one else where) for n, entry in enumerate(entries, 1)]

    return read


def table(make: Callable[..., Any], keys: Mapping[str, Reader], *, named: bool = False) -> Reader:
    """What ``make`` makes of a table with some of these keys; with ``named`` a name must be among them."""

    def read(value: object, where: str) -> object:
        values: dict[str, object] = exactly(dict)(value, where)
        for key in values:
            if key not in keys:
                raise MisuseError.unknown(f"key in {where}:", key, keys)
        if named and "name" not in values:
            raise MisuseError(f"{where}: a name is missing")
        return make(**{key: keys[key](entry, f"{where}, {key}") for key, entry in values.items()})

    return read


def either(plain: Reader, described: Reader) -> Reader:
    """A table as ``described`` reads it, anything else as ``plain`` does."""
    return lambda value, where: (described if isinstance(value, dict) else plain)(value, where)


SCHEDULE = table(Schedule, {"steps": listed(seconds), "every": seconds, "give_up": seconds})
_HOST: dict[str, Reader] = {
    "name": TEXT,
    "max_size": NUMBER,
    "max_recipients": NUMBER,
    "retry": SCHEDULE,
    "greeting": TEXT,
    "coded_addresses": YES_OR_NO,
}
HOSTS = listed(either(TEXT, table(Host, _HOST, named=True)))
USERS = listed(
    either(
        lambda value, where: Account(TEXT(value, where)),
        table(Account, {"name": TEXT, "password": TEXT, "quota": NUMBER}, named=True),
    ),
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
    "max_size": NUMBER,
    "retry": SCHEDULE,
}
DOMAIN = table(Domain, _DOMAIN, named=True)


def read_toml(path: str | Path) -> tuple[Domain, ...]:
    """The domains of a scenario file: ``[[domain]]`` tables with the arguments of Domain, Host, Account and Gateway.

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
    return check_domains(DOMAIN(entry, f"{path}, domain {n}") for n, entry in enumerate(domains, 1))
