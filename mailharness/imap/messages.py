"""The commands about the messages of the selected mailbox (RFC 3501 §6.4, RFC 4315, RFC 3691)."""

from collections.abc import Callable
from typing import NamedTuple

from mailharness.imap.fetch import Fetch, Item, parse_items
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.mailboxes import known_flags, parse_name, target
from mailharness.imap.numbers import SequenceSet, compact
from mailharness.imap.reading import Reading
from mailharness.imap.responses import flag_list
from mailharness.imap.search import Question, parse_search
from mailharness.imap.search import search as search_view
from mailharness.imap.view import View
from mailharness.imap.visit import RefusedError, Status, Visit
from mailharness.mailbox import DELETED, SEEN, StoredMessage

Chosen = list[tuple[int, StoredMessage]]


def parse_set(cursor: Cursor) -> SequenceSet:
    cursor.space()
    return cursor.sequence_set()


def _chosen(view: View, numbers: SequenceSet, *, by_uid: bool) -> Chosen:
    """The messages meant. A number that is nobody's is the client's mistake, a UID that is nobody's is not."""
    if by_uid:
        return view.with_uids(numbers)
    chosen = view.numbered(numbers)
    if chosen is None:
        raise BadSyntaxError(f"there are only {len(view.messages)} messages")
    return chosen


def _writable(view: View) -> None:
    if view.read_only:
        raise RefusedError("[CANNOT] the mailbox was opened with EXAMINE")


# -- FETCH ----


def parse_fetch(cursor: Cursor) -> tuple[SequenceSet, list[Item]]:
    numbers = parse_set(cursor)
    cursor.space()
    return numbers, parse_items(cursor)


def fetch(visit: Visit, numbers: SequenceSet, items: list[Item], *, by_uid: bool = False) -> Status:
    view = visit.view
    wish = Fetch.of(items, by_uid=by_uid)
    marks = wish.marks_seen and not view.read_only
    shows_flags = wish.shows_flags
    for number, stored in _chosen(view, numbers, by_uid=by_uid):
        changed = marks and SEEN not in stored.flags and view.set_flags(stored, stored.flags | {SEEN})
        if changed or shows_flags:
            visit.write(b"".join(view.tell_flags(stored)))
        visit.write(wish.answer(Reading(view, number, stored), flags_changed=changed))
        if wish.shows_content:
            visit.tell_fetched(stored, peek=not marks)
        if changed:
            visit.tell_flagged(stored)
    return Status("OK fetched")


# -- STORE ----


class FlagChange(NamedTuple):
    """``+FLAGS.SILENT (\\Seen)``: sign, flags, whether the client wants to hear of the outcome."""

    sign: str
    flags: frozenset[str]
    silent: bool

    def applied(self, old: frozenset[str]) -> frozenset[str]:
        """The flags that come of it; a keyword is the same in any case and keeps the one it has."""
        have = {flag.lower(): flag for flag in old}
        named = {have.get(flag.lower(), flag) for flag in self.flags}
        match self.sign:
            case "-":
                return old - named
            case "+":
                return old | named
        return self.flags if named == self.flags else frozenset(named)


def parse_store(cursor: Cursor) -> tuple[SequenceSet, FlagChange]:
    numbers = parse_set(cursor)
    cursor.space()
    sign = "+" if cursor.take(b"+") else "-" if cursor.take(b"-") else ""
    word = cursor.word()
    if word not in ("FLAGS", "FLAGS.SILENT"):
        raise BadSyntaxError(f"{word} cannot be stored")
    cursor.space()
    return numbers, FlagChange(sign, known_flags(_store_flags(cursor)), word == "FLAGS.SILENT")


def _store_flags(cursor: Cursor) -> list[str]:
    """A list in parentheses, or flags as they are."""
    if cursor.at(b"("):
        return cursor.flags()
    flags = [cursor.flag()]
    while cursor.take(b" "):
        flags.append(cursor.flag())
    return flags


