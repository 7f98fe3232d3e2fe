"""The extensions of a receiver: what each lets a client ask, how it is refused, and what is left when it is hidden."""

from ipaddress import ip_network
from typing import Any

import pytest

from mailharness.mail import Address, DsnRequest, Envelope
from mailharness.smtp.extensions import EXTENSIONS
from mailharness.trace.events import Closed, Refused, Replied
from tests.smtp.stage import Stage, on_stage
from tests.smtp.test_security import contexts, upgraded

HELLO = ("EHLO a.test", "250-mail.b.test")
MAIL, RCPT = ("MAIL FROM:<a@a.test>", "250 2.1.0"), ("RCPT TO:<b@b.test>", "250 2.1.5")
DATA = [("DATA", "354"), (b"Subject: x\r\n\r\nx\r\n.\r\n", "250 2.0.0")]
BOB, AMY = Address("b", "b.test"), Address("amy", "b.test")


async def converse(stage: Stage, lines: list[Any]) -> None:
    client = await stage.client()
    await client.reply()
    for said, expected in lines:
        reply = await client.ask(said)
        assert reply.startswith(expected), f"{said!r}: {reply!r}"
        assert expected or not reply
    client.leave()


def told(lines: list[Any], **options: Any) -> Stage:
    stage = on_stage(lambda stage: converse(stage, lines), Stage(**options))
    assert stage.problems == []
    return stage


def envelope_of(mail: str, *rcpt: str, **options: Any) -> Envelope:
    commands = [(f"MAIL FROM:<a@a.test> {mail}", "250"), *((f"RCPT TO:{to}", "250") for to in rcpt)]
    ((envelope, _),) = told([HELLO, *commands, *DATA], **options).desk.kept
    return envelope


# -- DSN ----


def test_what_is_asked_of_reports_is_in_the_envelope() -> None:
    envelope = envelope_of(
        "RET=hdrs ENVID=Qq+2B314159",
        "<b@b.test> NOTIFY=success,DELAY ORCPT=rfc822;Bob+2B@Ce.example",
        "<amy@b.test> NOTIFY=NEVER",
        "<nobody2@b.test>",
    )
    assert (envelope.ret, envelope.envid) == ("HDRS", "Qq+314159")
    assert envelope.requests == {
        BOB: DsnRequest(frozenset({"SUCCESS", "DELAY"}), "rfc822;Bob+@Ce.example"),
        AMY: DsnRequest(frozenset({"NEVER"})),
    }


@pytest.mark.parametrize(
    ("written", "orcpt"),
    [
        (r"utf-8;j\x{FC}rgen@b.test", "utf-8;jürgen@b.test"),
        ("UTF-8;jürgen@b.test", "UTF-8;jürgen@b.test"),
        (r"utf-8;a\x{2B}b@b.test", "utf-8;a+b@b.test"),
        ("x400;/G=Bob/S=Smith", ""),
        ("x400;/G+3DBob", "x400;/G=Bob"),
        ("rfc822;b+0Ab@b.test", ""),
        ("rfc822;j+C3+BCrgen@b.test", "rfc822;jürgen@b.test"),
        ("rfc822;j+FCrgen@b.test", ""),
        ("x400;j+C3+BCrgen", ""),
        (r"utf-8;j\x{D800}@b.test", ""),
        (r"utf-8;j\x{0A}@b.test", ""),
        (r"utf-8;j\x{zz}@b.test", ""),
        ("rfc822;jürgen@b.test", ""),
        ("rfc822;" + "b" * 494, ""),
        ("bob@b.test", ""),
    ],
)
def test_an_original_recipient_of_any_kind(written: str, orcpt: str) -> None:
    lines = [
        HELLO,
        ("MAIL FROM:<a@a.test> SMTPUTF8", "250"),
        (f"RCPT TO:<b@b.test> ORCPT={written}", "250" if orcpt else "501"),
    ]
    ((envelope, _),) = told([*lines, RCPT, *DATA]).desk.kept
    assert envelope.request(BOB).orcpt == orcpt


