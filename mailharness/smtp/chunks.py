"""BDAT: a message in chunks whose sizes are told beforehand, so that nothing in it means anything (RFC 3030 §2)."""

import re
from typing import NamedTuple

from mailharness.faults import Alter
from mailharness.mail import Reply

_CHUNK = re.compile(r"([0-9]{1,18})(?: +(LAST))?", re.IGNORECASE)


class Chunk(NamedTuple):
    """The argument of one BDAT: how many octets follow its line, and whether they are the message's last."""

    size: int
    last: bool


def read_chunk(argument: str) -> Chunk | None:
    """``86 LAST`` taken apart; None for what is no argument of BDAT, so that no octets follow."""
    match = _CHUNK.fullmatch(argument)
    return Chunk(int(match[1]), match[2] is not None) if match else None


class ChunkCollector:
    """Takes the octets of one chunk into ``body``, or throws them away where there is none.

    ``reply`` is what is answered when they are here, or the octets that a fault says instead; None where they end the
    message.
    """

    __slots__ = ("_body", "missing", "reply")
    ended_by = "BDAT"
    hidden_dot = False
    oversized = False

    def __init__(self, size: int, body: bytearray | None, reply: Reply | Alter | None) -> None:
        self.missing = size
        """Octets of the chunk that are still to come."""
        self._body = body
        self.reply = reply

    @property
    def whole(self) -> bool:
        return self.missing == 0

    @property
    def size(self) -> int:
        """Octets of the message so far."""
        return len(self._body or b"")

    def feed(self, octets: bytes) -> bytes | None:
        """Take ``octets``; once the chunk is whole, return what follows it, else None."""
        taken = octets if len(octets) <= self.missing else octets[: self.missing]
        self.missing -= len(taken)
        if self._body is not None:
            self._body += taken
        return None if self.missing else octets[len(taken) :]

    def message(self) -> bytes:
        """The message as it was sent, octet for octet: dots are nothing special."""
        return bytes(self._body or b"")
