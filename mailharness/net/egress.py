"""The egress guard: what a redirected process tried to reach that is not in its world, and what it may reach."""

import os
import socket
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

from mailharness.errors import EgressError, MisuseError

_FOLDERS = (str(Path(__file__).parents[1]), sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"))
_NOBODYS = (*(f"{folder}{os.sep}" for folder in _FOLDERS), "<")
"""Files that call on somebody's behalf."""


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that ``host`` spells, an IPv4 one also where IPv6 wraps it; None for a name."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(host))  # 127.1 is one too
        except (OSError, ValueError):
            return None
    return getattr(address, "ipv4_mapped", None) or address


def is_home(address: IPv4Address | IPv6Address) -> bool:
    """Whether what is sent there stays on this machine."""
    return address.is_loopback or address.is_unspecified


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to reach ``host``, which is not in the world; ``port`` is None where only the name was looked up.

    ``caller`` is the line of the application, as far as that can be told.
    """

    host: str
    port: int | None
    caller: str = ""
    error: EgressError = field(default_factory=EgressError, repr=False, compare=False)
    """What was raised there."""

    def __str__(self) -> str:
        port = "" if self.port is None else f" port {self.port}"
        return f"{self.host}{port}" + (f" (at {self.caller})" if self.caller else "")


class Guard:
    """``attempts`` are those that were refused, in order; names and networks that were ``allow``-ed are not."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self._told: set[int] = set()
        self._names: list[str] = []
        self._networks: list[IPv4Network | IPv6Network] = []

    def allow(self, entries: Iterable[str]) -> None:
        """Let these names (``*.corp.test`` too), addresses and networks be reached. Raises MisuseError for what is none."""
        for entry in entries:
            network = _network(entry)
            if network is not None:
                self._networks.append(network)
            else:
                self._names.append(_checked(entry))

    def allows_name(self, name: str) -> bool:
        return any(fnmatchcase(name.lower(), pattern) for pattern in self._names)

    def allows(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)

    def refuse(self, host: str, port: int | None, hint: str = "") -> EgressError:
        """The error to raise for an attempt, which is written down. ``hint`` is what may have been meant."""
        attempt = Attempt(host, port, _caller())
        told = f"{attempt} is not in this world, and nothing may leave it"
        error = EgressError(f"{told}{hint and f': {hint}'}. {_cure(attempt)}")
        self.attempts.append(replace(attempt, error=error))
        return error

    def heard(self, error: BaseException | None) -> None:
        """A test has failed by this error: attempts that it came of need not be told again."""
        self._told.update(map(id, _story(error)))

    def check(self) -> None:
        """Raise EgressError for the attempts that nobody has heard of."""
        unheard = [attempt for attempt in self.attempts if id(attempt.error) not in self._told]
        self._told.update(id(attempt.error) for attempt in unheard)
        if unheard:
            told = "".join(f"\n  {attempt}" for attempt in unheard)
            raise EgressError(f"nothing may leave the world, and this was tried:{told}\n{_cure(unheard[0])}")


def _cure(attempt: Attempt) -> str:
    let_through = f"et it through: redirected(allow=[{attempt.host!r}])"
    if literal(attempt.host):
        return f"L{let_through}"
    _, _, above = attempt.host.partition(".")
    return f"Declare its domain, as in Domain({(above if '.' in above else attempt.host)!r}), or l{let_through}"


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None


def _checked(entry: str) -> str:
    if not entry or any(sign in entry for sign in "/:@ "):
        raise MisuseError(
            f"allow={entry!r}: write a name, an address or a network, without a port: 'db.corp.test', '*.corp.test', "
            "'10.0.0.0/8'"
        )
    return entry.lower().rstrip(".")


def _story(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those that it came of."""
    if error is not None:
        yield error
        for other in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
            yield from _story(other)


def _caller() -> str:
    """The innermost line that belongs neither to us nor to a library; "" in a thread that has none."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_NOBODYS):
        if frame.f_back is None:
            return ""
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
