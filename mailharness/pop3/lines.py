"""Command lines out of octets that arrive in any slicing, in bounded memory."""

LIMIT = 255
"""Octets in a command line, its CRLF included (RFC 2449 §4)."""


LONGEST_RESPONSE = 12_288
"""Octets in a client's answer to a challenge: those of every mechanism fit (RFC 5034 §4)."""


class CommandLines:
    """A buffer that hands out one line at a time, its line end included.

    A line over the limit comes out with more than ``limit`` octets, though not with all of them: how it began is kept
    and the rest is skipped as it arrives.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, octets: bytes) -> None:
        self._buffer += octets

    def next(self, limit: int = LIMIT) -> bytes | None:
        """The next line, of ``limit`` octets at most, or None until more octets arrive."""
        end = self._buffer.find(b"\n") + 1
        if not end:
            del self._buffer[limit + 1 :]
            return None
        line = bytes(self._buffer[: min(end, limit + 1)])
        del self._buffer[:end]
        return line

    def __len__(self) -> int:
        return len(self._buffer)

    def clear(self) -> None:
        """Forget what has arrived."""
        self._buffer.clear()
