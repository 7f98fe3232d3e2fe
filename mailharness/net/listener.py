"""Listeners: who stands at the door, finds the host that was meant, and lets the right session take over.

A ``Doorman`` is the protocol of every connection until its own name has told which host it reached. Where a proxy stands in
front of the host, its header is read first, and where TLS comes first (RFC 8314 §3) the doorman shakes hands too. A
``LineWire`` then drives a sans-IO session (POP3, IMAP); an SMTP receiver is a protocol itself.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mailharness.net.plan import TLS_DOORS, Door
from mailharness.net.proxy import Peer, ProxyGate

_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One connection that has come in: which door, at which address of ours, from where."""

    door: Door
    address: str
    peer: tuple[str, int]
    transport: asyncio.Transport
    secured: tuple[str, str] | None = None
    """TLS version and cipher where the handshake came first."""
    proxy: tuple[str, int] | None = None
    """The proxy whose connection it really is; ``peer`` is then whom it speaks for."""


Admit = Callable[[Incoming], asyncio.Protocol | None]
"""Gives the protocol that takes the connection over, or None to reset it."""


@dataclass(frozen=True, slots=True)
class Proxied:
    """A proxy stands in front: ``trusts`` says whether an address may be one, ``timeout`` (real seconds) how long it may
    think, and ``waits`` is told of its connection meanwhile. Everybody else is told to ``turned_away`` and cut."""

    trusts: Callable[[str], bool]
    timeout: float | None
    waits: Callable[[asyncio.Transport], None]
    turned_away: Callable[[Incoming], None]


class Doorman(asyncio.Protocol):
    """The first protocol of a connection; hands over to the one that ``admit`` chooses."""

    def __init__(
        self,
        door: Door,
        admit: Admit,
        tls_for: Callable[[str], ssl.SSLContext],
        proxied: Callable[[Door, str], Proxied | None] = lambda _door, _address: None,
    ) -> None:
        self._door = door
        self._admit = admit
        self._tls_for = tls_for
        self._proxied = proxied
        self._peer: Peer | None = None
        self._early: list[bytes] = []
        self._handshake: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        sock: socket.socket = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        proxied = self._proxied(self._door, transport.get_extra_info("sockname")[0])
        if proxied is None:
            self._receive(transport)
        else:
            self._wait_for_header(transport, proxied)

    def _wait_for_header(self, transport: asyncio.Transport, proxied: Proxied) -> None:
        name, peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername") or ("", 0)

        def passed(client: Peer | None) -> None:
            self._peer = client
            transport.set_protocol(self)
            self._receive(transport)

        def turn_away() -> None:
            proxied.turned_away(Incoming(self._door, name[0], (peer[0], peer[1]), transport))
            transport.abort()

        if proxied.trusts(peer[0]):
            proxied.waits(transport)
            transport.set_protocol(ProxyGate(passed, turn_away, proxied.timeout))
        else:
            turn_away()

    def _receive(self, transport: asyncio.Transport) -> None:
        if self._door in TLS_DOORS:
            self._handshake = asyncio.get_running_loop().create_task(self._secure(transport))
        else:
            self._hand_over(transport, None)

    async def _secure(self, transport: asyncio.Transport) -> None:
        address = transport.get_extra_info("sockname")[0]
        try:
            loop = asyncio.get_running_loop()
            secured = await loop.start_tls(transport, self, self._tls_for(address), server_side=True)
        except (OSError, ssl.SSLError):
            transport.abort()
            return
        if secured is not None:
            self._hand_over(secured, tls_of(secured))

    def _hand_over(self, transport: asyncio.Transport, secured: tuple[str, str] | None) -> None:
        name, peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        if peer is None:  # gone before it was looked at
            transport.abort()
            return
        real = (peer[0], peer[1])
        proxy = real if self._peer else None
        protocol = self._admit(Incoming(self._door, name[0], self._peer or real, transport, secured, proxy))
        if protocol is None:
            reset(transport)
            return
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        for data in self._early:
            protocol.data_received(data)

    def data_received(self, data: bytes) -> None:
        self._early.append(data)


def tls_of(transport: asyncio.BaseTransport) -> tuple[str, str]:
    """The TLS version and cipher of a secured transport."""
    ssl_object = transport.get_extra_info("ssl_object")
    return ssl_object.version() or "", (ssl_object.cipher() or ("",))[0]


