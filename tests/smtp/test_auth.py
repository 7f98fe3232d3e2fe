"""AUTH by every mechanism: right and wrong, thought better of, and never a secret in the trace (RFC 4954)."""

import asyncio
import hashlib
import hmac
import json
import re
import smtplib
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.errors import RemoteProtocolError
from mailharness.mail.sasl import MECHANISMS, Checks, Credentials, Exchange
from mailharness.smtp.limits import AUTH_FAILURES
from mailharness.trace.events import Commanded, LoggedIn, Replied
from tests.smtp.stage import Stage, on_stage
from tests.smtp.test_security import converse

EHLO = ("EHLO a.test", "250")
NUL = "\0"


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def bearer(user: str, token: str) -> str:
    return base64(f"n,a={user},\x01host=b.test\x01auth=Bearer {token}\x01\x01")


def xoauth2(user: str, token: str) -> str:
    return base64(f"user={user}\x01auth=Bearer {token}\x01\x01")


RIGHT = {
    "XOAUTH2": [(f"AUTH XOAUTH2 {xoauth2('bob', 't0ken')}", "235 2.7.0")],
    "XOAUTH2, asked for": [("auth xoauth2", "334 "), (xoauth2("bob@b.test", "t0ken"), "235 2.7.0")],
    "PLAIN for oneself": [(f"AUTH PLAIN {base64(f'bob@b.test{NUL}bob{NUL}s3cret')}", "235 2.7.0")],
    "OAUTHBEARER": [(f"AUTH OAUTHBEARER {bearer('bob', 't0ken')}", "235 2.7.0")],
    "OAUTHBEARER, asked for": [("AUTH oauthbearer", "334 "), (bearer("bob@b.test", "t0ken"), "235 2.7.0")],
    "a long token before": [
        (f"AUTH XOAUTH2 {xoauth2('bob', 'x' * 8900)}", "334 "),
        ("=", "535 5.7.8"),
        (f"AUTH XOAUTH2 {xoauth2('bob', 't0ken')}", "235"),
    ],
}
WRONG = {
    "PLAIN for somebody else": [(f"AUTH PLAIN {base64(f'root{NUL}bob{NUL}s3cret')}", "535 5.7.8")],
    "XOAUTH2": [(f"AUTH XOAUTH2 {xoauth2('bob', 'guess')}", "334 "), ("", "535 5.7.8"), ("NOOP", "250")],
    "XOAUTH2, the password is no token": [(f"AUTH XOAUTH2 {xoauth2('bob', 's3cret')}", "334 "), ("", "535 5.7.8")],
    "OAUTHBEARER": [(f"AUTH OAUTHBEARER {bearer('eve', 't0ken')}", "334 "), ("AQ==", "535 5.7.8"), ("NOOP", "250")],
    "OAUTHBEARER, thought better": [(f"AUTH OAUTHBEARER {bearer('bob', 'no')}", "334 "), ("*", "501 5.7.0")],
    "OAUTHBEARER without a header": [(f"AUTH OAUTHBEARER {base64('auth=Bearer x')}", "501 5.5.2")],
    "CRAM-MD5 has no initial response": [("AUTH CRAM-MD5 AAAA", "501 5.5.2"), ("NOOP", "250")],
    "CRAM-MD5": [("AUTH CRAM-MD5", "334 "), (base64("bob " + "0" * 32), "535 5.7.8")],
    "CRAM-MD5 of nobody": [("AUTH CRAM-MD5", "334 "), (base64("eve " + "0" * 32), "535 5.7.8")],
    "CRAM-MD5 without a digest": [("AUTH CRAM-MD5", "334 "), (base64("bob"), "535 5.7.8")],
    "an empty response": [("AUTH PLAIN =", "501 5.5.2"), ("NOOP", "250")],
    "no ASCII": [("AUTH PLAIN", "334 "), ("ü", "501 5.5.2"), ("NOOP", "250")],
    "too long": [("AUTH PLAIN", "334 "), ("A" * 12_400, "500 5.5.6"), ("NOOP", "250")],
    "again and again": [
        *[(f"AUTH PLAIN {base64('x')}", "501")] * 3,
        *[("AUTH PLAIN AGJvYgBh", "535")] * (AUTH_FAILURES - 1),
        ("AUTH PLAIN AGJvYgBh", "421 4.7.0"),
        ("", ""),
    ],
}


