"""What the journal is told of a session, and what becomes of it when a fault judges: answers, silence, delays, cuts."""

import asyncio

import pytest

from mailharness.faults import Answer, Cut, Delay, Drop, Verdict
from mailharness.imap.wording import shown
from mailharness.mail import Cause
from mailharness.trace.events import (
    Closed,
    Commanded,
    Event,
    Fetched,
    Flagged,
    Greeted,
    LoggedIn,
    Removed,
    Replied,
    Secured,
)
from tests.imap.stage import HOST, LETTERS, Stage, hear, say


def test_a_session_is_told_line_by_line() -> None:
    stage = Stage(*LETTERS)
    session = stage.enter()
    session.receive(b'a LOGIN bob "open sesame"\r\nb SELECT {5+}\r\nINBOX\r\nc LOGOUT\r\n')
    told = [(type(event).__name__, getattr(event, "line", "") or getattr(event, "text", "")) for event in stage.events()]
    greeting, login = told[1][1], told[4][1]
    assert told == [
        ("Greeted", ""),
        ("Replied", greeting),
        ("Commanded", "a LOGIN bob ***"),
        ("LoggedIn", ""),
        ("Replied", login),
        ("Commanded", "b SELECT {5+}"),
        ("Replied", "b OK [READ-WRITE] selected"),
        ("Commanded", "c LOGOUT"),
        ("Replied", "c OK bye"),
        ("Closed", ""),
    ]
    assert greeting.startswith("* OK [CAPABILITY ")
    assert login.startswith("a OK [CAPABILITY ")
    assert {(event.host, event.session) for event in stage.events()} == {(HOST, 1)}


@pytest.mark.parametrize(
    ("segments", "line"),
    [
        ([b"a LOGIN bob secret"], "a LOGIN bob ***"),
        ([b'a login "b\\"o b" "sec ret"'], 'a login "b\\"o b" ***'),
        ([b"a LOGIN {3}", b"bob", b" {6}", b"secret", b""], "a LOGIN {3} ***"),
        ([b'a LOGIN "bob secret'], "a LOGIN ***"),
        ([b'a LOGIN "bob"secret'], "a LOGIN ***"),
        ([b"a LOGIN  bob  secret"], "a LOGIN  bob ***"),
        ([b"a LOGIN"], "a LOGIN ***"),
        ([b"a AUTHENTICATE PLAIN AGJvYgBz"], "a AUTHENTICATE PLAIN ***"),
        ([b"a AUTHENTICATE PLAIN"], "a AUTHENTICATE PLAIN"),
        ([b"a AUTHENTICATE PLAIN\tAGJvYgBz"], "a AUTHENTICATE PLAIN ***"),
        ([b"a\tAUTHENTICATE\tPLAIN\x00AGJvYgBz"], "a\\x09AUTHENTICATE\\x09PLAIN ***"),
        ([b"a LOGIN\tbob secret"], "a LOGIN ***"),
        ([b"a LOGIN bob\tsecret ***"], "a LOGIN bob ***"),
        ([b"a APPEND x {3+}", b"abc", b""], "a APPEND x {3+}"),
        ([b"a NOOP \xff\x00\t"], "a NOOP \\xff\\x00\\x09"),
        ([b"a SEARCH SUBJECT LOGIN"], "a SEARCH SUBJECT LOGIN"),
    ],
)
def test_secrets_stay_out_of_the_journal(segments: list[bytes], line: str) -> None:
    assert shown(segments) == line


def test_a_response_of_authenticate_is_a_secret() -> None:
    stage = Stage()
    session = stage.enter()
    session.receive(b"a AUTHENTICATE PLAIN\r\nAGJvYgBvcGVuIHNlc2FtZQ==\r\n")
    assert [event.line for event in stage.events(Commanded)] == ["a AUTHENTICATE PLAIN"]  # type: ignore[attr-defined]
    (login,) = stage.events(LoggedIn)
    assert (login.user, login.mechanism) == ("bob@b.tst", "PLAIN")  # type: ignore[attr-defined]


def told(stage: Stage, *kinds: type[Event]) -> list[tuple[object, ...]]:
    """Kind, letter and what matters of each event since the login."""
    return [
        (type(event), event.letter, *(getattr(event, name) for name in ("uid", "peek", "flags") if hasattr(event, name)))
        for event in stage.events(*kinds)
    ]


READ = [
    ("FETCH 2 BODY[]", [(Fetched, 2, 2, False), (Flagged, 2, 2, ("\\Seen",))]),
    ("FETCH 2 RFC822.TEXT", [(Fetched, 2, 2, False), (Flagged, 2, 2, ("\\Seen",))]),
    ("UID FETCH 2 BODY.PEEK[HEADER]", [(Fetched, 2, 2, True)]),
    ("FETCH 2 RFC822.HEADER", [(Fetched, 2, 2, True)]),
    ("FETCH 2 FULL", []),
    ("STORE 2 FLAGS (\\Draft)", [(Flagged, 2, 2, ("\\Draft",))]),
    ("STORE 2 FLAGS ()", []),
    ("STORE 2 FLAGS (\\Deleted)|EXPUNGE", [(Flagged, 2, 2, ("\\Deleted",)), (Removed, 2, 2)]),
    ("STORE 2 FLAGS (\\Deleted)|CLOSE", [(Flagged, 2, 2, ("\\Deleted",)), (Removed, 2, 2)]),
    ("STORE 2 FLAGS (\\Deleted)|UNSELECT", [(Flagged, 2, 2, ("\\Deleted",))]),
]


