"""Who asks a name server, and the way back: a datagram is answered or not, a connection carries many questions."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from mailharness.net.listener import reset
from mailharness.net.sockets import from_address

OWED = 256
"""So many answers a connection may wait for before it is read on."""


class Asker(Protocol):
    """Who asked, and the way back to them: of the three verbs one is called for every packet."""

    at: str
    """The address that was asked."""
    address: str
    transport: str

    def send(self, wire: bytes) -> None: ...
    def leave(self) -> None: ...
    def cut(self) -> None: ...


class Datagram:
    """The way back to who sent a datagram."""

    __slots__ = ("_peer", "_sock", "address", "at")
    transport = "udp"

    def __init__(self, sock: socket.socket, at: str, peer: tuple[str, int]) -> None:
        self.at = at
        self.address = peer[0]
        self._sock = sock
        self._peer = peer

    def send(self, wire: bytes) -> None:
        with contextlib.suppress(OSError):  # the asker is gone: as lost as any datagram
            self._sock.sendmsg([wire], from_address(self.at), 0, self._peer)

    def leave(self) -> None:
        """Nothing is owed to who sent a datagram."""

    def cut(self) -> None:
        """There is no connection to cut."""


class DnsConnection(asyncio.Protocol):
    """DNS over TCP: questions behind a two-octet length, several a connection, pipelined, answered as the answers come
    (RFC 7766 §6.2.1). A client that does not take its answers is not read, and one that has said its last word gets them
    all before the connection ends."""

    transport = "tcp"

    def __init__(self, take: Callable[[bytes, Asker], None], at: str, address: str) -> None:
        self.at = at
        self.address = address
        self._take_packet = take
        self._buffer = bytearray()
        self._connection: asyncio.Transport | None = None
        self._owed = 0
        self._full = self._ended = self._taking = False
        self._reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._connection = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._take()

    def _take(self) -> None:
        """Pass on what is complete, as long as there is room for the answers."""
        if self._taking:
            return
        self._taking = True
        start = 0
        while self._has_room and (packet := self._packet(start)) is not None:
            start += len(packet) + 2
            self._owed += 1
            self._take_packet(packet, self)
        del self._buffer[:start]
        self._taking = False
        self._pace()

    def _packet(self, start: int) -> bytes | None:
        size = int.from_bytes(self._buffer[start : start + 2], "big")
        end = start + 2 + size
        return bytes(self._buffer[start + 2 : end]) if start + 2 <= len(self._buffer) >= end else None

    @property
    def _has_room(self) -> bool:
        connection = self._connection
        return connection is not None and not (connection.is_closing() or self._full) and self._owed < OWED

    def _pace(self) -> None:
        connection = self._connection
        if connection is None or connection.is_closing():
            return
        if self._ended:
            if not self._owed and self._packet(0) is None:
                connection.close()
        elif self._has_room is not self._reading:
            self._reading = self._has_room
            (connection.resume_reading if self._reading else connection.pause_reading)()

    # -- the way back ----

    def send(self, wire: bytes) -> None:
        if self._connection is not None and not self._connection.is_closing():
            self._connection.write(struct.pack("!H", len(wire)) + wire)
        self.leave()

    def leave(self) -> None:
        self._owed -= 1
        self._take()

    def cut(self) -> None:
        if self._connection is not None:
            reset(self._connection)

    # -- what the transport tells ----

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._take()

    def eof_received(self) -> bool:
        self._ended = True
        self._take()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._connection = None
        self._buffer.clear()
