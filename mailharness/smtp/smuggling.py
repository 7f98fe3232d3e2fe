"""A receiver that is deliberately vulnerable: it takes more than ``<CRLF>.<CRLF>`` for the end of the data.

What one server takes for the text of a message, such a server takes for its end, and what follows for the commands of
another message: SMTP smuggling, as it was published in December 2023 (CVE-2023-51764, CVE-2023-51765, CVE-2023-51766).
No receiver does this unless its host is told to (RFC 5321 §4.1.1.4 forbids it).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from mailharness.smtp.octets import END_OF_DATA

VARIANTS: Mapping[str, bytes] = {
    "bare-lf": b"\n.\n",
    "lf-crlf": b"\n.\r\n",
    "crlf-lf": b"\r\n.\n",
    "bare-cr": b"\r.\r",
    "cr-crlf": b"\r.\r\n",
    "crlf-cr": b"\r\n.\r",
    "cr-lf": b"\r.\n",
    "lf-cr": b"\n.\r",
    "crcrlf": b"\r\r\n.\r\r\n",
    "crlf-crcrlf": b"\r\n.\r\r\n",
    "nul-before-dot": b"\r\n\0.\r\n",
    "nul-after-dot": b"\r\n.\0\r\n",
}
"""By name, the octets that are taken for the end of the data: the line ending before the dot, then the one behind it."""
_LONGEST = max(map(len, (*VARIANTS.values(), END_OF_DATA)))


@lru_cache(maxsize=64)
def _ends(variants: tuple[str, ...]) -> tuple[re.Pattern[bytes], frozenset[bytes]]:
    """What finds an end, the longer one where two begin at one place, and how each of them may begin."""
    found = sorted((END_OF_DATA, *(VARIANTS[name] for name in variants)), key=len, reverse=True)
    beginnings = frozenset(end[:length] for end in found for length in range(1, len(end)))
    return re.compile(b"|".join(map(re.escape, found))), beginnings


class LooseCollector:
    """The data of one message, up to whichever of the ``variants`` comes first, or the true end.

    Where the next octets could make a longer end of what has come, it waits for them. At most ``max_size`` octets are
    kept; ``ended_by`` is the variant's name, "" for the true end.
    """

    __slots__ = ("_beginnings", "_data", "_max_size", "_names", "_pattern", "ended_by", "oversized", "size")
    whole = False
    reply = None
    hidden_dot = False

    def __init__(self, max_size: int, variants: Iterable[str]) -> None:
        names = tuple(variants)
        self._names = {VARIANTS[name]: name for name in names}
        self._pattern, self._beginnings = _ends(names)
        self._max_size = max_size
        self._data = bytearray(b"\r\n")  # the CRLF of the DATA command
        self.ended_by = ""
        self.oversized = False
        self.size = 0

    def feed(self, octets: bytes) -> bytes | None:
        """Take ``octets``; once an end is in them, return what follows it, else None."""
        start = max(0, len(self._data) - _LONGEST + 1)
        self._data += octets
        match = self._pattern.search(self._data, start)
        if match is None or self._may_grow(match.start()):
            self._bound()
            return None
        self.ended_by = self._names.get(bytes(match[0]), "")
        rest = bytes(self._data[match.end() :])
        del self._data[match.end() :]
        self.size += len(self._data)
        return rest

    def _may_grow(self, start: int) -> bool:
        """Whether the next octets could make an end that begins at ``start`` or before."""
        behind = len(self._data) - start
        return any(len(beginning) >= behind and self._data.endswith(beginning) for beginning in self._beginnings)

    def _bound(self) -> None:
        if self.oversized or len(self._data) > self._max_size + self._max_size // 3 + 8:
            self.oversized = True
            self.size += len(self._data) - _LONGEST
            del self._data[:-_LONGEST]

    def message(self) -> bytes:
        """The message, un-stuffed, with the line ending before the dot; empty if ``oversized``."""
        if self.oversized:
            return b""
        raw = bytes(self._data[2:])
        message = raw[: raw.rindex(b".")].rstrip(b"\0")
        message = message[1:] if message[:1] == b"." else message
        message = message.replace(b"\r\n.", b"\r\n")
        self.size = len(message)
        return message
