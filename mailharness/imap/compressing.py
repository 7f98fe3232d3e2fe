"""COMPRESS: all that follows is deflated, both ways (RFC 4978)."""

import zlib

from mailharness.imap.framing import Framer
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.visit import RefusedError, Status, Visit
from mailharness.mailbox import Then

PIECE = 65_536
"""Octets that are inflated at once: however much a few of the client's octets stand for, this much is held."""


class Deflated:
    """Stands between a connection and the ``framer`` of its commands, which gets a piece whenever it has no whole command.

    ``waiting`` has arrived already.
    """

    def __init__(self, framer: Framer, waiting: bytes) -> None:
        self._framer = framer
        self._waiting = waiting
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._framer)

    def feed(self, octets: bytes) -> None:
        self._waiting += octets

    def clear(self) -> None:
        self._waiting = b""
        self._framer.clear()

    def pour(self) -> bool:
        """Inflate a piece for the framer; whether there was one. Raises zlib.error for what was never deflated."""
        piece = self._inflater.decompress(self._waiting, PIECE)
        self._waiting = self._inflater.unconsumed_tail
        self._framer.feed(piece)
        return bool(piece)

    def deflate(self, octets: bytes) -> bytes:
        """``octets`` so that the client can read all of them at once."""
        return self._deflater.compress(octets) + self._deflater.flush(zlib.Z_SYNC_FLUSH)


def parse_compress(cursor: Cursor) -> tuple[()]:
    cursor.space()
    if cursor.atom().upper() != b"DEFLATE":
        raise BadSyntaxError("the only mechanism is DEFLATE")
    return ()


def compress(visit: Visit) -> Status:
    if visit.compressed:
        raise RefusedError("[COMPRESSIONACTIVE] that is so already")  # RFC 4978 §3
    visit.compressed = True
    return Status("OK from now on", Then.COMPRESS)
