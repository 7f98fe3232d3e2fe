"""What the journal tells of a POP3 session, and what faults can do to one."""

import asyncio

import pytest

from mailharness.faults import Answer, Cut, Delay, Drop
from mailharness.pop3 import Pop3Session
from mailharness.trace.events import Closed, Commanded, Event, Fetched, Greeted, LoggedIn, Removed, Replied, Secured
from tests.pop3.stage import HOST, Stage, say


def story(stage: Stage) -> list[str]:
    return [_told(event) for event in stage.events if event.session == 1 and type(event).__name__ != "Judged"]


def _told(event: Event) -> str:
    match event:
        case Commanded(line=text) | Replied(text=text) | Closed(how=text) | LoggedIn(user=text) | Secured(version=text):
            return f"{type(event).__name__} {text}"
        case Fetched(peek=peek):
            return f"Fetched {event.of}, peek={peek}"
        case Removed():
            return f"Removed {event.of}"
    return type(event).__name__


def test_the_journal_tells_the_story_without_the_password_and_without_the_letters() -> None:
    stage = Stage()
    say(stage.enter(), "USER bob", "pass open sesame", "TOP 1 0", "RETR 2", "DELE 2", "QUIT")
    assert story(stage) == [
        "Greeted",
        "Replied +OK mail.b.tst POP3 ready <1.1700000000@mail.b.tst>",
        "Commanded USER bob",
        "Replied +OK send PASS",
        "Commanded pass ***",
        "LoggedIn bob@b.tst",
        "Replied +OK bob@b.tst logged in",
        "Commanded TOP 1 0",
        "Fetched letter 1, copy 11, peek=True",
        "Replied +OK the top of it follows",
        "Commanded RETR 2",
        "Fetched letter 2, copy 12, peek=False",
        "Replied +OK 32 octets",
        "Commanded DELE 2",
        "Replied +OK message 2 is marked as deleted",
        "Commanded QUIT",
        "Removed letter 2, copy 12",
        "Replied +OK bye, 1 removed",
        "Closed quit",
    ]
    assert {(event.host, getattr(event, "protocol", "")) for event in stage.events} == {(HOST, "pop3")}
    assert {(e.user, e.mailbox, e.uid) for e in stage.events if isinstance(e, Removed)} == {("bob@b.tst", "INBOX", 2)}


# each row: what the client says, the verb and the line that the journal keeps
LINES = [
    ("PASS secret", "PASS", "PASS ***"),
    ("pAsS  secret", "PASS", "pAsS ***"),
    ("PASS\tsecret", "PASS", "PASS ***"),
    ("PASS\0secret", "PASS", "PASS ***"),
    ("PASS=secret", "PASS", "PASS ***"),
    (" PASS secret", "", "PASS ***"),
    ("AUTH PLAIN AGJvYgBzZWNyZXQ=", "AUTH", "AUTH PLAIN ***"),
    ("auth\tplain\tAGJvYgBzZWNyZXQ=", "AUTH", "auth\tplain ***"),
    ("PASS", "PASS", "PASS"),
    ("USER bypass it", "USER", "USER bypass it"),
    ("PASSWORD x", "PASSWORD", "PASSWORD x"),
    ("noop", "NOOP", "noop"),
]


@pytest.mark.parametrize(("said", "verb", "kept"), LINES)
def test_secrets_do_not_enter_the_journal(said: str, verb: str, kept: str) -> None:
    stage = Stage()
    say(stage.enter(), said)
    assert [(event.verb, event.line) for event in stage.events if isinstance(event, Commanded)] == [(verb, kept)]


def test_octets_that_are_no_text_are_kept_as_escapes() -> None:
    stage = Stage()
    stage.enter().receive(b"USER \xff\xc3\xa9\r\n")
    assert [event.line for event in stage.events if isinstance(event, Commanded)] == ["USER \\xffé"]


