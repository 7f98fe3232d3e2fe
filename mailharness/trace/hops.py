"""Hops: each step of a letter's story as one readable line. One function a kind of event, in one table."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailharness.mail import Cause
from mailharness.trace.events import (
    Accepted,
    Attempted,
    Bounced,
    Delayed,
    Delivered,
    Discarded,
    Event,
    Expanded,
    Fetched,
    Filtered,
    Flagged,
    Held,
    Judged,
    LookedUp,
    Quarantined,
    Queued,
    Refused,
    Relayed,
    Released,
    Removed,
    Reported,
)
from mailharness.trace.lookups import Lookup
from mailharness.trace.wording import duration, names, octets, reply_line

NOTHING: Mapping[int, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Hop:
    """One step. ``at`` is the world's clock, ``real`` real seconds (for durations); ``copy`` and ``session`` are numbers,
    0 where there is none; ``steps`` are the finer steps that led to it, such as the questions of a look-up."""

    kind: str
    host: str
    text: str
    at: float
    real: float
    copy: int
    session: int
    steps: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return f"{self.host}: {self.kind} {self.text}".rstrip()


def _accepted(event: Accepted) -> str:
    envelope = event.envelope
    known = f", logged in as {event.user}" if event.user else ", trusted without a password" if event.trusted else ""
    made = f" (made for {event.cause})" if event.cause not in (Cause.SUBMISSION, Cause.RELAY) else ""
    return f"from {envelope.reverse_path} for {names(envelope.recipients)}, {octets(len(event.message))}{known}{made}"


def _looked_up(event: LookedUp) -> str:
    how = " (cached)" if event.cached else ""
    return f"{event.name} {event.rrtype}: {Lookup(event).outcome}{how}"


def _queued(event: Queued) -> str:
    why = reply_line(event.reply) if event.reply else event.reason
    wait = duration(event.due - event.at) if event.due > event.at else "no time"
    tail = f": {why}" if why else ""
    return f"for {names(event.recipients)}, after attempt {event.attempts}, for {wait}{tail}"


def _attempted(event: Attempted) -> str:
    address = f" ({event.address})" if event.address else ""
    end = reply_line(event.reply) if event.reply else event.problem
    return f"-> {event.to}{address}, attempt {event.attempt}: {end}"


def _relayed(event: Relayed) -> str:
    lost = " (the reply was lost)" if event.reply_lost else ""
    return f"-> {event.to}: {reply_line(event.reply)}{lost}"


def _filtered(event: Filtered) -> str:
    return f"by {event.filter}: {event.verdict}{_because(event.reason)}"


def _refused(event: Refused) -> str:
    whom = f"for {event.recipient}: " if event.recipient else ""
    return f"{whom}{reply_line(event.reply)}{f' (by {event.by})' if event.by else ''}"


def _bounced(event: Bounced) -> str:
    told = f"reported as letter {event.report}" if event.report else "no report is owed"
    why = reply_line(event.reply) if event.reply else event.reason
    return f"for {event.recipient}, status {event.status}: {why}; {told}"


def _delayed(event: Delayed) -> str:
    why = reply_line(event.reply) if event.reply else event.reason
    return f"for {event.recipient}, status {event.status}{f': {why}' if why else ''}; reported as letter {event.report}"


def _reported(event: Reported) -> str:
    status = f", status {event.status}" if event.status else ""
    return f"{event.action} for {event.recipient}{status}; told in letter {event.report}"


def _expanded(event: Expanded) -> str:
    copies = f"{len(event.copies)} {'copy' if len(event.copies) == 1 else 'copies'}"
    return f"{event.recipient} into {copies}{f', already sent to {names(event.already)}' if event.already else ''}"


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


_TABLE: dict[type[Event], tuple[str, Callable[[Any], str]]] = {
    Accepted: ("accepted", _accepted),
    LookedUp: ("looked up", _looked_up),
    Queued: ("queued", _queued),
    Held: ("held", lambda e: f"for {names(e.recipients)}"),
    Released: ("released", lambda e: f"for {names(e.recipients)}"),
    Attempted: ("attempted", _attempted),
    Relayed: ("relayed", _relayed),
    Expanded: ("expanded", _expanded),
    Filtered: ("filtered", _filtered),
    Refused: ("refused", _refused),
    Quarantined: ("quarantined", lambda e: f"for {names(e.recipients)} by {e.filter}{_because(e.reason)}"),
    Discarded: ("discarded", lambda e: f"for {e.recipient} by {e.rule}"),
    Delivered: ("delivered", lambda e: f"into {e.account}/{e.mailbox}, UID {e.uid}"),
    Bounced: ("bounced", _bounced),
    Delayed: ("delayed", _delayed),
    Reported: ("reported", _reported),
    Fetched: ("fetched", lambda e: f"by {e.user} over {e.protocol.upper()}{', unmarked' if e.peek else ''}"),
    Flagged: ("flagged", lambda e: f"by {e.user}: {' '.join(e.flags) or 'no flags'}"),
    Removed: ("removed", lambda e: f"by {e.user} over {e.protocol.upper()} from {e.mailbox}"),
    Judged: ("faulted", lambda e: f"by {e.fault}: {e.verdict}"),
}


def hop(event: Event, steps: tuple[str, ...] = ()) -> Hop | None:
    """The event as a hop; None for one that is a line of a session or a detail of another hop."""
    known = _TABLE.get(type(event))
    if known is None:
        return None
    kind, tell = known
    if isinstance(event, Accepted) and event.cause is Cause.SUBMISSION:
        kind = "submitted"
    return Hop(kind, event.host, tell(event), event.at, event.real, event.copy, event.session, steps)


def hops(
    events: Iterable[Event], lookups: Iterable[Lookup] = (), details: Mapping[int, tuple[str, ...]] = NOTHING
) -> tuple[Hop, ...]:
    """The events' hops in order, each look-up with its questions, and others with their ``details`` by serial."""
    return tuple(one for _, one in events_and_hops(events, lookups, details))


def events_and_hops(
    events: Iterable[Event], lookups: Iterable[Lookup] = (), details: Mapping[int, tuple[str, ...]] = NOTHING
) -> Iterator[tuple[Event, Hop]]:
    """Each event that is a hop, with it. A refusal that a filter and then its host announced, in the same words of the
    same session, is one hop."""
    steps = {lookup.event.serial: lookup.steps for lookup in lookups} | dict(details)
    last: Refused | None = None
    for event in events:
        refusal = event if isinstance(event, Refused) else None
        one = hop(event, steps.get(event.serial, ()))
        if one is not None and not (refusal and last and _same_refusal(last, refusal)):
            yield event, one
            last = refusal


def _same_refusal(one: Refused, other: Refused) -> bool:
    return (one.of, one.session, one.recipient, one.reply) == (other.of, other.session, other.recipient, other.reply)
