"""The dialer: connections between the hosts of a world, each from its host's own address."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable

from mailharness.clock import Clock, Token
from mailharness.errors import EgressError
from mailharness.faults import PASS, Answer, Delay, Drop, Verdict
from mailharness.mail import Copy
from mailharness.net.crossings import Crossing, Crossings, Pair
from mailharness.trace.events import SMTP, Dialed, Event

_CONNECT_TIMEOUT = 300.0  # RFC 5321 §4.5.3.2.1, on the world's clock
FOREIGN_PATIENCE = 10.0
"""Real seconds that a program which is none of ours has for one transaction: no clock of ours makes it hurry."""


class OwnLine:
    """A connection that a host of ours opened; implements ``agents.ports.Line``."""

    def __init__(self, sock: socket.socket, to: str, crossing: Crossing, crossings: Crossings) -> None:
        self.sock = sock
        self.to = to
        self._crossing = crossing
        self._crossings = crossings

    @property
    def copy(self) -> Copy:
        return self._crossing.copy

    def carry(self, copy: Copy, work: Token) -> None:
        self._crossing.copy = copy
        self._crossing.work = work
        self._crossing.copy_there = 0

    def release(self) -> None:
        self._crossing.work = None

    def rest(self, resting: bool) -> None:
        self._crossings.rest_there(self._crossing, resting)

    def close(self) -> None:
        self._crossings.close(self._crossing)

    @property
    def session(self) -> int:
        return self._crossing.session

    @property
    def copy_there(self) -> int:
        return self._crossing.copy_there


class ForeignLine(OwnLine):
    """The same to a program that is none of ours: one that falls silent is hung up on."""

    _timer: asyncio.TimerHandle | None = None

    def carry(self, copy: Copy, work: Token) -> None:
        super().carry(copy, work)
        self._unwatch()
        self._timer = asyncio.get_running_loop().call_later(FOREIGN_PATIENCE, self._hang_up)

    def release(self) -> None:
        super().release()
        self._unwatch()

    def close(self) -> None:
        super().close()
        self._unwatch()

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


class HostDialer:
    """Implements ``agents.ports.Dialer``: ``address_of`` knows the address of each host, ``port`` is the world's SMTP."""

    def __init__(
        self,
        crossings: Crossings,
        clock: Clock,
        announce: Callable[[Event], Verdict],
        address_of: Callable[[str], str],
        is_listening: Callable[[str], bool],
        is_external: Callable[[str], bool],
        port: int,
    ) -> None:
        self._crossings = crossings
        self._clock = clock
        self._announce = announce
        self._address_of = address_of
        self._is_listening = is_listening
        self._is_external = is_external
        self._port = port

    async def dial(self, host: str, to: str, address: str, of: Copy, work: Token) -> OwnLine:
        """Connect to ``address`` from ``host``. Raises ConnectionRefusedError, or EgressError for what is not loopback."""
        if not address.startswith("127."):
            raise EgressError(f"{host} was about to leave this machine for {to} at {address}")
        event = Dialed(host=host, of=of, to=to, address=address, port=self._port, protocol=SMTP)
        await self._obey(self._announce(event), work)
        if not self._is_listening(address):
            raise ConnectionRefusedError("connection refused: nobody listens there")
        sock, pair = connect_from(self._address_of(host), (address, self._port))
        crossing = self._crossings.open(pair, host)
        crossing.work = work  # the accepting end may fall silent before its session is told what it carries
        try:
            await asyncio.get_running_loop().sock_connect(sock, pair[1])
        except BaseException:
            self._crossings.close(crossing)
            sock.close()
            raise
        line = ForeignLine if self._is_external(address) else OwnLine
        return line(sock, to, crossing, self._crossings)

    async def _obey(self, verdict: Verdict, work: Token) -> None:
        """Carry out what a fault says of this connection before there is one."""
        if verdict is PASS:
            return
        if isinstance(verdict, Delay | Drop):
            work.suspend()
            try:
                await self._clock.sleep(verdict.seconds if isinstance(verdict, Delay) else _CONNECT_TIMEOUT)
            finally:
                work.resume()
            if isinstance(verdict, Drop):
                raise TimeoutError("connection timed out")
        elif isinstance(verdict, Answer):
            raise OSError(errno.EHOSTUNREACH, verdict.text)
        else:
            raise ConnectionRefusedError("connection refused")


def connect_from(source: str, target: tuple[str, int]) -> tuple[socket.socket, Pair]:
    """A socket bound to ``source`` that is still to be connected to ``target``, and the pair it will be known by."""
    sock = socket.socket()
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        with contextlib.suppress(OSError):  # only Linux has all of 127.0.0.0/8
            sock.bind((source, 0))
        name = sock.getsockname()
    except BaseException:
        sock.close()
        raise
    return sock, ((name[0], name[1]), target)
