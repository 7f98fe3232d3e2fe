"""UIDONLY: a client that keeps no message numbers is told none, and may use none (RFC 9586)."""

import pytest

from tests.imap.stage import LETTERS, Stage, play, say

SCRIPT = """
    C: LOGIN bob "open sesame"
    C: ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: a OK enabled
    D: STORE 1 +FLAGS.SILENT (\\Deleted)
    D: EXPUNGE
    C: EXAMINE INBOX
    S: * 2 EXISTS
    S: * 0 RECENT
    S: * OK [UIDVALIDITY 1] UIDs are valid
    S: * OK [UIDNEXT 4] is the next UID
    S: * OK [HIGHESTMODSEQ 6] is the last change
    S: * OK [MAILBOXID (F1)] whatever its name
    S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
    S: * OK [PERMANENTFLAGS ()] these stay
    S: a OK [READ-ONLY] examined
    C: UID FETCH 2:* FLAGS
    S: * 2 UIDFETCH (UID 2 FLAGS ())
    S: * 3 UIDFETCH (UID 3 FLAGS ())
    S: a OK fetched
    C: SELECT INBOX
    C: UID STORE 3 +FLAGS (\\Seen)
    S: * 3 UIDFETCH (FLAGS (\\Seen) UID 3)
    S: a OK stored
    D: STORE 2 FLAGS (\\Flagged)
    D: STORE 1 FLAGS (\\Deleted)
    D: EXPUNGE
    C: NOOP
    S: * VANISHED 2
    S: * 3 UIDFETCH (FLAGS (\\Flagged) UID 3)
    S: a OK done
    C: UID SEARCH 1
    S: a BAD [UIDREQUIRED] only UIDs mean anything here
    C: UID SEARCH UID 1:*
    S: * SEARCH 3
    S: a OK searched
    C: UID SEARCH RETURN (SAVE) ALL
    C: UID FETCH $ RFC822.SIZE
    S: * 3 UIDFETCH (UID 3 RFC822.SIZE 20)
    S: a OK fetched
    C: ENABLE QRESYNC
    C: SELECT INBOX (QRESYNC (1 1 1:3 (1 1)))
    S: a BAD [UIDREQUIRED] only UIDs mean anything here
"""


def test_script() -> None:
    assert play(Stage(*LETTERS), SCRIPT)


@pytest.mark.parametrize(
    "command",
    [
        "FETCH 1 UID",
        "STORE 1 FLAGS ()",
        "SEARCH ALL",
        "COPY 1 Sent",
        "MOVE 1 Sent",
        "SORT (SIZE) UTF-8 ALL",
        "REPLACE 1 INBOX x",
    ],
)
def test_what_goes_by_number_is_refused(command: str) -> None:
    session = Stage(*LETTERS).selected()
    say(session, "ENABLE UIDONLY")
    assert say(session, command) == [f"a BAD [UIDREQUIRED] {command.split()[0]} is by UID only"]


def test_what_went_is_told_by_uid() -> None:
    session = Stage(*LETTERS).selected()
    say(session, "ENABLE UIDONLY", "UID STORE 1,3 +FLAGS.SILENT (\\Deleted)")
    assert say(session, "EXPUNGE") == ["* VANISHED 1,3", "a OK expunged"]
    answer = say(session, "UID MOVE 2 Sent")
    assert answer == ["* OK [COPYUID 2 2 1] moved", "* VANISHED 2", "a OK moved"]