@pytest.mark.parametrize(
    "command",
    [
        "MAIL FROM:<a@a.test> RET=ALL",
        "MAIL FROM:<a@a.test> RET",
        "MAIL FROM:<a@a.test> ENVID=a+0D+0Ab",
        "MAIL FROM:<a@a.test> ENVID=a+4",
        "MAIL FROM:<a@a.test> ENVID=" + "x" * 101,
        "MAIL FROM:<a@a.test> ENVID=a ENVID=b",
        "RCPT TO:<b@b.test> NOTIFY=NEVER,SUCCESS",
        "RCPT TO:<b@b.test> NOTIFY=SUCCESS,SUCCESS",
        "RCPT TO:<b@b.test> NOTIFY=",
        "RCPT TO:<b@b.test> NOTIFY=SOMETIMES",
    ],
)
def test_a_bad_request_is_501(command: str) -> None:
    stage = told([HELLO, *([MAIL] if command.startswith("RCPT") else []), (command, "501 5.5.4")])
    assert stage.desk.kept == []


# -- REQUIRETLS, LIMITS ----


def test_requiretls_is_known_behind_tls_alone() -> None:
    async def play(stage: Stage) -> None:
        client = await upgraded(stage)
        assert "REQUIRETLS" in await client.ask("EHLO a.test")
        assert (await client.ask("MAIL FROM:<a@a.test> REQUIRETLS"))[:3] == "250"
        client.say("RCPT TO:<b@b.test>\r\nDATA\r\nx\r\n.\r\n")
        assert [(await client.reply())[:3] for _ in range(3)] == ["250", "354", "250"]

    ((envelope, _),) = on_stage(play, Stage(tls=contexts()[0])).desk.kept
    assert envelope.require_tls
    told([HELLO, ("MAIL FROM:<a@a.test> REQUIRETLS", "530 5.7.10"), MAIL], tls=contexts()[0])


def test_limits_are_kept() -> None:
    stage = told(
        [
            HELLO,
            MAIL,
            RCPT,
            ("RCPT TO:<amy@b.test>", "250"),
            ("RCPT TO:<joe@b.test>", "452 4.5.3"),
            ("RSET", "250"),
            MAIL,
            ("RCPT TO:<x@c.test>", "452 4.5.3 Too many recipient domains"),
            ("RCPT TO:<b@B.Test>", "250"),
            ("RSET", "250"),
            ("MAIL FROM:bad", "501"),
            ("MAIL FROM:<a@a.test>", "421 4.7.0"),
            ("", ""),
        ],
        limits={"MAILMAX": 3, "RCPTMAX": 2, "RCPTDOMAINMAX": 1},
    )
    assert [event.how for event in stage.story(Closed)] == ["cut"]


# -- BDAT ----

