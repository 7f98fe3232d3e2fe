"""A letter: the test's handle on one message and all that became of it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import NoneType

from mailharness.errors import MisuseError
from mailharness.mail import Address, Cause, Envelope, Message, Reply
from mailharness.trace import Trace
from mailharness.trace.claims import Addressee, To
from mailharness.trace.events import Accepted
from mailharness.trace.journal import Journal
from mailharness.world.checks import check, kind

Wanted = str | re.Pattern[str] | None


class Letter:
    """One letter of a world, by its ``number`` there. What it says is read when it is asked for, and settles first."""

    def __init__(self, journal: Journal, before: Callable[[], None], number: int) -> None:
        self._journal = journal
        self._before = before
        self._number = number
        self.refused: dict[str, Reply] = {}
        """The recipients that the submission host refused, with its replies."""

    @property
    def number(self) -> int:
        return self._number

    def number_in(self, journal: Journal) -> int:
        """Its number in the world of ``journal``. Raises MisuseError for a letter of another world."""
        if journal is not self._journal:
            raise MisuseError(f"{self!r} is a letter of another world: this one has never seen it")
        return self.number

    @property
    def trace(self) -> Trace:
        """Its story so far; see ``mailharness.trace.Trace``."""
        return Trace(self._journal, self.number, self._before)

    @property
    def envelope(self) -> Envelope:
        """Who it was for when it was first accepted. Raises MisuseError where no server took it."""
        return self._submission.envelope

    @property
    def message(self) -> Message:
        """The bytes as first accepted, with the first host's trace header."""
        return self._submission.message

    @property
    def subject(self) -> str:
        return self.message.subject

    @property
    def _submission(self) -> Accepted:
        self._before()
        for event in self._journal.of_letter(self.number):
            if isinstance(event, Accepted):
                return event
        raise MisuseError(f"letter {self.number} was accepted by no server; its trace tells why")

    def __repr__(self) -> str:
        return f"<Letter {self._number}>"


class ExpectedLetter(Letter):
    """The letter of an ``expect`` block: known when the block has ended."""

    def __init__(self, journal: Journal, before: Callable[[], None]) -> None:
        super().__init__(journal, before, 0)

    @property
    def number(self) -> int:
        if not self._number:
            raise MisuseError(
                "the letter is known when the `with world.expect(...)` block has ended: look at it after the block"
            )
        return self._number

    def found(self, number: int) -> None:
        self._number = number


_DESCRIPTION = {
    "subject": kind(str, re.Pattern, NoneType, cure="the whole subject, or a pattern for a part: re.compile('Welcome')")
}


def address_of(who: To) -> Address | None:
    """The address of whom a test has named. Raises MisuseError for what is none."""
    return None if who is None else who.address if isinstance(who, Addressee) else Address.parse(who)


@dataclass(frozen=True, slots=True)
class Description:
    """What a test says of the letter it is waiting for: each given word must fit."""

    to: Address | None = None
    sender: Address | None = None
    subject: Wanted = None

    @classmethod
    def of(cls, to: To, sender: To, subject: Wanted) -> "Description":
        """Raises MisuseError for a bad address, or where nothing is described."""
        if to is None and sender is None and subject is None:
            raise MisuseError("say which letter: to=, sender= or subject=")
        check("expect", _DESCRIPTION, subject=subject)
        return cls(address_of(to), address_of(sender), subject)

    def fits(self, event: Accepted) -> bool:
        """Whether the letter that was submitted by ``event`` is meant."""
        return not self.misses(event)

    def misses(self, event: Accepted) -> tuple[str, ...]:
        """The words of the description that the letter does not fit."""
        envelope = event.envelope
        missed = []
        if self.to is not None and self.to.folded not in {address.folded for address in envelope.recipients}:
            missed.append("to")
        if self.sender is not None and (envelope.sender is None or envelope.sender.folded != self.sender.folded):
            missed.append("sender")
        if not fits(self.subject, event.message.subject):
            missed.append("subject")
        return tuple(missed)

    def __str__(self) -> str:
        words = [("to", self.to), ("sender", self.sender), ("subject", self.subject)]
        return ", ".join(f"{name}={str(value)!r}" for name, value in words if value is not None)


def fits(wanted: Wanted, subject: str) -> bool:
    """Whether ``subject`` is the one that is wanted, or has the pattern in it."""
    if wanted is None:
        return True
    return subject == wanted if isinstance(wanted, str) else bool(wanted.search(subject))


def submissions(journal: Journal) -> Iterable[Accepted]:
    """The first acceptance of every letter that came from outside, in order: from users and programs, not our reports."""
    seen: set[int] = set()
    for event in journal.of_kind(Accepted):
        if event.cause is Cause.SUBMISSION and event.letter not in seen:
            seen.add(event.letter)
            yield event


def describe(events: Iterable[Accepted], wanted: Description | None = None) -> str:
    """Letters as a list for a person: number, who to whom, subject. Where one is ``wanted``, the nearest come first, each
    with what is otherwise."""
    listed = sorted(events, key=lambda event: len(wanted.misses(event))) if wanted else list(events)
    return "\n".join(_line(event, wanted.misses(event) if wanted else ()) for event in listed) or "  none"


def _line(event: Accepted, misses: tuple[str, ...]) -> str:
    envelope = event.envelope
    other = f" (another {' and '.join(misses)})" if misses else ""
    whom = ", ".join(map(str, envelope.recipients))
    return f"  letter {event.letter}: {envelope.sender or '<>'} -> {whom}, subject {event.message.subject!r}{other}"
