"""Mod-sequences: a client is told, and tells, since when (RFC 7162)."""

import pytest

from tests.imap.stage import LETTERS, Stage, play

SCRIPTS = {
    "nobody is told who did not ask": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: STORE 1 +FLAGS (\\Seen)
        S: * 1 FETCH (FLAGS (\\Recent \\Seen))
        S: a OK stored
        D: STORE 2 +FLAGS.SILENT (\\Seen)
        S: a OK stored
        C: NOOP
        S: * 2 FETCH (FLAGS (\\Recent \\Seen) UID 2)
        S: a OK done
    """,
    "a first question begins it": """
        C: LOGIN bob "open sesame"
        C: EXAMINE INBOX
        C: FETCH 1:2 (FLAGS MODSEQ)
        S: * OK [HIGHESTMODSEQ 4] is the last change
        S: * 1 FETCH (FLAGS (\\Recent) MODSEQ (2))
        S: * 2 FETCH (FLAGS (\\Recent) MODSEQ (3))
        S: a OK fetched
        D: STORE 3 +FLAGS (\\Seen)
        C: NOOP
        S: * 3 FETCH (FLAGS (\\Recent \\Seen) UID 3 MODSEQ (5))
        S: a OK done
        C: SEARCH MODSEQ 4
        S: * SEARCH 3 (MODSEQ 5)
        S: a OK searched
        C: SEARCH MODSEQ "/flags/\\\\seen" all 6
        S: * SEARCH
        S: a OK searched
        C: UID SEARCH OR MODSEQ 5 UID 1
        S: * SEARCH 1 3 (MODSEQ 5)
        S: a OK searched
        C: STATUS Sent (HIGHESTMODSEQ)
        S: * STATUS Sent (HIGHESTMODSEQ 1)
        S: a OK counted
    """,
    "changed since": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX (CONDSTORE)
        C: STORE 2 +FLAGS.SILENT (\\Flagged)
        S: * 2 FETCH (MODSEQ (5))
        S: a OK stored
        C: FETCH 1:* (UID) (CHANGEDSINCE 3)
        S: * 2 FETCH (UID 2 MODSEQ (5))
        S: * 3 FETCH (UID 3 MODSEQ (4))
        S: a OK fetched
        C: FETCH 1:* (UID) (CHANGEDSINCE 5)
        S: a OK fetched
        C: FETCH 2 BODY[TEXT]
        S: * 2 FETCH (BODY[TEXT] {11}
        S: no line end FLAGS (\\Flagged \\Recent \\Seen) MODSEQ (6))
        S: a OK fetched
        C: FETCH 1 UID (VANISHED)
        S: a BAD VANISHED is said with CHANGEDSINCE
        C: UID FETCH 1 UID (CHANGEDSINCE 1 VANISHED)
        S: a BAD VANISHED is for UID FETCH, once QRESYNC is enabled
        C: FETCH 1 UID (SINCE 1)
        S: a BAD SINCE is no modifier of FETCH
    """,
    "unchanged since": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        D: STORE 2 +FLAGS.SILENT (\\Flagged)
        C: STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Seen)
        S: * OK [HIGHESTMODSEQ 5] is the last change
        S: * 1 FETCH (MODSEQ (6))
        S: * 3 FETCH (MODSEQ (7))
        S: * 2 FETCH (FLAGS (\\Flagged \\Recent) UID 2 MODSEQ (5))
        S: a OK [MODIFIED 2] all but those
        C: UID STORE 2 (UNCHANGEDSINCE 5) FLAGS (\\Seen)
        S: * 2 FETCH (FLAGS (\\Recent \\Seen) UID 2 MODSEQ (8))
        S: a OK stored
        C: STORE 1 (UNCHANGED 5) FLAGS ()
        S: a BAD the only modifier of STORE is UNCHANGEDSINCE
        C: STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS ()
        S: a BAD a mod-sequence has 63 bits
    """,
    "enabling": """
        C: ENABLE CONDSTORE
        S: a BAD ENABLE is not for the not authenticated state
        C: LOGIN bob "open sesame"
        C: SELECT INBOX (QRESYNC (1 2))
        S: a BAD QRESYNC has to be enabled first
        C: ENABLE qresync X-MOONLIGHT
        S: * ENABLED QRESYNC
        S: a OK enabled
        C: ENABLE CONDSTORE QRESYNC
        S: * ENABLED
        S: a OK enabled
        C: SELECT INBOX (CONDSTORE NOW)
        S: a BAD NOW is no parameter of SELECT
    """,
    "who comes back is brought up to date": """
        C: LOGIN bob "open sesame"
        C: ENABLE QRESYNC
        D: STORE 1,3 +FLAGS.SILENT (\\Deleted)
        D: EXPUNGE
        S: * 1 EXPUNGE
        S: * 2 EXPUNGE
        S: a OK expunged
        D: STORE 1 +FLAGS.SILENT (\\Seen)
        C: SELECT INBOX (QRESYNC (1 4 1:3 (1,3 1,3)))
        S: * 1 EXISTS
        S: * 0 RECENT
        S: * OK [UIDVALIDITY 1] UIDs are valid
        S: * OK [UIDNEXT 4] is the next UID
        S: * OK [HIGHESTMODSEQ 8] is the last change
        S: * OK [MAILBOXID (F1)] whatever its name
        S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
        S: * OK [PERMANENTFLAGS (\\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)] these stay
        S: * VANISHED (EARLIER) 1,3
        S: * 1 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (8))
        S: a OK [READ-WRITE] selected
        C: UID FETCH 1:2 (FLAGS) (CHANGEDSINCE 6 VANISHED)
        S: * VANISHED (EARLIER) 1
        S: * 1 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (8))
        S: a OK fetched
        C: STORE 1 +FLAGS.SILENT (\\Deleted)
        S: * 1 FETCH (MODSEQ (9))
        S: a OK stored
        C: EXPUNGE
        S: * VANISHED 2
        S: a OK [HIGHESTMODSEQ 10] expunged
    """,
    "another validity is another mailbox": """
        C: LOGIN bob "open sesame"
        C: ENABLE QRESYNC
        C: EXAMINE INBOX (QRESYNC (7 1))
        S: * 3 EXISTS
        S: * 3 RECENT
        S: * OK [UNSEEN 1] is the first unseen
        S: * OK [UIDVALIDITY 1] UIDs are valid
        S: * OK [UIDNEXT 4] is the next UID
        S: * OK [HIGHESTMODSEQ 4] is the last change
        S: * OK [MAILBOXID (F1)] whatever its name
        S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
        S: * OK [PERMANENTFLAGS ()] these stay
        S: a OK [READ-ONLY] examined
    """,
    "moving": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: MOVE 1,3 Sent
        S: * OK [COPYUID 2 1,3 1:2] moved
        S: * 1 EXPUNGE
        S: * 2 EXPUNGE
        S: a OK moved
        C: UID MOVE 2 Nowhere
        S: a NO [TRYCREATE] there is no such mailbox
        C: UID MOVE 7 Sent
        S: a OK nothing to move
        C: ENABLE QRESYNC
        C: UID MOVE 2 Sent
        S: * OK [COPYUID 2 2 3] moved
        S: * VANISHED 2
        S: a OK [HIGHESTMODSEQ 6] moved
        C: STATUS Sent (MESSAGES)
        S: * STATUS Sent (MESSAGES 3)
        S: a OK counted
        C: EXAMINE Sent
        C: MOVE 1 INBOX
        S: a NO [CANNOT] the mailbox was opened with EXAMINE
    """,
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title: str) -> None:
    assert play(Stage(*LETTERS), SCRIPTS[title])
