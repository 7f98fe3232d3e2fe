"""The client's hot path: commands out in one write, replies in by one future, data out without a copy.

aiosmtplib's protocol takes one reply a command and drops what it did not wait for, so it cannot pipeline (RFC 2920).
An ``Exchange`` takes its transport over once connection, hello, TLS and login are done.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from mailharness.errors import RemoteProtocolError
from mailharness.mail import Reply
from mailharness.smtp.octets import stuffed
from mailharness.smtp.replies import read_reply

PORTION = 262144
"""Octets written at once: what a large message puts in the transport's buffer at most."""
LONGEST_REPLY = 65536
UNASKED = 100
"""Replies that a server may be ahead of us before it is given up, as after a DATA that it has refused in advance."""
WINDOW = 4
"""Chunks under way at once where the server takes pipelined commands."""


class Exchange(asyncio.Protocol):
    """The protocol of one established session. ``problem`` says how it ended, "" while it lives."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = transport
        self.problem = ""
        self._loop = loop
        self._pending = b""
        self._replies: deque[Reply] = deque()
        self._wanted = 0
        self._behind = 0
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._gone: asyncio.Future[None] = loop.create_future()
        transport.set_protocol(self)

    # -- the transport's calls ----

    def data_received(self, data: bytes) -> None:
        self._pending = self._pending + data if self._pending else data
        try:
            self._read_replies()
        except RemoteProtocolError as error:
            self.fail(f"protocol error: {error}")
        if len(self._pending) > LONGEST_REPLY:
            self.fail("protocol error: an endless reply")
        if len(self._replies) > self._wanted + self._behind + UNASKED:
            self.fail("protocol error: replies that nobody asked for")
        if len(self._replies) >= self._wanted:
            self._tell(self._waiter)

    def _read_replies(self) -> None:
        start = 0
        while end := _end_of_reply(self._pending, start):
            if end - start > LONGEST_REPLY:
                raise RemoteProtocolError("an endless reply")
            self._replies.append(read_reply(self._pending[start:end]))
            start = end
        self._pending = self._pending[start:]

    def eof_received(self) -> bool:
        self.fail("the server closed the connection")
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.fail(f"connection lost: {error}" if error else "connection lost")
        self._tell(self._gone)

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        self._tell(self._drained)
        self._drained = None

    @staticmethod
    def _tell(waiter: "asyncio.Future[None] | None") -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # -- what a session asks ----

    def fail(self, problem: str) -> None:
        """End it for this reason; whoever waits is woken, and finds fewer replies than asked for."""
        self.problem = self.problem or problem
        self.transport.abort()
        self._tell(self._waiter)
        self._tell(self._drained)

    def retire(self, problem: str) -> None:
        """Take no more commands: the server has said that it closes."""
        self.problem = self.problem or problem
        self.transport.close()

    async def gone(self) -> None:
        """Return when the connection is closed on this side."""
        await asyncio.shield(self._gone)

    @property
    def unasked(self) -> bool:
        """Whether the server has spoken out of turn, as with a 421 before it hangs up."""
        return bool(self._replies or self._pending)

    async def ask(self, octets: bytes, count: int = 1) -> list[Reply]:
        """Write, and return the next ``count`` replies: fewer if the connection ended, and ``problem`` says why."""
        if not self.problem:
            self.transport.write(octets)
        return await self.replies(count)

    async def answer(self, octets: bytes) -> list[Reply]:
        """Write the client's response to a challenge, which is no command but a secret; the server's reply to it."""
        return await Exchange.ask(self, octets)

    async def replies(self, count: int = 1, *, behind: int = 0) -> list[Reply]:
        """The next ``count`` replies, as ``ask``; ``behind`` them as many more may come at once."""
        self._wanted, self._behind = count, behind
        if len(self._replies) < count and not self.problem:
            self._waiter = self._loop.create_future()
            await self._waiter
            self._waiter = None
        taken = min(count, len(self._replies))
        return [self._replies.popleft() for _ in range(taken)]

    async def write_data(self, pieces: Iterable[bytes]) -> bool:
        """Stuff and write a message up to and with the final dot; False if the connection ended before the dot left us."""
        small: list[bytes] = []
        for piece in stuffed(pieces):
            if len(piece) <= PORTION:
                small.append(piece)
                continue
            self._write(b"".join(small))
            small.clear()
            await self._write_large(memoryview(piece))
        await self._room()
        return self._write(b"".join(small))

    async def write_chunks(self, pieces: Iterable[bytes], *, pipelining: bool, finals: int = 1) -> tuple[list[Reply], bool]:
        """Send a message by BDAT (RFC 3030 §2): the replies to all chunks but the last, and whether the last one left us.

        To that there are as many replies as ``finals``, for the caller to read.
        Ends with the first reply that is no 250; of the chunks under way the replies are read.
        """
        window, under_way = WINDOW if pipelining else 1, 0
        answers: list[Reply] = []
        for octets, is_last in chunks(pieces):
            if under_way == window:
                answers += await self.replies()
                under_way -= 1
            if self.problem or (answers and answers[-1].code != 250):
                break
            await self._room()
            size = sum(map(len, octets))
            if not self._write(b"".join(((b"BDAT %d LAST\r\n" if is_last else b"BDAT %d\r\n") % size, *octets))):
                break
            if is_last:
                return answers + await self.replies(under_way, behind=finals), True
            under_way += 1
        return answers + await self.replies(under_way), False

    def _write(self, octets: bytes | memoryview) -> bool:
        if self.problem or self.transport.is_closing():
            return False
        self.transport.write(octets)
        return True

    async def _write_large(self, octets: memoryview) -> None:
        for start in range(0, len(octets), PORTION):
            await self._room()
            if not self._write(octets[start : start + PORTION]):
                return

    async def _room(self) -> None:
        if self._drained is not None and not self.problem:
            await self._drained


def chunks(pieces: Iterable[bytes]) -> Iterator[tuple[list[memoryview], bool]]:
    """A message in chunks of PORTION octets at most, each in parts, and whether it is the last; at least one."""
    waiting = deque(memoryview(piece) for piece in pieces if piece)
    while True:
        chunk: list[memoryview] = []
        room = PORTION
        while waiting and room:
            part = waiting.popleft()
            chunk.append(part[:room])
            if len(part) > room:
                waiting.appendleft(part[room:])
            room -= len(chunk[-1])
        yield chunk, not waiting
        if not waiting:
            return


def _end_of_reply(octets: bytes, start: int) -> int:
    """Where the first whole reply from ``start`` on ends, or 0; its last line has no hyphen (RFC 5321 §4.2.1)."""
    while end := octets.find(b"\n", start) + 1:
        if octets[start + 3 : start + 4] != b"-":
            return end
        start = end
    return 0
