"""Scenario files, written: descriptions as TOML that ``read_toml`` makes the same descriptions of.

What TOML cannot say, as a filter that is a function, is named in a comment. Every part that could be misread is read
again before it is written, so that a file never says something else than was described.
"""

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mailharness.agents import behaviours
from mailharness.agents.behaviours import Behaviour
from mailharness.agents.routing import SmartHost
from mailharness.dns import Record, master_line, parse_records
from mailharness.errors import MailharnessError
from mailharness.mail import Reply
from mailharness.mail.address import ascii_form
from mailharness.mail.toml import toml_line
from mailharness.world.blueprint.account import Account
from mailharness.world.blueprint.domain import Domain
from mailharness.world.blueprint.host import Host
from mailharness.world.blueprint.toml import BEHAVIOURS, one_kind
from mailharness.world.blueprint.toml_rules import read_rule, rule_table

_HOSTS = ("mx", "imap", "pop", "submission")


def to_toml(domains: Iterable[Domain]) -> str:
    """The scenario file of these domains; comments at its head say what is left out of it, and whose it is."""
    writer = _Writer()
    tables = ["\n".join(["[[domain]]", *writer.domain(domain)]) for domain in domains]
    head = "".join(f"# left out, since TOML cannot say it: {one}\n" for one in writer.left_out)
    return head + ("\n" if head else "") + "\n\n".join(tables) + "\n"


class _Writer:
    """Writes domains, and collects what cannot be written."""

    def __init__(self) -> None:
        self.left_out: list[str] = []
        self._whose = ""

    def domain(self, domain: Domain) -> Iterator[str]:
        self._whose = domain.name
        for key, value in _given(domain):
            match key:
                case "hosts":
                    continue  # each stands where it is named
                case "handler":
                    self._leave_out(f"its handler {type(value).__name__}")
                    continue
                case "records":
                    value = self._records(domain)
                case "route":
                    value = {pattern: _smart_host(to) for pattern, to in value}
            if key in _HOSTS:
                value = [self._host(name, domain.hosts.get(name.lower())) for name in value]
            yield toml_line(key, self._plain(value))

    def _leave_out(self, what: str) -> None:
        self.left_out.append(f"{self._whose}: {what}".replace("\n", " "))

    def _host(self, name: str, described: Host | None) -> object:
        if described is None:
            return name
        own = ascii_form(described.name)
        return described if name in (own, f"{own}.{ascii_form(self._whose)}") else name

    def _records(self, domain: Domain) -> list[str]:
        origin = f"{ascii_form(domain.name)}."
        return self._those_that_read_back(
            domain.records, master_line, lambda line: _only(parse_records([line], origin)), "the record {}"
        )

    def _plain(self, value: Any) -> Any:
        """The value as strings, numbers, lists and tables."""
        match value:
            case Reply():
                return str(value)
            case Account() if _is_name_alone(value):
                return value.name
            case Mapping():
                return {str(key): self._plain(one) for key, one in value.items()}
            case list() | tuple():
                return [self._plain(one) for one in value]
        if not dataclasses.is_dataclass(value) or isinstance(value, type):
            return value
        return {key: self._special(value, key, one) for key, one in _given(value) if not self._cannot(value, key, one)}

    def _cannot(self, owner: object, key: str, value: Any) -> bool:
        """A gateway's own filters are functions, all of them."""
        if key != "filters" or isinstance(owner, Account):
            return False
        for one in value:
            self._leave_out(f"the gateway's filter {getattr(one, '__name__', type(one).__name__)}")
        return True

    def _special(self, owner: object, key: str, value: Any) -> Any:
        if value is None:
            return False
        if isinstance(owner, Account) and key == "filters":
            return self._those_that_read_back(
                value, rule_table, lambda table: read_rule(table, ""), f"{owner.name}'s filter {{}}"
            )
        if key == "behaviours":
            read = one_kind(BEHAVIOURS)
            return self._those_that_read_back(value, _behaviour, lambda table: read(table, ""), "the behaviour {}")
        return self._plain(value)

    def _those_that_read_back(
        self, values: Iterable[Any], write: Callable[[Any], Any], read: Callable[[Any], object], what: str
    ) -> list[Any]:
        """What is written of each value; one that would be read as another is left out."""
        found = []
        for value in values:
            try:
                written = write(value)
                same = read(written) == value
            except (MailharnessError, TypeError, AttributeError, ValueError):
                same = False
            if same:
                found.append(written)
            else:
                self._leave_out(what.format(getattr(value, "__name__", value)))
        return found


def _given(described: Any) -> Iterator[tuple[str, Any]]:
    """Name and value of all that is not as it is unless said."""
    for field in dataclasses.fields(described):
        value = getattr(described, field.name)
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if default is dataclasses.MISSING or value != default:
            yield field.name, value


def _is_name_alone(account: Account) -> bool:
    return [key for key, _ in _given(account)] == ["name"]


def _smart_host(to: SmartHost) -> object:
    return {"host": to.host, "user": to.user, "password": to.password} if to.user else to.host


def _only(records: Iterable[Record]) -> Record:
    (record,) = records
    return record


def _behaviour(described: Behaviour) -> dict[str, Any]:
    """Its kind and the arguments of the call that makes it."""
    known = inspect.signature(getattr(behaviours, described.name)).parameters
    flat = {key: value for key, value in _flat(described) if key in known and value is not None}
    return {"kind": described.name, **flat}


def _flat(described: Any) -> Iterator[tuple[str, Any]]:
    """Its values and those of what it is made of."""
    names = [one.name for one in dataclasses.fields(described)]
    for name in names:
        value = getattr(described, name)
        if isinstance(value, Reply):
            yield name, str(value)
        elif dataclasses.is_dataclass(value):
            yield from _flat(value)
        elif hasattr(value, "_asdict"):
            yield from value._asdict().items()
        else:
            yield name, list(value) if isinstance(value, tuple) else value
