"""Which messages of the selected mailbox a command means, by number or by UID."""

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.numbers import SequenceSet
from mailharness.imap.view import View
from mailharness.imap.visit import RefusedError
from mailharness.mailbox import StoredMessage

Chosen = list[tuple[int, StoredMessage]]
"""Number and message of each."""


def parse_set(cursor: Cursor) -> SequenceSet:
    cursor.space()
    return cursor.sequence_set()


def choose(view: View, numbers: SequenceSet, *, by_uid: bool) -> Chosen:
    """The messages meant. A number that is nobody's is the client's mistake, a UID that is nobody's is not."""
    if by_uid:
        return view.with_uids(numbers)
    chosen = view.numbered(numbers)
    if chosen is None:
        raise BadSyntaxError(f"there are only {len(view.messages)} messages")
    return chosen


def require_writable(view: View) -> None:
    """Raise RefusedError where the mailbox was only examined."""
    if view.read_only:
        raise RefusedError("[CANNOT] the mailbox was opened with EXAMINE")
