"""STORE: a client changes flags, perhaps only where nobody did before it (RFC 3501 §6.4.6, RFC 7162 §3.1.3)."""

from typing import NamedTuple

from mailharness.imap import labels
from mailharness.imap.choosing import choose, parse_set, require_writable
from mailharness.imap.flags import known_flags
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.numbers import SequenceSet, compact
from mailharness.imap.responses import flag_list
from mailharness.imap.visit import Extension, Status, Visit
from mailharness.mailbox import StoredMessage


class FlagChange(NamedTuple):
    """``+FLAGS.SILENT (\\Seen)``: sign, flags, whether the client wants to hear of the outcome; ``unchanged_since`` is
    the mod-sequence above which a message is left alone (None: none is)."""

    sign: str
    flags: frozenset[str]
    silent: bool
    unchanged_since: int | None = None

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

    def is_barred(self, stored: StoredMessage) -> bool:
        """Whether the message was changed since the client looked."""
        return self.unchanged_since is not None and stored.modseq > self.unchanged_since


def parse_store(cursor: Cursor) -> tuple[SequenceSet, FlagChange | labels.LabelChange]:
    numbers = parse_set(cursor)
    cursor.space()
    since = _parse_modifier(cursor) if cursor.at(b"(") else None
    sign = "+" if cursor.take(b"+") else "-" if cursor.take(b"-") else ""
    word = cursor.word()
    if cursor.labels and word in labels.STORED:
        cursor.space()
        return numbers, labels.parse_labels(cursor, sign, word)
    if word not in ("FLAGS", "FLAGS.SILENT"):
        raise BadSyntaxError(f"{word} cannot be stored")
    cursor.space()
    return numbers, FlagChange(sign, known_flags(_store_flags(cursor)), word == "FLAGS.SILENT", since)


def _parse_modifier(cursor: Cursor) -> int:
    """``(UNCHANGEDSINCE 12345) ``."""
    cursor.expect(b"(")
    if cursor.word() != "UNCHANGEDSINCE":
        raise BadSyntaxError("the only modifier of STORE is UNCHANGEDSINCE")
    cursor.space()
    since = cursor.modseq()
    cursor.expect(b")")
    cursor.space()
    return since


def _store_flags(cursor: Cursor) -> list[str]:
    """A list in parentheses, or flags as they are."""
    if cursor.at(b"("):
        return cursor.flags()
    flags = [cursor.flag()]
    while cursor.take(b" "):
        flags.append(cursor.flag())
    return flags


def store(visit: Visit, numbers: SequenceSet, change: FlagChange | labels.LabelChange, *, by_uid: bool = False) -> Status:
    if isinstance(change, labels.LabelChange):
        return labels.store_labels(visit, numbers, change, by_uid=by_uid)
    view = visit.view
    chosen = choose(view, numbers, by_uid=by_uid)
    require_writable(view)
    if change.sign != "-":
        view.mailbox.require_keywords(change.flags)
    if change.unchanged_since is not None:
        visit.use(Extension.CONDSTORE)
    change = change._replace(flags=view.spelled(change.flags))
    barred = []
    for number, stored in chosen:
        if view.is_gone(stored):
            continue  # RFC 2180 §4.2.1: nothing is left to be changed, which is no failure
        if change.is_barred(stored):
            barred.append(stored.uid if by_uid else number)
        else:
            _store_one(visit, number, stored, change, by_uid=by_uid)
    return Status(f"OK [MODIFIED {compact(barred)}] all but those" if barred else "OK stored")


def _store_one(visit: Visit, number: int, stored: StoredMessage, change: FlagChange, *, by_uid: bool) -> None:
    view, tells_modseq = visit.view, visit.has(Extension.CONDSTORE)
    changed = view.set_flags(stored, change.applied(stored.flags))
    if changed:
        visit.tell_flagged(stored)
        if view.is_gone(stored):  # where a mailbox expunges at once what is marked as deleted
            visit.tell_removed(stored)
        visit.write(b"".join(view.new_keywords(stored.flags)))
    if change.silent and not (tells_modseq and changed):
        return
    items = [] if change.silent else [b"FLAGS " + flag_list(view.flags(stored))]
    items += [b"UID %d" % stored.uid] * by_uid + [b"MODSEQ (%d)" % stored.modseq] * tells_modseq
    if not change.silent:
        visit.write(b"".join(view.tell_flags(stored)))
    visit.write(view.fetched(number, stored, b" ".join(items)))
