"""What a search returns when it is asked for more than a line of numbers (RFC 4731, RFC 5182, RFC 5032, RFC 9394)."""

import pytest

from tests.imap.stage import LETTERS, NOON, Stage, play

IN = """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
"""
SCRIPTS = {
    "one line with all that is wanted": """
        C: SEARCH RETURN (MIN MAX COUNT ALL) NOT SUBJECT second
        S: * ESEARCH (TAG "a") MIN 1 MAX 3 ALL 1,3 COUNT 2
        S: a OK searched
        C: UID SEARCH RETURN () SUBJECT third
        S: * ESEARCH (TAG "a") UID ALL 3
        S: a OK searched
        C: SEARCH RETURN (COUNT MIN) SUBJECT nothing
        S: * ESEARCH (TAG "a") COUNT 0
        S: a OK searched
        C: SEARCH RETURN (SUM) ALL
        S: a BAD SUM cannot be returned
    """,
    "mod-sequences of what is told": """
        C: STORE 2 +FLAGS.SILENT (\\Seen)
        C: SEARCH RETURN (MIN) MODSEQ 1
        S: * OK [HIGHESTMODSEQ 5] is the last change
        S: * ESEARCH (TAG "a") MIN 1 MODSEQ 2
        S: a OK searched
        C: SEARCH RETURN (MIN MAX) MODSEQ 1
        S: * ESEARCH (TAG "a") MIN 1 MAX 3 MODSEQ 4
        S: a OK searched
        C: SEARCH RETURN (COUNT) MODSEQ 1
        S: * ESEARCH (TAG "a") COUNT 3 MODSEQ 5
        S: a OK searched
    """,
    "a part of it": """
        C: SEARCH RETURN (PARTIAL 3:2 COUNT) ALL
        S: * ESEARCH (TAG "a") PARTIAL (2:3 2:3) COUNT 3
        S: a OK searched
        C: SEARCH RETURN (PARTIAL -1:-2) ALL
        S: * ESEARCH (TAG "a") PARTIAL (-1:-2 2:3)
        S: a OK searched
        C: SEARCH RETURN (PARTIAL 4:9) ALL
        S: * ESEARCH (TAG "a") PARTIAL (4:9 NIL)
        S: a OK searched
        C: SEARCH RETURN (PARTIAL 0:1) ALL
        S: a BAD a part is counted from 1
        C: SEARCH RETURN (ALL PARTIAL 1:2) ALL
        S: a BAD it is either ALL or PARTIAL
    """,
    "what is saved can be named": """
        C: SEARCH RETURN (SAVE) NOT SUBJECT second
        S: a OK searched
        C: FETCH $ UID
        S: * 1 FETCH (UID 1)
        S: * 3 FETCH (UID 3)
        S: a OK fetched
        C: SEARCH $ SUBJECT first
        S: * SEARCH 1
        S: a OK searched
        C: SEARCH RETURN (SAVE MIN) UID $
        S: * ESEARCH (TAG "a") MIN 1
        S: a OK searched
        C: UID STORE $ +FLAGS.SILENT (\\Deleted)
        C: EXPUNGE
        S: * 1 EXPUNGE
        S: a OK expunged
        C: UID FETCH $ FLAGS
        S: a OK fetched
        C: SELECT INBOX
        C: SEARCH $
        S: * SEARCH
        S: a OK searched
    """,
    "by age": """
        C: SEARCH YOUNGER 3600
        S: * SEARCH 1 2 3
        S: a OK searched
        C: SEARCH OLDER 3600
        S: * SEARCH 4
        S: a OK searched
        C: SEARCH OLDER 0
        S: a BAD an age is one second or more
    """,
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title: str) -> None:
    stage = Stage(*LETTERS)
    if title == "by age":
        stage.deliver(b"Subject: old\r\n\r\n", date=NOON - 7200)
    assert play(stage, IN + SCRIPTS[title])
