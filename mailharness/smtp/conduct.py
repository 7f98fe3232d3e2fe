"""What faults make of a client: each command is judged before it is said, and the verdict is carried out here.

While a fault hears what a client says it says one command at a time and waits for the answer, so that the same fault
bites at the same moment in every run; without one there is no ``Conduct``, and nothing here costs anything.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from mailharness.clock import Clock
from mailharness.faults import Alter, Cut, Delay, Drop, Midway, Verdict
from mailharness.mail import Copy, Reply
from mailharness.smtp.esmtp import read_command
from mailharness.smtp.exchange import Exchange
from mailharness.smtp.octets import stuffed
from mailharness.trace.events import SMTP, Event, Said

_AT_ONCE = struct.pack("ii", 1, 0)
_DOT = b".\r\n"


class Carrier(Protocol):
    """The connection that a client speaks over, as its world knows it."""

    to: str

    @property
    def session(self) -> int: ...
    @property
    def copy(self) -> Copy: ...
    def rest(self, resting: bool) -> None: ...


class HungUpError(ConnectionError):
    """A fault made us end the connection, by a reset or ``gently``."""

    def __init__(self, gently: bool) -> None:
        super().__init__("we hung up" if gently else "we reset the connection")
        self.gently = gently


class Conduct:
    """How ``host`` behaves as the client on ``line``."""

    def __init__(self, announce: Callable[[Event], Verdict], clock: Clock, host: str, line: Carrier) -> None:
        self._announce = announce
        self._clock = clock
        self._host = host
        self._line = line
        self._midway: Midway | None = None
        self._hung: asyncio.Future[bool] | None = None

    async def say(self, octets: bytes) -> bytes:
        """What is to be said instead of the command line ``octets``; mostly itself. Raises HungUpError."""
        command = read_command(octets)
        return await self.obey(self.judge(command.verb, command.shown), octets)

    def judge(self, verb: str, line: str) -> Verdict:
        """The verdict of the faults on what is about to be said."""
        place = {"host": self._host, "session": self._line.session, "of": self._line.copy}
        return self._announce(Said(**place, to=self._line.to, protocol=SMTP, verb=verb, line=line))  # type: ignore[arg-type]

    async def obey(self, verdict: Verdict, octets: bytes = b"") -> bytes:
        match verdict:
            case Alter(instead):
                return instead
            case Delay(seconds):
                await self._rest(seconds)
            case Drop():
                await self._rest(None)
            case Cut(gently):
                raise HungUpError(gently)
            case Midway():
                self._midway = verdict
        return octets

    async def _rest(self, seconds: float | None) -> None:
        """Wait so long (None: until the session is given up); the other end, to whom nobody speaks meanwhile, holds no
        work either. Raises HungUpError if the session is given up before."""
        waiting = self._hung = asyncio.get_running_loop().create_future()

        def go_on() -> None:
            if not waiting.done():
                waiting.set_result(True)

        timer = None if seconds is None else self._clock.call_later(seconds, go_on)
        self._line.rest(True)
        try:
            goes_on = await waiting
        finally:
            self._hung = None
            if timer is not None:
                timer.cancel()
            self._line.rest(False)
        if not goes_on:
            raise HungUpError(gently=False)

    def take_midway(self) -> Midway | None:
        """What is to be done in the middle of the body that follows, if anything."""
        midway, self._midway = self._midway, None
        return midway

    def let_go(self) -> None:
        """The session is given up: whoever hangs is released."""
        if self._hung is not None and not self._hung.done():
            self._line.rest(False)
            self._hung.set_result(False)


def hang_up(transport: Any, *, gently: bool) -> None:
    """Close the connection gently, or reset it as a crash would."""
    if gently:
        transport.close()
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


class JudgedExchange(Exchange):
    """An exchange whose client behaves as ``conduct`` says."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop, conduct: Conduct) -> None:
        super().__init__(transport, loop)
        self._conduct = conduct

    async def ask(self, octets: bytes, count: int = 1) -> list[Reply]:
        if octets == _DOT:
            return await super().ask(octets, count)
        answers: list[Reply] = []
        for line in octets.splitlines(keepends=True):
            try:
                said = await self._conduct.say(line)
            except HungUpError as ended:
                self._end(ended)
                return answers
            answer = await super().ask(said)
            answers += answer
            if not answer:
                break
        return answers

    async def write_data(self, pieces: Iterable[bytes]) -> bool:
        midway = self._conduct.take_midway()
        try:
            sent = await super().write_data(pieces) if midway is None else await self._write_until(midway, pieces)
        except HungUpError as ended:
            self._end(ended)
            return False
        if sent:
            await self._after_the_dot()
        return sent

    async def write_chunks(self, pieces: Iterable[bytes], *, pipelining: bool, finals: int = 1) -> tuple[list[Reply], bool]:
        """As an exchange does it, judged once: a fault that alters or breaks off the first chunk ends the message there."""
        answers: list[Reply] = []
        try:
            said = await self._conduct.say(b"BDAT\r\n")
            if said != b"BDAT\r\n":
                return await super().ask(said), False
            midway = self._conduct.take_midway()
            if midway is None:
                answers, sent = await super().write_chunks(pieces, pipelining=pipelining, finals=finals)
            else:
                sent = await self._write_chunk_until(midway, pieces)
        except HungUpError as ended:
            self._end(ended)
            return [], False
        if sent:
            await self._after_the_dot(finals)
        return answers, sent

    async def _write_until(self, midway: Midway, pieces: Iterable[bytes]) -> bool:
        octets = b"".join(stuffed(pieces))
        here = min(midway.octets, len(octets) - len(_DOT))
        self._write(octets[:here])
        await self._room()
        instead = await self._conduct.obey(midway.verdict)
        return self._write(instead + octets[here:])

    async def _write_chunk_until(self, midway: Midway, pieces: Iterable[bytes]) -> bool:
        octets = b"".join(pieces)
        here = max(0, min(midway.octets, len(octets) - 1))
        self._write(b"BDAT %d LAST\r\n" % len(octets) + octets[:here])
        await self._room()
        instead = await self._conduct.obey(midway.verdict)
        return self._write(instead + octets[here:])

    async def _after_the_dot(self, finals: int = 1) -> None:
        """The letter is the server's; a fault may keep us from reading what it says of that."""
        verdict = self._conduct.judge("EOD", ".")
        try:
            if isinstance(verdict, Delay | Drop):
                self._replies.extendleft(reversed(await self.replies(finals)))
            await self._conduct.obey(verdict)
        except HungUpError as ended:
            self._replies.clear()
            self._end(ended)

    def _end(self, ended: HungUpError) -> None:
        self.problem = self.problem or str(ended)
        hang_up(self.transport, gently=ended.gently)
