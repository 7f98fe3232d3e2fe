"""TLS and passwords: when they are offered, what they forget, and what never reaches a transcript."""

import asyncio
import functools
import smtplib
import ssl
from base64 import b64encode
from typing import Any

import pytest
import trustme

from mailharness.smtp.sender import SenderSession
from mailharness.trace.events import Closed, Commanded, LoggedIn, Secured
from tests.smtp.stage import HOST, Stage, on_stage


@functools.cache
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's context and that of a client who trusts it."""
    ca = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    ca.issue_cert(HOST).configure_cert(server)
    ca.configure_trust(client)
    return server, client


def secret(*words: str) -> str:
    return b64encode("\0".join(words).encode()).decode()


PLAIN, WRONG = secret("", "bob", "s3cret"), secret("", "bob", "guess")
BOB, PASSWORD = secret("bob"), secret("s3cret")
EHLO = ("EHLO a.test", "250")
AUTH: dict[str, list[tuple[str, str]]] = {
    "plain": [EHLO, (f"AUTH PLAIN {PLAIN}", "235 2.7.0"), (f"AUTH PLAIN {PLAIN}", "503 5.5.1")],
    "in any case": [EHLO, (f"auth plain {PLAIN}", "235 2.7.0")],
    "asked for": [EHLO, ("AUTH PLAIN", "334 "), (PLAIN, "235 2.7.0")],
    "login": [EHLO, ("AUTH LOGIN", "334 "), (BOB, "334 "), (PASSWORD, "235 2.7.0")],
    "login at once": [EHLO, (f"AUTH login {BOB}", "334 "), (PASSWORD, "235 2.7.0")],
    "wrong, then right": [EHLO, (f"AUTH PLAIN {WRONG}", "535 5.7.8"), (f"AUTH PLAIN {PLAIN}", "235 2.7.0")],
    "thought better": [EHLO, ("AUTH PLAIN", "334 "), ("*", "501 5.7.0"), ("NOOP", "250")],
    "no base64": [EHLO, ("AUTH PLAIN ???", "501 5.5.2"), ("AUTH LOGIN", "334 "), ("???", "501 5.5.2"), ("NOOP", "250")],
    "two parts": [EHLO, (f"AUTH PLAIN {secret('bob', 's3cret')}", "501 5.5.2")],
    "unknown": [EHLO, ("AUTH DIGEST-MD5", "504 5.5.4"), ("AUTH", "501 5.5.4"), (f"AUTH PLAIN {PLAIN} x", "501 5.5.4")],
    "needs ESMTP": [("HELO a.test", "250"), (f"AUTH PLAIN {PLAIN}", "503 5.5.1")],
    "not within a transaction": [EHLO, ("MAIL FROM:<a@a.test>", "250"), (f"AUTH PLAIN {PLAIN}", "503 5.5.1")],
}


async def converse(stage: Stage, lines: list[tuple[str, str]]) -> None:
    client = await stage.client()
    await client.reply()
    for said, expected in lines:
        reply = await client.ask(said)
        assert reply.startswith(expected), f"{said!r}: {reply!r}"


@pytest.mark.parametrize("conversation", AUTH.values(), ids=AUTH.keys())
def test_passwords(conversation: list[tuple[str, str]]) -> None:
    stage = on_stage(lambda stage: converse(stage, conversation), Stage(offer_auth=True))
    right = sum(expected.startswith("235") for _, expected in conversation)
    assert [event.user for event in stage.story(LoggedIn)] == ["bob@b.test"] * right
    shown = " ".join(event.line for event in stage.story(Commanded))
    assert not any(word in shown for word in (PLAIN, WRONG, BOB, PASSWORD))
    assert stage.problems == []


REQUIRED: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a password": ({"offer_auth": True, "require_auth": True}, [EHLO, ("MAIL FROM:<a@a.test>", "530 5.7.0")]),
    "TLS": (
        {"tls": True, "require_tls": True},
        [EHLO, ("NOOP", "250"), ("MAIL FROM:<a@a.test>", "530 5.7.0"), ("QUIT", "221")],
    ),
    "TLS for a password": (
        {"tls": True, "offer_auth": True, "auth_in_clear": False},
        [EHLO, (f"AUTH PLAIN {PLAIN}", "538 5.7.11")],
    ),
}


@pytest.mark.parametrize(("options", "conversation"), REQUIRED.values(), ids=REQUIRED.keys())
def test_what_is_required_is_asked_for(options: dict[str, Any], conversation: list[tuple[str, str]]) -> None:
    options = {**options, "tls": contexts()[0]} if "tls" in options else options
    stage = on_stage(lambda stage: converse(stage, conversation), Stage(**options))
    assert stage.story(LoggedIn) == stage.problems == []


def test_a_challenged_client_that_thinks_holds_no_work() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say("EHLO a.test\r\nAUTH LOGIN\r\n")
        for _ in range(3):
            await client.reply()
        assert stage.work.idle
        client.say(BOB[:2])
        await stage.work.settled()

    assert on_stage(play, Stage(offer_auth=True)).problems == []


