"""Clients that mean harm: each is answered or cut within the declared limits, and memory stays where it is."""

import asyncio
import contextlib
import itertools
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.smtp import limits, replies
from mailharness.smtp.receiver import Receiver
from mailharness.trace.events import Closed, Replied
from tests.smtp.stage import Client, Stage, on_stage

OPENING = b"EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\n"


class Unheard:
    """A transport in the place of a socket: what is written is only counted, and a close comes back in the next turn."""

    def __init__(self, protocol: Receiver) -> None:
        self.protocol = protocol
        self.written = bytearray()
        self.keep = True
        self.closed = False

    def write(self, octets: bytes) -> None:
        self.written += octets if self.keep else b""

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 4711) if name == "peername" else default

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


def heard(pieces: list[bytes], **options: Any) -> tuple[Stage, Unheard]:
    """What a receiver makes of these segments, and of an end of file behind them."""
    stage = Stage(**options)

    async def run() -> Unheard:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: stage.problems.append(context.get("exception")))
        protocol = stage.receiver()
        transport = Unheard(protocol)
        protocol.connection_made(transport)
        for piece in pieces:
            if not transport.closed:
                protocol.data_received(piece)
            for _ in range(3):
                await asyncio.get_running_loop().create_task(_turn())
        await stage.work.settled() if protocol._task is None or protocol._line_wanted is None else None
        if not transport.closed and not protocol.eof_received():
            transport.close()
        for _ in range(5):
            await _turn()
        return transport

    return stage, asyncio.run(run())


async def _turn() -> None:
    done = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(done.set_result, None)
    await done


LINES = (
    b"EHLO a.test|HELO a|LHLO a|MAIL FROM:<a@a.test>|MAIL FROM:<> BODY=BINARYMIME RET=HDRS ENVID=a+20b|RCPT TO:<b@b.test>|"
    b"RCPT TO:<full@b.test> NOTIFY=NEVER ORCPT=rfc822;x|RCPT TO:<nobody@b.test>|DATA|.|BDAT 5|BDAT 3 LAST|BDAT 0 LAST|"
    b"BDAT 9999999999999|BDAT x|RSET|NOOP|VRFY x|EXPN x|AUTH PLAIN|AUTH CRAM-MD5|AUTH XOAUTH2 dXNlcj1h|=|*|AGJvYgBh|"
    b"HELP|XCLIENT NAME=a|STARTTLS|QUIT||\0|\xff\xfe|" + b"x" * 600
).split(b"|")
SPOKEN = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from([b"\r\n"] * 4 + [b"\n", b"\r", b""])), max_size=25)


