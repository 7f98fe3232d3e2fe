"""What a fault is: a small judge that looks at an event before it takes effect and gives a verdict.

The protocol's own floor carries the verdict out; a fault never touches protocol code. A fault is a frozen description
(``Fault``) until it is armed at a world's switchboard (``Armed``), where its ``times`` are counted.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from mailharness.errors import MisuseError, UnusedFaultError
from mailharness.trace.events import Event


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
    """Let it happen ``seconds`` later, on the world's clock."""

    seconds: float

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
        if isinstance(verdict, Verdict):
            return PASS if isinstance(verdict, Pass) else verdict
        self.error = self.error or MisuseError(
            f"it returned {verdict!r}, which is no verdict: return PASS, Cut(), Delay(...)"
        )
        return PASS

    @property
    def complaint(self) -> str:
        """What is wrong with the judge, "" if nothing."""
        return f"the judge of '{self.fault}' failed: {type(self.error).__name__}: {self.error}" if self.error else ""


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
