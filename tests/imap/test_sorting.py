"""SORT and THREAD: orders that a client names, and who answers whom (RFC 5256, RFC 5957)."""

import pytest

from mailharness.mail.subjects import base_subject
from tests.imap.stage import NOON, Stage, play, say

LETTERS = [
    "From: Zoe <ann@a.test>|To: bob@b.test|Subject: Re: plans|Date: Tue, 14 Nov 2023 10:00:00 +0000|Message-ID: <2@a>"
    "|In-Reply-To: <1@a>",
    "From: ben@a.test|To: Al <zed@b.test>|Subject: Plans|Date: Mon, 13 Nov 2023 10:00:00 +0000|Message-ID: <1@a>",
    "From: cleo@a.test|Subject: [list] apples|Date: none|Message-ID: <3@a>|X: " + "x" * 200,
    "From: ben@a.test|Subject: Fwd: plans (fwd)|Date: Tue, 14 Nov 2023 12:00:00 +0200|Message-ID: <4@a>"
    "|References: <1@a> <0@gone> <2@a>",
]
SCRIPT = """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: SORT (DATE) UTF-8 ALL
        S: * SORT 2 1 4 3
        S: a OK sorted
        C: SORT (REVERSE DATE) UTF-8 ALL
        S: * SORT 3 1 4 2
        S: a OK sorted
        C: SORT (FROM REVERSE ARRIVAL) US-ASCII ALL
        S: * SORT 1 4 2 3
        S: a OK sorted
        C: SORT (SUBJECT DATE) UTF-8 ALL
        S: * SORT 3 2 1 4
        S: a OK sorted
        C: SORT (DISPLAYFROM) UTF-8 NOT SUBJECT apples
        S: * SORT 2 4 1
        S: a OK sorted
        C: UID SORT RETURN (MIN COUNT PARTIAL 1:2) (REVERSE SIZE) UTF-8 ALL
        S: * ESEARCH (TAG "a") UID MIN 3 PARTIAL (1:2 3,1) COUNT 4
        S: a OK sorted
        C: SORT (COLOUR) UTF-8 ALL
        S: a BAD nothing is sorted by COLOUR
        C: SORT (DATE) EBCDIC ALL
        S: a NO [BADCHARSET (US-ASCII UTF-8)] that charset is not known here
        C: THREAD REFERENCES UTF-8 ALL
        S: * THREAD (2 1 4)(3)
        S: a OK threaded
        C: UID THREAD ORDEREDSUBJECT UTF-8 ALL
        S: * THREAD (2 (1)(4))(3)
        S: a OK threaded
        C: THREAD REFERENCES UTF-8 SUBJECT nothing
        S: * THREAD
        S: a OK threaded
        C: THREAD ASTROLOGY UTF-8 ALL
        S: a BAD threads are made by ORDEREDSUBJECT or REFERENCES
"""


def staged(*letters: str) -> Stage:
    stage = Stage()
    for number, letter in enumerate(letters):
        stage.deliver(letter.replace("|", "\r\n").encode() + b"\r\n\r\n", date=NOON + number)
    return stage


def test_orders_and_threads() -> None:
    assert play(staged(*LETTERS), SCRIPT) == 12


def threads(*letters: str) -> str:
    session = staged(*letters).selected()
    return say(session, "THREAD REFERENCES UTF-8 ALL")[0].removeprefix("* THREAD ")


@pytest.mark.parametrize(
    ("letters", "wanted"),
    [
        (
            ("Message-ID: <1@a>", "References: <1@a>|Message-ID: <2@a>", "References: <1@a> <2@a>|Message-ID: <3@a>"),
            "(1 2 3)",
        ),
        (("References: <0@gone>|Message-ID: <1@a>", "References: <0@gone>|Message-ID: <2@a>"), "((1)(2))"),
        (("References: <0@gone>|Message-ID: <1@a>", "Message-ID: <2@a>"), "(1)(2)"),
        (("References: <2@a>|Message-ID: <1@a>", "References: <1@a>|Message-ID: <2@a>"), "(2 1)"),
        (("References: <1@a>|Message-ID: <1@a>",), "(1)"),
        (("Message-ID: <1@a>", "Message-ID: <1@a>"), "(1)(2)"),
        (("Subject: one", "Subject: Re: one"), "(1 2)"),
        (("Subject: Re: one", "Subject: Re: one"), "((1)(2))"),
        (("Subject: one", "Subject: one"), "((1)(2))"),
        (("Subject: Re: one", "Subject: one"), "(2 1)"),
        (("Subject:", "Subject:"), "(1)(2)"),
    ],
)
def test_threads(letters: tuple[str, ...], wanted: str) -> None:
    assert threads(*letters) == wanted


def test_a_chain_of_a_thousand_replies_is_answered() -> None:
    chain = [f"Message-ID: <{n}@a>|References: <{n - 1}@a>" for n in range(1_000)]
    assert threads(*chain).count(" ") == 999


@pytest.mark.parametrize(
    ("subject", "base", "is_reply"),
    [
        ("Hello", "HELLO", False),
        ("Re: Hello", "HELLO", True),
        ("RE : [team] re[3]: Hello (fwd)  (FWD)", "HELLO", True),
        ("[team] Hello", "HELLO", False),
        ("[team]", "[TEAM]", False),
        ("[fwd: [a] Re: Hello]", "HELLO", True),
        ("Fw: Hello", "HELLO", True),
        ("Report: Hello", "REPORT: HELLO", False),
        ("", "", False),
        ("re:", "", True),
    ],
)
def test_base_subjects(subject: str, base: str, is_reply: bool) -> None:
    assert base_subject(subject) == (base, is_reply)
