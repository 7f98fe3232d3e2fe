"""One reading of one letter: a snapshot of its events and all that follows from them."""

import sys
from collections.abc import Iterator
from functools import cached_property

from mailharness.errors import MisuseError
from mailharness.trace.broken_off import broken_off
from mailharness.trace.changes import Change, changes
from mailharness.trace.diagram import diagram
from mailharness.trace.events import Accepted, Attempted, Dialed, Event, Judged, Opened, Refused, Relayed
from mailharness.trace.hops import Hop, events_and_hops, hops
from mailharness.trace.inference import continuations
from mailharness.trace.journal import Journal
from mailharness.trace.leaves import Branches, ByRecipient, Leaf
from mailharness.trace.lookups import Lookup, lookups
from mailharness.trace.readers import Read, readers
from mailharness.trace.stop import Stop, refused, stop_of
from mailharness.trace.transcript import transcript
from mailharness.trace.values import Path
from mailharness.trace.wording import names, same_name


class Reading:
    """What the journal says of ``letter`` at this moment. Raises MisuseError if it was evicted."""

    def __init__(self, journal: Journal, letter: int) -> None:
        if journal.was_evicted(letter):
            raise MisuseError(
                f"letter {letter} was evicted: this journal keeps the last {len(journal.letters)} letters only"
            )
        self.journal = journal
        self.letter = letter
        self.letters = {letter}
        """Its number, and those of the letters that programs of others made of it."""
        self.continued: dict[int, Accepted] = {}
        self.events = self._events(self._followed(letter))
        self.branches = Branches(self.events, {serial: back.copy for serial, back in self.continued.items()})

    def _followed(self, letter: int) -> list[Event]:
        """The letter's own events, and those of the letters as which it came back to us."""
        own = self.journal.of_letter(letter)
        for serial, back in continuations(self.journal, own).items():
            self.continued[serial] = back
            if back.letter not in self.letters:
                self.letters.add(back.letter)
                own = [*own, *self._followed(back.letter)]
        return own

    def _events(self, own: list[Event]) -> list[Event]:
        """The letter's events, and the verdicts on its sessions that were given before a letter was known in them."""
        sessions = dict.fromkeys([*(event.session for event in own if event.session), *self._awaited(own)])
        found = [one for number in sessions for one in self.journal.of_session(number)]
        verdicts = [one for one in found if isinstance(one, Judged) and not one.letter]
        return sorted([*own, *verdicts], key=lambda event: event.serial)

    def _awaited(self, own: list[Event]) -> Iterator[int]:
        """The sessions on which a host waits that has dialed for the letter and has not got to speak of it."""
        dialed: dict[str, Dialed] = {}
        for event in own:
            if isinstance(event, Dialed):
                dialed[event.to] = event
            elif isinstance(event, Attempted):
                dialed.pop(event.to, None)
        for dial in dialed.values():
            for event in self.journal.between(dial.serial, sys.maxsize):
                if isinstance(event, Opened) and same_name(event.host, dial.to) and same_name(event.peer, dial.host):
                    yield event.session
                    break

    @cached_property
    def lookups(self) -> tuple[Lookup, ...]:
        return lookups(self.journal, self.events)

    @cached_property
    def hops(self) -> tuple[Hop, ...]:
        return hops(self.events, self.lookups, self._details)

    @cached_property
    def changes(self) -> dict[int, Change]:
        return dict(changes(self.branches.copies))

    @property
    def _details(self) -> dict[int, tuple[str, ...]]:
        inferred = {back.serial: ("inferred: what was handed out is what came back",) for back in self.continued.values()}
        changed = {serial: change.summary for serial, change in self.changes.items()}
        return {serial: inferred.get(serial, ()) + changed.get(serial, ()) for serial in inferred | changed}

    @cached_property
    def readers(self) -> tuple[Read, ...]:
        return tuple(readers(self.events))

    @property
    def sessions(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(event.session for event in self.events if event.session))

    @cached_property
    def leaves(self) -> ByRecipient[Leaf]:
        return self.branches.by_recipient

    @property
    def paths(self) -> ByRecipient[tuple[str, ...]]:
        return self.leaves.map(lambda leaf: Path(self.branches.path(leaf)))

    @property
    def status(self) -> ByRecipient[str]:
        return self.leaves.map(lambda leaf: leaf.status)

    @property
    def where(self) -> ByRecipient[str]:
        return self.leaves.map(lambda leaf: leaf.where)

    @property
    def delivered(self) -> bool:
        return bool(self.leaves) and all(leaf.delivered for leaf in self.leaves.values())

    def stop(self, leaf: Leaf) -> Stop:
        return stop_of(self.journal, self.branches, leaf)

    @cached_property
    def stops(self) -> tuple[Stop, ...]:
        """Each end that is no delivery; for a letter that nobody took, the last refusal, or the session that broke off."""
        if self.leaves:
            return tuple(self.stop(leaf) for leaf in self.leaves.values() if not leaf.delivered)
        refusals = [event for event in self.events if isinstance(event, Refused)]
        if refusals:
            return (refused(self.journal, refusals[-1]),)
        ended = broken_off(self.journal, self.sessions[-1]) if self.sessions else None
        return (ended,) if ended else ()

    @property
    def stop_lines(self) -> tuple[str, ...]:
        """The stops as lines; where the letter has several recipients, each says whose."""
        if len(self.leaves) < 2:
            return tuple(stop.text for stop in self.stops)
        return tuple(f"for {leaf.recipient}: {self.stop(leaf).text}" for leaf in self.leaves.values() if not leaf.delivered)

    @property
    def title(self) -> str:
        """``letter 1: a@a.tst -> b@b.tst: delivered``."""
        if not self.leaves:
            return f"{self.subject}: {self._unheld}"
        to = names(tuple(leaf.recipient for leaf in self.leaves.values()))
        status = ", ".join(dict.fromkeys(leaf.status for leaf in self.leaves.values()))
        return f"letter {self.letter}: {self.branches.sender_said or '?'} -> {to}: {status}"

    @property
    def _unheld(self) -> str:
        """What became of a letter that no host ever took."""
        if any(isinstance(event, Refused) for event in self.events):
            return "refused"
        return "not taken" if self.stops else "nothing is known of it"

    @property
    def subject(self) -> str:
        """What the story is about: ``letter 1``, and where nobody took it, from whom it was."""
        sender = "" if self.leaves else self.branches.sender_said
        return f"letter {self.letter}{f' from {sender}' if sender else ''}"

    @property
    def told(self) -> list[tuple[Event, Hop]]:
        """The events as a story goes, with their hops; no attempt that went well: the relaying after it says the same."""
        told = [one for one in self.events if not (isinstance(one, Attempted) and one.reply and one.reply.is_positive)]
        return list(events_and_hops(sorted(told, key=self._place), self.lookups, self._details))

    @property
    def diagram(self) -> str:
        """The story for a terminal."""
        return diagram(self.title, (hop for _, hop in self.told), self.stop_lines, map(str, self.readers))

    def _place(self, event: Event) -> float:
        """Cause before effect: the sender learns of the 250 last, yet the handing over is told before the accepting."""
        child = self.branches.copies.get(event.copy_there) if isinstance(event, Relayed) else None
        if child and child.accepted and child.accepted.at == event.at:
            return child.accepted.serial - 0.5
        return event.serial

    @property
    def transcripts(self) -> str:
        return "\n\n".join(self.transcript(number) for number in self.sessions)

    def transcript(self, session: int) -> str:
        told = {event.letter for event in self.journal.of_session(session)} & self.letters
        return transcript(self.journal, session, letter=min(told, default=self.letter))

    def story(self, stop: Stop | None = None) -> str:
        """The diagram, and the transcript of the session in which the letter stopped, if it stopped in one."""
        session = stop.session if stop else 0
        return "\n\n".join([self.diagram, *([self.transcript(session)] if self.journal.of_session(session) else [])])
