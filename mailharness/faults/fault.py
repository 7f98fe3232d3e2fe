"""What a fault is: a small judge that looks at an event before it takes effect and gives a verdict.

The protocol's own floor carries the verdict out; a fault never touches protocol code. A fault is a frozen description
(``Fault``) until it is armed at a world's switchboard (``Armed``), where its ``times`` are counted.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from mailharness.errors import MisuseError, UnusedFaultError
from mailharness.mail import Reply
from mailharness.trace.events import (
    SMTP,
    Commanded,
    DataEnded,
    Dialed,
    Event,
    Greeted,
    LoggedIn,
    Opened,
    Queried,
    Replied,
    Secured,
)


class Verdict:
    """What shall become of an event."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Pass(Verdict):
    """Let it happen."""

    def __str__(self) -> str:
        return "pass"


@dataclass(frozen=True, slots=True)
class Answer(Verdict):
    """Answer this instead of doing it: an SMTP reply, an IMAP or POP3 status line, or the name of an rcode."""

    text: str

    def __str__(self) -> str:
        return f"answer {self.text!r}"


@dataclass(frozen=True, slots=True)
class Delay(Verdict):
    """Let it happen ``seconds`` later, on the world's clock. Raises MisuseError for a time that never comes."""

    seconds: float

    def __post_init__(self) -> None:
        if not 0 <= self.seconds < math.inf:
            raise MisuseError(f"Delay({self.seconds}): wait a finite number of seconds, 0 or more; Drop() is for ever")

    def __str__(self) -> str:
        return f"delay by {self.seconds} s"


@dataclass(frozen=True, slots=True)
class Drop(Verdict):
    """Let it vanish: no effect, no answer, the connection stays."""

    def __str__(self) -> str:
        return "drop"


@dataclass(frozen=True, slots=True)
class Cut(Verdict):
    """End the connection at once; before there is one, refuse it."""

    def __str__(self) -> str:
        return "cut"


PASS = Pass()

_ANY = (Answer, Delay, Drop, Cut)
CARRIED_OUT: Mapping[type[Event], tuple[type[Verdict], ...]] = {
    Dialed: (Delay, Drop, Cut),
    Opened: (Cut,),
    Greeted: _ANY,
    Commanded: _ANY,
    DataEnded: _ANY,
    Replied: _ANY,
    Secured: (Cut,),
    LoggedIn: (Cut,),
    Queried: _ANY,
}
"""What can become of an event besides Pass; of any other event nothing: it tells what has happened."""
_BY_SMTP_ALONE = (DataEnded, Replied, Secured, LoggedIn)
"""Events that have happened where the protocol is another."""

Judge = Callable[[Event], Verdict]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break a world: ``judge`` it is asked about every event, ``times`` it may fire (None: always)."""

    name: str
    """What it does, in words: ``refuse mx1.b.test``."""
    judge: Judge = field(repr=False)
    times: int | None = None
    hosts: tuple[str, ...] = ()
    """The hosts it names, checked against the world when it is armed."""
    optional: bool = False
    """Whether it may end its scope without having fired."""

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise MisuseError(f"times={self.times}: a fault fires at least once, or leave times out for always")

    def __str__(self) -> str:
        return self.name if self.times is None else f"{self.name} (times={self.times})"


class Armed:
    """A fault at work at one switchboard: how often it may fire still, and how often it has."""

    __slots__ = ("error", "fault", "fired")

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.fired = 0
        self.error: Exception | None = None
        """What the judge itself raised first: an event that it cannot judge passes, and its author is told."""

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self.fired >= self.fault.times

    def judge(self, event: Event) -> Verdict:
        if self.spent:
            return PASS
        verdict = self._ask(event)
        if verdict is not PASS:
            self.fired += 1
        return verdict

    def _ask(self, event: Event) -> Verdict:
        try:
            verdict = self.fault.judge(event)
        except Exception as error:  # noqa: BLE001 - a user's judge may raise anything, and no protocol code may meet it
            self.error = self.error or error
            return PASS
        if isinstance(verdict, Pass):
            return PASS
        try:
            _check(event, verdict)
        except MisuseError as error:
            self.error = self.error or error
            return PASS
        return verdict

    @property
    def complaint(self) -> str:
        """What is wrong with the judge, "" if nothing."""
        return f"the judge of '{self.fault}' failed: {type(self.error).__name__}: {self.error}" if self.error else ""


def _check(event: Event, verdict: object) -> None:
    """Raise MisuseError unless ``verdict`` is one that is carried out for such an event."""
    if not isinstance(verdict, Verdict):
        raise MisuseError(f"it returned {verdict!r}, which is no verdict: return PASS, Cut(), Delay(...)")
    protocol, kind = getattr(event, "protocol", ""), type(event).__name__
    has_happened = isinstance(event, _BY_SMTP_ALONE) and protocol != SMTP
    allowed = () if has_happened else CARRIED_OUT.get(type(event), ())
    if not isinstance(verdict, allowed):
        can = ", ".join(one.__name__ for one in allowed)
        cure = f"there it may be {can}" if can else "it tells what has happened; judge the event before it"
        raise MisuseError(f"it said {verdict} of {kind}{f' ({protocol})' if protocol else ''}: {cure}")
    if isinstance(verdict, Answer) and protocol == SMTP:
        Reply.parse(verdict.text)


def check_hosts(fault: Fault, hosts: Collection[str] | Mapping[str, object]) -> None:
    """Raise MisuseError if the fault names a host that is none of ``hosts`` (compared without case)."""
    known = {host.lower() for host in hosts}
    for host in fault.hosts:
        if host.lower() not in known:
            raise MisuseError.unknown(f"host for the fault '{fault.name}':", host, hosts)


def check_fired(armed: Iterable[Armed]) -> None:
    """Ask of faults whose scope has ended whether they were worth it.

    Raises MisuseError for a judge that failed, UnusedFaultError for a fault that never fired and is not optional.
    """
    every = tuple(armed)
    for one in every:
        if one.complaint:
            raise MisuseError(one.complaint) from one.error
    unused = [str(one.fault) for one in every if not one.fired and not one.fault.optional]
    if unused:
        raise UnusedFaultError(f"never fired: {', '.join(unused)}; the block tested nothing (or say optional=True)")
