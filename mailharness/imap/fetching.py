"""FETCH as a command: which messages, what of them, and since when (RFC 3501 §6.4.5, RFC 7162 §3.1.4, §3.2.6)."""

from typing import NamedTuple

from mailharness.imap.choosing import Chosen, choose, parse_set
from mailharness.imap.fetch import MODSEQ, Fetch, Item, parse_items
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.numbers import SequenceSet, compact
from mailharness.imap.reading import Reading
from mailharness.imap.responses import untagged
from mailharness.imap.visit import Extension, Status, Visit
from mailharness.mailbox import SEEN


class Since(NamedTuple):
    """``(CHANGEDSINCE 12345 VANISHED)``: only what was changed above that mod-sequence; those that are gone, too."""

    modseq: int
    vanished: bool = False


def parse_fetch(cursor: Cursor) -> tuple[SequenceSet, list[Item], Since | None]:
    numbers = parse_set(cursor)
    cursor.space()
    items = parse_items(cursor)
    return numbers, items, _parse_since(cursor) if cursor.take(b" ") else None


def _parse_since(cursor: Cursor) -> Since:
    cursor.expect(b"(")
    modseq, vanished = None, False
    while True:
        word = cursor.word()
        if word == "CHANGEDSINCE":
            cursor.space()
            modseq = cursor.modseq()
        elif word == "VANISHED":
            vanished = True
        else:
            raise BadSyntaxError(f"{word} is no modifier of FETCH")
        if cursor.take(b")"):
            break
        cursor.space()
    if modseq is None:
        raise BadSyntaxError("VANISHED is said with CHANGEDSINCE")  # RFC 7162 §3.2.6
    return Since(modseq, vanished)


def fetch(visit: Visit, numbers: SequenceSet, items: list[Item], since: Since | None, *, by_uid: bool = False) -> Status:
    view = visit.view
    if since is not None and since.vanished and not (by_uid and visit.has(Extension.QRESYNC)):
        raise BadSyntaxError("VANISHED is for UID FETCH, once QRESYNC is enabled")
    if since is not None or MODSEQ in items:
        visit.use(Extension.CONDSTORE)
    wish = Fetch.of([*items, MODSEQ] if since is not None else items, by_uid=by_uid)
    chosen = choose(view, numbers, by_uid=by_uid)
    if since is not None:
        _tell_vanished(visit, numbers, since)
        chosen = [(number, stored) for number, stored in chosen if stored.modseq > since.modseq]
    _answer(visit, chosen, wish)
    return Status("OK fetched")


def _answer(visit: Visit, chosen: Chosen, wish: Fetch) -> None:
    view = visit.view
    marks, shows_flags = wish.marks_seen and not view.read_only, wish.shows_flags
    tells_modseq = visit.has(Extension.CONDSTORE)
    for number, stored in chosen:
        changed = marks and SEEN not in stored.flags and view.set_flags(stored, stored.flags | {SEEN})
        if changed or shows_flags:
            visit.write(b"".join(view.tell_flags(stored)))
        visit.write(wish.answer(Reading(view, number, stored), flags_changed=changed, tells_modseq=tells_modseq))
        if wish.shows_content:
            visit.tell_fetched(stored, peek=not marks)
        if changed:
            visit.tell_flagged(stored)


def _tell_vanished(visit: Visit, numbers: SequenceSet, since: Since) -> None:
    gone = (
        visit.view.mailbox.vanished(since.modseq, numbers.bounds(visit.view.mailbox.uid_next - 1)) if since.vanished else []
    )
    if gone:
        visit.write(untagged(f"VANISHED (EARLIER) {compact(gone)}"))
