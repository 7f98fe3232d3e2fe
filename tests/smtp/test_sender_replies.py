"""The sender and strange servers: slow, narrow, babbling or endless: a value comes of it, never an exception or a hang."""

import asyncio
import contextlib
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.mail import Address
from mailharness.smtp import Outcome, SenderSession
from mailharness.smtp.exchange import UNASKED
from tests.smtp.scripted import BOB, CAROL, HANG_UP, HELLO, Scripted, meeting, opened, outcomes, to

VERBS = ("MAIL", "RCPT", "DATA", ".", "BDAT", "LAST", "RSET", "QUIT")
MANY = tuple(Address(f"user{number}", "b.test") for number in range(1_000))


def test_a_server_that_is_silent_until_it_has_read_all_commands() -> None:
    rcpts = sum(len(f"RCPT TO:<{address}>\r\n") for address in MANY)
    server = Scripted(("PIPELINING",), silent_until=rcpts + len("DATA\r\n"))
    (outcome,) = outcomes(server, (to(*MANY), HELLO))
    assert outcome.accepted == MANY
    assert server.received == [bytes(HELLO)]


def test_a_server_that_answers_into_buffers_which_hold_next_to_nothing() -> None:
    """Who wrote all commands first and read the replies then would wait for ever (RFC 2920 §3.1)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        writer.transport.set_write_buffer_limits(0)
        writer.write(b"220 narrow\r\n")
        answers, in_data = {b"EHLO": b"250-narrow\r\n250 PIPELINING", b"DATA": b"354 go"}, False
        while line := await reader.readline():
            if in_data and line != b".\r\n":
                continue
            answer = answers.get(line[:4].strip(), b"250 ok " + b"x" * 50)
            in_data = line == b"DATA\r\n"
            writer.write(answer + b"\r\n")
            await writer.drain()
        writer.close()

    async def run() -> Outcome:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        async with await asyncio.start_server(serve, sock=listening, limit=1024):
            sock = socket.socket()
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                sock.setsockopt(socket.SOL_SOCKET, option, 1)
            sock.connect(listening.getsockname())
            sock.setblocking(False)
            sender = SenderSession(sock, helo="mx.a.test")
            assert (await sender.open()).ok
            outcome = await asyncio.wait_for(sender.send(to(*MANY[:300]), HELLO), 30)
            await sender.quit()
            return outcome

    assert asyncio.run(run()).accepted == MANY[:300]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(
    "reply",
    [
        "150 wait",
        "650 what?",
        "hello",
        "25",
        "250ok\0",
        "\xff\xfe",
        "250-ok\r\n550 no",
        "250-ok\r\nhello\r\n250 ok",
        "250-" + "x" * 70_000,
    ],
    ids=["1xx", "6xx", "a word", "two digits", "a NUL", "octets", "two codes", "a line without a code", "endless"],
)
def test_what_is_no_reply_ends_the_session_and_is_told(verb: str, reply: str) -> None:
    (outcome,) = outcomes(Scripted(("PIPELINING",), {verb: reply}), (to(BOB, CAROL), HELLO))
    if reply == "250ok\0" and verb != "DATA":  # a blank too few, and an octet that does not matter
        assert outcome.accepted == (BOB, CAROL)
        return
    assert outcome.accepted == ()
    assert outcome.problem.startswith("protocol error")
    assert outcome.reply_lost is (verb == ".")


OPENINGS = [
    "150 wait",
    "650 what?",
    "hello",
    "25",
    "220",
    "220-x\r\n554 no",
    "220-" + "x" * 70_000,
    "220 " + "x" * 70_000,
    "\xff",
]


@pytest.mark.parametrize("verb", ["", "EHLO", "LHLO"])
@pytest.mark.parametrize("reply", OPENINGS, ids=range(len(OPENINGS)))
def test_an_opening_of_any_kind_is_a_value(verb: str, reply: str) -> None:
    server = Scripted((), {verb: [reply, "250 ok"], "HELO": "250 ok"}, lmtp=verb == "LHLO")
    opening = opened(server, session={"protocol": "lmtp" if verb == "LHLO" else "smtp"})
    assert opening.ok is (opening.reply is not None and opening.reply.is_positive and not opening.problem)
    assert opening.ok or opening.problem or (opening.reply is not None and opening.reply.code >= 400)


def test_octets_that_open_a_session_are_told_on_one_line_that_can_be_read() -> None:
    opening = opened(Scripted((), {"EHLO": "\0\x7f garbage"}))
    assert opening.problem.isprintable()
    assert opening.problem.endswith("\\x00\\x7f garbage")


@pytest.mark.parametrize(("verb", "lost"), [("MAIL", False), ("RCPT", False), (".", True)])
def test_a_go_ahead_in_the_wrong_place_is_no_yes(verb: str, lost: bool) -> None:
    (outcome,) = outcomes(Scripted(("PIPELINING",), {verb: "354 go on"}), (to(BOB), HELLO))
    assert (outcome.accepted, outcome.reply_lost) == ((), lost)
    assert "3xx" in outcome.problem


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("250-2.1.5 one\r\n250 2.1.5 two", "one\ntwo"),
        ("250-\r\n250", ""),
        ("250 " + "x" * 60_000, "x" * 60_000),
        ("250-" + "y" * 50 + "\r\n250 z", "y" * 50 + "\nz"),
    ],
)
def test_long_replies_and_those_of_several_lines_are_replies(lines: str, text: str) -> None:
    (outcome,) = outcomes(Scripted(("PIPELINING",), {".": lines}), (to(BOB), HELLO))
    assert outcome.recipients[BOB].text == text


def test_a_server_that_talks_without_being_asked_is_left() -> None:
    async def play(sender: SenderSession) -> None:
        assert (await sender.open()).ok
        outcome = await sender.send(to(BOB), HELLO)
        assert outcome.accepted == (BOB,)
        while sender.usable:
            await asyncio.get_running_loop().run_in_executor(None, int)
        again = await sender.send(to(BOB), HELLO)
        assert again.accepted == ()

    server = Scripted(("PIPELINING",), {".": "\r\n".join(["250 ok"] * (UNASKED + 20))})
    asyncio.run(meeting(server, play))
    assert server.verbs.count("MAIL") == 1


ANSWERS = st.sampled_from(
    ["250 ok", "250-a\r\n250 b", "354 go", "450 4.2.1 later", "550 5.1.1 no", "421 bye", "150 x", "no", HANG_UP, "235 yes"]
)
OFFERS = ("PIPELINING", "CHUNKING", "DSN", "LIMITS MAILMAX=1")
SCRIPTS = st.fixed_dictionaries({}, optional={verb: st.lists(ANSWERS, min_size=1, max_size=3) for verb in VERBS})


@settings(max_examples=60)
@given(
    SCRIPTS, st.sets(st.sampled_from(["PIPELINING", "CHUNKING", "DSN", "LIMITS MAILMAX=1"])), st.booleans(), st.booleans()
)
def test_whatever_a_server_answers_is_an_outcome(
    script: dict[str, list[str]], offers: set[str], lmtp: bool, chunking: bool
) -> None:
    """Nobody is taken for served whom the server has not said 250 for, and the next letter goes or is told why not."""
    found: list[Outcome] = []

    async def play(sender: SenderSession) -> None:
        assert (await sender.open()).ok
        while sender.usable and len(found) < 3:
            found.append(await sender.send(to(BOB, CAROL), HELLO))

    server = Scripted(sorted(offers), script, lmtp=lmtp)
    asyncio.run(meeting(server, play, protocol="lmtp" if lmtp else "smtp", chunking=chunking))
    for outcome in found:
        assert set(outcome.recipients) <= {BOB, CAROL}
        assert all(reply.code // 100 in (2, 4, 5) for reply in outcome.recipients.values())
        assert len(outcome.recipients) == 2 or outcome.problem
    assert sum(bool(outcome.accepted) for outcome in found) <= len(server.received)


def test_replies_that_drip_octet_by_octet() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = [
            b"220 a",
            b"250 a",
            b"250-a\r\n250 b",
            b"550-not\r\n550 you",
            b"250 yes",
            b"354 go",
            b"250 done",
            b"221 a",
        ]
        with contextlib.suppress(ConnectionError):
            for answer in script:
                for octet in answer + b"\r\n":
                    writer.write(bytes([octet]))
                    await writer.drain()
                while await reader.readline() not in (b"", b".\r\n") and answer[:3] == b"354":
                    pass
        writer.close()

    async def run() -> Outcome:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            sock = socket.create_connection(server.sockets[0].getsockname())
            sock.setblocking(False)
            sender = SenderSession(sock, helo="mx.a.test")
            assert (await sender.open()).ok
            outcome = await asyncio.wait_for(sender.send(to(BOB, CAROL), HELLO), 20)
            await sender.quit()
            return outcome

    outcome = asyncio.run(run())
    assert [str(reply) for reply in outcome.recipients.values()] == ["550-not\n550 you", "250 done"]
