"""IMAP4rev2 and UTF-8 for those who enable them; everybody else is served as ever (RFC 9051, RFC 6855)."""

import pytest

from tests.imap.stage import LETTERS, Stage, hear, play, say

SCRIPTS = {
    "nothing is recent, a search has one kind of answer": """
        C: LOGIN bob "open sesame"
        C: ENABLE imap4rev2 XYZZY
        S: * ENABLED IMAP4rev2
        S: a OK enabled
        C: ENABLE IMAP4rev2
        S: * ENABLED
        S: a OK enabled
        C: SELECT inbox
        S: * LIST () "/" INBOX
        S: * 3 EXISTS
        S: * OK [UIDVALIDITY 1] UIDs are valid
        S: * OK [UIDNEXT 4] is the next UID
        S: * OK [HIGHESTMODSEQ 4] is the last change
        S: * OK [MAILBOXID (F1)] whatever its name
        S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
        S: * OK [PERMANENTFLAGS (\\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)] these stay
        S: a OK [READ-WRITE] selected
        C: FETCH 1 FLAGS
        S: * 1 FETCH (FLAGS ())
        S: a OK fetched
        C: SEARCH ALL
        S: * ESEARCH (TAG "a") ALL 1:3
        S: a OK searched
        C: UID SEARCH SEEN
        S: * ESEARCH (TAG "a") UID
        S: a OK searched
        C: STATUS INBOX (RECENT)
        S: a BAD nothing is recent in IMAP4rev2
        C: STATUS INBOX (DELETED SIZE)
        S: * STATUS INBOX (DELETED 0 SIZE 140)
        S: a OK counted
        C: APPEND INBOX {1+}|x
        S: * 4 EXISTS
        S: a OK [APPENDUID 1 4] appended
        C: SELECT INBOX
        S: * OK [CLOSED] the other mailbox is closed
        S: * LIST () "/" INBOX
        S: * 4 EXISTS
        S: * OK [UIDVALIDITY 1] UIDs are valid
        S: * OK [UIDNEXT 5] is the next UID
        S: * OK [HIGHESTMODSEQ 5] is the last change
        S: * OK [MAILBOXID (F1)] whatever its name
        S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
        S: * OK [PERMANENTFLAGS (\\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)] these stay
        S: a OK [READ-WRITE] selected
    """,
    "names are in UTF-8": """
        C: LOGIN bob "open sesame"
        C: CREATE "Entwürfe"
        S: a BAD a quoted string of 7-bit characters is expected at '"Entw\\xc3\\xbcrfe"'
        C: ENABLE IMAP4rev2
        C: CREATE "Entwürfe/Q&A"
        S: a OK [MAILBOXID (F4)] created
        C: LIST "" "Entw*"
        S: * LIST (\\HasChildren) "/" "Entwürfe"
        S: * LIST (\\HasNoChildren) "/" "Entwürfe/Q&A"
        S: a OK listed
        C: DELETE "Entwu\u0308rfe"
        S: a OK deleted
        C: LIST "" {9+}|Entwürfe
        S: * LIST (\\HasChildren \\NonExistent) "/" "Entwürfe"
        S: a OK listed
        C: STATUS {13+}|Entwürfe/Q&A (MESSAGES)
        S: * STATUS "Entwürfe/Q&A" (MESSAGES 0)
        S: a OK counted
        C: SELECT {2+}|\udcff\udcfe
        S: a NO [CANNOT] a mailbox name is in UTF-8
        C: SELECT "\udcff"
        S: a BAD a quoted string is in UTF-8
        D: LIST "" "Entw*"
        S: * LIST (\\HasChildren \\Noselect) "/" Entw&APw-rfe
        S: * LIST (\\HasNoChildren) "/" Entw&APw-rfe/Q&-A
        S: a OK listed
        C: SETMETADATA "Entwürfe/Q&A" (/private/comment "ä")
        C: GETMETADATA "Entwürfe/Q&A" /private/comment
        S: * METADATA "Entwürfe/Q&A" (/private/comment {2}
        S: ä)
        S: a OK that is all
        C: MYRIGHTS "Entwürfe/Q&A"
        S: * MYRIGHTS "Entwürfe/Q&A" lrswipkxtea
        S: a OK that is all
        C: GETQUOTAROOT "Entwürfe/Q&A"
        S: * QUOTAROOT "Entwürfe/Q&A" ""
        S: * QUOTA "" ()
        S: a OK that is all
    """,
    "UTF8=ACCEPT": """
        C: LOGIN bob "open sesame"
        C: APPEND INBOX UTF8 (~{5+}|ä: b)
        S: a BAD a string is expected at 'UTF8 (~{5+}'
        C: ENABLE UTF8=ACCEPT
        S: * ENABLED UTF8=ACCEPT
        S: a OK enabled
        C: APPEND INBOX (\\Seen) UTF8 (~{16+}|Subject: Grüße)
        S: a OK [APPENDUID 1 4] appended
        C: APPEND INBOX CATENATE (UTF8 (~{4+}|xüx) TEXT {1+}|y)
        S: a OK [APPENDUID 1 5] appended
        C: SELECT INBOX
        C: SEARCH SUBJECT "Grüße"
        S: * SEARCH 4
        S: a OK searched
        C: SEARCH CHARSET UTF-8 SUBJECT x
        S: a BAD who has enabled UTF8=ACCEPT names no charset
        C: SEARCH RECENT
        S: * SEARCH 1 2 3 4 5
        S: a OK searched
        C: CREATE "ä"
        S: a OK [MAILBOXID (F3)] created
        C: LSUB "" %
        S: * LSUB () "/" INBOX
        S: * LSUB () "/" Sent
        S: a OK listed
    """,
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title: str) -> None:
    assert play(Stage(*LETTERS), SCRIPTS[title])


def test_one_sessions_choice_is_no_others() -> None:
    stage = Stage(*LETTERS)
    new, old = stage.logged_in(), stage.selected()
    say(new, "ENABLE IMAP4rev2", "SELECT INBOX", "IDLE")
    heard: list[str] = []
    new.on_output = lambda: heard.extend(hear(new))
    stage.deliver(b"x")
    assert heard == ["* 4 EXISTS"]
    assert say(old, "NOOP") == ["* 4 EXISTS", "* 3 RECENT", "a OK done"]
