"""What a fault is: a small judge that looks at an event before it takes effect and gives a verdict.

The protocol's own floor carries the verdict out; a fault never touches protocol code. A fault is a frozen description
(``Fault``) until it is armed at a world's switchboard (``Armed``), where it is counted and drawn.
"""

import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailharness.errors import MisuseError, UnusedFaultError
from mailharness.faults.selection import EVERY, Selection
from mailharness.faults.verdict import (
    PASS,
    After,
    Alter,
    Answer,
    Cut,
    Delay,
    Drop,
    Edit,
    Forged,
    Hide,
    Midway,
    Pace,
    Pass,
    Renumber,
    Shorten,
    Show,
    Verdict,
)
from mailharness.mail import Reply
from mailharness.trace.events import (
    IMAP,
    LMTP,
    POP3,
    SMTP,
    Announcing,
    Commanded,
    DataEnded,
    Dialed,
    Event,
    Greeted,
    Handshaking,
    Idling,
    LoggedIn,
    LoggingIn,
    Opened,
    Opening,
    Queried,
    Replied,
    Said,
    Secured,
    Storing,
)

if TYPE_CHECKING:
    from mailharness.faults.spec import Spec

_ANY = (Answer, Delay, Drop, Cut)
CARRIED_OUT: Mapping[type[Event], tuple[type[Verdict], ...]] = {
    Dialed: (Answer, Delay, Drop, Cut),
    Opened: (Cut, Drop, Midway),
    Greeted: (*_ANY, Alter),
    Commanded: (*_ANY, Alter, Midway),
    DataEnded: (*_ANY, Alter, Pace),
    Replied: (*_ANY, Alter, Hide, Pace),
    Said: (Delay, Drop, Cut, Alter, Midway),
    Handshaking: (Cut, Show),
    Secured: (Cut,),
    LoggedIn: (Cut,),
    Storing: (Answer, Delay),
    Queried: (*_ANY, Forged),
}
"""What can become of an event besides Pass; of any other event nothing: it tells what has happened. An Answer to Dialed
is the reason why there is no connection."""
BY_MAILBOXES: Mapping[type[Event], tuple[type[Verdict], ...]] = {
    Opened: (Cut, Drop, Midway),
    Greeted: (*_ANY, Alter, Edit),
    Commanded: (*_ANY, Alter, Edit),
    Replied: (Delay, Drop, Cut, Alter, Edit, Midway, Pace, Shorten),
    Handshaking: (Cut, Show),
    LoggingIn: (Answer,),
    Opening: (Answer, Renumber),
    Announcing: (Delay, Drop),
    Idling: (Cut, After),
}
"""The same where the protocol is IMAP or POP3. An Answer to LoggingIn or Opening stands behind the NO or -ERR."""

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
    when: Selection = EVERY
    """Which of the events that ``judge`` objects to are meant."""
    hears: tuple[type[Event], ...] = ()
    """Events that are announced only where a fault wants to hear them: Said, Storing, LoggingIn, Opening, Announcing,
    Idling."""
    spec: "Spec | None" = field(default=None, repr=False, compare=False)
    """The call that made it, for a plan; None for a judge of the user's own."""

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise MisuseError(f"times={self.times}: a fault fires at least once, or leave times out for always")

    def __str__(self) -> str:
        return self.name if self.times is None else f"{self.name} (times={self.times})"


def _nothing_before(_session: int) -> Sequence[Event]:
    return ()


