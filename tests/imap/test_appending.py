"""Messages of a client's: one, many, pieced together, or in the place of another (RFC 3502, RFC 4469, RFC 8508); and what
of a message is shown that no server showed of old (RFC 3516, RFC 8474, RFC 8514, RFC 8970)."""

import pytest

from tests.imap.stage import LETTERS, NOON, Stage, play

IN = """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
"""
PICTURE = (
    b"Subject: picture\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n  Look at\r\nthis:  \r\n--b\r\n"
    b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORwAB\r\n--b\r\n"
    b"Content-Transfer-Encoding: x-own\r\n\r\nQ\r\n--b--\r\n"
)
SCRIPTS = {
    "many at once, or none": """
        C: APPEND Sent {1+}|x (\\Seen) " 2-Feb-1994 05:52:25 +0000" {2+}|yz
        S: a OK [APPENDUID 2 1:2] appended
        C: APPEND Sent {1+}|x {0+}|
        S: a NO [CANNOT] a message of no octets is none
        C: STATUS Sent (MESSAGES UNSEEN SIZE MAILBOXID)
        S: * STATUS Sent (MESSAGES 2 UNSEEN 1 SIZE 3 MAILBOXID (F2))
        S: a OK counted
        C: APPEND Sent ~{2+}|\0z
        S: a OK [APPENDUID 2 3] appended
    """,
    "pieces": """
        C: APPEND Sent CATENATE (URL "/INBOX/;UID=1/;SECTION=HEADER" TEXT {5+}|words)
        S: a OK [APPENDUID 2 1] appended
        C: APPEND Sent CATENATE (URL "/INBOX;UIDVALIDITY=1/;UID=2/;SECTION=TEXT/;PARTIAL=3.4")
        S: a OK [APPENDUID 2 2] appended
        C: APPEND Sent CATENATE (URL "/INBOX/;UID=9") (\\Seen) {1+}|x
        S: a NO [BADURL "/INBOX/;UID=9"] there is nothing to be had
        C: APPEND Sent CATENATE (URL "imap://elsewhere/INBOX/;UID=1")
        S: a NO [BADURL "imap://elsewhere/INBOX/;UID=1"] there is nothing to be had
        C: APPEND Sent CATENATE (URL "/INBOX;UIDVALIDITY=2/;UID=1")
        S: a NO [BADURL "/INBOX;UIDVALIDITY=2/;UID=1"] there is nothing to be had
        C: APPEND Sent CATENATE (SONG {1+}|x)
        S: a BAD SONG is no piece of a message
        C: EXAMINE Sent
        C: FETCH 1 BODY.PEEK[TEXT]
        S: * 1 FETCH (BODY[TEXT] {5}
        S: words)
        S: a OK fetched
        C: FETCH 2 BODY.PEEK[]
        S: * 2 FETCH (BODY[] {4}
        S: line)
        S: a OK fetched
    """,
    "in the place of another": """
        C: REPLACE 2 INBOX (\\Seen) {3+}|new
        S: * OK [APPENDUID 1 5] replaced
        S: * 2 EXPUNGE
        S: * 4 EXISTS
        S: * 4 RECENT
        S: a OK replaced
        C: UID REPLACE 3 Sent {3+}|old
        S: * OK [APPENDUID 2 1] replaced
        S: * 2 EXPUNGE
        S: a OK replaced
        C: REPLACE 1:2 Sent {3+}|old
        S: a BAD REPLACE is of one message
    """,
    "undone by the server": """
        C: FETCH 4 (BINARY.SIZE[2] BINARY.PEEK[2])
        S: * 4 FETCH (BINARY.SIZE[2] 6 BINARY[2] ~{6}
        S: \udc89PNG\0\x01)
        S: a OK fetched
        C: FETCH 4 BINARY[2]<1.3>
        S: * 4 FETCH (BINARY[2]<1> {3}
        S: PNG FLAGS (\\Recent \\Seen))
        S: a OK fetched
        C: FETCH 4 BINARY[9]
        S: * 4 FETCH (BINARY[9] NIL)
        S: a OK fetched
        C: FETCH 4 BINARY[3]
        S: a NO [UNKNOWN-CTE] that transfer encoding is not known here
    """,
    "first words": """
        C: FETCH 2,4 PREVIEW (LAZY)
        S: * 2 FETCH (PREVIEW "no line end")
        S: * 4 FETCH (PREVIEW "Look at this:")
        S: a OK fetched
        C: FETCH 2 PREVIEW (BRISK)
        S: a BAD the only modifier of PREVIEW is LAZY
    """,
    "names and dates of their own": """
        C: COPY 1 Sent
        C: FETCH 1 (EMAILID THREADID SAVEDATE)
        S: * 1 FETCH (EMAILID (M34df31aa1887f6ca12c5509e0c7058e0) THREADID NIL SAVEDATE "14-Nov-2023 12:00:00 +0000")
        S: a OK fetched
        C: SEARCH EMAILID M34df31aa1887f6ca12c5509e0c7058e0
        S: * SEARCH 1
        S: a OK searched
        C: SEARCH SAVEDATESUPPORTED SAVEDSINCE 15-Nov-2023 NOT THREADID T1
        S: * SEARCH
        S: a OK searched
        C: EXAMINE Sent
        C: FETCH 1 (EMAILID SAVEDATE INTERNALDATE)
        S: * 1 FETCH (EMAILID (M34df31aa1887f6ca12c5509e0c7058e0) SAVEDATE "15-Nov-2023 12:00:00 +0000" """
    + """INTERNALDATE "14-Nov-2023 12:00:00 +0000")
        S: a OK fetched
    """,
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title: str) -> None:
    stage = Stage()
    for letter in (*LETTERS, PICTURE):
        stage.deliver(letter, date=NOON - 86_400)
    assert play(stage, IN + SCRIPTS[title])
