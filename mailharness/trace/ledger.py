"""Conservation: nothing that was accepted is lost, and nothing arrives twice without a lost reply to show for it.

For each copy and each recipient it was accepted for, exactly one of these holds while the world is at rest: delivered,
queued, in a session that a fault stalls, expanded into copies, passed on, bounced, refused or quarantined by a gateway,
discarded by a rule.
"""

import bisect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from mailharness.errors import ConservationError
from mailharness.mail import Address, Cause, Copy
from mailharness.trace.copies import HELD, CopyStory, Outcome, sort_by_copy
from mailharness.trace.events import (
    Accepted,
    Bounced,
    DataEnded,
    Event,
    Expanded,
    Judged,
    Relayed,
)
from mailharness.trace.hops import hops
from mailharness.trace.journal import Journal
from mailharness.trace.stalls import Stalls

_SILENT = ("cut", "drop", "delay", "pace")
"""How the verdicts begin that keep a reply from its client."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One copy that is in no state, or in two, for ``recipient``; ``story`` are its events as lines."""

    copy: Copy
    host: str
    recipient: Address
    problem: str
    story: tuple[str, ...]

    def __str__(self) -> str:
        head = f"{self.copy} at {self.host}, for {self.recipient}: {self.problem}"
        return "\n".join([head, *(f"    {line}" for line in self.story)])


def check(journal: Journal) -> list[Discrepancy]:
    """Everything that was lost or doubled, in the order of its acceptance. Ask it of a settled world only."""
    return list(_Ledger(journal).discrepancies())


def assert_conserved(journal: Journal) -> None:
    """Raise ConservationError, listing each discrepancy with the story of its copy, unless the books balance."""
    found = check(journal)
    if found:
        count = "1 letter is" if len(found) == 1 else f"{len(found)} are"
        raise ConservationError("\n".join([f"{count} not where the books say:", *map(str, found)]))


class _Ledger:
    """The books of one journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.events = journal.events
        self.copies = sort_by_copy(self.events)
        self.verdicts = [event for event in self.events if isinstance(event, Judged)]
        self.stalls = Stalls(journal, self.verdicts)
        self.verdicts_in: dict[int, list[Judged]] = {}
        for verdict in self.verdicts:
            self.verdicts_in.setdefault(verdict.session, []).append(verdict)
        self.data_ends: dict[int, list[int]] = {}
        """By session, the serials at which a message of it had arrived, ascending."""
        for event in self.events:
            if isinstance(event, DataEnded):
                self.data_ends.setdefault(event.session, []).append(event.serial)
        self.children: dict[int, list[CopyStory]] = {}
        for story in self.copies.values():
            self.children.setdefault(story.of.parent, []).append(story)

    def discrepancies(self) -> Iterator[Discrepancy]:
        for story in self.copies.values():
            if story.is_held:
                for recipient in {one.folded: one for one in story.recipients}.values():
                    for problem in self._problems(story, recipient):
                        yield Discrepancy(story.of, story.host, recipient, problem, _story(story))

    def _problems(self, story: CopyStory, recipient: Address) -> Iterator[str]:
        outcomes = story.outcomes(recipient)
        final = [event for event in outcomes if not isinstance(event, HELD) and not _lost(event)]
        allowed = story.times[recipient.folded]
        if not outcomes and not self.stalls.hold(story, recipient):
            yield "accepted, and then lost: no outcome is recorded"
        if len(final) > allowed:
            yield f"settled {len(final)} times: {_kinds(final)}"
        if final and isinstance(outcomes[-1], HELD):
            yield f"settled ({_kinds(final)}), and yet {_kinds(outcomes[-1:])} afterwards"
        for event in outcomes:
            yield from self._unfounded(event, recipient)
        yield from self._doubled(story, recipient, outcomes, allowed)

    def _unfounded(self, event: Outcome, recipient: Address) -> Iterator[str]:
        """Outcomes that hand the duty to something that is not there."""
        if isinstance(event, Relayed) and not event.reply_lost and self._is_missing(event.copy_there, recipient):
            yield f"passed on to {event.to} as copy {event.copy_there}, which was never accepted there for this recipient"
        if isinstance(event, Expanded):
            missing = [number for number in event.copies if not (number in self.copies and self.copies[number].is_held)]
            if missing or not (event.copies or event.already):
                yield f"expanded into copies that nobody accepted: {', '.join(map(str, missing)) or 'none at all'}"
            for address in event.already:
                if address.folded not in self._reached.get(event.letter, ()):
                    yield f"expanded but for {address}, whom no copy of the letter is for"
        if isinstance(event, Bounced) and event.report and not self._reported(event.report):
            yield f"bounced, but its report, letter {event.report}, was never accepted"

    @cached_property
    def _reached(self) -> dict[int, set[str]]:
        """By letter, for whom a host had a copy of it."""
        found: dict[int, set[str]] = {}
        for story in self.copies.values():
            if story.is_held:
                found.setdefault(story.of.letter, set()).update(story.times)
        return found

    def _is_missing(self, number: int, recipient: Address) -> bool:
        """Whether a copy of ours (0: a program we do not own has it) is held by nobody."""
        return number != 0 and not self._has(number, recipient)

    def _has(self, number: int, recipient: Address) -> bool:
        story = self.copies.get(number)
        return story is not None and story.is_held and recipient.folded in story.times

    def _reported(self, letter: int) -> bool:
        events = self.journal.of_letter(letter)
        return self.journal.was_evicted(letter) or any(isinstance(event, Accepted) for event in events)

    def _doubled(self, story: CopyStory, recipient: Address, outcomes: list[Outcome], allowed: int) -> Iterator[str]:
        """Several next hosts hold a copy for the recipient, though no reply of theirs was lost."""
        there = [
            child
            for child in self.children.get(story.of.copy, ())
            if child.of.cause is Cause.RELAY and child.accepted and self._has(child.of.copy, recipient)
        ]
        lost = {event.copy_there for event in outcomes if isinstance(event, Relayed) and event.reply_lost}
        sure = [child for child in there if child.of.copy not in lost and not self._reply_was_kept(child)]
        if len(sure) > allowed:
            holders = ", ".join(f"{child.host} (copy {child.of.copy})" for child in sure)
            yield f"held by {len(sure)} next hosts without a lost reply: {holders}"

    def _reply_was_kept(self, child: CopyStory) -> bool:
        """A fault kept the reply to the child's final dot from the sender."""
        accepted = child.accepted
        if accepted is None or not accepted.session:
            return False
        ends = self.data_ends.get(accepted.session, [])
        before = bisect.bisect_left(ends, accepted.serial)
        start = ends[before - 1] if before else accepted.serial
        following = ends[before] if before < len(ends) else math.inf
        return any(
            start < verdict.serial < following
            # Another answer than the 250 hides the acceptance only where it came after it.
            and (verdict.verdict.startswith(_SILENT) or verdict.serial > accepted.serial)
            for verdict in self.verdicts_in.get(accepted.session, ())
        )


def _lost(event: Event) -> bool:
    return isinstance(event, Relayed) and event.reply_lost


def _kinds(events: Sequence[Outcome]) -> str:
    return ", ".join(type(event).__name__.lower() for event in events)


def _story(story: CopyStory) -> tuple[str, ...]:
    return tuple(str(hop) for hop in hops(story.events))
