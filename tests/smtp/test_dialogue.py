"""Conversations: what is said, and the reply to each line (RFC 5321 §4.1.4, §4.3.2)."""

from ipaddress import ip_network
from typing import Any

import pytest

from tests.smtp.stage import Stage, on_stage

HELLO = ("EHLO a.test", "250-mail.b.test")
MAIL = ("MAIL FROM:<alice@a.test>", "250 2.1.0")
RCPT = ("RCPT TO:<bob@b.test>", "250 2.1.5")
BODY = "Subject: hi\r\n\r\nhello\r\n."
Conversation = list[tuple[str | bytes, str]]

CONVERSATIONS: dict[str, Conversation] = {
    "the whole story": [HELLO, MAIL, RCPT, ("DATA", "354"), (BODY, "250 2.0.0 Queued"), ("QUIT", "221 2.0.0"), ("", "")],
    "an old client": [("HELO a.test", "250 mail.b.test"), MAIL, RCPT, ("DATA", "354"), (BODY, "250 2.0.0")],
    "two letters": [HELLO, *[MAIL, RCPT, ("DATA", "354"), (BODY, "250")] * 2],
    "a bounce": [HELLO, ("MAIL FROM:<>", "250 2.1.0"), RCPT],
    "in any case": [
        ("ehlo a.test", "250-"),
        ("mail from:<a@a.test>", "250"),
        ("rcpt to:<b@b.test>", "250"),
        ("data", "354"),
    ],
    "no hello": [(MAIL[0], "503 5.5.1"), (RCPT[0], "503 5.5.1"), ("DATA", "503 5.5.1"), ("AUTH PLAIN", "503 5.5.1")],
    "hello says who": [("EHLO", "501 5.5.4"), ("HELO", "501 5.5.4"), ("EHLO a b", "501 5.5.4"), (MAIL[0], "503 5.5.1")],
    "out of order": [HELLO, ("RCPT TO:<b@b.test>", "503 5.5.1"), ("DATA", "503 5.5.1"), MAIL, ("DATA", "554 5.5.1")],
    "nested": [HELLO, MAIL, (MAIL[0], "503 5.5.1"), RCPT],
    "reset": [HELLO, MAIL, RCPT, ("RSET", "250 2.0.0"), ("DATA", "503 5.5.1"), MAIL],
    "a second hello resets": [HELLO, MAIL, RCPT, HELLO, ("DATA", "503 5.5.1")],
    "an empty message": [HELLO, MAIL, RCPT, ("DATA", "354"), (".", "250 2.0.0")],
    "a refused sender": [HELLO, ("MAIL FROM:<mallory@a.test>", "550 5.7.1"), (RCPT[0], "503 5.5.1"), MAIL],
    "a refused recipient": [
        HELLO,
        MAIL,
        ("RCPT TO:<nobody@b.test>", "550 5.1.1"),
        ("DATA", "554 5.5.1"),
        RCPT,
        ("DATA", "354"),
    ],
    "a recipient too many": [HELLO, MAIL, *[RCPT] * 3, ("RCPT TO:<d@b.test>", "452 4.5.3"), ("DATA", "354")],
    "the postmaster": [HELLO, MAIL, ("RCPT TO:<Postmaster>", "250 2.1.5"), ("RCPT TO:<>", "501 5.1.3")],
    "a recipient's parameter": [HELLO, MAIL, ("RCPT TO:<b@b.test> SIZE=1", "555 5.5.4")],
    "no parameters after HELO": [("HELO a.test", "250"), ("MAIL FROM:<a@a.test> SIZE=1", "555 5.5.4")],
    "a non-ASCII recipient": [
        HELLO,
        MAIL,
        ("RCPT TO:<bjørn@b.test>", "553 5.6.7"),
        ("RSET", "250"),
        ("MAIL FROM:<a@a.test> SMTPUTF8", "250"),
        ("RCPT TO:<bjørn@b.test>", "250 2.1.5"),
    ],
    "declared too big": [HELLO, ("MAIL FROM:<a@a.test> SIZE=1001", "552 5.3.4"), ("MAIL FROM:<a@a.test> SIZE=1000", "250")],
    "too big": [HELLO, MAIL, RCPT, ("DATA", "354"), ("x" * 1001 + "\r\n.", "552 5.3.4"), ("DATA", "503 5.5.1"), MAIL],
    "a bare LF": [HELLO, MAIL, RCPT, ("DATA", "354"), (b"a\nb\r\n.\r\n", "550 5.5.2"), MAIL],
    "a bare CR": [HELLO, MAIL, RCPT, ("DATA", "354"), (b"a\rb\r\n.\r\n", "550 5.5.2"), MAIL],
    "smuggling": [
        HELLO,
        MAIL,
        RCPT,
        ("DATA", "354"),
        (b"a\n.\nMAIL FROM:<m@e.test>\r\n.\r\n", "550 5.5.2"),
        ("NOOP", "250"),
    ],
    "a bare LF command": [(b"NOOP\n", "500 5.5.2"), ("NOOP", "250 2.0.0")],
    "junk": [
        ("", "500 5.5.1"),
        ("XYZZY", "500 5.5.1"),
        (b"\xff\xfe\r\n", "500 5.5.2"),
        ("EHLO\tx", "500 5.5.1"),
        ("NOOP", "250"),
    ],
    "a long line": [("NOOP " + "x" * 508, "500 5.5.6"), ("NOOP " + "x" * 99_999, "500 5.5.6"), ("NOOP", "250 2.0.0")],
    "longer for an extension": [
        HELLO,
        ("MAIL FROM:<a@a.test> AUTH=" + "x" * 490, "250"),
        ("RCPT TO:<b@b.test> ORCPT=rfc822;" + "x" * 490, "250"),
        ("RCPT TO:" + "x" * 1042, "500 5.5.6"),
    ],
    "too much junk": [*[("XYZZY", "500 5.5.1")] * 19, ("XYZZY", "421 4.7.0"), ("", "")],
    "no arguments": [HELLO, ("RSET now", "501 5.5.4"), ("QUIT now", "501 5.5.4"), MAIL, RCPT, ("DATA now", "501 5.5.4")],
    "asking": [
        ("VRFY amy", "252 2.0.0"),
        ("VRFY bob", "250 2.1.5 Bob <bob@b.test>"),
        ("VRFY", "501 5.5.4"),
        ("EXPN all", "502 5.5.1"),
        ("EXPN team", "250-2.1.5 <bob@b.test>\n250 2.1.5 <amy@b.test>"),
        ("EXPN", "501 5.5.4"),
        ("NOOP with words", "250 2.0.0"),
    ],
    "help": [
        ("HELP", "214 2.0.0"),
        ("HELP mail", "214 2.0.0 Syntax: MAIL"),
        ("HELP XYZZY", "504 5.5.4"),
        ("help help", "214"),
    ],
    "not offered": [HELLO, ("STARTTLS", "502 5.5.1"), ("AUTH PLAIN", "502 5.5.1"), ("LHLO a.test", "500 5.5.1")],
    "a 421 of the reception": [HELLO, MAIL, ("RCPT TO:<over@b.test>", "421 4.3.2"), ("", "")],
}