@pytest.mark.parametrize("conversation", RIGHT.values(), ids=RIGHT.keys())
def test_a_mechanism_names_the_account(conversation: list[tuple[str, str]]) -> None:
    stage = on_stage(lambda stage: converse(stage, [EHLO, *conversation]), Stage(offer_auth=True))
    assert ([event.user for event in stage.story(LoggedIn)], stage.problems) == (["bob@b.test"], [])
    assert "t0ken" not in shown(stage)


@pytest.mark.parametrize("conversation", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_names_nobody(conversation: list[tuple[str, str]]) -> None:
    stage = on_stage(lambda stage: converse(stage, [EHLO, *conversation]), Stage(offer_auth=True))
    assert (stage.story(LoggedIn), stage.problems) == ([], [])


def shown(stage: Stage) -> str:
    """All that the trace shows, and what it would be without base64."""
    text = " ".join([*(event.line for event in stage.story(Commanded)), *(event.text for event in stage.story(Replied))])
    return text + "".join(
        str(b64decode(word)) for word in re.findall(r"[A-Za-z0-9+/]{8,}={0,2}", text) if len(word) % 4 == 0
    )


def test_the_error_of_oauth_is_json() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        await client.ask("EHLO a.test")
        for mechanism, response, status in (("XOAUTH2", xoauth2, "401"), ("OAUTHBEARER", bearer, "invalid_token")):
            challenge = await client.ask(f"AUTH {mechanism} {response('bob', 'no')}")
            assert json.loads(b64decode(challenge[4:]))["status"] == status
            assert (await client.ask("AQ=="))[:3] == "535"

    on_stage(play, Stage(offer_auth=True))


def test_cram_md5_never_challenges_twice_alike() -> None:
    challenges = []

    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        await client.ask("EHLO a.test")
        for _ in range(2):
            challenges.append(b64decode((await client.ask("AUTH CRAM-MD5"))[4:]))
            await client.ask("*")
        challenges.append(b64decode((await client.ask("AUTH CRAM-MD5"))[4:]))
        digest = hmac.new(b"s3cret", challenges[-1], hashlib.md5).hexdigest()
        assert (await client.ask(base64(f"bob {digest.upper()}")))[:3] == "235"

    stage = on_stage(play, Stage(offer_auth=True))
    assert len(set(challenges)) == 3
    assert all(re.fullmatch(rb"<[^<>@ ]+@mail\.b\.test>", challenge) for challenge in challenges)
    assert "s3cret" not in shown(stage)


def test_only_what_is_offered_is_taken() -> None:
    lines = [EHLO, ("AUTH PLAIN AGJvYgBzM2NyZXQ=", "504 5.5.4"), ("AUTH CRAM-MD5", "334 "), ("*", "501")]
    assert on_stage(lambda stage: converse(stage, lines), Stage(offer_auth=True, auth=("CRAM-MD5",))).problems == []


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "PLAIN", "LOGIN"])
def test_smtplib_logs_in_by(mechanism: str) -> None:
    def log_in(host: str, port: int) -> None:
        with smtplib.SMTP(host, port, timeout=10) as smtp:
            smtp.login("bob", "s3cret")

    async def play(stage: Stage) -> None:
        await asyncio.to_thread(log_in, *stage.address[:2])

    stage = on_stage(play, Stage(offer_auth=True, auth=(mechanism,)))
    assert [(event.user, event.mechanism) for event in stage.story(LoggedIn)] == [("bob@b.test", mechanism)]


def checks(names: Callable[[str], Any]) -> Checks:
    return Checks(
        lambda user, _: names(user), lambda user: Credentials(user, "p", "t") if names(user) else None, "1@b.test"
    )


@given(st.sampled_from(sorted(MECHANISMS)), st.lists(st.binary(max_size=60), max_size=4), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_responses_end_in_an_account_or_a_reply(mechanism: str, responses: list[bytes], initial: bool) -> None:
    first = responses.pop(0) if initial and responses else None
    assert ended(MECHANISMS[mechanism](checks(lambda _: None), first), responses) in {None, "501 5.5.2"}


def ended(exchange: Exchange, responses: list[bytes]) -> str | None:
    """The account that it names, or how its reply begins."""
    try:
        next(exchange)
        for response in [*responses, b"", b"", b""]:
            exchange.send(response)
    except StopIteration as end:
        account: str | None = end.value
        return account
    except RemoteProtocolError as error:
        return error.reply[:9]
    return "it asks for ever"
