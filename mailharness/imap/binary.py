"""BINARY: parts with their transfer encoding undone by the server (RFC 3516)."""

from typing import NamedTuple

from mailharness.imap.grammar import Cursor
from mailharness.imap.reading import Reading
from mailharness.imap.responses import NIL, literal, literal8
from mailharness.imap.sections import Partial, parse_path, part_at
from mailharness.imap.visit import RefusedError
from mailharness.mail.transfer import DECODERS


class BinaryPart(NamedTuple):
    """``[1.2]``: the path of a part, and how a response names it."""

    path: tuple[int, ...]

    @property
    def label(self) -> bytes:
        return b"[%s]" % b".".join(b"%d" % number for number in self.path)

    def read(self, reading: Reading) -> bytes | None:
        """The octets; None where there is no such part. Raises RefusedError for an unknown encoding (RFC 3516 §4.3)."""
        if not self.path:
            return reading.octets
        part = part_at(reading.root, self.path)
        if part is not None and part.encoding not in DECODERS:
            raise RefusedError("[UNKNOWN-CTE] that transfer encoding is not known here")
        return None if part is None else part.decoded()


def parse_part(cursor: Cursor) -> BinaryPart:
    """A part, its opening bracket taken already, with the closing one."""
    part = BinaryPart(parse_path(cursor))
    cursor.expect(b"]")
    return part


def render_part(part: BinaryPart, reading: Reading, partial: Partial | None) -> bytes:
    octets, label = part.read(reading), b"BINARY" + part.label
    if partial is not None:
        label += b"<%d>" % partial.offset
        octets = octets[partial.offset : partial.offset + partial.size] if octets is not None else None
    if octets is None:
        return label + b" " + NIL
    return b"%s %s" % (label, literal8(octets) if b"\x00" in octets else literal(octets))


def render_size(part: BinaryPart, reading: Reading) -> bytes:
    return b"BINARY.SIZE%s %d" % (part.label, len(part.read(reading) or b""))