@given(
    st.one_of(st.binary(max_size=300), SPOKEN.map(lambda lines: b"".join(line + end for line, end in lines))),
    st.lists(st.integers(0, 2000), max_size=12),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_any_octets_in_any_segments_are_replies_or_a_clean_close(octets: bytes, cuts: list[int], lmtp: bool) -> None:
    places = sorted({min(cut, len(octets)) for cut in cuts} | {0, len(octets)})
    pieces = [octets[start:end] for start, end in itertools.pairwise(places)]
    stage, transport = heard(pieces, lmtp=lmtp, offer_auth=True, max_size=1000)
    assert stage.problems == []
    assert transport.closed
    assert len(stage.story(Closed)) == 1
    lines = bytes(transport.written).split(b"\r\n")
    assert lines.pop() == b""
    assert all(line[:3].isdigit() and line[3:4] in b" -" for line in lines)
    assert stage.work.idle


def test_the_segments_of_a_conversation_change_nothing() -> None:
    said = (
        OPENING + b"BDAT 4\r\nab\r\nBDAT 2 LAST\r\n\r\nMAIL FROM:<>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n..x\r\n.\r\nQUIT\r\n"
    )
    whole, at_once = heard([said])
    single, dripped = heard([said[n : n + 1] for n in range(len(said))])
    assert at_once.written == dripped.written
    assert (
        [message for _, message in whole.desk.kept]
        == [message for _, message in single.desk.kept]
        == [b"ab\r\n\r\n", b".x\r\n"]
    )


def test_200_000_unknown_commands() -> None:
    stage, transport = heard([b"XYZZY\r\n" * 20_000] * 10)
    assert transport.written.count(b"500 5.5.1") == limits.UNKNOWN_COMMANDS - 1
    assert transport.written.endswith(b"421 4.7.0 Too many errors, closing\r\n")
    assert len(stage.story(Replied)) == limits.UNKNOWN_COMMANDS + 1


def test_100_000_resets_are_answered() -> None:
    stage, transport = heard([b"RSET\r\n" * 10_000] * 10)
    assert transport.written.count(b"250 2.0.0 Flushed\r\n") == 100_000
    assert stage.work.idle


@pytest.mark.parametrize("before", [b"", OPENING + b"DATA\r\n", b"AUTH PLAIN\r\n"])
def test_a_line_without_an_end_costs_no_memory(before: bytes) -> None:
    """16 MB by segments of 64 kB; what is kept does not grow from the first to the last."""
    grown: list[int] = []

    async def run() -> None:
        stage = Stage(max_size=100_000, offer_auth=True)
        protocol = stage.receiver()
        transport = Unheard(protocol)
        protocol.connection_made(transport)
        protocol.data_received(b"EHLO a\r\n" + before)
        await _turn()
        tracemalloc.start()
        for n in range(256):
            protocol.data_received(b"x" * 65_536)
            if n == 8:
                tracemalloc.reset_peak()
                grown.append(tracemalloc.get_traced_memory()[0])
        grown.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        transport.close()
        await _turn()

    asyncio.run(run())
    assert grown[1] - grown[0] < 400_000


GIGABYTE = {
    "a command": (b"", b"500 5.5.6 Command line too long\r\n250 2.0.0 OK\r\n"),
    "an answer to a challenge": (
        b"AUTH PLAIN\r\n",
        b"500 5.5.6 Authentication exchange line is too long\r\n250 2.0.0 OK\r\n",
    ),
    "a message": (OPENING + b"DATA\r\n", replies.rendered(replies.TOO_MUCH)[1]),
    "a chunk": (OPENING + b"BDAT 1073741824\r\n", replies.rendered(replies.TOO_MUCH)[1]),
}


@pytest.mark.parametrize(("before", "said"), GIGABYTE.values(), ids=GIGABYTE)
def test_a_gigabyte_in_one_line_is_answered_or_cut(before: bytes, said: bytes) -> None:
    piece = b"x" * 65_536

    async def run() -> bytes:
        protocol = Stage(max_size=100_000, offer_auth=True).receiver()
        transport = Unheard(protocol)
        protocol.connection_made(transport)
        protocol.data_received(b"EHLO a\r\n" + before)
        await _turn()
        tracemalloc.start()
        for _ in range(2**30 // len(piece)):
            if not transport.closed:
                protocol.data_received(piece)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()
        if not transport.closed:
            protocol.data_received(b"\r\nNOOP\r\n")
            await _turn()
            await _turn()
        transport.close()
        await _turn()
        return bytes(transport.written)

    assert asyncio.run(run()).endswith(said)


LIES = {
    "more than it says": (b"BDAT 4 LAST\r\nhi\r\nQUIT\r\n", b"250 2.0.0 Queued\r\n221 2.0.0 Bye\r\n", [b"hi\r\n"]),
    "commands in it": (b"BDAT 12\r\nRSET\r\nQUIT\r\nQUIT\r\n", b"12 octets received\r\n221 2.0.0 Bye\r\n", []),
}


@pytest.mark.parametrize(("lie", "said", "kept"), LIES.values(), ids=LIES)
def test_a_bdat_that_lies(lie: bytes, said: bytes, kept: list[bytes]) -> None:
    stage, transport = heard([OPENING + lie])
    assert bytes(transport.written).endswith(said)
    assert ([message for _, message in stage.desk.kept], stage.problems) == (kept, [])


def test_10_000_recipients() -> None:
    rcpts = b"".join(b"RCPT TO:<u%d@b.test> NOTIFY=NEVER\r\n" % n for n in range(10_000))

    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(b"EHLO a.test\r\nMAIL FROM:<a@a.test>\r\n" + rcpts + b"DATA\r\nx\r\n.\r\nQUIT\r\n")
        said = await client.reader.read()
        assert (said.count(b"250 2.1.5"), said.count(b"452 4.5.3")) == (1000, 9000)
        assert said.endswith(b"354 End data with <CR><LF>.<CR><LF>\r\n250 2.0.0 Queued\r\n221 2.0.0 Bye\r\n")

    ((envelope, _),) = on_stage(play).desk.kept
    assert len(envelope.recipients) == len(envelope.requests) == 1000


SLOW = {
    "nothing at all": [],
    "half a command": [b"EH", b"LO", b" a", b".t", b"est"],
    "an answer to a challenge": [b"EHLO a\r\nAUTH PLAIN\r\n", b"A", b"G", b"J"],
    "a message octet by octet": [OPENING + b"DATA\r\n", *[b"x"] * 8],
    "a chunk": [OPENING + b"BDAT 1000\r\n", *[b"x"] * 8],
}


@pytest.mark.parametrize("pieces", SLOW.values(), ids=SLOW.keys())
def test_a_client_that_drips_is_cut(pieces: list[bytes]) -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()

        async def drip(client: Client) -> None:
            for piece in pieces:
                client.say(piece)
                await heartbeat()

        dripping = asyncio.ensure_future(drip(client))
        with contextlib.suppress(ConnectionError):  # a drop that meets a closed door may take the last word away
            await client.reader.read()
        dripping.cancel()

    stage = on_stage(play, Stage(timeout=0.06, offer_auth=True))
    assert stage.story(Replied)[-1].text == "421 4.4.2 Idle for too long, closing"
    assert ([event.how for event in stage.story(Closed)], stage.problems) == (["cut"], [])


async def heartbeat() -> None:
    """A real 20 ms: less than the time-out of these tests."""
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()
    loop.call_later(0.02, lambda: None if waiter.done() else waiter.set_result(None))
    await waiter


def test_one_that_goes_on_is_not() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        for _ in range(10):
            assert (await client.ask("NOOP"))[:3] == "250"
            await heartbeat()
        client.say(b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n")
        for _ in range(4):
            await client.reply()
        for _ in range(10):
            client.say(b"x" * limits.PROGRESS)
            await heartbeat()
        assert (await client.ask(b"\r\n.\r\n"))[:3] == "250"

    assert on_stage(play, Stage(timeout=0.1)).problems == []


def test_half_closed_behind_a_pipeline() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(OPENING + b"BDAT 2 LAST\r\nx\nNOOP\r\n")
        client.writer.write_eof()
        said = (await client.reader.read()).split(b"\r\n")
        assert [line[:3] for line in said[-3:]] == [b"550", b"250", b""]

    assert on_stage(play).problems == []
