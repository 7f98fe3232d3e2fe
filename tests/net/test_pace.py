"""How fast a wire reads and writes: neither a client that says too much nor one that hears nothing fills the memory."""

import asyncio
import socket
from typing import Any

import pytest

from mailharness.faults import Delay
from mailharness.mailbox.session import INPUT_LIMIT, OUTPUT_LIMIT
from mailharness.net.listener import LineWire
from mailharness.pop3 import Pop3Session
from mailharness.trace.events import Closed, Commanded, Fetched
from tests.pop3.stage import Stage

HIGH_WATER = 65_536
AT_ONCE = 4_096
"""Octets that a client's machine hands over in one read."""
LETTER = b"Subject: long\r\n\r\n" + b"a line of it\r\n" * 100


class Narrow(asyncio.Transport):
    """A transport with a high-water mark, to a client that hears nothing until ``hear``; by its reading flag it is fed."""

    def __init__(self, wire: LineWire) -> None:
        super().__init__()
        self.wire = wire
        self.unsent = bytearray()
        self.most = 0
        self.reading = True
        self.turns = 0
        self.ended = ""

    def write(self, data: Any) -> None:
        was_low = len(self.unsent) <= HIGH_WATER
        self.unsent += data
        self.most = max(self.most, len(self.unsent))
        if was_low and len(self.unsent) > HIGH_WATER:
            self.wire.pause_writing()

    def hear(self) -> bytes:
        heard = bytes(self.unsent)
        self.unsent.clear()
        if len(heard) > HIGH_WATER:
            asyncio.run(self._resume())
        return heard

    async def _resume(self) -> None:
        """Tell the wire inside a loop that is over when all has run that was to run soon."""
        self.wire.resume_writing()

    def say(self, data: bytes) -> bytes:
        """Give the wire as much of ``data`` as it reads; returns the rest."""
        while data and self.reading:
            self.wire.data_received(data[:AT_ONCE])
            data = data[AT_ONCE:]
        return data

    def pause_reading(self) -> None:
        assert self.reading, "paused twice"
        self.reading = False
        self.turns += 1

    def resume_reading(self) -> None:
        assert not self.reading, "resumed twice"
        self.reading = True
        self.turns += 1

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def is_closing(self) -> bool:
        return bool(self.ended)


@pytest.fixture
def stage() -> Stage:
    return Stage(LETTER)


def connect(session: Pop3Session) -> Narrow:
    def no_tls() -> Any:
        raise AssertionError("nobody asked for TLS")

    transport = Narrow(LineWire(session, no_tls))
    session.connected = lambda: None  # type: ignore[method-assign]  # the stage has let it greet
    transport.wire.connection_made(transport)
    return transport


def fetched(stage: Stage) -> int:
    return sum(isinstance(event, Fetched) for event in stage.events)


def test_ten_thousand_commands_of_a_client_that_reads_nothing_wait_outside(stage: Stage) -> None:
    transport = connect(stage.logged_in())
    rest = transport.say(b"RETR 1\r\n" * 10_000 + b"QUIT\r\n")
    assert fetched(stage) < 150
    assert len(rest) > 70_000
    assert not transport.reading
    heard = 0
    while not transport.ended:
        heard += transport.hear().count(b"Subject: long")
        rest = transport.say(rest)
    heard += transport.hear().count(b"Subject: long")
    assert (heard, fetched(stage), rest) == (10_000, 10_000, b"")
    assert transport.most <= HIGH_WATER + OUTPUT_LIMIT + 2 * len(LETTER)


def test_what_waits_behind_a_delay_is_bounded_and_is_then_answered(stage: Stage) -> None:
    session = stage.logged_in()
    transport = connect(session)
    stage.arm(Commanded, Delay(60), "STAT", times=1)
    rest = transport.say(b"STAT\r\n" + b"NOOP\r\n" * 20_000)
    assert INPUT_LIMIT - 2 * AT_ONCE < 120_006 - len(rest) <= INPUT_LIMIT + 2 * AT_ONCE
    asyncio.run(stage.clock.advance(60))
    assert transport.reading
    heard = 0
    for _ in range(3):
        rest = transport.say(rest)
        heard += transport.hear().count(b"\r\n")
    assert (heard, rest) == (20_001, b"")


def test_a_client_that_keeps_pace_is_never_paused(stage: Stage) -> None:
    transport = connect(stage.logged_in())
    for _ in range(200):
        assert transport.say(b"RETR 1\r\n" * 10) == b""
        transport.hear()
    assert (fetched(stage), transport.turns) == (2_000, 0)


@pytest.mark.parametrize("delayed", [False, True])
def test_who_is_lost_with_much_unsaid_leaves_nothing_locked(stage: Stage, delayed: bool) -> None:
    session = stage.logged_in()
    transport = connect(session)
    if delayed:
        stage.arm(Commanded, Delay(60), "STAT", times=1)
    transport.say(b"STAT\r\n" + b"RETR 1\r\n" * 10_000)
    transport.wire.connection_lost(ConnectionResetError())
    asyncio.run(stage.clock.advance(60))
    assert (session.closed, session.take_output(), stage.bob.maildrop_locked) == (True, b"", False)
    assert [event.how for event in stage.events if isinstance(event, Closed)] == ["eof"]
    assert session.on_output is None


# -- a real transport ----


class Narrowed(LineWire):
    """A wire whose transport goes on only when all of it is sent, so that the last answer finds it empty."""

    lost = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=0)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost += 1
        super().connection_lost(exc)


async def converse(wire: LineWire, said: bytes) -> bytes:
    """Say it all, then hear all that comes; whatever asyncio complains of meanwhile is raised."""
    loop, complaints = asyncio.get_running_loop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        await loop.sock_sendall(theirs, said)
        await loop.connect_accepted_socket(lambda: wire, ours)
        heard = bytearray()
        while data := await loop.sock_recv(theirs, AT_ONCE):
            heard += data
    assert not complaints
    return bytes(heard)


def test_a_farewell_behind_much_is_heard_and_the_connection_is_lost_once() -> None:
    stage = Stage(LETTER + b"y" * OUTPUT_LIMIT)
    wire = Narrowed(stage.logged_in(), lambda: pytest.fail("nobody asked for TLS"))
    heard = asyncio.run(converse(wire, b"RETR 1\r\nQUIT\r\n"))
    assert (heard.count(b"Subject: long"), heard[-20:], wire.lost) == (1, b"+OK bye, 0 removed\r\n", 1)
