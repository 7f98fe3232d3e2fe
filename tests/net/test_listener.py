"""The wire between a transport and a sans-IO session, without a socket."""

import asyncio
from typing import Any

import pytest

from mailharness.net.listener import LineWire


class Session:
    """A session that notes what it hears, and says what the test tells it to."""

    def __init__(self) -> None:
        self.heard: list[bytes | str] = []
        self.to_say = [b"hello\r\n"]
        self.wants_tls = self.closed = self.aborted = False
        self.on_output: Any = None
        self.reading = True

    def connected(self) -> None:
        self.heard.append("connected")

    def receive(self, data: bytes) -> None:
        self.heard.append(data)

    def receive_eof(self) -> None:
        self.heard.append("eof")
        self.closed = True

    def take_output(self) -> bytes:
        output, self.to_say = b"".join(self.to_say), []
        return output

    def secured(self, version: str, cipher: str) -> None:
        self.heard.append(f"secured {version}")
        self.wants_tls = False


class Transport(asyncio.Transport):
    """What went over it, and how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.ended = ""

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = self.ended or "aborted"

    def is_closing(self) -> bool:
        return bool(self.ended)


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def wire(session: Session, transport: Transport) -> LineWire:
    def no_tls() -> Any:
        raise AssertionError("nobody asked for TLS")

    wire = LineWire(session, no_tls)
    wire.connection_made(transport)
    return wire


def test_the_greeting_goes_out_as_soon_as_there_is_a_connection(wire, session, transport) -> None:
    assert (session.heard, transport.written) == (["connected"], [b"hello\r\n"])


def test_all_answers_to_one_read_leave_in_one_write(wire, session, transport) -> None:
    session.to_say += [b"one\r\n", b"two\r\n"]
    wire.data_received(b"a\r\nb\r\n")
    assert transport.written[1:] == [b"one\r\ntwo\r\n"]


def test_what_a_session_says_of_its_own_accord_goes_out_at_once(wire, session, transport) -> None:
    session.to_say.append(b"* 1 EXISTS\r\n")
    session.on_output()
    assert transport.written[-1] == b"* 1 EXISTS\r\n"


def test_a_session_that_has_ended_says_its_last_word_and_hangs_up(wire, session, transport) -> None:
    session.to_say.append(b"bye\r\n")
    session.closed = True
    wire.data_received(b"quit\r\n")
    assert (transport.written[-1], transport.ended) == (b"bye\r\n", "closed")


def test_a_session_that_was_cut_is_reset(wire, session, transport) -> None:
    session.aborted = True
    wire.data_received(b"x\r\n")
    assert transport.ended == "aborted"


def test_the_end_of_the_stream_is_told_once(wire, session, transport) -> None:
    assert wire.eof_received() is False
    wire.connection_lost(None)
    assert session.heard.count("eof") == 1
    assert session.on_output is None


def test_a_lost_connection_is_the_end_for_the_session_and_nothing_is_written_after_it(wire, session, transport) -> None:
    late = session.on_output
    wire.connection_lost(ConnectionResetError())
    session.to_say.append(b"too late\r\n")
    late()
    assert session.heard == ["connected", "eof"]
    assert transport.written == [b"hello\r\n"]


# -- where mailboxes are kept ----


class Writing:
    """A file that is behind until the test says it is not."""

    def __init__(self) -> None:
        self.is_behind = True
        self.told: list[Any] = []

    def when_written(self, told: Any) -> None:
        self.told.append(told)

    def end(self, problem: str = "") -> None:
        self.is_behind = False
        for told in self.told:
            told(problem)


@pytest.mark.parametrize(
    ("problem", "written", "ended"), [("", [b"hello\r\n", b"OK\r\nBYE\r\n"], "closed"), ("disk full", [], "aborted")]
)
def test_nothing_is_said_before_it_is_written(session, transport, problem: str, written: list[bytes], ended: str) -> None:
    async def converse() -> None:
        file = Writing()
        wire = LineWire(session, lambda: None, file)  # type: ignore[arg-type, return-value]
        wire.connection_made(transport)
        session.to_say.append(b"OK\r\nBYE\r\n")
        session.closed = True
        wire.data_received(b"quit\r\n")
        assert (transport.written, transport.ended) == ([], "")
        file.end(problem)
        turn = asyncio.Event()
        asyncio.get_running_loop().call_soon(turn.set)
        await turn.wait()
        assert (transport.written, transport.ended) == (written, ended)

    asyncio.run(converse())
