"""SEARCH: what each key finds among a handful of letters."""

import pytest

from tests.imap import letters
from tests.imap.stage import NOON, Stage, first_answer, say

DAY = 86_400.0
KOELN = b"Subject: =?ISO-8859-1?Q?K=F6ln?=\r\nDate: Tue, 14 Nov 2023 23:59:00 -0800\r\n\r\n"
OLD = (
    b"From: <carol (her)@ (home) c.tst>\r\nDate: 1 Jan 99 10:00 EST\r\nX-Spam: yes\r\nTo: bob@b.tst\r\n\r\n" + b"x" * 1_000
)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """1 plain (quoted-printable), 2 newsletter, 3 forward, 4 short and encoded, 5 long and old; 4 and 5 not recent."""
    stage = Stage()
    stage.deliver(KOELN, "\\Seen", "\\Answered", date=NOON - DAY)
    stage.deliver(OLD, "\\Flagged", "\\Deleted", "$Junk", date=0.0)
    stage.bob.inbox.claim_recent()
    stage.deliver(letters.PLAIN, "\\Draft")
    stage.deliver(letters.NEWSLETTER)
    stage.deliver(letters.FORWARD, "\\Seen")
    return stage


FOUND = [
    ("ALL", "1 2 3 4 5"),
    ("1,3:4", "1 3 4"),
    ("4:*", "4 5"),
    ("9", ""),
    ("9:*", "5"),
    ("UID 2,77", "2"),
    ("NOT 1:3", "4 5"),
    ("ANSWERED", "1"),
    ("UNANSWERED", "2 3 4 5"),
    ("DELETED", "2"),
    ("UNDELETED", "1 3 4 5"),
    ("DRAFT", "3"),
    ("UNDRAFT", "1 2 4 5"),
    ("FLAGGED", "2"),
    ("UNFLAGGED", "1 3 4 5"),
    ("SEEN", "1 5"),
    ("UNSEEN", "2 3 4"),
    ("KEYWORD $junk", "2"),
    ("UNKEYWORD $Junk", "1 3 4 5"),
    ("RECENT", "3 4 5"),
    ("OLD", "1 2"),
    ("NEW", "3 4"),
    ("LARGER 1000", "2"),
    ("SMALLER 100", "1"),
    ("BEFORE 15-Nov-2023", "1 2"),
    ("ON 14-Nov-2023", "1"),
    ("SINCE 15-Nov-2023", "3 4 5"),
    ("SENTBEFORE 1-Jan-2000", "2"),
    ("SENTON 14-Nov-2023", "1"),
    ('SENTSINCE "15-Nov-2023"', "3"),
    ("FROM carol", "2"),
    ("FROM carol@c.tst", "2"),
    ("FROM home", "2"),
    ("FROM ALICE@a.tst", "5"),
    ("TO dave", "3"),
    ("CC undisclosed", "3"),
    ("BCC x", ""),
    ("SUBJECT fwd", "5"),
    ('SUBJECT "folded subject"', "4"),
    ("CHARSET UTF-8 SUBJECT {5+}\r\nköln", "1 3"),
    ("CHARSET UTF-8 SUBJECT {11+}\r\ngrüsse aus", "3"),
    ("CHARSET UTF-8 BODY {6+}\r\nKÖLN.", "3"),
    ("BODY reply", ""),
    ("BODY html", "5"),
    ("BODY carol", "5"),
    ("TEXT logo.png", ""),
    ("TEXT x-spam", "2"),
    ("TEXT service@shop", "4"),
    ('HEADER X-Spam ""', "2"),
    ("HEADER X-Spam no", ""),
    ("HEADER Message-ID 1@a", "3"),
    ("OR SEEN FLAGGED", "1 2 5"),
    ("NOT OR SEEN FLAGGED UNDRAFT", "4"),
    ("(SEEN UNANSWERED)", "5"),
    ("OR (1:3 SEEN) (4:5 NOT SEEN)", "1 4"),
]


@pytest.mark.parametrize(("keys", "numbers"), FOUND)
def test_found(stage: Stage, keys: str, numbers: str) -> None:
    session = stage.selected("EXAMINE INBOX")
    assert first_answer(session, f"SEARCH {keys}") == f"* SEARCH {numbers}".rstrip()
    assert first_answer(session, f"UID SEARCH {keys}") == f"* SEARCH {numbers}".rstrip()


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        ("CHARSET KOI8-R ALL", "a NO [BADCHARSET (US-ASCII UTF-8)] that charset is not known here"),
        ("CHARSET", "a BAD a space is expected at the end"),
        ("SUBJECT {2+}\r\n\udcc3\udca4", "a BAD a search string is not in US-ASCII"),
        ("CHARSET UTF-8 SUBJECT {1+}\r\n\udcc3", "a BAD a search string is not in UTF-8"),
        ("", "a BAD a keyword is expected at the end"),
        ("NONSENSE", "a BAD there is no search key NONSENSE"),
        ("NOT", "a BAD a space is expected at the end"),
        ("(SEEN", "a BAD a space is expected at the end"),
        ("()", "a BAD a keyword is expected at ')'"),
        ("BEFORE yesterday", "a BAD a date such as 1-Feb-1994 is expected at 'yesterday'"),
        ("1:0", "a BAD no sequence set: 1:0"),
    ],
)
def test_not_searched(stage: Stage, keys: str, answer: str) -> None:
    session = stage.selected("EXAMINE INBOX")
    assert say(session, f"SEARCH {keys}") == [answer]


def test_an_empty_mailbox_is_searched() -> None:
    session = Stage().selected()
    assert first_answer(session, "SEARCH UID 1:* 1:*") == "* SEARCH"
