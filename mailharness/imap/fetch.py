"""FETCH: what a client may ask of a message, and how the answers look (RFC 3501 §6.4.5, §7.4.2)."""

from collections.abc import Callable
from typing import NamedTuple

from mailharness.imap import labels
from mailharness.imap.binary import parse_part, render_part, render_size
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.previews import preview
from mailharness.imap.reading import Reading
from mailharness.imap.responses import date_time, flag_list, string
from mailharness.imap.sections import Partial, Section, parse_partial, parse_section, render
from mailharness.imap.structure import body, envelope

MAX_ITEMS = 100
"""A response is held in memory: nobody gets one message a thousand times over."""

Render = Callable[[Reading], bytes]


class Item(NamedTuple):
    """One thing asked for: how it is answered, whether it shows content, and whether that marks the message as seen."""

    render: Render
    shows_content: bool = False
    marks_seen: bool = False


def _flags(reading: Reading) -> bytes:
    return b"FLAGS " + flag_list(reading.view.flags(reading.stored))


def _whole(label: bytes) -> Render:
    """The message as it is stored, octet for octet: the quick path, which parses nothing."""

    def show(reading: Reading) -> bytes:
        octets = bytes(reading.stored.message)
        return b"%s {%d}\r\n%s" % (label, len(octets), octets)

    return show


def _section(label: bytes, section: Section, partial: Partial | None = None) -> Render:
    if section == Section() and partial is None:
        return _whole(label)
    return lambda reading: render(label, section.read(reading), partial)


FLAGS = Item(_flags)
UID = Item(lambda reading: b"UID %d" % reading.stored.uid)
MODSEQ = Item(lambda reading: b"MODSEQ (%d)" % reading.stored.modseq)
_BODY = Item(lambda reading: b"BODY " + body(reading.root, extended=False))
ITEMS: dict[str, Item] = {
    "FLAGS": FLAGS,
    "UID": UID,
    "EMAILID": Item(lambda reading: b"EMAILID (%s)" % reading.stored.email_id.encode()),  # RFC 8474 §5.1
    "THREADID": Item(lambda _reading: b"THREADID NIL"),  # RFC 8474 §5.2: no threads are kept
    "SAVEDATE": Item(lambda reading: b"SAVEDATE " + date_time(reading.stored.save_date)),  # RFC 8514 §4.2
    "MODSEQ": MODSEQ,  # RFC 7162 §3.1.4.2
    "INTERNALDATE": Item(lambda reading: b"INTERNALDATE " + date_time(reading.stored.internal_date)),
    "RFC822.SIZE": Item(lambda reading: b"RFC822.SIZE %d" % reading.stored.size),
    "ENVELOPE": Item(lambda reading: b"ENVELOPE " + envelope(reading.root)),
    "BODY": _BODY,
    "BODYSTRUCTURE": Item(lambda reading: b"BODYSTRUCTURE " + body(reading.root, extended=True)),
    "RFC822": Item(_section(b"RFC822", Section()), shows_content=True, marks_seen=True),
    "RFC822.HEADER": Item(_section(b"RFC822.HEADER", Section((), "HEADER")), shows_content=True),
    "RFC822.TEXT": Item(_section(b"RFC822.TEXT", Section((), "TEXT")), shows_content=True, marks_seen=True),
}
_LABEL_ITEMS = {word: Item(render) for word, render in labels.FETCHED.items()}
MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}


def parse_items(cursor: Cursor) -> list[Item]:
    """A macro, one item, or a list of items in parentheses."""
    if not cursor.take(b"("):
        word = cursor.word()
        return [ITEMS[name] for name in MACROS[word]] if word in MACROS else [_item(cursor, word)]
    items = [_item(cursor, cursor.word())]
    while not cursor.take(b")"):
        if len(items) == MAX_ITEMS:
            raise BadSyntaxError(f"no more than {MAX_ITEMS} items are fetched at once")
        cursor.space()
        items.append(_item(cursor, cursor.word()))
    return items


def _item(cursor: Cursor, word: str) -> Item:
    if word in ("BODY", "BODY.PEEK") and cursor.take(b"["):
        section = parse_section(cursor)
        label = b"BODY[%s]" % section.label
        return Item(_section(label, section, parse_partial(cursor)), shows_content=True, marks_seen=word == "BODY")
    if word in ("BINARY", "BINARY.PEEK", "BINARY.SIZE") and cursor.take(b"["):
        return _binary(cursor, word)
    if word == "PREVIEW":
        return _preview(cursor)
    item = ITEMS.get(word) or (_LABEL_ITEMS.get(word) if cursor.labels else None)
    if item is None:
        raise BadSyntaxError(f"there is no item {word} to fetch")
    return item


def _binary(cursor: Cursor, word: str) -> Item:
    part = parse_part(cursor)
    if word == "BINARY.SIZE":
        return Item(lambda reading: render_size(part, reading))
    partial = parse_partial(cursor)
    return Item(lambda reading: render_part(part, reading, partial), shows_content=True, marks_seen=word == "BINARY")


def _preview(cursor: Cursor) -> Item:
    """``PREVIEW``, or ``PREVIEW (LAZY)``, which here is no later (RFC 8970 §3.2)."""
    if cursor.take(b" (") and (cursor.word() != "LAZY" or not cursor.take(b")")):
        raise BadSyntaxError("the only modifier of PREVIEW is LAZY")
    return Item(lambda reading: b"PREVIEW " + string(preview(reading).encode()))


class Fetch(NamedTuple):
    """A whole FETCH command's wishes, UID among them where the command was UID FETCH."""

    items: tuple[Item, ...]
    shows_content: bool
    marks_seen: bool

    @property
    def shows_flags(self) -> bool:
        return FLAGS in self.items

    @classmethod
    def of(cls, items: list[Item], *, by_uid: bool) -> "Fetch":
        """RFC 3501 §6.4.8: a UID FETCH always answers with the UID: first, where programs look, ahead of any literal."""
        wanted = list(dict.fromkeys(items if UID in items or not by_uid else [UID, *items]))
        shows, marks = any(item.shows_content for item in wanted), any(item.marks_seen for item in wanted)
        return cls(tuple(wanted), shows, marks)

    def answer(self, reading: Reading, *, flags_changed: bool, tells_modseq: bool = False) -> bytes:
        """The untagged response about one message; its flags too where reading it changed them, and with them its
        mod-sequence for who follows those (RFC 7162 §3.1)."""
        items = self.items
        if flags_changed:
            items += tuple(each for each, told in ((FLAGS, True), (MODSEQ, tells_modseq)) if told and each not in items)
        shown = b" ".join([item.render(reading) for item in items])
        return reading.view.fetched(reading.number, reading.stored, shown)
