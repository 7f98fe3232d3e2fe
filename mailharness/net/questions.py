"""The questions that a world's resolvers have in flight: by datagrams on one socket, or over TCP.

Each is asked from the host's own address, so that a name server sees who it was. What comes back is an answer only if
number, address, port and question are the ones that were sent (RFC 5452 §9.1); anything else is a stranger's and changes
nothing. Work rests while only time can bring the end: when the name server has taken the question and has sent nothing.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Callable, Iterator

from mailharness.clock import Clock, Token
from mailharness.dns import Query, make_query
from mailharness.mail import NO_COPY, Copy
from mailharness.net.dialer import connect_from
from mailharness.net.sockets import destination, from_address, tell_destination

UDP_SIZE = 1232
"""Octets of a datagram that our resolvers take (RFC 6891 §6.2.5): what crosses any network unfragmented."""
AT_ONCE = 128
"""Datagrams on their way at the most: the kernel's buffers, by their usual size, hold some 250 of each direction."""
_LOST = 5.0
"""Real seconds after which a question that no name server has taken is lost, as where the kernel had no room for it."""
_HEADER = 12
_OPT = 11
_FENCE = struct.Struct("!Q")


class _Waiting:
    """One question without an answer yet; ``tokens`` are the work that waits for it."""

    __slots__ = ("_question", "_resting", "_tokens", "address", "future", "of", "old", "on_quiet", "packet")

    def __init__(self, query: Query, number: int, of: Copy, tokens: tuple[Token, ...]) -> None:
        self.packet = make_query(query.name, query.rrtype, id=number, edns=UDP_SIZE if query.edns else None)
        self.address = query.address
        self.of = of
        self.old = False
        self.future: asyncio.Future[bytes | Exception] = asyncio.get_running_loop().create_future()
        self._question = self.packet[_HEADER : -_OPT if query.edns else None]
        self._tokens = tokens
        self._resting = False
        self.on_quiet: Callable[[], None] | None = None
        """Called once, when nothing of it is on its way any more."""

    def offer(self, data: bytes) -> None:
        """Take ``data`` if it answers this question."""
        if self._is_answered_by(data):
            self.end(data)

    def _is_answered_by(self, data: bytes) -> bool:
        if len(data) < _HEADER or data[:2] != self.packet[:2] or not data[2] & 0x80:
            return False
        if data[4:6] == b"\0\0":  # who cannot read a question need not repeat it
            return bool(data[3] & 0xF)
        end = _HEADER + len(self._question)
        name, kind = self._question[:-4], self._question[-4:]
        return data[_HEADER : end - 4].lower() == name.lower() and data[end - 4 : end] == kind

    def end(self, outcome: bytes | Exception) -> None:
        self.wake()
        self.fall_quiet()
        if not self.future.done():
            self.future.set_result(outcome)

    def time_out(self) -> None:
        self.end(TimeoutError("timed out"))

    def rest(self) -> None:
        """Nothing is on its way any more: only time can end this."""
        if not self._resting and not self.future.done():
            self._resting = True
            self.fall_quiet()
            for token in self._tokens:
                token.suspend()

    def fall_quiet(self) -> None:
        on_quiet, self.on_quiet = self.on_quiet, None
        if on_quiet is not None:
            on_quiet()

    def wake(self) -> None:
        if self._resting:
            self._resting = False
            for token in self._tokens:
                token.resume()