async def upgraded(stage: Stage, behind: bytes = b"") -> Any:
    """A client that has said EHLO and STARTTLS, with ``behind`` in the same segment, and is behind TLS now."""
    client = await stage.client()
    client.say(b"EHLO a.test\r\nSTARTTLS\r\n" + behind)
    replies = [await client.reply() for _ in range(3)]
    assert "STARTTLS" in replies[1]
    assert replies[2].startswith("220 2.0.0")
    await client.writer.start_tls(contexts()[1], server_hostname=HOST)
    return client


def test_starttls_starts_anew() -> None:
    async def play(stage: Stage) -> None:
        client = await upgraded(stage)
        assert (await client.ask("MAIL FROM:<a@a.test>")).startswith("503 5.5.1")
        assert "STARTTLS" not in await client.ask("EHLO a.test")
        assert (await client.ask("STARTTLS")).startswith("503 5.5.1")
        assert (await client.ask("QUIT")).startswith("221 ")

    stage = on_stage(play, Stage(tls=contexts()[0]))
    assert [event.version[:4] for event in stage.story(Secured)] == ["TLSv"]
    assert [event.how for event in stage.story(Closed)] == ["quit"]


def test_what_was_said_in_clear_behind_starttls_is_never_obeyed() -> None:
    async def play(stage: Stage) -> None:
        client = await upgraded(stage, b"EHLO mallory\r\nMAIL FROM:<mallory@e.test>\r\nRCPT")
        assert (await client.ask("RCPT TO:<b@b.test>")).startswith("503 5.5.1")

    stage = on_stage(play, Stage(tls=contexts()[0]))
    assert [event.verb for event in stage.story(Commanded)] == ["EHLO", "STARTTLS", "RCPT"]


def test_a_client_that_does_not_shake_hands_holds_nobody_and_is_no_stall() -> None:
    rested: list[bool] = []

    async def play(stage: Stage) -> None:
        stage.on_rest = rested.append
        client = await stage.client()
        client.say("EHLO a.test\r\nSTARTTLS\r\n")
        for _ in range(3):
            await client.reply()
        await stage.work.settled()
        await client.writer.start_tls(contexts()[1], server_hostname=HOST)
        assert (await client.ask("EHLO a.test"))[:3] == (await client.ask("MAIL FROM:<a@a.test>"))[:3] == "250"
        assert not stage.work.idle
        assert True not in rested
        client.leave()

    assert on_stage(play, Stage(tls=contexts()[0])).problems == []


@pytest.mark.parametrize("answer", [b"NOOP\r\n" * 10, b"", b"\x16\x03\x01\x00\x05hello"])
def test_a_failed_handshake_ends_the_session_and_nothing_stays(answer: bytes) -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say("STARTTLS\r\n")
        await client.reply()
        assert (await client.reply())[:3] == "220"
        client.say(answer)
        client.writer.write_eof()
        await client.reader.read()

    stage = on_stage(play, Stage(tls=contexts()[0]))
    assert (stage.story(Secured), len(stage.story(Closed)), stage.problems) == ([], 1, [])


@pytest.mark.parametrize("implicit", [False, True])
def test_the_sender_behind_tls(implicit: bool) -> None:
    async def play(stage: Stage) -> None:
        session = SenderSession(stage.dialed(), helo="mx.a.test", server_name=HOST)
        opening = await session.open(tls=contexts()[1], implicit_tls=implicit, login=("bob", "s3cret"))
        assert (opening.ok, opening.secured[:4]) == (True, "TLSv")
        assert (await session.quit()) is not None

    stage = on_stage(play, Stage(tls=contexts()[0], implicit_tls=implicit, offer_auth=True))
    assert [event.user for event in stage.story(LoggedIn)] == ["bob@b.test"]


def test_a_sender_that_distrusts_the_certificate_says_so_and_may_come_back_in_clear() -> None:
    async def play(stage: Stage) -> None:
        distrustful = SenderSession(stage.dialed(), helo="mx.a.test", server_name=HOST)
        opening = await distrustful.open(tls=ssl.create_default_context())
        assert "certificate verify failed" in opening.tls_problem
        assert (opening.ok, distrustful.usable) == (False, False)
        session = SenderSession(stage.dialed(), helo="mx.a.test", server_name=HOST)
        assert (await session.open()).secured == ""
        assert session.usable
        session.abort()

    assert on_stage(play, Stage(tls=contexts()[0])).problems == []


def test_smtplib_logs_in_behind_starttls() -> None:
    def send(host: str, port: int) -> None:
        with smtplib.SMTP(host, port, timeout=10) as smtp:
            smtp._host = HOST  # type: ignore[attr-defined]  # the name that the certificate bears
            smtp.starttls(context=contexts()[1])
            smtp.login("bob", "s3cret")
            smtp.sendmail("a@a.test", ["b@b.test"], b"hello\r\n")

    async def play(stage: Stage) -> None:
        await asyncio.to_thread(send, *stage.address[:2])

    stage = on_stage(play, Stage(tls=contexts()[0], offer_auth=True, require_auth=True, require_tls=True))
    assert [message for _, message in stage.desk.kept] == [b"hello\r\n"]
