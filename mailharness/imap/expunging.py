"""EXPUNGE and UID EXPUNGE: what is marked as deleted goes for good (RFC 3501 §6.4.3, RFC 4315 §2.1)."""

from collections.abc import Callable

from mailharness.imap.choosing import parse_set, require_writable
from mailharness.imap.grammar import Cursor
from mailharness.imap.numbers import SequenceSet
from mailharness.imap.visit import Extension, Status, Visit


def remove_deleted(visit: Visit, is_meant: Callable[[int], bool]) -> None:
    """Remove the deleted ones among those whose UIDs are meant."""
    mailbox = visit.view.mailbox
    doomed = [stored for stored in mailbox.deleted if is_meant(stored.uid)]
    gone = set(mailbox.expunge([stored.uid for stored in doomed]))
    for stored in doomed:
        if stored.uid in gone:
            visit.tell_removed(stored)


def expunge(visit: Visit) -> Status:
    require_writable(visit.view)
    remove_deleted(visit, lambda _uid: True)
    return _expunged(visit)


def parse_uids(cursor: Cursor) -> tuple[SequenceSet]:
    return (parse_set(cursor),)


def uid_expunge(visit: Visit, uids: SequenceSet) -> Status:
    """RFC 4315 §2.1: only those of the deleted ones whose UIDs are named."""
    require_writable(visit.view)
    named = {stored.uid for _, stored in visit.view.with_uids(uids)}
    remove_deleted(visit, named.__contains__)
    return _expunged(visit)


def _expunged(visit: Visit) -> Status:
    if not visit.has(Extension.CONDSTORE):
        return Status("OK expunged")
    return Status(f"OK [HIGHESTMODSEQ {visit.view.mailbox.highest_modseq}] expunged")  # RFC 7162 §3.2.7