CHUNKS: dict[str, tuple[list[Any], list[bytes]]] = {
    "one": ([MAIL, RCPT, (b"BDAT 8 LAST\r\nhello!\r\n", "250 2.0.0 Queued")], [b"hello!\r\n"]),
    "more": (
        [MAIL, RCPT, (b"BDAT 5\r\nhello", "250 2.0.0 5 octets"), (b"bdat 3 last\r\n!\r\n", "250 2.0.0 Queued")],
        [b"hello!\r\n"],
    ),
    "an empty last one": ([MAIL, RCPT, (b"BDAT 3\r\n!\r\n", "250"), ("BDAT 0 LAST", "250 2.0.0 Queued")], [b"!\r\n"]),
    "an empty first one": ([MAIL, RCPT, ("BDAT 0", "250"), (b"BDAT 2 LAST\r\n\r\n", "250")], [b"\r\n"]),
    "an empty message": ([MAIL, RCPT, ("BDAT 0 LAST", "250 2.0.0 Queued")], [b""]),
    "dots are nothing special": ([MAIL, RCPT, (b"BDAT 8 LAST\r\n..\r\n.\r\n.", "250")], [b"..\r\n.\r\n."]),
    "not a command inside": (
        [MAIL, RCPT, (b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "250 2.0.0 Queued"), ("", "250 2.0.0 OK")],
        [b"QUIT\r\n"],
    ),
    "a bare LF": ([MAIL, RCPT, (b"BDAT 3 LAST\r\na\nb", "550 5.5.2"), ("BDAT 0 LAST", "503"), MAIL], []),
    "an ending between two": ([MAIL, RCPT, (b"BDAT 2\r\na\r", "250"), (b"BDAT 2 LAST\r\n\nb", "250")], [b"a\r\nb"]),
    "binary": (
        [("MAIL FROM:<a@a.test> BODY=BINARYMIME", "250"), RCPT, (b"BDAT 5 LAST\r\na\nb\r\0", "250")],
        [b"a\nb\r\0"],
    ),
    "binary, not by DATA": ([("MAIL FROM:<a@a.test> BODY=BINARYMIME", "250"), RCPT, ("DATA", "503 5.5.1")], []),
    "no MAIL": ([(b"BDAT 6 LAST\r\nQUIT\r\n", "503 5.5.1"), ("NOOP", "250")], []),
    "no hello": ([(b"BDAT 6 LAST\r\nQUIT\r\n", "503 5.5.1")], []),
    "no recipient": ([MAIL, (b"BDAT 6\r\nQUIT\r\n", "554 5.5.1"), RCPT, *DATA], [b"Subject: x\r\n\r\nx\r\n"]),
    "not after the last": ([MAIL, RCPT, ("BDAT 0 LAST", "250"), (b"BDAT 1\r\nx", "503 5.5.1"), MAIL], [b""]),
    "not with DATA": ([MAIL, RCPT, (b"BDAT 1\r\nx", "250"), ("DATA", "503 5.5.1"), ("BDAT 0 LAST", "250")], [b"x"]),
    "no more recipients": ([MAIL, RCPT, (b"BDAT 1\r\nx", "250"), ("RCPT TO:<amy@b.test>", "503 5.5.1")], []),
    "thought better": (
        [MAIL, RCPT, (b"BDAT 1\r\nx", "250"), ("RSET", "250"), (b"BDAT 1 LAST\r\nx", "503 5.5.1"), MAIL],
        [],
    ),
    "too big": (
        [
            MAIL,
            RCPT,
            (b"BDAT 999\r\n" + b"x" * 999, "250"),
            (b"BDAT 6\r\nNOOP\r\n", "552 5.3.4"),
            (b"BDAT 1 LAST\r\nx", "503"),
        ],
        [],
    ),
    "what is none": (
        [MAIL, RCPT, *((f"BDAT {said}", "501 5.5.4") for said in ("", "x", "-1", "1 FIRST", "LAST", "1LAST"))],
        [],
    ),
    "more than anybody reads": ([MAIL, RCPT, ("BDAT 99999999999", "421 4.7.0"), ("", "")], []),
    "a refusal too": ([("NOOP", "250"), ("BDAT 99999999999 LAST", "421 4.7.0"), ("", "")], []),
}


@pytest.mark.parametrize(("conversation", "kept"), CHUNKS.values(), ids=CHUNKS.keys())
@pytest.mark.parametrize("at_once", [False, True])
def test_a_message_in_chunks(conversation: list[Any], kept: list[bytes], at_once: bool) -> None:
    lines = conversation if conversation == CHUNKS["no hello"][0] else [HELLO, *conversation]

    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        said = [line if isinstance(line, bytes) else f"{line}\r\n".encode() if line else b"" for line, _ in lines]
        client.say(b"".join(said) if at_once else b"")
        for line, (_, expected) in zip(said, lines, strict=True):
            if not at_once:
                client.say(line)
            reply = await client.reply()
            assert reply.startswith(expected), f"{line!r}: {reply!r}"
        client.leave()

    stage = on_stage(play, Stage(max_size=1000))
    assert ([message for _, message in stage.desk.kept], stage.problems) == (kept, [])
    assert len(stage.story(Replied)) <= len(lines) + 1


