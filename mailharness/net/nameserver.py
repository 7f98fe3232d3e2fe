"""Name servers: datagrams and connections in, answers out, for every authority and resolver of a world.

One socket serves them all; the address a question was sent to tells who is asked. The datagram side drains what has
come in one turn of the loop, so a burst is not lost to a full buffer.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable

from mailharness.dns import Asked, Authority, Response, read_query, respond, write_response
from mailharness.faults import PASS, Verdict
from mailharness.mail import NO_COPY, Copy
from mailharness.net.resolver import HostResolver
from mailharness.net.sockets import destination, from_address
from mailharness.trace.events import Event, Queried, Responded

Send = Callable[[bytes], None]


class Nameserver:
    """All name servers of one world; who is asked is found by address, and made when it is asked first."""

    def __init__(
        self,
        server_at: Callable[[str], Authority | HostResolver | None],
        announce: Callable[[Event], Verdict],
        name_of: Callable[[str], str],
        copy_of: Callable[[str, int], Copy],
        is_listening: Callable[[str], bool],
    ) -> None:
        self._server_at = server_at
        self._announce = announce
        self._name_of = name_of
        self._copy_of = copy_of
        self._is_listening = is_listening
        self._tasks: set[asyncio.Task[None]] = set()

    def read_datagrams(self, sock: socket.socket) -> None:
        """Answer what has come in on ``sock``; called by the loop when there is something."""
        for _ in range(256):
            try:
                data, ancillary, _, peer = sock.recvmsg(65_535, 256)
            except OSError:
                return
            asked = destination(ancillary, sock.getsockname()[0])

            def send(wire: bytes, asked: str = asked, peer: tuple[str, int] = peer) -> None:
                with contextlib.suppress(OSError):  # the asker is gone: as lost as any datagram
                    sock.sendmsg([wire], from_address(asked), 0, peer)

            self.take(data, asked, peer[0], send, tcp=False)

    def take(self, packet: bytes, asked: str, asker: str, send: Send, *, tcp: bool) -> None:
        """One question to the server at ``asked``; the answer goes to ``send`` now, later or never."""
        if not self._is_listening(asked):
            return
        server = self._server_at(asked)
        if isinstance(server, Authority):
            self._answer(server, packet, asker, send, tcp=tcp)
        elif server is not None:
            task = asyncio.get_running_loop().create_task(_recurse(server, packet, send, tcp=tcp))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _answer(self, authority: Authority, packet: bytes, asker: str, send: Send, *, tcp: bool) -> None:
        sent = respond(authority, packet, tcp=tcp)
        if sent is None:
            return
        about = sent.about
        of = self._copy_of(asker, int.from_bytes(packet[:2], "big"))
        by, transport = self._name_of(asker), "tcp" if tcp else "udp"
        query = Queried(host=authority.name, of=of, by=by, name=about.name, rrtype=about.rrtype, transport=transport)
        if self._announce(query) is not PASS:
            return
        send(sent.wire)
        self._announce(
            Responded(
                host=authority.name,
                of=of,
                by=by,
                name=about.name,
                rrtype=about.rrtype,
                rcode=about.rcode,
                answers=about.answers,
                referral=about.referral,
                transport=transport,
            )
        )


async def _recurse(resolver: HostResolver, packet: bytes, send: Send, *, tcp: bool) -> None:
    """A client's question to a resolver, which recurses where it is asked to (RFC 1034 §4.3.1), else recalls."""
    asked = read_query(packet)
    if isinstance(asked, Asked):
        name, rrtype = asked.question
        recurses = asked.rd and not asked.refusal
        answer = await resolver.resolve(name, rrtype, NO_COPY) if recurses else resolver.recall(name, rrtype)
        response = answer.response if answer else Response(asked.question, "REFUSED", ra=True)
        send(write_response(asked, response, tcp=tcp))
    elif asked is not None:
        send(asked.wire)


class DnsConnection(asyncio.Protocol):
    """DNS over TCP: questions behind a two-octet length, several a connection, pipelined (RFC 7766 §6.2.1)."""

    def __init__(self, nameserver: Nameserver, asked: str, asker: str) -> None:
        self._nameserver = nameserver
        self._asked = asked
        self._asker = asker
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 2:
            size = int.from_bytes(self._buffer[:2], "big")
            if len(self._buffer) < size + 2:
                return
            packet = bytes(self._buffer[2 : size + 2])
            del self._buffer[: size + 2]
            self._nameserver.take(packet, self._asked, self._asker, self._send, tcp=True)

    def _send(self, wire: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(struct.pack("!H", len(wire)) + wire)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._transport = None
