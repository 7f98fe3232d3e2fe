"""What became of each copy: the events of one letter, sorted by the copy and the recipient that they settle.

An *outcome* is an event that settles a copy for a recipient. Two of them only hold the copy (in the queue, in
quarantine), and whatever comes after supersedes them; all the others are final.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from mailharness.mail import Address, Copy
from mailharness.trace.events import (
    Accepted,
    Attempted,
    Bounced,
    Delayed,
    Delivered,
    Discarded,
    Event,
    Expanded,
    Held,
    Quarantined,
    Queued,
    Refused,
    Relayed,
    Released,
    Reported,
)

Outcome = Delivered | Relayed | Expanded | Queued | Bounced | Refused | Quarantined | Discarded
OUTCOMES = (Delivered, Relayed, Expanded, Queued, Bounced, Refused, Quarantined, Discarded)
HELD = (Queued, Quarantined)
STATUS: dict[type[Event], str] = {
    Delivered: "delivered",
    Relayed: "relayed",
    Queued: "queued",
    Bounced: "bounced",
    Refused: "refused",
    Quarantined: "quarantined",
    Discarded: "discarded",
}
"""What an outcome is called; a copy without one is ``in transit``."""


def named(event: Event) -> tuple[Address, ...]:
    """The recipients that the event speaks of; none: it speaks of all of the copy's."""
    match event:
        case Delivered() | Expanded() | Bounced() | Refused() | Discarded() | Delayed() | Reported():
            return (event.recipient,) if event.recipient else ()
        case Attempted() | Relayed() | Queued() | Held() | Released() | Quarantined():
            return event.recipients
    return ()


def concerns(event: Event, recipient: Address) -> bool:
    """Whether the event speaks of ``recipient``."""
    return not (whom := named(event)) or any(one.folded == recipient.folded for one in whom)


class CopyStory:
    """One copy at one host: when it was accepted, for whom, and what became of it. All is told before any is asked."""

    def __init__(self, of: Copy) -> None:
        self.of = of
        self.accepted: Accepted | None = None
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Accepted):
            self.accepted = event

    @property
    def host(self) -> str:
        return self.accepted.host if self.accepted else self.events[0].host

    @property
    def is_held(self) -> bool:
        """Whether a host ever had it: what was only refused in a session never came to be."""
        return self.accepted is not None or any(isinstance(e, OUTCOMES) and not isinstance(e, Refused) for e in self.events)

    @cached_property
    def recipients(self) -> tuple[Address, ...]:
        """For whom it was accepted; for a copy made in place, those that its outcomes name."""
        if self.accepted:
            return self.accepted.envelope.recipients
        every = [one for event in self.events if isinstance(event, OUTCOMES) for one in named(event)]
        return tuple({one.folded: one for one in every}.values())

    @cached_property
    def times(self) -> Counter[str]:
        """How often each recipient stands in its envelope."""
        return Counter(one.folded for one in self.recipients)

    def outcomes(self, recipient: Address) -> list[Outcome]:
        """What settled the copy for ``recipient``, in order. A refusal counts if the holder itself refused, afterwards:
        one heard from the next host settles nothing."""
        return sorted(
            [*self._outcomes.get(recipient.folded, ()), *self._outcomes.get("", ())], key=lambda event: event.serial
        )

    @cached_property
    def _outcomes(self) -> dict[str, list[Outcome]]:
        """The outcomes by recipient; under the empty string those that speak of all."""
        start = self.accepted.serial if self.accepted else 0
        found: dict[str, list[Outcome]] = {}
        for event in self.events:
            heard = isinstance(event, Refused) and (event.serial < start or event.host != self.host)
            if isinstance(event, OUTCOMES) and not heard:
                for name in {one.folded for one in named(event)} or {""}:
                    found.setdefault(name, []).append(event)
        return found


def sort_by_copy(events: Iterable[Event]) -> dict[int, CopyStory]:
    """The stories of all copies that the events speak of, by the copy's number."""
    stories: dict[int, CopyStory] = {}
    for event in events:
        if event.of.copy:
            story = stories.get(event.of.copy)
            if story is None:
                story = stories[event.of.copy] = CopyStory(event.of)
            story.add(event)
    return stories
