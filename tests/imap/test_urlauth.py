"""URLs for others: who may read by them, for how long, and what of it (RFC 4467, RFC 5524)."""

import asyncio

import pytest

from mailharness.imap import ImapSession
from mailharness.trace.events import Fetched
from tests.imap.letters import NEWSLETTER
from tests.imap.stage import LETTERS, Stage, first_answer, hear, say

INBOX = "imap://bob@b.tst/INBOX"


def authorized(session: ImapSession, url: str) -> str:
    """The URL with its token."""
    return first_answer(session, f'GENURLAUTH "{url}" INTERNAL').removeprefix("* GENURLAUTH ").strip('"')


def carols(stage: Stage) -> ImapSession:
    session = stage.enter()
    say(session, "LOGIN carol sesame")
    return session


def fetched(session: ImapSession, url: str) -> str:
    """What is said of the URL, without the URL."""
    return "\r\n".join(say(session, f'URLFETCH "{url}"')[:-1]).partition(url)[2].lstrip('"').removeprefix(" ")


# The access part, and whether bob and carol may read by it.
ACCESS = [
    ("authuser", True, True),
    ("anonymous", True, True),
    ("user+bob", True, False),
    ("user+carol", False, True),
    ("user+nobody", False, False),
    ("submit+bob", False, False),
    ("authuser+bob", False, False),
]


@pytest.mark.parametrize(("access", "bob", "carol"), ACCESS)
def test_who_may_read(access: str, bob: bool, carol: bool) -> None:
    stage = Stage(*LETTERS)
    session = stage.logged_in()
    url = authorized(session, f"{INBOX}/;UID=3;URLAUTH={access}")
    assert [fetched(each, url) != "NIL" for each in (session, carols(stage))] == [bob, carol]


def test_what_is_read_is_the_message_and_the_journal_knows() -> None:
    stage = Stage(*LETTERS)
    url = authorized(stage.logged_in(), f"{INBOX};UIDVALIDITY=1/;UID=1/;SECTION=TEXT;URLAUTH=authuser")
    assert fetched(carols(stage), url) == "{11}\r\nHello Bob\r\n"
    (event,) = stage.events(Fetched)
    assert (event.user, event.mailbox, event.uid, event.peek) == ("carol@b.tst", "INBOX", 1, True)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change",
    [("UID=1", "UID=2"), ("authuser", "anonymous"), ("bob", "carol"), ("b.tst", "c.tst"), (":internal:", ":other:")],
)
def test_a_url_that_was_tampered_with_is_nothing(change: tuple[str, str]) -> None:
    session = Stage(*LETTERS).logged_in()
    url = authorized(session, f"{INBOX}/;UID=1;URLAUTH=authuser")
    assert fetched(session, url) != "NIL"
    assert fetched(session, url.replace(*change, 1)) == "NIL"


def test_a_url_expires() -> None:
    stage = Stage(*LETTERS)
    session = stage.logged_in()
    url = authorized(session, f"{INBOX}/;UID=3;EXPIRE=2023-11-15T13:00:00+00:00;URLAUTH=authuser")
    assert fetched(session, url) != "NIL"
    asyncio.run(stage.clock.advance(3_600))
    assert fetched(session, url) == "NIL"


@pytest.mark.parametrize(
    ("command", "void"), [("RESETKEY INBOX", True), ("RESETKEY", True), ("RESETKEY Sent INTERNAL", False)]
)
def test_keys_can_be_changed(command: str, void: bool) -> None:
    session = Stage(*LETTERS).logged_in()
    url = authorized(session, f"{INBOX}/;UID=3;URLAUTH=authuser")
    assert say(session, command) == ["a OK [URLMECH INTERNAL] all URLs of before are void"]
    assert (fetched(session, url) == "NIL") is void
    assert fetched(session, authorized(session, f"{INBOX}/;UID=3;URLAUTH=authuser")) != "NIL"


REFUSED = [
    (f"GENURLAUTH {INBOX}/;UID=1;URLAUTH=authuser MD5", "a BAD the only mechanism is INTERNAL"),
    (f"GENURLAUTH {INBOX}/;UID=1 INTERNAL", "a BAD that is no URL to be authorized"),
    (f"GENURLAUTH {INBOX};URLAUTH=authuser INTERNAL", "a BAD that is no URL to be authorized"),
    (f"GENURLAUTH {INBOX}/;UID=1;EXPIRE=2023;URLAUTH=authuser INTERNAL", "a BAD that is no URL to be authorized"),
    (f"GENURLAUTH {INBOX}/;UID=1;EXPIRE=T;URLAUTH=authuser INTERNAL", "a BAD that is no URL to be authorized"),
    (
        "GENURLAUTH imap://carol@b.tst/INBOX/;UID=1;URLAUTH=authuser INTERNAL",
        "a NO [NOPERM] the URL is not of your mail",
    ),
    ("GENURLAUTH imap://bob@b.tst/No/;UID=1;URLAUTH=authuser INTERNAL", "a NO [NONEXISTENT] there is no such mailbox"),
    ("RESETKEY No", "a NO [NONEXISTENT] there is no such mailbox"),
    ("URLFETCH (imap://x RAW)", "a BAD a URL is not fetched as RAW"),
    ("URLFETCH " + " ".join("x" * 101), "a BAD no more than 100 URLs at once"),
]


@pytest.mark.parametrize(("command", "answer"), REFUSED)
def test_refused(command: str, answer: str) -> None:
    assert say(Stage(*LETTERS).logged_in(), command) == [answer]


def test_forms() -> None:
    stage = Stage(NEWSLETTER)
    session = stage.logged_in()
    url = authorized(session, f"{INBOX}/;UID=1/;SECTION=1.2;URLAUTH=authuser")
    answer = "\r\n".join(say(session, f"URLFETCH ({url} BINARY BODY BODYPARTSTRUCTURE)")[:-1])
    assert '(BODYPARTSTRUCTURE ("image" "png" ("name" "logo.png")' in answer
    assert '(BODY "iVBORw0KGgo=")' in answer.replace("{12}\r\niVBORw0KGgo=", '"iVBORw0KGgo="')
    session.receive(f"a URLFETCH ({url} BINARY)\r\n".encode())
    assert b" (BINARY {8}\r\n\x89PNG\r\n\x1a\n)\r\n" in session.take_output()
    hear(session)
    gone = authorized(session, f"{INBOX}/;UID=9;URLAUTH=authuser")
    assert fetched(session, gone) == "NIL"
