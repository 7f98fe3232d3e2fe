"""Following a letter through a program that is not ours: what it hands back to us is a new letter, and known by what it is.

Its Message-ID tells (RFC 5322 §3.6.4), where both have none their subject and body; it must come from the machine that was
given the letter. That is a guess, and every hop behind it says so.
"""

from collections.abc import Iterator

from mailharness.mail import Cause, Message
from mailharness.trace.events import Accepted, Event, Opened, Relayed
from mailharness.trace.journal import Journal
from mailharness.trace.wording import same_name


def continuations(journal: Journal, events: list[Event]) -> dict[int, Accepted]:
    """Where a letter went on that left our hosts: by the serial of the Relayed event with which it left."""
    taken: set[int] = set()
    found: dict[int, Accepted] = {}
    for event in events:
        if isinstance(event, Relayed) and not event.copy_there:
            back = next((one for one in _coming_back(journal, events, event) if one.letter not in taken), None)
            if back is not None:
                taken.add(back.letter)
                found[event.serial] = back
    return found


def _coming_back(journal: Journal, events: list[Event], left: Relayed) -> Iterator[Accepted]:
    ours = next((one for one in events if isinstance(one, Accepted) and one.copy == left.copy), None)
    if ours is None:
        return
    for event in journal.of_kind(Accepted):
        is_new = event.serial > ours.serial and event.cause is Cause.SUBMISSION and event.letter != left.letter
        if is_new and _is_from(journal, event, left.to) and _is_same(ours.message, event.message):
            yield event


def _is_from(journal: Journal, event: Accepted, host: str) -> bool:
    return any(isinstance(one, Opened) and same_name(one.peer, host) for one in journal.of_session(event.session)[:1])


def _is_same(one: Message, other: Message) -> bool:
    if one.message_id or other.message_id:
        return one.message_id == other.message_id
    return (one.subject, one.body_bytes) == (other.subject, other.body_bytes)
