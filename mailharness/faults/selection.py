"""Which events a fault means: the words that every family shares, and when they hold.

``client`` is who came (a host's name, a user's address, an IP address), ``user`` who has logged in over IMAP or POP3,
``sender`` and ``recipient`` are what the session's transaction is about; ``*@b.test`` and ``*.b.test`` stand for all that
end so. ``session=2`` is the second session at the host since the fault was armed, ``nth=3`` the third such event in its
session. ``times`` bounds how often it fires; ``after`` and ``until`` are seconds since it was armed, or moments with a
time zone, on the world's clock. ``probability`` is drawn for each event that is meant, in the journal's order: the same
``seed`` (the world's, unless given) makes the same draws.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from mailharness.errors import MisuseError
from mailharness.mail.address import ascii_form
from mailharness.trace.events import (
    Commanded,
    DataEnded,
    Dialed,
    Event,
    Greeted,
    LoggedIn,
    LoggingIn,
    Opened,
    Opening,
    Queried,
    Replied,
    Said,
    Storing,
)

Moment = float | datetime
"""Seconds since the fault was armed, or a moment that knows its time zone."""
_PATH = re.compile(r"<([^<>]*)>")


class When(TypedDict, total=False):
    """How often, from when, until when, how probably; and whether the fault may end without having fired."""

    times: int | None
    after: Moment | None
    until: Moment | None
    probability: float | None
    seed: int | str | None
    optional: bool


class Which(When, total=False):
    """The same, and which sessions of whom."""

    client: str | None
    sender: str | None
    recipient: str | None
    session: int | None
    nth: int | None


class Visits(When, total=False):
    """The same as ``When``, and which sessions of whom at a host of IMAP or POP3."""

    client: str | None
    user: str | None
    session: int | None
    nth: int | None


class Words(Which, Visits, total=False):
    """All of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The events that are meant. Raises MisuseError for what could never be."""

    client: str | None = None
    sender: str | None = None
    recipient: str | None = None
    user: str | None = None
    session: int | None = None
    nth: int | None = None
    answering: str = ""
    """The command or phase that a reply answers; "" for any."""
    after: Moment | None = None
    until: Moment | None = None
    probability: float | None = None
    seed: int | str | None = None

    def __post_init__(self) -> None:
        for word in ("session", "nth"):
            number = getattr(self, word)
            if number is not None and (type(number) is not int or number < 1):
                raise MisuseError(f"{word}={number!r}: they are counted from 1")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise MisuseError(f"probability={self.probability}: write a number from 0 to 1")
        for word in ("after", "until"):
            _check_moment(word, getattr(self, word))
        if type(self.after) is type(self.until) and self.after is not None and self.after > self.until:  # type: ignore[operator]
            raise MisuseError(f"after={self.after} is later than until={self.until}: then it never fires")

    def covers(self, event: Event, past: Sequence[Event]) -> bool:
        """Whether it means the event, after this ``past`` of its session."""
        about = _answered(past) if isinstance(event, Replied) else event
        return (
            (not self.answering or moment_of(about) == self.answering)
            and (self.client is None or any(_fits(self.client, name) for name in _clients(event, past)))
            and (self.user is None or any(_fits(self.user, name) for name in _users(event, past)))
            and (self.sender is None or any(_fits(self.sender, name) for name in _senders(about, past)))
            and (self.recipient is None or any(_fits(self.recipient, name) for name in _recipients(about, past)))
        )

    def is_open(self, now: float, armed_at: float) -> bool:
        """Whether ``now`` lies in its window."""
        begins = -math.inf if self.after is None else _on_clock(self.after, armed_at)
        ends = math.inf if self.until is None else _on_clock(self.until, armed_at)
        return begins <= now < ends

    @property
    def needs_past(self) -> bool:
        return bool(self.answering) or any((self.client, self.sender, self.recipient, self.user))


def moment_of(event: Event | None) -> str:
    """The verb or phase that the event is, as a fault names it; "" for none."""
    match event:
        case Commanded(verb="", line="*" | "***"):  # the client's answer to a challenge
            return "AUTH"
        case Commanded(verb=verb):
            return verb.removeprefix("UID ")
        case Said(verb=verb):
            return verb
        case Greeted():
            return "CONNECT"
        case DataEnded():
            return "EOD"
    return ""


def _check_moment(word: str, moment: Moment | None) -> None:
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise MisuseError(f"{word}={moment}: say in which time zone, as in datetime(2030, 1, 31, tzinfo=UTC)")
    elif moment is not None and not 0 <= moment < math.inf:
        raise MisuseError(f"{word}={moment}: write seconds since the fault was armed, 0 or more, or a datetime")


def _on_clock(moment: Moment, armed_at: float) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else armed_at + moment


def _fits(pattern: str, name: str) -> bool:
    pattern, name = _folded(pattern), _folded(name)
    return name.endswith(pattern[1:]) if pattern.startswith("*") else name == pattern


def _folded(name: str) -> str:
    """An address or a host's name in lower case, its domain in A-labels: so it is spoken of to a host without SMTPUTF8."""
    local, at, domain = name.lower().rpartition("@")
    return f"{local}{at}{ascii_form(domain)}"


def _answered(past: Sequence[Event]) -> Event | None:
    """What the reply that is about to be said answers: the receiver takes one command after the other."""
    return next((one for one in reversed(past) if isinstance(one, Commanded | Greeted | DataEnded)), None)


def _clients(event: Event, past: Sequence[Event]) -> Iterable[str]:
    match event:
        case Dialed(host=host):
            return (host,)
        case Queried(by=by):
            return (by,)
        case Said(to=to):
            return (to,)
    opened = next((one for one in (*past[:1], event) if isinstance(one, Opened)), None)
    return (opened.peer, opened.address) if opened else ()


def _users(event: Event, past: Sequence[Event]) -> Iterable[str]:
    """Who is logged in, or about to be."""
    if isinstance(event, LoggingIn | Opening):
        return (event.user,)
    return (next((one.user for one in reversed(past) if isinstance(one, LoggedIn)), ""),)


def _senders(about: Event | None, past: Sequence[Event]) -> Iterable[str]:
    if isinstance(about, Storing):
        return (str(about.sender or "<>"),)
    mail = about if moment_of(about) == "MAIL" else next(iter(_transaction(past)), None)
    return (_path(mail),)


def _recipients(about: Event | None, past: Sequence[Event]) -> Iterable[str]:
    if isinstance(about, Storing):
        return (str(about.recipient),)
    if moment_of(about) == "RCPT":
        return (_path(about),)
    return [_path(event) for event in _transaction(past) if moment_of(event) == "RCPT"]


def _transaction(past: Sequence[Event]) -> list[Event]:
    """The commands of the session from its last MAIL on."""
    said: list[Event] = []
    for event in reversed(past):
        if isinstance(event, Commanded):
            said.insert(0, event)
            if event.verb == "MAIL":
                return said
    return []


def _path(event: Event | None) -> str:
    """The address in a MAIL or RCPT; ``<>`` for the null path."""
    found = _PATH.search(event.line) if isinstance(event, Commanded | Said) else None
    return (found[1] or "<>") if found else ""


EVERY = Selection()
"""Each event, always."""