def store(visit: Visit, numbers: SequenceSet, change: FlagChange, *, by_uid: bool = False) -> Status:
    view = visit.view
    chosen = _chosen(view, numbers, by_uid=by_uid)
    _writable(view)
    gone = False
    for number, stored in chosen:
        if view.is_gone(stored):
            gone = True
            continue
        if view.set_flags(stored, change.applied(stored.flags)):
            visit.tell_flagged(stored)
            visit.write(b"".join(view.new_keywords(stored.flags)))
        if not change.silent:
            visit.write(b"".join(view.tell_flags(stored)))
            uid = b" UID %d" % stored.uid if by_uid else b""
            visit.write(b"* %d FETCH (FLAGS %s%s)\r\n" % (number, flag_list(view.flags(stored)), uid))
    return Status("NO [EXPUNGEISSUED] some of them are gone" if gone else "OK stored")  # RFC 2180 §4.2.1


# -- SEARCH, COPY ----


def parse_keys(cursor: Cursor) -> tuple[Question]:
    cursor.space()
    return (parse_search(cursor),)


def search(visit: Visit, question: Question, *, by_uid: bool = False) -> Status:
    found = search_view(visit.view, question)
    numbers = [stored.uid if by_uid else number for number, stored in found]
    visit.write(b"* SEARCH%s\r\n" % b"".join(b" %d" % number for number in numbers))
    return Status("OK searched")


def parse_copy(cursor: Cursor) -> tuple[SequenceSet, str]:
    return parse_set(cursor), *parse_name(cursor)


def copy(visit: Visit, numbers: SequenceSet, name: str, *, by_uid: bool = False) -> Status:
    """RFC 3501 §6.4.7: all of them or none, with flags and dates."""
    chosen = _chosen(visit.view, numbers, by_uid=by_uid)
    mailbox = target(visit.account, name)
    visit.account.require_room_for(sum(stored.size for _, stored in chosen))
    copies = [
        mailbox.append(stored.message, flags=stored.flags, internal_date=stored.internal_date, of=stored.of)
        for _, stored in chosen
    ]
    if not copies:
        return Status("OK nothing to copy")
    sources = compact(stored.uid for _, stored in chosen)
    code = f"COPYUID {mailbox.uid_validity} {sources} {compact(stored.uid for stored in copies)}"  # RFC 4315 §3
    return Status(f"OK [{code}] copied")


# -- EXPUNGE, CHECK, CLOSE, UNSELECT ----


def _expunge(visit: Visit, is_meant: Callable[[int], bool]) -> None:
    mailbox = visit.view.mailbox
    doomed = [stored for stored in mailbox.messages if DELETED in stored.flags and is_meant(stored.uid)]
    mailbox.expunge([stored.uid for stored in doomed])
    for stored in doomed:
        visit.tell_removed(stored)


def expunge(visit: Visit) -> Status:
    _writable(visit.view)
    _expunge(visit, lambda _uid: True)
    return Status("OK expunged")


def parse_uids(cursor: Cursor) -> tuple[SequenceSet]:
    return (parse_set(cursor),)


def uid_expunge(visit: Visit, uids: SequenceSet) -> Status:
    """RFC 4315 §2.1: only those of the deleted ones whose UIDs are named."""
    _writable(visit.view)
    named = {stored.uid for _, stored in visit.view.with_uids(uids)}
    _expunge(visit, named.__contains__)
    return Status("OK expunged")


def check(_visit: Visit) -> Status:
    return Status("OK nothing to do")


def close(visit: Visit) -> Status:
    """RFC 3501 §6.4.2: expunges without telling, unless the mailbox was only examined."""
    if not visit.view.read_only:
        _expunge(visit, lambda _uid: True)
    visit.unselect()
    return Status("OK closed")


def unselect(visit: Visit) -> Status:
    """RFC 3691 §2: leaves without removing anything."""
    visit.unselect()
    return Status("OK unselected")