class Armed:
    """A fault at work at one switchboard: how often it may fire still, and how often it has.

    ``past`` gives the events of a session so far, ``seed`` what is drawn where the fault has none of its own.
    """

    __slots__ = ("_counts", "_past", "_rng", "_sessions", "armed_at", "error", "fault", "fired", "seed")

    def __init__(
        self,
        fault: Fault,
        past: Callable[[int], Sequence[Event]] = _nothing_before,
        *,
        seed: int | str = 0,
        armed_at: float = 0.0,
    ) -> None:
        self.fault = fault
        self.fired = 0
        self.error: Exception | None = None
        """What the judge itself raised first: an event that it cannot judge passes, and its author is told."""
        self.seed = seed if fault.when.seed is None else fault.when.seed
        """What its draws came of; the same in another world makes the same ones."""
        self.armed_at = armed_at
        self._rng = random.Random(self.seed)
        self._past = past
        self._sessions: dict[tuple[str, str, bool], dict[int, int]] = {}
        self._counts: dict[int, int] = {}

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self.fired >= self.fault.times

    def judge(self, event: Event) -> Verdict:
        when = self.fault.when
        if when.session is not None and event.session:
            self._count_session(event)
        if self.spent:
            return PASS
        verdict = self._ask(event)
        if verdict is PASS or (when is not EVERY and not self._means(event, when)):
            return PASS
        self.fired += 1
        return verdict

    def _means(self, event: Event, when: Selection) -> bool:
        """Whether the selection has the event; only such events are counted, and only those drawn for that count."""
        if not when.is_open(event.at, self.armed_at):
            return False
        if when.needs_past and not when.covers(event, self._past(event.session) if event.session else ()):
            return False
        if when.session is not None and self._ordinal(event) != when.session:
            return False
        if when.nth is not None:
            count = self._counts[event.session] = self._counts.get(event.session, 0) + 1
            if count != when.nth:
                return False
        return when.probability is None or self._rng.random() < when.probability

    def _count_session(self, event: Event) -> None:
        numbers = self._sessions.setdefault(_door(event), {})
        numbers.setdefault(event.session, len(numbers) + 1)

    def _ordinal(self, event: Event) -> int:
        return self._sessions.get(_door(event), {}).get(event.session, 0)

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


def _door(event: Event) -> tuple[str, str, bool]:
    """Where sessions are counted: what a host says as a client is of others than those that it serves."""
    return event.host.lower(), getattr(event, "protocol", ""), isinstance(event, Said)


def _check_verdict(event: Event, verdict: object) -> None:
    """Raise MisuseError unless ``verdict`` is one that is carried out for such an event."""
    if not isinstance(verdict, Verdict):
        raise MisuseError(f"it returned {verdict!r}, which is no verdict: return PASS, Cut(), Delay(...)")
    protocol, kind = getattr(event, "protocol", ""), type(event).__name__
    allowed = _allowed(event, protocol)
    if not isinstance(verdict, allowed):
        can = ", ".join(one.__name__ for one in allowed)
        cure = f"there it may be {can}" if can else "it tells what has happened; judge the event before it"
        raise MisuseError(f"it said {verdict} of {kind}{f' ({protocol})' if protocol else ''}: {cure}")
    if isinstance(verdict, Answer) and protocol in (SMTP, LMTP) and not isinstance(event, Dialed):
        Reply.parse(verdict.text)


def _allowed(event: Event, protocol: str) -> tuple[type[Verdict], ...]:
    return (BY_MAILBOXES if protocol in (IMAP, POP3) else CARRIED_OUT).get(type(event), ())


def check_hosts(
    fault: Fault, hosts: Collection[str] | Mapping[str, object], zones: Collection[str] | Mapping[str, object] = ()
) -> None:
    """Raise MisuseError if the fault names a host that is none of ``hosts``, or a name server that is neither one of
    them nor that of one of the ``zones`` (compared without case)."""
    _check(fault.hosts, f"host for the fault '{fault.name}':", hosts)
    _check(fault.servers, f"name server or zone for the fault '{fault.name}':", [*hosts, *zones])


def check_people(fault: Fault, hosts: Collection[str], users: Collection[str], is_strange: Callable[[str], bool]) -> None:
    """Raise MisuseError if the fault means a client that is neither a host, a user nor an address, or a sender,
    recipient or user whom ``is_strange`` calls unknown in a domain of this world."""
    client = fault.when.client
    if client is not None and not client.startswith("*") and not _is_ip(client):
        _check([client], f"client for the fault '{fault.name}':", [*hosts, *users])
    for who in (fault.when.sender, fault.when.recipient, fault.when.user):
        if who is not None and "@" in who and not who.startswith("*") and is_strange(who):
            raise MisuseError.unknown(f"user for the fault '{fault.name}':", who, users)


def _is_ip(client: str) -> bool:
    return client.replace(".", "").isdigit()


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