def test_the_upgrade_and_the_silent_leave_are_told() -> None:
    stage = Stage()
    session = stage.enter()
    say(session, "STLS")
    session.secured("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    session.receive_eof()
    assert story(stage)[-2:] == ["Secured TLSv1.3", "Closed eof"]


# each row: the answer that a fault gives, what the client hears
ANSWERS = [
    ("-ERR [SYS/TEMP] later", "-ERR [SYS/TEMP] later"),
    ("+OK 7 700", "+OK 7 700"),
    ("the disk is on fire", "-ERR the disk is on fire"),
    ("+OK\n.", "+OK|."),
]


@pytest.mark.parametrize(("answer", "heard"), ANSWERS)
def test_a_fault_answers_instead(answer: str, heard: str) -> None:
    stage = Stage()
    session = stage.logged_in()
    stage.arm(Commanded, Answer(answer), "STAT", times=1)
    assert "|".join(say(session, "STAT", "STAT")) == f"{heard}|+OK 2 83"


def test_a_quit_that_a_fault_answered_removes_nothing() -> None:
    stage = Stage()
    session = stage.logged_in()
    stage.arm(Commanded, Answer("-ERR not now"), "QUIT", times=1)
    assert say(session, "DELE 1", "QUIT")[1] == "-ERR not now"
    assert (session.closed, len(stage.bob.inbox)) == (False, 2)
    say(session, "QUIT")
    assert (session.closed, len(stage.bob.inbox)) == (True, 1)


def test_a_dropped_command_has_no_effect_and_no_answer() -> None:
    stage = Stage()
    session = stage.logged_in()
    stage.arm(Commanded, Drop(), "DELE")
    assert say(session, "DELE 1", "NOOP") == ["+OK"]
    assert first_uids(stage, session) == ["1", "2"]


def first_uids(stage: Stage, session: Pop3Session) -> list[str]:
    return [line.split()[0] for line in say(session, "UIDL")[1:-1]]


def test_a_cut_connection_is_reset_and_gives_the_maildrop_back() -> None:
    stage = Stage()
    session = stage.logged_in()
    stage.arm(Commanded, Cut(), "RETR")
    session.receive(b"DELE 1\r\nRETR 2\r\nQUIT\r\n")
    assert (session.aborted, session.closed) == (True, True)
    assert story(stage)[-1] == "Closed cut"
    assert (stage.bob.maildrop_locked, len(stage.bob.inbox)) == (False, 2)


def test_a_delay_holds_what_follows_until_the_clock_comes_to_it() -> None:
    stage, woken = Stage(), []
    session = stage.logged_in()
    session.on_output = lambda: woken.append(stage.clock.now())
    stage.arm(Commanded, Delay(30), "STAT", times=1)
    session.receive(b"NOOP\r\nSTAT\r\nLI")
    session.receive(b"ST 1\r\nQUIT\r\n")
    assert session.take_output() == b"+OK\r\n"
    asyncio.run(stage.clock.advance(29))
    assert (session.take_output(), session.closed, woken) == (b"", False, [])
    asyncio.run(stage.clock.advance(1))
    assert session.take_output() == b"+OK 2 83\r\n+OK 1 51\r\n+OK bye, 0 removed\r\n"
    assert (session.closed, woken) == (True, [1_700_000_030.0])


def test_a_client_that_leaves_during_a_delay_is_heard_out_in_order() -> None:
    stage = Stage()
    session = stage.logged_in()
    stage.arm(Commanded, Delay(5), "DELE", times=1)
    session.receive(b"DELE 1\r\n")
    session.receive_eof()
    assert not session.closed
    asyncio.run(stage.clock.advance(5))
    assert session.closed
    assert story(stage)[-1] == "Closed eof"
    assert len(stage.bob.inbox) == 2


def test_delays_may_follow_each_other() -> None:
    stage = Stage()
    session = stage.logged_in()
    stage.arm(Commanded, Delay(10), "NOOP")
    session.receive(b"NOOP\r\nNOOP\r\nSTAT\r\n")
    asyncio.run(stage.clock.advance(10))
    assert session.take_output() == b"+OK\r\n"
    asyncio.run(stage.clock.advance(10))
    assert session.take_output() == b"+OK\r\n+OK 2 83\r\n"


# each row: the verdict on the greeting, what is heard, closed, aborted
GREETINGS = [
    (Answer("+OK another"), b"+OK another\r\n", False, False),
    (Answer("-ERR [SYS/TEMP] come back"), b"-ERR [SYS/TEMP] come back\r\n", True, False),
    (Drop(), b"", False, False),
    (Delay(60), b"", False, False),
    (Cut(), b"", True, True),
]


@pytest.mark.parametrize(("verdict", "heard", "closed", "aborted"), GREETINGS, ids=[str(row[0]) for row in GREETINGS])
def test_a_fault_at_the_greeting(verdict: Answer | Drop | Delay | Cut, heard: bytes, closed: bool, aborted: bool) -> None:
    stage = Stage()
    stage.arm(Greeted, verdict)
    session = stage.enter()
    assert (session.take_output(), session.closed, session.aborted) == (heard, closed, aborted)


def test_a_late_greeting_comes_before_what_was_said_meanwhile() -> None:
    stage = Stage()
    stage.arm(Greeted, Delay(60))
    session = stage.enter()
    session.receive(b"QUIT\r\n")
    asyncio.run(stage.clock.advance(60))
    assert session.take_output() == b"+OK mail.b.tst POP3 ready <1.1700000060@mail.b.tst>\r\n+OK bye\r\n"
