"""COPY and MOVE (RFC 3501 §6.4.7, RFC 6851)."""

from mailharness.imap.choosing import Chosen, choose, parse_set, require_writable
from mailharness.imap.grammar import Cursor
from mailharness.imap.mailboxes import parse_name, target
from mailharness.imap.numbers import SequenceSet, compact
from mailharness.imap.responses import untagged
from mailharness.imap.view import View
from mailharness.imap.visit import Extension, RefusedError, Status, Visit


def parse_copy(cursor: Cursor) -> tuple[SequenceSet, str]:
    return parse_set(cursor), *parse_name(cursor)


def copy(visit: Visit, numbers: SequenceSet, name: str, *, by_uid: bool = False) -> Status:
    """All of them or none, with flags and dates."""
    chosen = _choose(visit.view, numbers, by_uid=by_uid)
    visit.account.require_room_for_copies(sum(stored.size for _, stored in chosen))
    code = _copy(visit, chosen, name)
    return Status(f"OK [{code}] copied" if code else "OK nothing to copy")


def move(visit: Visit, numbers: SequenceSet, name: str, *, by_uid: bool = False) -> Status:
    """RFC 6851 §3.3: COPYUID comes before the messages are gone from here, and nobody ever sees one twice or not at all."""
    require_writable(visit.view)
    chosen = _choose(visit.view, numbers, by_uid=by_uid)
    code = _copy(visit, chosen, name)
    if not code:
        return Status("OK nothing to move")
    visit.write(untagged(f"OK [{code}] moved"))
    mailbox = visit.view.mailbox
    mailbox.expunge([stored.uid for _, stored in chosen])
    modseq = f"[HIGHESTMODSEQ {mailbox.highest_modseq}] " if visit.has(Extension.CONDSTORE) else ""
    return Status(f"OK {modseq}moved")


def _choose(view: View, numbers: SequenceSet, *, by_uid: bool) -> Chosen:
    """Those meant. Raises RefusedError if others have removed one of them: it must not come back (RFC 2180 §4.4.1)."""
    chosen = choose(view, numbers, by_uid=by_uid)
    if any(view.is_gone(stored) for _, stored in chosen):
        raise RefusedError("[EXPUNGEISSUED] some of them are gone")
    return chosen


def _copy(visit: Visit, chosen: Chosen, name: str) -> str:
    """The response code of RFC 4315 §3, "" where nothing was there to copy."""
    mailbox, now = target(visit.account, name), visit.clock.now()
    mailbox.require_keywords(flag for _, stored in chosen for flag in stored.flags)
    copies = [
        mailbox.append(stored.message, flags=stored.flags, internal_date=stored.internal_date, save_date=now, of=stored.of)
        for _, stored in chosen
    ]
    if not copies:
        return ""
    sources = compact(stored.uid for _, stored in chosen)
    return f"COPYUID {mailbox.uid_validity} {sources} {compact(stored.uid for stored in copies)}"
