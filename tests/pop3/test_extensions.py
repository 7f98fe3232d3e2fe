"""LOGIN-DELAY, EXPIRE, UTF8 and LANG (RFC 2449 §6, RFC 6856), on a clock that moves when it is told to."""

import asyncio

import pytest

from mailharness.mailbox import InUseError, MailboxError
from mailharness.pop3 import Policy, Pop3Session
from mailharness.pop3.errors import TooEarlyError, code_of
from mailharness.trace.events import Fetched, Removed
from tests.pop3.stage import Stage, say

LOGIN = ("USER bob", "PASS open sesame")
DAY = 86_400


def entered(stage: Stage, policy: Policy) -> Pop3Session:
    session = stage.enter(policy=policy)
    session.take_output()
    assert say(session, *LOGIN)[-1] == "+OK bob@b.tst logged in"
    return session


def advance(stage: Stage, seconds: float) -> None:
    asyncio.run(stage.clock.advance(seconds))


def offered(policy: Policy) -> list[str]:
    return say(Stage().enter(policy=policy), "CAPA")


def test_what_is_offered() -> None:
    assert {"EXPIRE NEVER", "UTF8 USER", "LANG", "RESP-CODES", "AUTH-RESP-CODE"} <= set(offered(Policy()))
    assert not [line for line in offered(Policy()) if line.startswith("LOGIN-DELAY")]
    assert {"EXPIRE 7", "LOGIN-DELAY 300"} <= set(offered(Policy(299.5, 7)))
    assert "EXPIRE 0" in offered(Policy(expire=0))


# -- LOGIN-DELAY ----


def test_the_next_login_has_to_wait() -> None:
    stage, policy = Stage(), Policy(login_delay=300)
    say(entered(stage, policy), "QUIT")
    advance(stage, 299)
    session = stage.enter(policy=policy)
    session.take_output()
    assert say(session, *LOGIN)[-1] == "-ERR [LOGIN-DELAY] wait 300 seconds from one login to the next"
    assert not stage.bob.maildrop_locked
    advance(stage, 1)
    assert say(session, *LOGIN)[-1] == "+OK bob@b.tst logged in"


def test_a_login_that_failed_counts_for_nothing() -> None:
    stage, policy = Stage(), Policy(login_delay=300)
    session = stage.enter(policy=policy)
    assert say(session, "USER bob", "PASS guess")[-1].startswith("-ERR [AUTH]")
    assert say(session, *LOGIN)[-1] == "+OK bob@b.tst logged in"
    other = stage.enter(policy=policy)
    assert say(other, "USER bob", "PASS guess")[-1].startswith("-ERR [AUTH]")


# -- EXPIRE ----


def subjects(stage: Stage) -> list[str]:
    return [stored.message.subject for stored in stage.bob.inbox.messages]


def test_what_was_retrieved_expires_and_what_was_looked_at_does_not() -> None:
    stage, policy = Stage(), Policy(expire=7)
    say(entered(stage, policy), "TOP 2 9", "RETR 1", "QUIT")
    advance(stage, 7 * DAY - 1)
    assert subjects(stage) == ["first", "second"]
    advance(stage, 1)
    assert subjects(stage) == ["second"]
    (removed,) = [event for event in stage.events if isinstance(event, Removed)]
    assert (removed.of.letter, removed.user, removed.protocol) == (1, "bob@b.tst", "pop3")


def test_it_expires_where_the_client_just_left() -> None:
    stage = Stage()
    session = entered(stage, Policy(expire=1))
    say(session, "RETR 2")
    session.receive_eof()
    advance(stage, DAY)
    assert subjects(stage) == ["first"]


def test_who_was_quicker_leaves_nothing_to_expire() -> None:
    stage, policy = Stage(), Policy(expire=1)
    say(entered(stage, policy), "RETR 1", "DELE 1", "QUIT")
    stage.bob.inbox.expunge([2])
    advance(stage, 2 * DAY)
    assert len([event for event in stage.events if isinstance(event, Removed)]) == 1


def test_expire_0_leaves_nothing_on_the_server_after_quit() -> None:
    """RFC 2449 §6.7."""
    stage, policy = Stage(), Policy(expire=0)
    session = entered(stage, policy)
    say(session, "RETR 1")
    session.receive_eof()
    assert subjects(stage) == ["first", "second"]
    assert say(entered(stage, policy), "RETR 1", "QUIT")[-1] == "+OK bye, 1 removed"
    assert subjects(stage) == ["second"]
    assert len([event for event in stage.events if isinstance(event, Fetched)]) == 2


# -- UTF8 and LANG ----


def test_utf8_comes_before_the_login_and_after_stls() -> None:
    session = Stage().enter()
    session.take_output()
    assert say(session, "UTF8", "STLS") == ["+OK UTF-8 it is", "-ERR too late: STLS comes before UTF8"]
    assert say(session, *LOGIN, "UTF8")[-1] == "-ERR UTF8 is not for the TRANSACTION state"


def test_names_and_letters_are_in_utf8() -> None:
    stage = Stage("Subject: Grüße\r\n\r\nschön\r\n".encode())
    stage.bob.password = "grüß dich"
    session = stage.enter()
    session.take_output()
    assert say(session, "UTF8", "USER bob", "PASS grüß dich")[-1] == "+OK bob@b.tst logged in"
    assert "Subject: Grüße" in say(session, "RETR 1")


@pytest.mark.parametrize("enters", [(), LOGIN])
def test_languages(enters: tuple[str, ...]) -> None:
    session = Stage().enter()
    say(session, *enters)
    session.take_output()
    assert say(session, "LANG") == ["+OK languages follow", "i-default Default", "en English", "."]
    assert say(session, "LANG EN", "LANG *") == ["+OK en it is", "+OK i-default it is"]
    assert say(session, "LANG tlh") == ["-ERR that language is not spoken here"]


@pytest.mark.parametrize(
    ("error", "code"), [(InUseError("x"), "[IN-USE]"), (TooEarlyError("x"), "[LOGIN-DELAY]"), (MailboxError("x"), "")]
)
def test_response_codes(error: MailboxError, code: str) -> None:
    assert code_of(error) == code