@pytest.mark.parametrize(("commands", "events"), READ)
def test_what_is_done_to_a_letter_is_told(commands: str, events: list[tuple[object, ...]]) -> None:
    stage = Stage(*LETTERS)
    say(stage.selected(), *commands.split("|"))
    assert told(stage, Fetched, Flagged, Removed) == events


def test_an_examined_mailbox_is_only_looked_at() -> None:
    stage = Stage(*LETTERS)
    say(stage.selected("EXAMINE INBOX"), "FETCH 2 BODY[]")
    assert told(stage, Fetched, Flagged) == [(Fetched, 2, 2, True)]
    assert stage.bob.inbox.messages[1].flags == set()


def test_an_appended_message_is_a_letter_of_its_own() -> None:
    stage = Stage(*LETTERS)
    session = stage.selected()
    say(session, "APPEND INBOX {1+}\r\nx", "COPY 4 Sent")
    appended, copied = stage.bob.inbox.messages[3].of, stage.bob.get("Sent").messages[0].of
    assert (appended.letter, appended.cause) == (4, Cause.APPEND)
    assert copied == appended


@pytest.mark.parametrize(
    ("verdict", "answer"),
    [
        (Answer("NO [INUSE] not now"), ["a NO [INUSE] not now"]),
        (Answer("BAD what"), ["a BAD what"]),
        (Answer("OK pretend"), ["a OK pretend"]),
        (Answer("not now"), ["a NO not now"]),
        (Answer("two\r\nlines"), ["a NO two  lines"]),
        (Drop(), []),
    ],
)
def test_a_command_is_answered_by_a_fault(verdict: Verdict, answer: list[str]) -> None:
    stage = Stage(*LETTERS)
    session = stage.logged_in()
    stage.arm(Commanded, verdict, "SELECT")
    assert say(session, "SELECT INBOX") == answer
    assert say(session, "CHECK") == ["a BAD CHECK is not for the authenticated state"]


def test_bye_ends_a_session() -> None:
    stage = Stage()
    session = stage.logged_in()
    stage.arm(Commanded, Answer("BYE over and out"), "NOOP")
    assert say(session, "NOOP") == ["* BYE over and out"]
    assert session.closed
    assert not session.aborted
    assert stage.events(Closed)[0].how == "cut"  # type: ignore[attr-defined]


def test_a_cut_is_a_cut() -> None:
    stage = Stage()
    session = stage.logged_in()
    stage.arm(Commanded, Cut(), "NOOP")
    session.receive(b"a NOOP\r\nb CAPABILITY\r\n")
    assert (session.take_output(), session.aborted, session.closed) == (b"", True, True)


@pytest.mark.parametrize(
    ("verdict", "greeting", "closed"),
    [
        (Answer("OK come in"), ["* OK come in"], False),
        (Answer("BYE full"), ["* BYE full"], True),
        (Answer("full"), ["* BYE full"], True),
        (Drop(), [], False),
        (Cut(), [], True),
    ],
)
def test_the_greeting_is_judged(verdict: Verdict, greeting: list[str], closed: bool) -> None:
    stage = Stage()
    stage.arm(Greeted, verdict)
    session = stage.enter()
    assert (hear(session), session.closed) == (greeting, closed)


def test_a_delay_holds_what_comes_behind_it() -> None:
    async def story() -> None:
        stage = Stage(*LETTERS)
        session = stage.selected()
        heard: list[str] = []
        session.on_output = lambda: heard.extend(hear(session))
        stage.arm(Commanded, Delay(30), "SEARCH")
        session.receive(b"b SEARCH ALL\r\nc NOOP\r\nd IDLE\r\n")
        stage.deliver(b"x")
        assert hear(session) == []
        await stage.clock.advance(29)
        assert heard == []
        await stage.clock.advance(1)
        assert heard == ["* SEARCH 1 2 3", "* 4 EXISTS", "* 4 RECENT", "b OK searched", "c OK done", "+ idling"]

    asyncio.run(story())


def test_who_leaves_during_a_delay_is_closed_after_it() -> None:
    async def story() -> None:
        stage = Stage()
        session = stage.logged_in()
        stage.arm(Commanded, Delay(5), "NOOP")
        session.receive(b"b NOOP\r\n")
        session.receive_eof()
        assert not session.closed
        await stage.clock.advance(5)
        assert session.closed
        assert [event.how for event in stage.events(Closed)] == ["eof"]  # type: ignore[attr-defined]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("verdict", "answer", "after"),
    [
        (Answer("NO stay"), ["a NO stay"], ["a OK done"]),
        (Drop(), [], ["a BAD only DONE ends IDLE"]),
    ],
)
def test_the_end_of_idle_is_judged(verdict: Verdict, answer: list[str], after: list[str]) -> None:
    stage = Stage()
    session = stage.logged_in()
    stage.arm(Commanded, verdict, "DONE")
    say(session, "IDLE")
    session.receive(b"DONE\r\n")
    assert hear(session) == answer
    if answer:
        assert say(session, "NOOP") == after


def test_a_handshake_is_told() -> None:
    stage = Stage()
    session = stage.enter()
    say(session, "STARTTLS")
    session.secured("TLSv1.3", "TLS_AES_128_GCM_SHA256")
    (secured,) = stage.events(Secured)
    assert (secured.version, secured.cipher) == ("TLSv1.3", "TLS_AES_128_GCM_SHA256")  # type: ignore[attr-defined]
    assert not session.wants_tls
    assert stage.events(Replied)[-1].text == "a OK begin TLS"  # type: ignore[attr-defined]
