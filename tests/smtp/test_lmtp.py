"""LMTP: its own hello, and one reply a recipient behind the data, whatever a fault makes of them (RFC 2033)."""

import asyncio
import smtplib
from typing import Any

import pytest

from mailharness.faults import PASS, Answer, Delay, Drop, Fault
from mailharness.trace.events import LMTP, DataEnded, Refused, Replied
from tests.smtp.stage import Stage, on_stage, until

HELLO = ("LHLO a.test", "250-mail.b.test")
MAIL, BOB, FULL, AMY = (
    ("MAIL FROM:<a@a.test>", "250 2.1.0"),
    ("RCPT TO:<b@b.test>", "250 2.1.5"),
    ("RCPT TO:<full@b.test>", "250 2.1.5"),
    ("RCPT TO:<amy@b.test>", "250 2.1.5"),
)
DATA, DOT = ("DATA", "354"), b"Subject: x\r\n\r\nx\r\n.\r\n"
TAKEN, NO_ROOM = ("", "250 2.0.0 Queued"), ("", "452 4.2.2")
CONVERSATIONS: dict[str, list[Any]] = {
    "its own hello": [("EHLO a.test", "500 5.5.1"), ("HELO a.test", "500 5.5.1"), HELLO, MAIL, ("QUIT", "221")],
    "one reply each": [HELLO, MAIL, BOB, FULL, AMY, DATA, (DOT, "250"), NO_ROOM, TAKEN, ("NOOP", "250 2.0.0 OK")],
    "one alone": [HELLO, MAIL, BOB, DATA, (DOT, "250 2.0.0 Queued"), ("NOOP", "250 2.0.0 OK")],
    "none that can": [HELLO, MAIL, FULL, DATA, (DOT, "452 4.2.2"), MAIL],
    "the same twice": [HELLO, MAIL, BOB, BOB, DATA, (DOT, "250 2.0.0 Queued"), TAKEN, MAIL],
    "no recipient": [HELLO, MAIL, ("RCPT TO:<nobody@b.test>", "550 5.1.1"), ("DATA", "503 5.5.1"), BOB],
    "in chunks": [
        HELLO,
        MAIL,
        BOB,
        FULL,
        (b"BDAT 3\r\nx\r\n", "250 2.0.0 3"),
        ("BDAT 0 LAST", "250"),
        NO_ROOM,
        ("RSET", "250"),
    ],
    "refused as a whole": [HELLO, MAIL, BOB, AMY, DATA, (b"a\nb\r\n.\r\n", "550 5.5.2"), ("", "550 5.5.2"), MAIL],
}


async def converse(stage: Stage, conversation: list[Any]) -> None:
    client = await stage.client()
    assert (await client.reply()).startswith("220 mail.b.test LMTP")
    for said, expected in conversation:
        client.say(f"{said}\r\n" if isinstance(said, str) and said else said)
        reply = await client.reply()
        assert reply.startswith(expected), f"{said!r}: {reply!r}"
    client.leave()


@pytest.mark.parametrize("conversation", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
def test_a_conversation(conversation: list[Any]) -> None:
    stage = on_stage(lambda stage: converse(stage, conversation), Stage(lmtp=True))
    assert stage.problems == []
    assert {event.protocol for event in stage.story(Replied)} == {LMTP}


def test_who_is_refused_behind_the_dot_is_told_of_one_by_one() -> None:
    stage = on_stage(lambda stage: converse(stage, CONVERSATIONS["one reply each"]), Stage(lmtp=True))
    assert [(str(event.recipient), event.reply.status) for event in stage.story(Refused)] == [("full@b.test", "4.2.2")]
    ((envelope, _),) = stage.desk.kept
    assert [address.local for address in envelope.recipients] == ["b", "amy"]


def test_a_fault_at_the_end_of_the_data_is_said_to_each() -> None:
    stage = Stage(lmtp=True)
    answer = Answer("451 4.3.2 not now")
    stage.switchboard.arm(Fault("not now", lambda event: answer if isinstance(event, DataEnded) else PASS, 1))
    late = [("", "451 4.3.2"), MAIL]
    on_stage(lambda stage: converse(stage, [HELLO, MAIL, BOB, AMY, DATA, (DOT, "451 4.3.2"), *late]), stage)
    assert stage.desk.kept == []


def test_a_late_reply_keeps_its_place() -> None:
    stage = Stage(lmtp=True)
    slow = lambda event: Delay(5) if isinstance(event, Replied) and "4.2.2" in event.text else PASS  # noqa: E731
    stage.switchboard.arm(Fault("slow", slow, 1))

    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(
            "LHLO a\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nRCPT TO:<full@b.test>\r\nRCPT TO:<amy@b.test>\r\n"
        )
        client.say(b"DATA\r\n" + DOT + b"NOOP\r\n")
        assert [(await client.reply())[:3] for _ in range(8)][-2:] == ["354", "250"]
        await stage.work.settled()
        await stage.clock.advance(5)
        assert [(await client.reply())[:9] for _ in range(3)] == ["452 4.2.2", "250 2.0.0", "250 2.0.0"]

    assert on_stage(play, stage).problems == []


def test_behind_a_reply_that_is_withheld_comes_none() -> None:
    """They are told apart by their order alone."""
    silent = Fault("silent", lambda event: Drop() if isinstance(event, Replied) and "Queued" in event.text else PASS, 1)

    async def play(stage: Stage) -> None:
        stage.switchboard.arm(silent)
        client = await stage.client()
        client.say("LHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nRCPT TO:<amy@b.test>\r\nDATA\r\n")
        for _ in range(6):
            await client.reply()
        client.say(DOT)
        await until(lambda: stage.desk.kept)
        await until(lambda: stage.work.idle)
        client.writer.write_eof()
        assert await client.reader.read() == b""

    assert len(on_stage(play, Stage(lmtp=True)).desk.kept) == 1


def test_smtplib_delivers_by_lmtp() -> None:
    refused: list[object] = []

    def send(host: str, port: int) -> None:
        with smtplib.LMTP(host, port) as lmtp:
            refused.append(lmtp.sendmail("a@a.test", ["b@b.test", "nobody@b.test"], b"hello\r\n"))

    async def play(stage: Stage) -> None:
        await asyncio.to_thread(send, *stage.address[:2])

    stage = on_stage(play, Stage(lmtp=True))
    assert [message for _, message in stage.desk.kept] == [b"hello\r\n"]
    assert refused == [{"nobody@b.test": (550, b"5.1.1 No such user")}]
