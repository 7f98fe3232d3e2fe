"""Scenes: a letter's story as a play for pictures, people and machines beside each other and what passes between them.

Each picture (SVG, Mermaid) draws the same scenes. A long story is told from its start and from its end, and a crowd of
recipients shares one place, so that a picture of any letter can be looked at.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mailharness.drawing import Tone
from mailharness.mail import Cause
from mailharness.trace.events import (
    Accepted,
    Attempted,
    Bounced,
    Delayed,
    Delivered,
    Discarded,
    Event,
    Fetched,
    Held,
    Judged,
    LookedUp,
    Quarantined,
    Queued,
    Refused,
    Relayed,
    Released,
)
from mailharness.trace.hops import Hop
from mailharness.trace.lookups import Lookup
from mailharness.trace.reading import Reading
from mailharness.trace.wording import duration, octets, reply_line, same_name

PLACES = 24
"""How many people and machines have a place of their own."""
_HEAD, _TAIL = 60, 40
"""How many scenes of a long story are told from its start and from its end."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happens: a "person", a "host" of ours, or "outside", a host that took
    the letter and is none of ours; "others" are all that have no place of their own."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Message:
    """What goes from one place to another, and the ``answer``, if there is one; ``lost`` if it never came there."""

    source: int
    target: int
    text: str
    answer: str = ""
    tone: Tone = Tone.PLAIN
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """What happens at one place; ``more`` are the finer steps that led to it."""

    at: int
    kind: str
    text: str
    tone: Tone = Tone.SOFT
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that goes by, or scenes that are left out."""

    text: str


Scene = Message | Note | Pause


@dataclass(slots=True)
class Play:
    """The ``title``, the places from left to right, the scenes in order, and the lines that say where it stopped."""

    title: str
    places: list[Place] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    stops: tuple[str, ...] = ()


_TONES: dict[type[Event], Tone] = {
    Queued: Tone.WAIT,
    Held: Tone.WAIT,
    Released: Tone.WAIT,
    Quarantined: Tone.WAIT,
    Delayed: Tone.WAIT,
    Judged: Tone.BAD,
    Refused: Tone.BAD,
    Bounced: Tone.BAD,
    Discarded: Tone.BAD,
}
"""What stands out among the things that happen at one host."""


def play(reading: Reading) -> Play:
    """The letter's story in scenes."""
    return _Stage(reading).play


class _Stage:
    """Puts the events of one reading on the stage, in order."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._outside = {e.to.lower() for e in reading.events if isinstance(e, Relayed) and not e.copy_there}
        self.play = Play(reading.title, stops=reading.stop_lines)
        scenes = list(self._scenes())
        if (left_out := len(scenes) - _HEAD - _TAIL) > 0:
            scenes[_HEAD : _HEAD + left_out] = [Pause(f"{left_out} steps are left out")]
        self.play.scenes = scenes

    def _scenes(self) -> Iterator[Scene]:
        told = self._reading.told
        start = at = told[0][1].at if told else 0.0
        for event, step in told:
            if event.at != at:
                yield Pause(f"+{duration(event.at - start)}")
                at = event.at
            tell = _TABLE.get(step.kind)
            yield from tell(self, event) if tell else self._note(event, step)

    def _place(self, name: str, kind: str = "") -> int:
        kind = kind or ("outside" if name.lower() in self._outside else "host")
        for number, place in enumerate(self.play.places):
            if place.kind == "others" or (same_name(place.name, name) and (place.kind == "person") == (kind == "person")):
                return number
        full = len(self.play.places) == PLACES - 1
        self.play.places.append(Place("all others", "others") if full else Place(name, kind))
        return len(self.play.places) - 1

    def _note(self, event: Event, step: Hop) -> Iterator[Scene]:
        if isinstance(event, Accepted) and event.cause is Cause.RELAY:
            return  # the host that passed it on tells
        failed = isinstance(event, LookedUp) and Lookup(event).failed
        tone = Tone.BAD if failed else _TONES.get(type(event), Tone.SOFT)
        yield Note(self._place(event.host), step.kind, step.text, tone, step.steps)

    def _submitted(self, event: Accepted) -> Iterator[Scene]:
        who = event.user or str(event.envelope.sender or "<>")
        known = "logged in" if event.user else "without a password" if event.trusted else ""
        text = ", ".join(filter(None, [f"submits {octets(len(event.message))}", known]))
        yield Message(self._place(who, "person"), self._place(event.host), text)

    def _attempted(self, event: Attempted) -> Iterator[Scene]:
        answer = reply_line(event.reply) if event.reply else event.problem
        text = f"attempt {event.attempt}" + (f" at {event.address}" if event.address else "")
        yield from self._passed(event, text, answer, Tone.BAD, lost=event.reply is None)

    def _relayed(self, event: Relayed) -> Iterator[Scene]:
        story = self._reading.branches.copies.get(event.copy_there)
        size = f" {octets(len(story.accepted.message))}" if story and story.accepted else ""
        lost = " (the reply was lost)" if event.reply_lost else ""
        yield from self._passed(event, f"relays{size}", reply_line(event.reply) + lost, Tone.GOOD)

    def _passed(
        self, event: Attempted | Relayed, text: str, answer: str, tone: Tone, *, lost: bool = False
    ) -> Iterator[Scene]:
        source, target = self._place(event.host), self._place(event.to or event.host)
        if source == target:
            yield Note(source, "relayed" if tone is Tone.GOOD else "attempted", f"{text}: {answer}", tone)
        else:
            yield Message(source, target, text, answer, tone, lost)

    def _delivered(self, event: Delivered) -> Iterator[Scene]:
        source = self._place(event.host)
        whom = self._place(event.account, "person")
        yield Message(source, whom, f"into {event.mailbox}, UID {event.uid}", tone=Tone.GOOD)

    def _fetched(self, event: Fetched) -> Iterator[Scene]:
        text = f"reads it over {event.protocol.upper()}{', unmarked' if event.peek else ''}"
        yield Message(self._place(event.user, "person"), self._place(event.host), text)


_TABLE: dict[str, Callable[[_Stage, Any], Iterator[Scene]]] = {
    "submitted": _Stage._submitted,
    "attempted": _Stage._attempted,
    "relayed": _Stage._relayed,
    "delivered": _Stage._delivered,
    "fetched": _Stage._fetched,
}
"""By the kind of the hop, what passes between two places; all else is a note at its host."""
