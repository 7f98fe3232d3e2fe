"""Searches that go on: who joins the result, who leaves it, and when that is told (RFC 5267)."""

import pytest

from mailharness.imap.contexts import MAX_CONTEXTS
from tests.imap.stage import Stage, hear, play, say

SIZES = [b"Subject: %s\r\n\r\n%s\r\n" % (word, b"x" * size) for word, size in ((b"b", 10), (b"d", 40), (b"c", 30))]
SCRIPTS = {
    "a search is told what joins and what leaves": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: SEARCH RETURN (UPDATE COUNT) SEEN
        S: * ESEARCH (TAG "a") COUNT 0
        S: a OK searched
        C: STORE 1:3 +FLAGS.SILENT (\\Seen)
        S: * ESEARCH (TAG "a") ADDTO (0 1:3)
        S: a OK stored
        C: STORE 2 FLAGS.SILENT ()
        S: * ESEARCH (TAG "a") REMOVEFROM (0 2)
        S: a OK stored
        C: STORE 1 +FLAGS.SILENT (\\Deleted)
        S: a OK stored
        C: EXPUNGE
        S: * ESEARCH (TAG "a") REMOVEFROM (0 1)
        S: * 1 EXPUNGE
        S: a OK expunged
        C: APPEND INBOX (\\Seen) {1+}|x
        S: * 3 EXISTS
        S: * 3 RECENT
        S: * ESEARCH (TAG "a") ADDTO (0 3)
        S: a OK [APPENDUID 1 4] appended
        C: CANCELUPDATE "b" "a"
        S: a OK no more of it
        C: STORE 3 FLAGS.SILENT ()
        S: a OK stored
    """,
    "by UID, and of what another session does": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: UID SEARCH RETURN (UPDATE) FLAGGED
        S: * ESEARCH (TAG "a") UID
        S: a OK searched
        D: STORE 1 +FLAGS.SILENT (\\Deleted)
        D: EXPUNGE
        D: STORE 1:2 +FLAGS.SILENT (\\Flagged)
        C: SEARCH FLAGGED
        S: * SEARCH 2 3
        S: * 2 FETCH (FLAGS (\\Flagged \\Recent) UID 2)
        S: * 3 FETCH (FLAGS (\\Flagged \\Recent) UID 3)
        S: * ESEARCH (TAG "a") UID ADDTO (0 2:3)
        S: a OK searched
        C: NOOP
        S: * 1 EXPUNGE
        S: a OK done
    """,
    "in a sorted result each has its place": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 NOT DELETED
        S: * ESEARCH (TAG "a") ALL 1,3,2
        S: a OK sorted
        C: APPEND INBOX {14+}|Subject: a||
        C: NOOP
        C: STORE 1,3 +FLAGS.SILENT (\\Deleted)
        S: * ESEARCH (TAG "a") REMOVEFROM (2 1,3)
        S: a OK stored
        C: STORE 1 -FLAGS.SILENT (\\Deleted)
        S: * ESEARCH (TAG "a") ADDTO (2 1)
        S: a OK stored
        C: STORE 2,4 +FLAGS.SILENT (\\Deleted)
        S: * ESEARCH (TAG "a") REMOVEFROM (1 4 2 2)
        S: a OK stored
        C: STORE 2:4 -FLAGS.SILENT (\\Deleted)
        S: * ESEARCH (TAG "a") ADDTO (1 4 3 3,2)
        S: a OK stored
    """,
    "one tag is one search": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: SEARCH RETURN (UPDATE CONTEXT) 1
        S: * ESEARCH (TAG "a") ALL 1
        S: a OK searched
        C: SORT RETURN (UPDATE) (SIZE) UTF-8 ALL
        S: a BAD a search of that tag is still going on
        C: SEARCH RETURN (CONTEXT COUNT) ALL
        S: * ESEARCH (TAG "a") COUNT 3
        S: a OK searched
        C: SELECT INBOX
        C: SEARCH RETURN (UPDATE MIN) ALL
        S: * ESEARCH (TAG "a") MIN 1
        S: a OK searched
        C: CANCELUPDATE a
        S: a BAD a string is expected at 'a'
    """,
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title: str) -> None:
    assert play(Stage(*SIZES), SCRIPTS[title])


def test_an_idler_is_told_of_what_joins() -> None:
    stage = Stage(*SIZES)
    phone = stage.selected()
    say(phone, "SEARCH RETURN (UPDATE) SUBJECT z", "IDLE")
    pushed: list[str] = []
    phone.on_output = lambda: pushed.extend(hear(phone))
    stage.deliver(b"Subject: z\r\n\r\n")
    assert pushed == ["* 4 EXISTS", "* 4 RECENT", '* ESEARCH (TAG "a") ADDTO (0 4)']


def test_only_so_many_go_on() -> None:
    session = Stage(*SIZES).selected()
    for number in range(MAX_CONTEXTS + 1):
        session.receive(b"t%d SEARCH RETURN (UPDATE COUNT) ALL\r\n" % number)
    refused = f'* NO [NOUPDATE "t{MAX_CONTEXTS}"] no more than {MAX_CONTEXTS} searches go on at once'
    assert [line for line in hear(session) if "NOUPDATE" in line] == [refused]
    session.receive(b'b CANCELUPDATE "t3"\r\nc SEARCH RETURN (UPDATE COUNT) ALL\r\n')
    assert hear(session)[1:] == ['* ESEARCH (TAG "c") COUNT 3', "c OK searched"]
