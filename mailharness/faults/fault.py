"""What a fault is: a small judge that looks at an event before it takes effect and gives a verdict.

The protocol's own floor carries the verdict out; a fault never touches protocol code. A fault is a frozen description
(``Fault``) until it is armed at a world's switchboard (``Armed``), where its ``times`` are counted.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import EllipsisType

from mailharness.errors import MisuseError, UnusedFaultError
from mailharness.mail import Reply
from mailharness.trace.events import (
    LMTP,
    RCODES,
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


Row = tuple[str, str, int, str]
"""One record as plain text: name, type, TTL in seconds, data as a master file has it."""
_SHOWN = 60
"""How many characters of a record's data are told."""
Section = tuple[Row | EllipsisType, ...]
"""One section of a response: its records, among which ``...`` stands for the true ones."""


@dataclass(frozen=True, slots=True)
class Forged(Verdict):
    """Answer a question to a name server with something else than the truth; what is None is as the truth is.

    Raises MisuseError for an rcode that is none.
    """

    rcode: str | None = None
    aa: bool | None = None
    tc: bool | None = None
    answer: Section | None = None
    authority: Section | None = None
    additional: Section | None = None
    other_id: bool = False
    """Under a number that nobody asked with."""
    other_question: str = ""
    """As if this name had been asked for."""

    def __post_init__(self) -> None:
        if self.rcode is not None and self.rcode not in RCODES:
            raise MisuseError.unknown("rcode", self.rcode, RCODES)

    @classmethod
    def without_records(cls, rcode: str, *, aa: bool | None = None, tc: bool | None = None) -> "Forged":
        """The rcode, and three empty sections."""
        return cls(rcode, aa, tc, (), (), ())

    def __str__(self) -> str:
        return f"forge {', '.join(self._words()) or 'nothing'}"

    def _words(self) -> Iterator[str]:
        if self.other_id:
            yield "another ID"
        if self.other_question:
            yield f"another question ({self.other_question})"
        yield from filter(None, (self.rcode, self.tc and "TC", self.aa is False and "no authority"))
        for section in ("answer", "authority", "additional"):
            rows: Section = getattr(self, section) or ()
            yield from (f"{section} {_shown(row)}" for row in rows if not isinstance(row, EllipsisType))


def _shown(row: Row) -> str:
    name, rrtype, _, data = row
    return f"{name} {rrtype} {data if len(data) <= _SHOWN else data[:_SHOWN] + '...'}"


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
    Queried: (*_ANY, Forged),
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
    servers: tuple[str, ...] = ()
    """The name servers it names, each by its host or by a zone of its own; checked like the hosts."""

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
            _check_verdict(event, verdict)
        except MisuseError as error:
            self.error = self.error or error
            return PASS
        return verdict

    @property
    def complaint(self) -> str:
        """What is wrong with the judge, "" if nothing."""
        return f"the judge of '{self.fault}' failed: {type(self.error).__name__}: {self.error}" if self.error else ""


def _check_verdict(event: Event, verdict: object) -> None:
    """Raise MisuseError unless ``verdict`` is one that is carried out for such an event."""
    if not isinstance(verdict, Verdict):
        raise MisuseError(f"it returned {verdict!r}, which is no verdict: return PASS, Cut(), Delay(...)")
    protocol, kind = getattr(event, "protocol", ""), type(event).__name__
    has_happened = isinstance(event, _BY_SMTP_ALONE) and protocol not in (SMTP, LMTP)
    allowed = () if has_happened else CARRIED_OUT.get(type(event), ())
    if not isinstance(verdict, allowed):
        can = ", ".join(one.__name__ for one in allowed)
        cure = f"there it may be {can}" if can else "it tells what has happened; judge the event before it"
        raise MisuseError(f"it said {verdict} of {kind}{f' ({protocol})' if protocol else ''}: {cure}")
    if isinstance(verdict, Answer) and protocol in (SMTP, LMTP):
        Reply.parse(verdict.text)


def check_hosts(
    fault: Fault, hosts: Collection[str] | Mapping[str, object], zones: Collection[str] | Mapping[str, object] = ()
) -> None:
    """Raise MisuseError if the fault names a host that is none of ``hosts``, or a name server that is neither one of
    them nor that of one of the ``zones`` (compared without case)."""
    _check(fault.hosts, f"host for the fault '{fault.name}':", hosts)
    _check(fault.servers, f"name server or zone for the fault '{fault.name}':", [*hosts, *zones])


def _check(named: Iterable[str], what: str, known: Collection[str] | Mapping[str, object]) -> None:
    folded = {name.lower() for name in known}
    for name in named:
        if name.lower() not in folded:
            raise MisuseError.unknown(what, name, known)


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