class Questions:
    """All questions of one world's resolvers, by asker and number."""

    def __init__(self, rng: random.Random, port: int, is_listening: Callable[[str], bool]) -> None:
        self.port = port
        self.is_listening = is_listening
        self._rng = rng
        self._waiting: dict[tuple[str, int], _Waiting] = {}
        self._taken: list[_Waiting] = []
        self._fenced: dict[int, list[_Waiting]] = {}
        self._fences = 0
        self._sweep_due: asyncio.TimerHandle | None = None
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        if hasattr(socket, "SO_BINDTODEVICE"):
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        tell_destination(self._sock)
        self._sock.bind(("0.0.0.0", 0))
        self._own_port = self._sock.getsockname()[1]
        self._room = asyncio.Semaphore(AT_ONCE)

    # -- life ----

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._sock.fileno(), self._read)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._sock.fileno())
        if self._sweep_due is not None:
            self._sweep_due.cancel()
        self._sock.close()

    def let_go(self) -> None:
        """Close the socket, whether a loop reads it or not; in a forked child no loop does."""
        self._sock.close()

    # -- asking ----

    async def ask(self, source: str, query: Query, of: Copy, clock: Clock, tokens: tuple[Token, ...]) -> bytes:
        """The octets of the answer to ``query``, asked from the address ``source``.

        ``tokens`` rest while nothing but ``clock`` can end the wait. Raises TimeoutError when the server was silent for
        as long as the query's patience, and OSError or EOFError at once where nobody listens or the connection ends.
        """
        if not self.is_listening(query.address):
            raise ConnectionRefusedError("unreachable: nobody listens there")
        if not query.tcp:
            await self._room.acquire()
        with self._open(source, query, of, clock, tokens) as waiting:
            if query.tcp:
                outcome = await self._converse(source, waiting)
            else:
                waiting.on_quiet = self._room.release
                self._sock.sendmsg([waiting.packet], from_address(source), 0, (query.address, self.port))
                outcome = await waiting.future
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @contextlib.contextmanager
    def _open(self, source: str, query: Query, of: Copy, clock: Clock, tokens: tuple[Token, ...]) -> Iterator[_Waiting]:
        number = self._rng.getrandbits(16)
        while (source, number) in self._waiting:
            number = (number + 1) & 0xFFFF
        waiting = self._waiting[source, number] = _Waiting(query, number, of, tokens)
        timer = clock.call_later(query.patience, waiting.time_out)
        self._watch()
        try:
            yield waiting
        finally:
            timer.cancel()
            waiting.wake()
            waiting.fall_quiet()
            del self._waiting[source, number]

    async def _converse(self, source: str, waiting: _Waiting) -> bytes | Exception:
        """Ask over a TCP connection of its own (RFC 7766)."""
        loop = asyncio.get_running_loop()
        sock, (_, target) = connect_from(source, (waiting.address, self.port))
        try:
            await loop.sock_connect(sock, target)
            transport, _ = await loop.create_connection(lambda: _Conversation(waiting), sock=sock)
        except BaseException:
            sock.close()
            raise
        try:
            return await waiting.future
        finally:
            transport.close()

    def _read(self) -> None:
        for _ in range(64):
            try:
                data, ancillary, _, peer = self._sock.recvmsg(65_535, 256)
            except OSError:
                return
            if peer[1] == self._own_port and len(data) == _FENCE.size:
                for silent in self._fenced.pop(_FENCE.unpack(data)[0], ()):
                    silent.rest()
                continue
            waiting = self._waiting.get((destination(ancillary, ""), int.from_bytes(data[:2], "big")))
            if waiting is not None and peer == (waiting.address, self.port):
                waiting.offer(data)

    # -- which of them can only wait ----

    def copy_of(self, asker: str, number: int) -> Copy:
        """Whose look-up the question ``number`` of ``asker`` is: told beside the bytes, to the server that takes it."""
        waiting = self._waiting.get((asker, number))
        if waiting is None:
            return NO_COPY
        if not self._taken:
            asyncio.get_running_loop().call_soon(self.look_again)
        self._taken.append(waiting)
        return waiting.of

    def look_again(self) -> None:
        """The questions that were taken have been answered by now, or not."""
        if not self._taken:
            return
        taken, self._taken = self._taken, []
        self._read()
        silent = [waiting for waiting in taken if not waiting.future.done()]
        if not silent:
            return
        # A datagram to ourselves: what the name server has sent comes before it, so what has not come then never will.
        self._fences += 1
        self._fenced[self._fences] = silent
        with contextlib.suppress(OSError):
            self._sock.sendto(_FENCE.pack(self._fences), ("127.0.0.1", self._own_port))

    def _watch(self) -> None:
        if self._sweep_due is None:
            self._sweep_due = asyncio.get_running_loop().call_later(_LOST, self.sweep)

    def sweep(self) -> None:
        """Let rest what is without an answer since the last sweep, ``_LOST`` seconds ago: the question was lost on its way,
        and only its time-out is left to end it."""
        self._sweep_due = None
        for waiting in self._waiting.values():
            if waiting.old:
                waiting.rest()
            waiting.old = True
        if self._waiting:
            self._watch()


class _Conversation(asyncio.Protocol):
    """One question over one connection, behind a length of two octets (RFC 7766 §8)."""

    def __init__(self, waiting: _Waiting) -> None:
        self._waiting = waiting
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        packet = self._waiting.packet
        transport.write(struct.pack("!H", len(packet)) + packet)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 2 and len(self._buffer) >= (end := 2 + int.from_bytes(self._buffer[:2], "big")):
            self._waiting.offer(bytes(self._buffer[2:end]))
            del self._buffer[:end]

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.end(exc or EOFError("the connection was closed before the answer was whole"))