def reset(transport: asyncio.Transport) -> None:
    """End a connection by a reset, so that the peer sees an error and not an end of file."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


def sever(protocol: asyncio.Protocol, transport: asyncio.Transport, octets: int) -> None:
    """Have the connection that ``protocol`` is about to take over reset once it was given so many ``octets``.

    They are counted where the protocol hears them, since behind STARTTLS nobody stands between it and the handshake; of
    TLS they are those that were meant.
    """
    hear, left = protocol.data_received, octets

    def hear_for_a_while(data: bytes) -> None:
        nonlocal left
        if left and not transport.is_closing():
            taken, left = data[:left], max(0, left - len(data))
            hear(taken)
            if left == 0:
                reset(transport)

    if octets:
        protocol.data_received = hear_for_a_while  # type: ignore[method-assign]
    else:
        asyncio.get_running_loop().call_soon(reset, transport)


class LineSession(Protocol):
    """What POP3 and IMAP sessions have in common, seen from the wire."""

    wants_tls: bool
    closed: bool
    aborted: bool
    on_output: Callable[[], None] | None

    @property
    def reading(self) -> bool: ...
    def connected(self) -> None: ...
    def receive(self, data: bytes) -> None: ...
    def receive_eof(self) -> None: ...
    def take_output(self) -> bytes: ...
    def secured(self, version: str, cipher: str) -> None: ...


@runtime_checkable
class Keeping(Protocol):
    """Where mailboxes are kept on disk: whether something is to be written, and who is told when it is."""

    @property
    def is_behind(self) -> bool: ...
    def when_written(self, told: Callable[[str], object]) -> None: ...


class LineWire(asyncio.Protocol):
    """Carries octets between a transport and a sans-IO session, no more than either is ready for.

    While the transport has more to send than it should, the session is asked for nothing and the client is not read.
    Where mailboxes are ``kept``, nothing is said before what it speaks of is written; where it cannot be, nothing ever.
    """

    def __init__(self, session: LineSession, tls: Callable[[], ssl.SSLContext], kept: Keeping | None = None) -> None:
        self._session = session
        self._tls = tls
        self._kept = kept
        self._unsaid: bytes | None = None
        self._transport: asyncio.Transport | None = None
        self._sock: socket.socket | None = None
        self._upgrade: asyncio.Task[None] | None = None
        self._early: list[bytes] = []
        self._full = False
        self._reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sock = transport.get_extra_info("socket")
        self._session.on_output = self._flush
        self._session.connected()
        self._flush()

    def data_received(self, data: bytes) -> None:
        if self._upgrade is not None:  # reading in clear is paused: this came with the end of the handshake
            self._early.append(data)
            return
        self._session.receive(data)
        self._flush()
        self._acknowledge()

    def _acknowledge(self) -> None:
        # A client that sends a literal and its CRLF apart waits 44 ms for a delayed acknowledgement otherwise.
        if _QUICKACK is not None and self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def _flush(self) -> None:
        """Let the session speak for as long as there is room; when nobody is there any more, to nobody."""
        transport = self._transport
        while not self._full and self._unsaid is None and (output := self._session.take_output()):
            if self._kept is not None and self._kept.is_behind:
                self._say_when_written(self._kept, output)
            elif transport is not None and not transport.is_closing():
                transport.write(output)
        if transport is not None:
            if self._unsaid is None:
                self._follow(transport)
        elif self._session.closed:
            self._session.on_output = None

    def _say_when_written(self, kept: Keeping, output: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._unsaid = output

        def tell(problem: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(self._say_unsaid, problem)

        kept.when_written(tell)

    def _say_unsaid(self, problem: str) -> None:
        output, self._unsaid = self._unsaid or b"", None
        if self._transport is not None and not self._transport.is_closing():
            if problem:
                reset(self._transport)
            else:
                self._transport.write(output)
        self._flush()

    def _follow(self, transport: asyncio.Transport) -> None:
        session = self._session
        if session.aborted:
            reset(transport)
        elif session.closed:
            transport.close()
        elif session.wants_tls and self._upgrade is None:
            # What came in clear behind STARTTLS the session throws away (RFC 3501 §6.2.1, CVE-2011-0411).
            transport.pause_reading()
            self._upgrade = asyncio.get_running_loop().create_task(self._start_tls(transport))
        elif self._upgrade is None:
            self._pace(transport)

    def _pace(self, transport: asyncio.Transport) -> None:
        """Read what the client says only while somebody has time for it."""
        reading = self._session.reading and not self._full
        if reading is not self._reading:
            self._reading = reading
            (transport.resume_reading if reading else transport.pause_reading)()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        """Go on in a turn of its own: a transport that is closed inside this call loses its connection twice."""
        self._full = False
        asyncio.get_running_loop().call_soon(self._flush)

    async def _start_tls(self, transport: asyncio.Transport) -> None:
        try:
            loop = asyncio.get_running_loop()
            secured = await loop.start_tls(transport, self, self._tls(), server_side=True)
        except (OSError, ssl.SSLError):
            transport.abort()
            return
        if secured is not None:
            self._transport = secured
            self._upgrade = None
            self._full, self._reading = False, True
            self._session.secured(*tls_of(secured))
            self._flush()
            for data in self._early:
                self.data_received(data)

    def eof_received(self) -> bool:
        self._session.receive_eof()
        self._flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self._session.closed:
            self._session.receive_eof()
        self._transport = None
        self._full = False
        self._flush()
