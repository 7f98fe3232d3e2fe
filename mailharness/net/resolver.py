"""The resolver at work: drives one look-up machine over real datagrams, and over TCP where an answer was truncated.

All resolvers of a world share one socket; each asks from its own host's address, so that a name server sees who it was.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Callable

from mailharness.clock import Clock, Work
from mailharness.dns import Answer, Cache, Query, Resolution, Response, make_query, parse_response
from mailharness.errors import RemoteProtocolError
from mailharness.faults import Verdict
from mailharness.mail import NO_COPY, Copy
from mailharness.net.dialer import connect_from
from mailharness.net.sockets import destination, from_address, tell_destination
from mailharness.trace.events import Event, LookedUp


class Questions:
    """The datagrams that a world's resolvers have in flight, on one socket."""

    def __init__(self, rng: random.Random, port: int, is_listening: Callable[[str], bool]) -> None:
        self.port = port
        self.is_listening = is_listening
        self._rng = rng
        self._waiting: dict[tuple[str, str, int], asyncio.Future[bytes]] = {}
        self._copies: dict[tuple[str, int], Copy] = {}
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        if hasattr(socket, "SO_BINDTODEVICE"):
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        tell_destination(self._sock)
        self._sock.bind(("0.0.0.0", 0))

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._sock, self._read)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._sock)
        self._sock.close()

    def let_go(self) -> None:
        """Close the socket, whether a loop reads it or not; in a forked child no loop does."""
        self._sock.close()

    def copy_of(self, asker: str, number: int) -> Copy:
        """Whose look-up the question ``number`` of ``asker`` is: told beside the bytes."""
        return self._copies.get((asker, number), NO_COPY)

    async def ask(self, source: str, query: Query, of: Copy) -> bytes:
        """The octets that came back. Raises OSError when nobody listens there."""
        number = self._rng.getrandbits(16)
        while (source, query.address, number) in self._waiting:
            number = (number + 1) & 0xFFFF
        key = (source, query.address, number)
        if not self.is_listening(query.address):
            raise ConnectionRefusedError("unreachable: nobody listens there")
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        self._copies[source, number] = of
        try:
            packet = make_query(query.name, query.rrtype, id=number)
            self._sock.sendmsg([packet], from_address(source), 0, (query.address, self.port))
            return await future
        finally:
            del self._waiting[key]
            self._copies.pop((source, number), None)

    def _read(self) -> None:
        for _ in range(64):
            try:
                data, ancillary, _, peer = self._sock.recvmsg(65_535, 256)
            except (BlockingIOError, OSError):
                return
            if len(data) < 12:
                continue
            key = (destination(ancillary, ""), peer[0], int.from_bytes(data[:2], "big"))
            future = self._waiting.get(key)
            if future is not None and not future.done():
                future.set_result(data)

    async def ask_over_tcp(self, source: str, query: Query, of: Copy) -> bytes:
        """The same over TCP (RFC 7766). Raises OSError or EOFError."""
        sock, (name, target) = connect_from(source, (query.address, self.port))
        number = self._rng.getrandbits(16)
        self._copies[name[0], number] = of
        writer: asyncio.StreamWriter | None = None
        try:
            await asyncio.get_running_loop().sock_connect(sock, target)
            reader, writer = await asyncio.open_connection(sock=sock)
            packet = make_query(query.name, query.rrtype, id=number)
            writer.write(struct.pack("!H", len(packet)) + packet)
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            return await reader.readexactly(size)
        finally:
            self._copies.pop((name[0], number), None)
            if writer is not None:
                writer.close()
            else:
                sock.close()


class HostResolver:
    """One recursive resolver with a cache of its own; implements ``agents.ports.Resolver``."""

    def __init__(
        self,
        host: str,
        address: str,
        roots: tuple[tuple[str, str], ...],
        questions: Questions,
        clock: Clock,
        work: Work,
        announce: Callable[[Event], Verdict],
        rng: random.Random,
    ) -> None:
        self.host = host
        self.address = address
        self.cache = Cache(clock)
        self._rng = rng
        self._roots = roots
        self._questions = questions
        self._work = work
        self._announce = announce

    async def resolve(self, name: str, rrtype: str, of: Copy = NO_COPY) -> Answer:
        """Look ``name`` up from the cache or by asking from the root down (RFC 1034 §5.3.3)."""
        resolution = Resolution(name, rrtype, self.cache, self._roots, self._rng)
        with self._work.take(f"look-up of {rrtype} {name} by {self.host}"):
            while not isinstance(step := resolution.next_query(), Answer):
                await self._take_step(resolution, step, of)
        self._announce(
            LookedUp(
                host=self.host,
                of=of,
                name=name,
                rrtype=rrtype,
                rcode=step.rcode,
                answers=step.data,
                cached=step.cached,
                asked=tuple(f"{walked.server} ({walked.address}): {walked.outcome}" for walked in step.steps),
                problem=step.problem,
            )
        )
        return step

    def recall(self, name: str, rrtype: str) -> Answer | None:
        """What the cache alone can answer; None where a server would have to be asked."""
        step = Resolution(name, rrtype, self.cache, self._roots, self._rng).next_query()
        return step if isinstance(step, Answer) else None

    async def _take_step(self, resolution: Resolution, query: Query, of: Copy) -> None:
        try:
            response = await self._ask(query, of)
        except (OSError, EOFError, RemoteProtocolError) as error:
            resolution.on_failure(str(error) or type(error).__name__)
        else:
            resolution.on_response(response)

    async def _ask(self, query: Query, of: Copy) -> Response:
        response = parse_response(await self._questions.ask(self.address, query, of))
        if response.tc:
            response = parse_response(await self._questions.ask_over_tcp(self.address, query, of))
        return response
