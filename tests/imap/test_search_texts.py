"""What SEARCH may conclude from octets alone, and what it keeps of one search for the next."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.imap.reading import Reading
from mailharness.mail import Message
from mailharness.mailbox import Mailbox
from tests.imap.stage import Stage, first_answer, say

HEAD = b"From: <p7@c.tst>\r\nMIME-Version: 1.0\r\n"
ENCODED = base64.b64encode(b"the needle in hay")
LETTERS = {
    "as it is": HEAD + b"\r\nthe NEEDLE in hay\r\n",
    "base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + ENCODED + b"\r\n",
    "quoted-printable": HEAD + b"Content-Transfer-Encoding: Quoted-Printable\r\n\r\nthe nee=\r\ndle in hay\r\n",
    "another charset": HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\nthe +AG4-eedle in hay\r\n",
    "two octets a character": HEAD
    + b"Content-Type: text/plain; charset=utf-16-le\r\n\r\n"
    + "the needle in hay".encode("utf-16-le"),
    "one part of two": HEAD
    + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhay\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + ENCODED
    + b"\r\n--x--\r\n",
    "in an attached message": HEAD
    + b"Content-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + ENCODED
    + b"\r\n",
    "in an attached subject": HEAD
    + b"Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?the_nee?= =?utf-8?q?dle_in?=\r\n\r\nhay",
    "behind an accent": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xa9 the needle in hay",
}


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize("key", ["BODY needle", "TEXT needle", 'BODY "E NEEDLE I"', "NOT BODY thimble"])
def test_a_text_is_found_however_it_is_written(letter: bytes, key: str) -> None:
    session = Stage(letter).selected("EXAMINE INBOX")
    assert [first_answer(session, f"SEARCH {key}") for _ in range(2)] == ["* SEARCH 1"] * 2


def test_a_text_across_a_fold_is_found() -> None:
    session = Stage(b"Subject: the needle\r\n in hay\r\n\r\n").selected("EXAMINE INBOX")
    assert first_answer(session, 'SEARCH TEXT "needle in"') == "* SEARCH 1"


PIECES = st.sampled_from(
    [
        b"needle",
        b"NEE",
        b"dle",
        b"=?utf-8?q?",
        b"?=",
        b"=6E",
        b"bmVlZGxl",
        b"\r\n",
        b"\r\n ",
        b"\r\n\r\n",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Type: text/plain; charset=utf-7",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: message/rfc822",
        b"--b\r\n",
        b"Subject: ",
        b"\xe9",
        b"+AG4-",
        b" ",
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_what_is_rejected_unread_would_not_have_been_found(octets: bytes) -> None:
    mailbox = Mailbox("INBOX", 1)
    reading = Reading(None, 1, mailbox.append(Message(octets), internal_date=0.0))
    if reading.lacks(b"needle"):
        assert not any("needle" in text for text in (*reading.header, *reading.bodies))


def test_dear_keys_are_put_to_those_alone_that_the_cheap_ones_leave() -> None:
    stage = Stage(*[LETTERS["as it is"]] * 3)
    session = stage.selected()
    say(session, "STORE 2 +FLAGS (\\Flagged)")
    assert first_answer(session, "SEARCH BODY needle NOT SUBJECT x OR FLAGGED ANSWERED") == "* SEARCH 2"
    kept = stage.bob.inbox.read
    assert [kept.plain.get(b"", uid) for uid in (1, 2, 3)] == [None, True, None]
    assert [kept.fields.get(b"subject", uid) for uid in (1, 2, 3)] == [None, (), None]


def test_what_one_session_has_read_serves_the_next_and_goes_with_its_message() -> None:
    stage = Stage(*[b"From: <amy@c.tst>\r\nSubject: first\r\n\r\n"] * 2)
    for _ in range(2):
        session = stage.selected()
        assert first_answer(session, "SEARCH FROM amy@c.tst SUBJECT first") == "* SEARCH 1 2"
    kept = stage.bob.inbox.read
    assert (kept.fields.get(b"subject", 1), kept.addresses.get(b"from", 1)) == (("first",), None)
    say(session, "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE")
    assert kept.fields.get(b"subject", 1) is None
    assert first_answer(session, "SEARCH SUBJECT first") == "* SEARCH 1"
