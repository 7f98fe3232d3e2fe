"""METADATA: notes about the server and its mailboxes, the client's own or for all (RFC 5464)."""

from typing import NamedTuple

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.names import from_wire
from mailharness.imap.responses import NIL, astring, literal8, string
from mailharness.imap.visit import RefusedError, Status, Visit
from mailharness.mailbox import SEPARATOR
from mailharness.mailbox.notes import Notes

MAX_ENTRIES = 100
MAX_OCTETS = 65_536
"""How many notes a mailbox bears, and how long one is (RFC 5464 §4.3)."""
_DEPTHS = ("0", "1", "INFINITY")


class Wish(NamedTuple):
    """What GETMETADATA asks for: ``names`` (in lower case), how deep below them, and up to what length (None: any)."""

    names: tuple[str, ...]
    depth: str = "0"
    max_size: int | None = None


def _entry_name(cursor: Cursor) -> str:
    name = cursor.astring().decode("ascii", "replace").lower()
    scope, _, rest = name.removeprefix("/").partition("/")
    if not name.startswith("/") or scope not in ("private", "shared") or "//" in name or not rest or name.endswith("/"):
        raise BadSyntaxError("an entry is called /private/... or /shared/...")
    if any(letter in "*%" or not " " <= letter < "\x7f" for letter in name):
        raise BadSyntaxError("an entry's name has no wildcards and no control characters")
    return name


def _mailbox(cursor: Cursor) -> str:
    """The mailbox's name; "" is the server (RFC 5464 §4.2)."""
    name = cursor.astring()
    return from_wire(name, utf8=cursor.utf8) if name else ""


def parse_get(cursor: Cursor) -> tuple[str, Wish]:
    cursor.space()
    depth, max_size = "0", None
    if cursor.take(b"("):
        depth, max_size = _parse_options(cursor)
        cursor.space()
    name = _mailbox(cursor)
    cursor.space()
    if not cursor.take(b"("):
        return name, Wish((_entry_name(cursor),), depth, max_size)
    names = [_entry_name(cursor)]
    while not cursor.take(b")"):
        cursor.space()
        names.append(_entry_name(cursor))
    return name, Wish(tuple(names), depth, max_size)


def _parse_options(cursor: Cursor) -> tuple[str, int | None]:
    depth, max_size = "0", None
    while True:
        word = cursor.word()
        cursor.space()
        if word == "DEPTH":
            depth = cursor.word()
        elif word == "MAXSIZE":
            max_size = cursor.number()
        if word not in ("DEPTH", "MAXSIZE") or depth not in _DEPTHS:
            raise BadSyntaxError("the options are MAXSIZE number and DEPTH 0, 1 or infinity")
        if cursor.take(b")"):
            return depth, max_size
        cursor.space()


def _notes(visit: Visit, name: str) -> Notes:
    """The notes of a mailbox, or of the server. Raises NonExistentError."""
    return visit.account.get(name).notes if name else visit.account.notes


def _is_meant(entry: str, wanted: str, depth: str) -> bool:
    if entry == wanted:
        return True
    below = entry.removeprefix(wanted + SEPARATOR)
    return below != entry and (depth == "INFINITY" or (depth == "1" and SEPARATOR not in below))


def get_metadata(visit: Visit, name: str, wish: Wish) -> Status:
    notes = _notes(visit, name)
    found = {
        entry: value for wanted in wish.names for entry, value in notes.items() if _is_meant(entry, wanted, wish.depth)
    }
    short = {entry: value for entry, value in found.items() if wish.max_size is None or len(value) <= wish.max_size}
    told = [b"%s %s" % (astring(entry.encode()), _value(value)) for entry, value in sorted(short.items())]
    if wish.depth == "0":  # RFC 5464 §4.4.1: an entry that is named and has no value is NIL
        told += [b"%s %s" % (astring(entry.encode()), NIL) for entry in wish.names if entry not in found]
    if told:
        visit.write(b"* METADATA %s (%s)\r\n" % (visit.shown(name) if name else b'""', b" ".join(told)))
    too_long = max((len(value) for entry, value in found.items() if entry not in short), default=0)
    return Status(f"OK [METADATA LONGENTRIES {too_long}] some are longer" if too_long else "OK that is all")


def _value(value: bytes) -> bytes:
    return literal8(value) if b"\x00" in value else string(value)


def parse_set(cursor: Cursor) -> tuple[str, dict[str, bytes | None]]:
    cursor.space()
    name = _mailbox(cursor)
    cursor.space()
    cursor.expect(b"(")
    values: dict[str, bytes | None] = {}
    while not values or not cursor.take(b")"):
        if values:
            cursor.space()
        entry = _entry_name(cursor)
        cursor.space()
        values[entry] = cursor.literal8() if cursor.at(b"~") else cursor.nstring()
    return name, values


def set_metadata(visit: Visit, name: str, values: dict[str, bytes | None]) -> Status:
    """All of them or none (RFC 5464 §4.3)."""
    notes = _notes(visit, name)
    if any(value is not None and len(value) > MAX_OCTETS for value in values.values()):
        raise RefusedError(f"[METADATA MAXSIZE {MAX_OCTETS}] that is too long")
    new = {**notes, **values}
    kept = {entry: value for entry, value in new.items() if value is not None}
    if len(kept) > MAX_ENTRIES:
        raise RefusedError("[METADATA TOOMANY] there are too many already")
    notes.write(kept)
    return Status("OK noted")