@pytest.mark.parametrize("conversation", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
def test_each_line_has_its_reply(conversation: Conversation) -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        assert (await client.reply()).startswith("220 mail.b.test ")
        for said, expected in conversation:
            reply = await client.ask(said)
            assert reply.startswith(expected), f"{said!r}: {reply!r}"
            assert expected or not reply
        client.leave()

    assert on_stage(play, Stage(max_size=1000, max_recipients=3)).problems == []


@pytest.mark.parametrize("conversation", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
def test_said_all_at_once_the_replies_are_the_same_in_order(conversation: Conversation) -> None:
    lines = [said if isinstance(said, bytes) else said.encode() + b"\r\n" for said, _ in conversation]

    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(b"".join(lines))
        await client.reply()
        for said, expected in conversation:
            reply = await client.reply() if expected else ""
            assert reply.startswith(expected), f"{said!r}: {reply!r}"
        client.leave()

    on_stage(play, Stage(max_size=1000, max_recipients=3))


USUAL = "8BITMIME|SMTPUTF8|ENHANCEDSTATUSCODES|DSN|CHUNKING|BINARYMIME"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, f"PIPELINING|SIZE 50000000|{USUAL}|HELP"),
        (
            {"offer_auth": True, "max_size": 7},
            f"PIPELINING|SIZE 7|{USUAL}|AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER|HELP",
        ),
        ({"offer_auth": True, "auth": ("LOGIN",)}, f"PIPELINING|SIZE 50000000|{USUAL}|AUTH LOGIN|HELP"),
        ({"offer_auth": True, "auth_in_clear": False}, f"PIPELINING|SIZE 50000000|{USUAL}|HELP"),
        ({"limits": {"MAILMAX": 5, "RCPTMAX": 2}}, f"PIPELINING|SIZE 50000000|{USUAL}|LIMITS MAILMAX=5 RCPTMAX=2|HELP"),
        (
            {"trusted": (ip_network("127.0.0.0/8"),)},
            f"PIPELINING|SIZE 50000000|{USUAL}|XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT|HELP",
        ),
        (
            {"hide": frozenset({"SIZE", "CHUNKING", "HELP"})},
            "PIPELINING|8BITMIME|SMTPUTF8|ENHANCEDSTATUSCODES|DSN",
        ),
    ],
)
def test_ehlo_announces_what_is_there(options: dict[str, Any], expected: str) -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        first, *lines = (await client.ask("EHLO a.test")).split("\n")
        assert first == "250-mail.b.test"
        assert "|".join(line[4:] for line in lines) == expected
        client.leave()

    assert on_stage(play, Stage(**options)).problems == []


def test_the_envelope_is_what_was_said() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(
            "EHLO a\r\nMAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<ü@b.test>\r\nRCPT TO:<nobody@b.t>\r\nDATA\r\n.\r\n"
        )
        for _ in range(7):
            await client.reply()
        client.leave()

    ((envelope, message),) = on_stage(play).desk.kept
    assert (envelope.sender, list(map(str, envelope.recipients))) == (None, ["ü@b.test"])
    assert (envelope.eight_bit, envelope.smtputf8, message) == (True, True, b"")
