"""Our sender and servers of others: smtp-sink with each extension hidden, and a real Postfix that tells what it took."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

import pytest

from mailharness.mail import Address, DsnRequest, Envelope, Message
from mailharness.smtp import Outcome, SenderSession
from tests.interop.receivers import postfix, smtp_sink

ALICE = Address("alice", "a.test")
BOB, CAROL, UE = (Address(local, "b.test") for local in ("bob", "carol", "ü"))
REQUESTS = MappingProxyType({BOB: DsnRequest(frozenset({"SUCCESS", "DELAY"}), "rfc822;Bob+1@b.test"), CAROL: DsnRequest()})
REPORTED = Envelope(ALICE, (BOB, CAROL), ret="HDRS", envid="QQ+314 159", requests=REQUESTS)
HEADER = (
    b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
)
EIGHT = Message(HEADER + "für dich\r\n.\r\n..x\r\n".encode())
Program = Callable[[str], str]
Spoken = Literal["smtp", "lmtp"]


def sent(
    sock: socket.socket,
    *letters: tuple[Envelope, Message],
    protocol: Spoken = "smtp",
    chunking: bool = False,
) -> list[Outcome]:
    """What becomes of each letter in one session."""

    async def play() -> list[Outcome]:
        session = SenderSession(sock, helo="mx.a.test", protocol=protocol, chunking=chunking)
        opening = await session.open()
        assert opening.ok, opening
        outcomes = [await session.send(*letter) for letter in letters]
        assert await session.quit() is not None
        return outcomes

    return asyncio.run(asyncio.wait_for(play(), 30))


MAIL = "BODY=8BITMIME RET=HDRS ENVID=QQ+2B314+20159"
RCPT = "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2B1@b.test"
SINKS: dict[str, tuple[tuple[str, ...], Spoken, str, str, str]] = {
    "all it has": ((), "smtp", MAIL, RCPT, "für"),
    "one by one": (("-p",), "smtp", MAIL, RCPT, "für"),
    "no DSN": (("-N",), "smtp", "BODY=8BITMIME", "", "für"),
    "seven bits": (("-8", "-N"), "smtp", "", "", "f=C3=BCr"),
    "no extension": (("-e",), "smtp", "", "", "f=C3=BCr"),
    "LMTP": (("-L",), "lmtp", MAIL, RCPT, "für"),
}


@pytest.mark.parametrize(("options", "protocol", "mail", "rcpt", "word"), SINKS.values(), ids=SINKS)
def test_smtp_sink(program: Program, options: Sequence[str], protocol: Spoken, mail: str, rcpt: str, word: str) -> None:
    with smtp_sink(program, *options) as (sock, dump):
        (outcome, again) = sent(sock, (REPORTED, EIGHT), (Envelope(ALICE, (BOB,)), EIGHT), protocol=protocol)
        told = dump.read_text().splitlines()
    assert outcome.accepted == (BOB, CAROL)
    assert again.accepted == (BOB,)
    assert outcome.relayed_without_dsn == (() if rcpt else (BOB,))
    assert f"X-Mail-Args: <alice@a.test> {mail}".rstrip() in told
    assert f"X-Rcpt-Args: <bob@b.test> {rcpt}".rstrip() in told
    assert told.count(f"{word} dich") == 2
    assert told.count("..x") == 2


@pytest.mark.parametrize(("command", "reached"), [("MAIL", False), ("RCPT", False), ("DATA", False), (".", True)])
@pytest.mark.parametrize(("option", "code"), [("-r", 450), ("-f", 500)])
def test_an_smtp_sink_that_refuses(program: Program, command: str, reached: bool, option: str, code: int) -> None:
    with smtp_sink(program, option, command) as (sock, dump):
        (outcome,) = sent(sock, (Envelope(ALICE, (BOB, CAROL)), EIGHT))
        assert dump.exists() is reached
    assert [reply.code for reply in outcome.recipients.values()] == [code, code]


def test_a_thousand_recipients_in_one_group(program: Program) -> None:
    everyone = tuple(Address(f"user{number}", "b.test") for number in range(1_000))
    with smtp_sink(program) as (sock, _):
        (outcome,) = sent(sock, (Envelope(ALICE, everyone), EIGHT))
    assert outcome.accepted == everyone


@pytest.mark.parametrize("chunking", [False, True])
def test_postfix_takes_the_letter_and_what_is_asked_of_reports(program: Program, chunking: bool) -> None:
    with postfix(program) as server:
        (outcome,) = sent(server.sock, (REPORTED, EIGHT), chunking=chunking)
        told = server.envelope
        assert server.letter.endswith("\n\nfür dich\n.\n..x\n")
    assert outcome.accepted == (BOB, CAROL)
    attributes = ("envelope_id=QQ+314 159", "ret_flags=2", "notify_flags=10", "dsn_orig_rcpt=rfc822;Bob+1@b.test")
    assert {f"named_attribute: {words}" for words in attributes} <= set(told)
    assert told.index("named_attribute: dsn_orig_rcpt=rfc822;Bob+1@b.test") < told.index("recipient: bob@b.test")


def test_postfix_takes_what_is_written_in_utf8_and_is_spared_what_it_cannot_take(program: Program) -> None:
    international = Message("Subject: Grüße\r\n\r\nhello\r\n".encode())
    requests = MappingProxyType({UE: DsnRequest(None, "utf-8;ü@b.test")})
    large = Message(b"Subject: x\r\n\r\n".ljust(3_000_000, b"x") + b"\r\n")
    to_bob = Envelope(ALICE, (BOB,))
    with postfix(program) as server:
        taken, binary, too_large = sent(
            server.sock,
            (Envelope(UE, (UE,), smtputf8=True, requests=requests), international),
            (replace(to_bob, binary=True), EIGHT),
            (to_bob, large),
        )
        told = server.envelope
        assert "Subject: Grüße\n" in server.letter
    assert taken.accepted == (UE,)
    assert {"sender: ü@b.test", "recipient: ü@b.test"} <= set(told)
    assert [str(outcome.recipients[BOB])[:9] for outcome in (binary, too_large)] == ["554 5.6.3", "552 5.3.4"]
    assert binary.unasked == too_large.unasked == (BOB,)
