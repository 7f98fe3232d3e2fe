"""Octets in and out: command lines cut from a stream, the data of a message found, un-stuffed and stuffed.

Nothing here loops over lines: a message of 10 MB costs a search, a join and a replace.
"""

import re
from collections.abc import Iterable, Iterator

from mailharness.smtp.limits import LONGEST_LINE

END_OF_DATA = b"\r\n.\r\n"
_HIDDEN_DOT = re.compile(rb"(?:\A|\n)(?:\0\.|\.\0)\r\n")
SMALL_CHANGE = 1024
"""Pieces of a message that are kept apart: a piece of one octet costs forty, and a client may send nothing else."""


class LineBuffer:
    """Octets that have arrived and are not yet understood. Holds ``LONGEST_LINE`` octets of an unfinished line at most.

    A longer line comes out cut off after ``LONGEST_LINE`` + 1 octets, so that it is over every limit (RFC 5321 §4.5.3.1.4).
    """

    __slots__ = ("_data", "_head", "_start")

    def __init__(self) -> None:
        self._data = b""
        self._start = 0
        self._head = b""

    def feed(self, data: bytes) -> None:
        self._data = self._data[self._start :] + data if self._start < len(self._data) else data
        self._start = 0

    def __len__(self) -> int:
        return len(self._data) - self._start

    def line(self) -> bytes | None:
        """The next line with its ending (LF, for a client that knows no better), or None until it is whole."""
        end = self._data.find(b"\n", self._start) + 1
        if end == 0:
            self._skip()
            return None
        line = self._data[self._start : end]
        self._start = end
        if self._head:
            line, self._head = self._head + b"\r\n", b""
        elif len(line) > LONGEST_LINE:
            line = line[: LONGEST_LINE + 1] + b"\r\n"
        return line

    def _skip(self) -> None:
        if len(self) > LONGEST_LINE:
            self._head = self._head or self._data[self._start : self._start + LONGEST_LINE + 1]
            self.clear_data()

    def clear_data(self) -> None:
        self._data, self._start = b"", 0

    def rest(self) -> bytes:
        """All that is left, taken out."""
        data = self._data[self._start :]
        self.clear_data()
        return data

    def clear(self) -> None:
        """Forget everything, a line half skipped too."""
        self.clear_data()
        self._head = b""


class DataCollector:
    """The data of one message as it arrives, up to ``<CRLF>.<CRLF>`` and nothing else (RFC 5321 §4.1.1.4).

    ``max_size`` octets are kept; of a longer message only the number of octets is, and it is ``oversized``.
    """

    __slots__ = ("_blocks", "_chunks", "_max_size", "_seam", "hidden_dot", "oversized", "size")
    whole = False
    reply = None
    ended_by = ""

    def __init__(self, max_size: int) -> None:
        self._chunks: list[bytes] = []
        self._blocks = 0
        self.hidden_dot = False
        """A line is a dot but for a NUL, which some servers drop, so that it would end the data there."""
        self._max_size = max_size
        self._seam = b"\r\n"  # the CRLF of the DATA command: a first line of one dot ends an empty message
        self.oversized = False
        self.size = 0

    def feed(self, chunk: bytes) -> bytes | None:
        """Take ``chunk``; once the end is in it, return what follows the end, else None."""
        end = self._find_end(chunk)
        self._keep(chunk if end is None else chunk[:end])
        if end is None:
            self._seam = chunk[-4:] if len(chunk) >= 4 else (self._seam + chunk)[-4:]
            return None
        self.size -= 3
        return chunk[end:]

    def _find_end(self, chunk: bytes) -> int | None:
        seam = self._seam + chunk[:4]
        found = seam.find(END_OF_DATA)
        if found >= 0:
            return found + len(END_OF_DATA) - len(self._seam)
        found = chunk.find(END_OF_DATA)
        return found + len(END_OF_DATA) if found >= 0 else None

    def _keep(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._chunks.append(chunk)
        if len(self._chunks) - self._blocks > SMALL_CHANGE:
            self._chunks[self._blocks :] = [b"".join(self._chunks[self._blocks :])]
            self._blocks += 1
        # Stuffing adds at most one octet to each line of three.
        if self.oversized or self.size > self._max_size + self._max_size // 3 + 8:
            self.oversized, self._blocks = True, 0
            self._chunks.clear()

    def message(self) -> bytes:
        """The message, un-stuffed (RFC 5321 §4.5.2), with the CRLF before the final dot; empty if ``oversized``."""
        raw = _without_dot(self._chunks)
        self.hidden_dot = b"\0" in raw and _HIDDEN_DOT.search(raw) is not None
        if raw[:1] == b".":
            raw = raw[1:]
        message = raw.replace(b"\r\n.", b"\r\n")
        self.size = self.size if self.oversized else len(message)
        self.oversized = self.oversized or len(message) > self._max_size
        return b"" if self.oversized else message


def _without_dot(chunks: list[bytes]) -> bytes:
    """The chunks joined, without the dot and CRLF at their end; a single large chunk is copied once, not twice."""
    if chunks and len(chunks[-1]) >= 3:
        chunks[-1] = chunks[-1][:-3]
        return b"".join(chunks) if len(chunks) > 1 else chunks[0]
    return b"".join(chunks)[:-3]


def has_bare_ending(message: bytes) -> bool:
    """Whether a CR or LF stands alone (RFC 5321 §2.3.8)."""
    pairs = message.count(b"\r\n")
    return message.count(b"\n") != pairs or message.count(b"\r") != pairs


def stuffed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The octets that DATA sends for a message given in pieces: dots doubled, the end of data last (RFC 5321 §4.5.2).

    A message that does not end in CRLF gets one, since SMTP can carry no other; an empty one stays empty.
    A line ending may not be split between two pieces.
    """
    last = b"\r\n"
    for piece in pieces:
        if not piece:
            continue
        if piece[:1] == b"." and last == b"\r\n":
            yield b"."
        yield piece.replace(b"\r\n.", b"\r\n..")
        last = piece[-2:]
    yield b".\r\n" if last == b"\r\n" else b"\r\n.\r\n"
