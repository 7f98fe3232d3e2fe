"""Sections: which octets of a message ``BODY[2.1.HEADER.FIELDS (To)]<0.100>`` means (RFC 3501 §6.4.5)."""

import re
from typing import NamedTuple

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.reading import Reading
from mailharness.imap.responses import NIL, astring, literal
from mailharness.mail.header import FIELD
from mailharness.mail.mime import Part

_PATH = re.compile(rb"[1-9]\d{0,9}(?:\.[1-9]\d{0,9})*")
_FIELD_TEXTS = ("HEADER.FIELDS", "HEADER.FIELDS.NOT")
_TEXTS = ("HEADER", "TEXT", "MIME", *_FIELD_TEXTS)


class Section(NamedTuple):
    """``path`` of part numbers, what of that part (``text``), and for HEADER.FIELDS the field names as they were given."""

    path: tuple[int, ...] = ()
    text: str = ""
    fields: tuple[bytes, ...] = ()

    @property
    def label(self) -> bytes:
        """The section as a response names it."""
        words = [b"%d" % number for number in self.path] + ([self.text.encode()] if self.text else [])
        names = b" (%s)" % b" ".join(map(astring, self.fields)) if self.fields else b""
        return b".".join(words) + names

    def read(self, reading: Reading) -> bytes | None:
        """The octets; None where the message has no such section."""
        if not self.path:
            return _of_message(self, reading.root) if self.text else reading.octets
        part = part_at(reading.root, self.path)
        if part is None:
            return None
        if not self.text:
            return bytes(part.body)
        if self.text == "MIME":
            return part.header_bytes
        return _of_message(self, part.embedded) if part.embedded else None


class Partial(NamedTuple):
    """``<offset.size>``."""

    offset: int
    size: int


def part_at(root: Part, path: tuple[int, ...]) -> Part | None:
    """The part under that number; part 1 of a message that is no multipart is its body."""
    inside: Part | None = root
    part = root
    for number in path:
        if inside is None or number > max(1, len(inside.children) if inside.is_multipart else 1):
            return None
        part = inside.children[number - 1] if inside.is_multipart and inside.children else inside
        inside = part.embedded if part.is_message else part if part.is_multipart and part is not inside else None
    return part


def _of_message(section: Section, message: Part) -> bytes:
    match section.text:
        case "HEADER":
            return message.header_bytes
        case "TEXT":
            return bytes(message.body)
    return header_fields(message.header_bytes, section.fields, inverted=section.text == "HEADER.FIELDS.NOT")


def header_fields(header: bytes, names: tuple[bytes, ...], *, inverted: bool = False) -> bytes:
    """The fields called so (or all others) as they stand, and an empty line."""
    wanted = {name.lower() for name in names}
    chosen = [match[0] for match in FIELD.finditer(header) if (match[1].lower() in wanted) is not inverted]
    return b"".join(field.removesuffix(b"\r") + b"\r\n" for field in chosen) + b"\r\n"


def parse_path(cursor: Cursor) -> tuple[int, ...]:
    """``1.2``, or nothing."""
    path = cursor.optional(_PATH)
    return tuple(int(number) for number in path.split(b".")) if path else ()


def parse_section(cursor: Cursor) -> Section:
    """A section, its opening bracket taken already, with the closing one."""
    numbers = parse_path(cursor)
    if cursor.take(b"]"):
        return Section(numbers)
    if numbers:
        cursor.expect(b".")
    text = cursor.word()
    if text not in _TEXTS or (text == "MIME" and not numbers):
        raise BadSyntaxError(f"there is no section {text}")
    section = Section(numbers, text, _field_names(cursor) if text in _FIELD_TEXTS else ())
    cursor.expect(b"]")
    return section


def _field_names(cursor: Cursor) -> tuple[bytes, ...]:
    cursor.space()
    cursor.expect(b"(")
    names = [cursor.astring()]
    while not cursor.take(b")"):
        cursor.space()
        names.append(cursor.astring())
    return tuple(names)


def parse_partial(cursor: Cursor) -> Partial | None:
    """``<0.2048>`` if it stands here."""
    if not cursor.take(b"<"):
        return None
    offset = cursor.number()
    cursor.expect(b".")
    size = cursor.number()
    cursor.expect(b">")
    if not size:
        raise BadSyntaxError("a partial fetch asks for at least one octet")
    return Partial(offset, size)


def render(label: bytes, octets: bytes | None, partial: Partial | None = None) -> bytes:
    """``BODY[1]<0> {3}...``; a range that begins behind the end is an empty string."""
    if partial is not None:
        label += b"<%d>" % partial.offset
        octets = octets[partial.offset : partial.offset + partial.size] if octets is not None else None
    return b"%s %s" % (label, NIL if octets is None else literal(octets))
