"""SELECT and EXAMINE, and leaving what they opened (RFC 3501 §6.3.1, §6.3.2, §6.4.2, RFC 3691, RFC 7162 §3.2.5)."""

from typing import NamedTuple

from mailharness.imap.expunging import remove_deleted
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.mailboxes import parse_name
from mailharness.imap.numbers import SequenceSet, compact
from mailharness.imap.responses import flag_list, untagged
from mailharness.imap.view import View
from mailharness.imap.visit import Extension, Status, Visit
from mailharness.mailbox import SEEN, Mailbox


class Known(NamedTuple):
    """What a client that comes back knows of a mailbox: ``(QRESYNC (validity modseq uids))``."""

    uid_validity: int
    modseq: int
    uids: SequenceSet | None = None


def parse_select(cursor: Cursor) -> tuple[str, bool, Known | None]:
    """The mailbox, whether CONDSTORE was asked for, and what the client knows."""
    (name,) = parse_name(cursor)
    condstore, known = False, None
    if cursor.take(b" "):
        cursor.expect(b"(")
        while True:
            word = cursor.word()
            if word == "QRESYNC":
                known = _parse_known(cursor)
            elif word == "CONDSTORE":
                condstore = True
            else:
                raise BadSyntaxError(f"{word} is no parameter of SELECT")
            if cursor.take(b")"):
                break
            cursor.space()
    return name, condstore, known


def _parse_known(cursor: Cursor) -> Known:
    cursor.space()
    cursor.expect(b"(")
    validity = cursor.number()
    cursor.space()
    modseq = cursor.modseq()
    uids = None
    if cursor.take(b" "):
        if cursor.at_number:
            uids = cursor.sequence_set()
        if cursor.at(b"(") or cursor.take(b" "):
            _parse_matching(cursor)
    cursor.expect(b")")
    return Known(validity, modseq, uids)


def _parse_matching(cursor: Cursor) -> None:
    """The client's hint at which numbers have which UIDs: it saves octets, and nothing is wrong without it."""
    cursor.require_numbers()
    cursor.expect(b"(")
    cursor.sequence_set()
    cursor.space()
    cursor.sequence_set()
    cursor.expect(b")")


def select(visit: Visit, name: str, condstore: bool = False, known: Known | None = None) -> Status:
    return _open(visit, name, condstore, known, read_only=False)


def examine(visit: Visit, name: str, condstore: bool = False, known: Known | None = None) -> Status:
    return _open(visit, name, condstore, known, read_only=True)


def _open(visit: Visit, name: str, condstore: bool, known: Known | None, *, read_only: bool) -> Status:
    """RFC 3501 §6.3.1: what was selected is no longer, even if this fails."""
    if known is not None and not visit.has(Extension.QRESYNC):
        raise BadSyntaxError("QRESYNC has to be enabled first")
    if visit.unselect():
        visit.write(untagged("OK [CLOSED] the other mailbox is closed"))  # RFC 7162 §3.2.11
    mailbox = visit.account.get(name)
    if condstore:
        visit.use(Extension.CONDSTORE)
    view = visit.select(mailbox, read_only=read_only)
    if visit.has(Extension.REV2):
        visit.write(b'* LIST () "/" %s\r\n' % visit.shown(mailbox.name))  # RFC 9051 §6.3.2
    visit.write(b"".join(line + b"\r\n" for line in _what_is_there(mailbox, view)))
    if known is not None and known.uid_validity == mailbox.uid_validity:
        _bring_up_to_date(visit, known)
    return Status(f"OK [{'READ-ONLY' if read_only else 'READ-WRITE'}] {'examined' if read_only else 'selected'}")


def _what_is_there(mailbox: Mailbox, view: View) -> list[bytes]:
    unseen = next((number for number, stored in enumerate(view.messages, 1) if SEEN not in stored.flags), 0)
    tells_unseen = view.tells_recent and not view.by_uid_only
    return [
        b"* %d EXISTS" % len(view.messages),
        *([b"* %d RECENT" % len(view.recent)] if view.tells_recent else []),
        *([b"* OK [UNSEEN %d] is the first unseen" % unseen] if unseen and tells_unseen else []),
        b"* OK [UIDVALIDITY %d] UIDs are valid" % mailbox.uid_validity,
        b"* OK [UIDNEXT %d] is the next UID" % mailbox.uid_next,
        b"* OK [HIGHESTMODSEQ %d] is the last change" % mailbox.highest_modseq,  # RFC 7162 §3.1.2.1
        b"* OK [MAILBOXID (%s)] whatever its name" % mailbox.object_id.encode(),  # RFC 8474 §4.2
        b"* FLAGS " + view.flag_names(),
        b"* OK [PERMANENTFLAGS %s] these stay" % view.permanent(),
    ]


def _bring_up_to_date(visit: Visit, known: Known) -> None:
    """Who went and what changed since the client looked last (RFC 7162 §3.2.5.1, §3.2.5.2)."""
    view = visit.view
    mailbox = view.mailbox
    bounds = known.uids.bounds(mailbox.uid_next - 1) if known.uids is not None else [(1, mailbox.uid_next - 1)]
    gone = mailbox.vanished(known.modseq, bounds)
    if gone:
        visit.write(untagged(f"VANISHED (EARLIER) {compact(gone)}"))
    named = set(range(1, 0)) if known.uids is None else {stored.uid for _, stored in view.with_uids(known.uids)}
    for number, stored in enumerate(view.messages, 1):
        if stored.modseq > known.modseq and (known.uids is None or stored.uid in named):
            items = b"UID %d FLAGS %s MODSEQ (%d)" % (stored.uid, flag_list(view.flags(stored)), stored.modseq)
            visit.write(view.fetched(number, stored, items))


# -- leaving ----


def check(_visit: Visit) -> Status:
    return Status("OK nothing to do")


def close(visit: Visit) -> Status:
    """RFC 3501 §6.4.2: expunges without telling, unless the mailbox was only examined."""
    if not visit.view.read_only:
        remove_deleted(visit, lambda _uid: True)
    visit.unselect()
    return Status("OK closed")


def unselect(visit: Visit) -> Status:
    """RFC 3691 §2: leaves without removing anything."""
    visit.unselect()
    return Status("OK unselected")
