r"""Gmail's extensions, X-GM-EXT-1: a message's labels, its number and its conversation's, as FETCH, STORE and SEARCH know
them (https://developers.google.com/workspace/gmail/imap/imap-extensions).

    FETCH 1 (X-GM-LABELS X-GM-MSGID X-GM-THRID)    STORE 1 +X-GM-LABELS (\Inbox Work)    SEARCH X-GM-RAW "is:unread"

As there, the label of the selected mailbox is not among those that FETCH shows.
"""

from collections.abc import Callable
from typing import NamedTuple

from mailharness.imap.choosing import choose, require_writable
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.names import from_wire, written
from mailharness.imap.numbers import SequenceSet
from mailharness.imap.raw_search import parse_query
from mailharness.imap.reading import Reading
from mailharness.imap.view import View
from mailharness.imap.visit import RefusedError, Status, Visit
from mailharness.mailbox import DELETED, StoredMessage, canonical
from mailharness.mailbox.labelled import LabelledAccount
from mailharness.mailbox.labels import ALL_MAIL, SYSTEM, Label, Mail, number_of

STORED = ("X-GM-LABELS", "X-GM-LABELS.SILENT")
MAX_LABELS = 100
"""Of one STORE."""
_BY_LABEL = {label.lower(): name for name, (_, label) in SYSTEM.items() if label}


def _label(view: View) -> Label:
    if not isinstance(view.mailbox, Label):
        raise RefusedError("[CANNOT] the mailboxes of this account are no labels")
    return view.mailbox


# -- FETCH ----


def _shown(view: View, mail: Mail | None) -> bytes:
    label = _label(view)
    texts = label.labels.of(mail, but=label) if mail is not None else ()
    return b"X-GM-LABELS (%s)" % b" ".join(written(text, utf8=view.tells_utf8) for text, _ in texts)


FETCHED: dict[str, Callable[[Reading], bytes]] = {
    "X-GM-LABELS": lambda reading: _shown(reading.view, _label(reading.view).labels.find(reading.stored)),
    "X-GM-MSGID": lambda reading: b"X-GM-MSGID %d" % number_of(reading.stored.message),
    "X-GM-THRID": lambda reading: b"X-GM-THRID %d" % reading.stored.thread,
}


# -- STORE ----


class LabelChange(NamedTuple):
    r"""``+X-GM-LABELS.SILENT (\Inbox Work)``: sign, the names of mailboxes that have those labels, and whether the client
    wants to hear of the outcome."""

    sign: str
    names: tuple[str, ...]
    silent: bool


def parse_labels(cursor: Cursor, sign: str, word: str) -> LabelChange:
    """A list in parentheses, or labels as they are."""
    listed = cursor.take(b"(")
    names: list[str] = []
    while not (cursor.take(b")") if listed else names and cursor.at_end):
        if names:
            cursor.space()
        if len(names) == MAX_LABELS:
            raise BadSyntaxError(f"no more than {MAX_LABELS} labels at once")
        names.append(_parse_label(cursor))
    return LabelChange(sign, tuple(dict.fromkeys(names)), word.endswith(".SILENT"))


def _parse_label(cursor: Cursor) -> str:
    """The mailbox that shows the label's messages."""
    text = cursor.flag() if cursor.at(b"\\") else from_wire(cursor.astring(), utf8=cursor.utf8)
    if not text.startswith("\\"):
        return canonical(text)
    if text.lower() not in _BY_LABEL:
        raise BadSyntaxError(f"there is no label {text}")
    return _BY_LABEL[text.lower()]


def store_labels(visit: Visit, numbers: SequenceSet, change: LabelChange, *, by_uid: bool) -> Status:
    """Setting labels is copying, taking them is expunging. The label of the selected mailbox, which FETCH does not show,
    is taken only where it is named."""
    view, account = visit.view, visit.account
    chosen = choose(view, numbers, by_uid=by_uid)
    require_writable(view)
    label = _label(view)
    assert isinstance(account, LabelledAccount), "a label is one of such an account"
    for number, stored in chosen:
        mail = label.labels.find(stored)
        if mail is None:
            continue
        _change_labels(visit, account, mail, change)
        if view.is_gone(stored):
            visit.tell_removed(stored)
        if not change.silent:
            items = [b"UID %d" % stored.uid] * by_uid + [_shown(view, mail)]
            visit.write(view.fetched(number, stored, b" ".join(items)))
    return Status("OK stored")


def _change_labels(visit: Visit, account: LabelledAccount, mail: Mail, change: LabelChange) -> None:
    labels, here = account.labels, visit.view.mailbox
    if change.sign == "-":
        unwanted = set(change.names)
    else:
        unwanted = set() if change.sign else {name for _, name in labels.of(mail, but=here)} - set(change.names)
        for name in change.names:
            _set(account.label(name), mail, visit.clock.now())
    for name in sorted(unwanted):
        if name in account:
            _take(account, account.label(name), mail)


def _set(label: Label, mail: Mail, now: float) -> None:
    one = mail.anywhere()
    kept = one.flags - {DELETED}
    label.append(one.message, flags=kept, internal_date=one.internal_date, save_date=now, of=one.of)


def _take(account: LabelledAccount, label: Label, mail: Mail) -> None:
    """Who is taken out of Trash or Spam is in All Mail again."""
    place = mail.places.get(label)
    if place is None:
        return
    if label.is_apart:
        _set(account.label(ALL_MAIL), mail, place.save_date)
    else:
        label.expunge([place.uid])


# -- SEARCH ----

Holds = Callable[[Reading], bool]


def _number(cursor: Cursor) -> int:
    cursor.space()
    digits = cursor.atom()
    if not digits.isdigit() or len(digits) > 20:
        raise BadSyntaxError("a message's number is decimal, of 64 bits")
    return int(digits)


def _with_number(cursor: Cursor) -> Holds:
    number = _number(cursor)
    return lambda reading: number_of(reading.stored.message) == number


def _in_thread(cursor: Cursor) -> Holds:
    number = _number(cursor)
    return lambda reading: reading.stored.thread == number


def _with_label(cursor: Cursor) -> Holds:
    cursor.space()
    wanted = _parse_label(cursor)
    return lambda reading: wanted in _names(reading.view, reading.stored)


def _names(view: View, stored: StoredMessage) -> set[str]:
    labels = _label(view).labels
    mail = labels.find(stored)
    return {name for _, name in labels.of(mail)} if mail is not None else set()


def _raw(cursor: Cursor) -> Holds:
    cursor.space()
    return parse_query(cursor.astring().decode("utf-8", "replace"), _names)


SEARCHED: dict[str, Callable[[Cursor], Holds]] = {
    "X-GM-LABELS": _with_label,
    "X-GM-MSGID": _with_number,
    "X-GM-RAW": _raw,
    "X-GM-THRID": _in_thread,
}