def test_a_bdat_that_lies_leaves_nothing() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(b"EHLO a\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nBDAT 100 LAST\r\nhello\r\n")
        for _ in range(4):
            await client.reply()
        client.writer.write_eof()
        assert await client.reader.read() == b""

    stage = on_stage(play)
    assert (stage.desk.kept, stage.problems) == ([], [])


# -- what is hidden ----

HIDDEN: dict[str, list[Any]] = {
    "SIZE": [("MAIL FROM:<a@a.test> SIZE=10", "555 5.5.4")],
    "8BITMIME": [("MAIL FROM:<a@a.test> BODY=8BITMIME", "501 5.5.4"), ("MAIL FROM:<a@a.test> BODY=BINARYMIME", "250")],
    "SMTPUTF8": [("MAIL FROM:<a@a.test> SMTPUTF8", "555 5.5.4"), ("MAIL FROM:<ü@a.test>", "553 5.6.7")],
    "DSN": [("MAIL FROM:<a@a.test> RET=FULL", "555 5.5.4"), MAIL, ("RCPT TO:<b@b.test> NOTIFY=NEVER", "555 5.5.4")],
    "CHUNKING": [("BDAT 0 LAST", "500 5.5.1"), ("MAIL FROM:<a@a.test> BODY=BINARYMIME", "501 5.5.4")],
    "BINARYMIME": [("MAIL FROM:<a@a.test> BODY=BINARYMIME", "501 5.5.4"), MAIL, RCPT, ("BDAT 0 LAST", "250")],
    "STARTTLS": [("STARTTLS", "500 5.5.1"), ("HELP STARTTLS", "504 5.5.4")],
    "REQUIRETLS": [("MAIL FROM:<a@a.test> REQUIRETLS", "555 5.5.4")],
    "AUTH": [("AUTH PLAIN AA==", "500 5.5.1"), ("MAIL FROM:<a@a.test> AUTH=<>", "555 5.5.4")],
    "XCLIENT": [("XCLIENT NAME=x.test", "500 5.5.1")],
    "VRFY": [("VRFY bob", "500 5.5.1")],
    "EXPN": [("EXPN team", "500 5.5.1")],
    "HELP": [("HELP", "500 5.5.1")],
    "ENHANCEDSTATUSCODES": [("NOOP", "250 OK"), ("XYZZY", "500 Command not"), ("AUTH PLAIN", "334"), ("*", "501 Auth")],
    "PIPELINING": [(b"NOOP\r\nNOOP\r\n", "250"), ("", "250")],
    "LIMITS": [MAIL, RCPT, ("RCPT TO:<amy@b.test>", "452")],
}


@pytest.mark.parametrize("keyword", EXTENSIONS)
def test_what_is_hidden_is_not_known(keyword: str) -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        assert keyword not in {line[4:].partition(" ")[0] for line in (await client.ask("EHLO a.test")).split("\n")}
        for said, expected in HIDDEN[keyword]:
            client.say(f"{said}\r\n" if said and isinstance(said, str) else said)
            reply = await client.reply()
            assert reply.startswith(expected), f"{said!r}: {reply!r}"
        client.leave()

    options = {"tls": contexts()[0], "offer_auth": True, "trusted": (ip_network("127.0.0.1"),), "limits": {"RCPTMAX": 1}}
    stage = on_stage(play, Stage(hide=frozenset({keyword}), **options))
    assert stage.problems == []


def test_a_refusal_keeps_its_enhanced_code_in_the_trace() -> None:
    refused = told(
        [HELLO, (MAIL[0], "250 Sender"), ("RCPT TO:<nobody@b.test>", "550 No such")],
        hide=frozenset({"ENHANCEDSTATUSCODES"}),
    )
    assert [event.reply.status for event in refused.story(Refused)] == ["5.1.1"]
