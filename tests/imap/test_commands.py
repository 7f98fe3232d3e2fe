"""What a client says and hears, command by command: RFC 3501 §6 and the extensions that are offered."""

import pytest

from mailharness.imap.commands import COMMANDS
from mailharness.imap.visit import State
from tests.imap.stage import LETTERS, Stage, hear, play, say

OFFERED = (
    "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE CHILDREN LIST-EXTENDED LIST-STATUS LIST-MYRIGHTS "
    "SPECIAL-USE CREATE-SPECIAL-USE STATUS=SIZE UIDPLUS MULTIAPPEND CATENATE REPLACE BINARY PREVIEW SAVEDATE OBJECTID "
    "UNSELECT MOVE CONDSTORE QRESYNC ESEARCH SEARCHRES CONTEXT=SEARCH CONTEXT=SORT WITHIN PARTIAL SORT SORT=DISPLAY "
    "ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES QUOTA QUOTA=RES-STORAGE ACL RIGHTS=texk METADATA URLAUTH "
    "URLAUTH=BINARY UTF8=ACCEPT COMPRESS=DEFLATE NOTIFY UIDONLY APPENDLIMIT=100000"
)
TRANSCRIPTS = {
    "before a login": f"""
        C: CAPABILITY
        S: * CAPABILITY {OFFERED} STARTTLS AUTH=PLAIN
        S: a OK that is all
        C: NOOP
        S: a OK done
        C: ID ("name" "test" "version" NIL)
        S: * ID ("name" "mailharness")
        S: a OK pleased to meet you
        C: ID NIL
        S: * ID ("name" "mailharness")
        S: a OK pleased to meet you
        C: SELECT INBOX
        S: a BAD SELECT is not for the not authenticated state
        C: LOGIN bob wrong
        S: a NO [AUTHENTICATIONFAILED] wrong name or password
        C: LOGIN bob
        S: a BAD a space is expected at the end
        C: LOGIN {{3+}}|bob {{11}}
        S: + go ahead
        R: open sesame
        S: a OK [CAPABILITY {OFFERED} AUTH=PLAIN] bob@b.tst logged in
        C: LOGIN bob "open sesame"
        S: a BAD LOGIN is not for the authenticated state
        C: STARTTLS
        S: a BAD STARTTLS is not for the authenticated state
        C: LOGOUT
        S: * BYE see you
        S: a OK bye
    """,
    "authentication": f"""
        C: AUTHENTICATE CRAM-MD5
        S: a NO [CANNOT] only PLAIN is spoken here
        C: AUTHENTICATE PLAIN
        S: +
        R: *
        S: a BAD given up
        C: AUTHENTICATE PLAIN !
        S: a BAD nothing more is expected at '!'
        C: AUTHENTICATE PLAIN =
        S: a BAD PLAIN is authorization identity, NUL, user, NUL, password
        C: AUTHENTICATE PLAIN AGJvYgB3cm9uZw==
        S: a NO [AUTHENTICATIONFAILED] wrong name or password
        C: AUTHENTICATE PLAIN YWxpY2UAYm9iAG9wZW4gc2VzYW1l
        S: a NO [AUTHORIZATIONFAILED] nobody acts for another here
        C: AUTHENTICATE plain
        S: +
        R: AGJvYgBvcGVuIHNlc2FtZQ==
        S: a OK [CAPABILITY {OFFERED} AUTH=PLAIN] bob@b.tst logged in
    """,
    "choosing a mailbox": """
        C: LOGIN bob "open sesame"
        C: SELECT Nowhere
        S: a NO [NONEXISTENT] there is no such mailbox
        C: SELECT inbox
        S: * 3 EXISTS
        S: * 3 RECENT
        S: * OK [UNSEEN 1] is the first unseen
        S: * OK [UIDVALIDITY 1] UIDs are valid
        S: * OK [UIDNEXT 4] is the next UID
        S: * OK [HIGHESTMODSEQ 4] is the last change
        S: * OK [MAILBOXID (F1)] whatever its name
        S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
        S: * OK [PERMANENTFLAGS (\\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)] these stay
        S: a OK [READ-WRITE] selected
        C: EXAMINE INBOX
        S: * OK [CLOSED] the other mailbox is closed
        S: * 3 EXISTS
        S: * 0 RECENT
        S: * OK [UNSEEN 1] is the first unseen
        S: * OK [UIDVALIDITY 1] UIDs are valid
        S: * OK [UIDNEXT 4] is the next UID
        S: * OK [HIGHESTMODSEQ 4] is the last change
        S: * OK [MAILBOXID (F1)] whatever its name
        S: * FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen)
        S: * OK [PERMANENTFLAGS ()] these stay
        S: a OK [READ-ONLY] examined
        C: STORE 1 FLAGS \\Seen
        S: a NO [CANNOT] the mailbox was opened with EXAMINE
        C: EXPUNGE
        S: a NO [CANNOT] the mailbox was opened with EXAMINE
        C: CLOSE
        S: a OK closed
        C: CHECK
        S: a BAD CHECK is not for the authenticated state
        C: SELECT INBOX
        C: SELECT Nowhere
        S: * OK [CLOSED] the other mailbox is closed
        S: a NO [NONEXISTENT] there is no such mailbox
        C: FETCH 1 FLAGS
        S: a BAD FETCH is not for the authenticated state
    """,
    "names": """
        C: LOGIN bob "open sesame"
        C: LIST "" ""
        S: * LIST (\\Noselect) "/" ""
        S: a OK that is the separator
        C: CREATE Work/2023/
        S: a OK [MAILBOXID (F4)] created
        C: CREATE Entw&APw-rfe
        S: a OK [MAILBOXID (F5)] created
        C: CREATE Entw&APw-rfe
        S: a NO [ALREADYEXISTS] there is a mailbox of that name
        C: CREATE "a&b"
        S: a NO [CANNOT] a mailbox name is modified UTF-7
        C: CREATE "two words"
        S: a OK [MAILBOXID (F6)] created
        C: LIST "" *
        S: * LIST (\\HasNoChildren) "/" INBOX
        S: * LIST (\\HasNoChildren) "/" Entw&APw-rfe
        S: * LIST (\\HasNoChildren \\Sent) "/" Sent
        S: * LIST (\\HasChildren) "/" Work
        S: * LIST (\\HasNoChildren) "/" Work/2023
        S: * LIST (\\HasNoChildren) "/" "two words"
        S: a OK listed
        C: DELETE Work
        S: a OK deleted
        C: LIST "" %
        S: * LIST (\\HasNoChildren) "/" INBOX
        S: * LIST (\\HasNoChildren) "/" Entw&APw-rfe
        S: * LIST (\\HasNoChildren \\Sent) "/" Sent
        S: * LIST (\\HasChildren \\Noselect) "/" Work
        S: * LIST (\\HasNoChildren) "/" "two words"
        S: a OK listed
        C: LIST Work/ %
        S: * LIST (\\HasNoChildren) "/" Work/2023
        S: a OK listed
        C: DELETE Work
        S: a NO [HASCHILDREN] there are mailboxes below that name
        C: RENAME Work/2023 Done
        S: a OK renamed
        C: RENAME Work/2023 Other
        S: a NO [NONEXISTENT] there is no such mailbox
        C: DELETE INBOX
        S: a NO [CANNOT] INBOX cannot be deleted
        C: NAMESPACE
        S: * NAMESPACE (("" "/")) NIL NIL
        S: a OK that is all
    """,
    "subscriptions": """
        C: LOGIN bob "open sesame"
        C: SUBSCRIBE Lists/python
        S: a OK subscribed
        C: UNSUBSCRIBE Sent
        S: a OK unsubscribed
        C: LSUB "" *
        S: * LSUB () "/" INBOX
        S: * LSUB () "/" Lists/python
        S: a OK listed
        C: LSUB "" %
        S: * LSUB () "/" INBOX
        S: * LSUB (\\Noselect) "/" Lists
        S: a OK listed
        C: SUBSCRIBE Lists
        C: LSUB "" %
        S: * LSUB () "/" INBOX
        S: * LSUB () "/" Lists
        S: a OK listed
    """,
    "counts": """
        C: LOGIN bob "open sesame"
        C: STATUS inbox (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)
        S: * STATUS INBOX (MESSAGES 3 RECENT 3 UIDNEXT 4 UIDVALIDITY 1 UNSEEN 3)
        S: a OK counted
        C: STATUS Nowhere (MESSAGES)
        S: a NO [NONEXISTENT] there is no such mailbox
        C: STATUS INBOX (SIZES)
        S: a BAD there is no status item SIZES
        C: STATUS INBOX ()
        S: a BAD a keyword is expected at ')'
    """,
    "fetching": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: FETCH 2 FAST
        S: * 2 FETCH (FLAGS (\\Recent) INTERNALDATE "15-Nov-2023 12:00:00 +0000" RFC822.SIZE 49)
        S: a OK fetched
        C: FETCH 2,1 (UID FLAGS UID)
        S: * 1 FETCH (UID 1 FLAGS (\\Recent))
        S: * 2 FETCH (UID 2 FLAGS (\\Recent))
        S: a OK fetched
        C: FETCH 3 (RFC822.SIZE ENVELOPE)
        S: * 3 FETCH (RFC822.SIZE 20 ENVELOPE (NIL "third" NIL NIL NIL NIL NIL NIL NIL NIL))
        S: a OK fetched
        C: FETCH 3 (BODY.PEEK[TEXT] FLAGS)
        S: * 3 FETCH (BODY[TEXT] {2}
        S:
        S:  FLAGS (\\Recent))
        S: a OK fetched
        C: FETCH 3 (BODY[TEXT])
        S: * 3 FETCH (BODY[TEXT] {2}
        S:
        S:  FLAGS (\\Recent \\Seen))
        S: a OK fetched
        C: FETCH 3 (FLAGS BODY[TEXT])
        S: * 3 FETCH (FLAGS (\\Recent \\Seen) BODY[TEXT] {2}
        S:
        S: )
        S: a OK fetched
        C: FETCH 4 FLAGS
        S: a BAD there are only 3 messages
        C: FETCH 3:4 FLAGS
        S: a BAD there are only 3 messages
        C: UID FETCH 3:99,7 RFC822.SIZE
        S: * 3 FETCH (UID 3 RFC822.SIZE 20)
        S: a OK fetched
        C: UID FETCH 99:* FLAGS
        S: * 3 FETCH (UID 3 FLAGS (\\Recent \\Seen))
        S: a OK fetched
    """,
    "storing": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: STORE 1 +FLAGS (\\deleted \\SEEN)
        S: * 1 FETCH (FLAGS (\\Deleted \\Recent \\Seen))
        S: a OK stored
        C: STORE 1 -FLAGS.SILENT \\Seen
        S: a OK stored
        C: STORE 1:2 FLAGS \\Flagged $Work
        S: * FLAGS ($Work \\Answered \\Deleted \\Draft \\Flagged \\Seen)
        S: * OK [PERMANENTFLAGS ($Work \\* \\Answered \\Deleted \\Draft \\Flagged \\Seen)] more are welcome
        S: * 1 FETCH (FLAGS ($Work \\Flagged \\Recent))
        S: * 2 FETCH (FLAGS ($Work \\Flagged \\Recent))
        S: a OK stored
        C: STORE 1 +FLAGS ($WORK)
        S: * 1 FETCH (FLAGS ($Work \\Flagged \\Recent))
        S: a OK stored
        C: UID STORE 1 -FLAGS ($WORK)
        S: * 1 FETCH (FLAGS (\\Flagged \\Recent) UID 1)
        S: a OK stored
        C: STORE 1 FLAGS (aa AA \\flagged Aa $work \\FLAGGED)
        S: * FLAGS ($Work \\Answered \\Deleted \\Draft \\Flagged \\Seen aa)
        S: * OK [PERMANENTFLAGS ($Work \\* \\Answered \\Deleted \\Draft \\Flagged \\Seen aa)] more are welcome
        S: * 1 FETCH (FLAGS ($Work \\Flagged \\Recent aa))
        S: a OK stored
        C: STORE 1 FLAGS.SILENT (AA)
        S: a OK stored
        C: STORE 1 +FLAGS (Aa AA bb BB)
        S: * FLAGS ($Work \\Answered \\Deleted \\Draft \\Flagged \\Seen aa bb)
        S: * OK [PERMANENTFLAGS ($Work \\* \\Answered \\Deleted \\Draft \\Flagged \\Seen aa bb)] more are welcome
        S: * 1 FETCH (FLAGS (\\Recent aa bb))
        S: a OK stored
        C: APPEND INBOX (bb BB) {1+}|x
        S: * 4 EXISTS
        S: * 4 RECENT
        S: a OK [APPENDUID 1 4] appended
        C: FETCH 4 FLAGS
        S: * 4 FETCH (FLAGS (\\Recent bb))
        S: a OK fetched
        C: STORE 1 FLAGS ()
        S: * 1 FETCH (FLAGS (\\Recent))
        S: a OK stored
        C: STORE 1 FLAGS (\\Recent)
        S: a BAD \\Recent is no flag that can be set
        C: STORE 1 FLAG (\\Seen)
        S: a BAD FLAG cannot be stored
        C: STORE 9 FLAGS (\\Seen)
        S: a BAD there are only 4 messages
        C: UID STORE 9 FLAGS (\\Seen)
        S: a OK stored
    """,
    "removing": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: STORE 1:3 +FLAGS.SILENT (\\Deleted)
        S: a OK stored
        C: UID EXPUNGE 2,9
        S: * 2 EXPUNGE
        S: a OK expunged
        C: UNSELECT
        S: a OK unselected
        C: STATUS INBOX (MESSAGES)
        S: * STATUS INBOX (MESSAGES 2)
        S: a OK counted
        C: SELECT INBOX
        C: EXPUNGE
        S: * 1 EXPUNGE
        S: * 1 EXPUNGE
        S: a OK expunged
        C: FETCH 1 FLAGS
        S: a BAD there are only 0 messages
        C: FETCH * FLAGS
        S: a BAD there are only 0 messages
        C: UID FETCH 1:* FLAGS
        S: a OK fetched
    """,
    "copying": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: STORE 2 FLAGS.SILENT \\Seen
        C: COPY 1:2 Nowhere
        S: a NO [TRYCREATE] there is no such mailbox
        C: COPY 1:2 Sent
        S: a OK [COPYUID 2 1:2 1:2] copied
        C: UID COPY 3,1 Sent
        S: a OK [COPYUID 2 1,3 3:4] copied
        C: UID COPY 9 Sent
        S: a OK nothing to copy
        C: COPY 9 Sent
        S: a BAD there are only 3 messages
        C: COPY 3 INBOX
        S: * 4 EXISTS
        S: * 4 RECENT
        S: a OK [COPYUID 1 3 4] copied
        C: SELECT Sent
        C: FETCH 2 FAST
        S: * 2 FETCH (FLAGS (\\Recent \\Seen) INTERNALDATE "15-Nov-2023 12:00:00 +0000" RFC822.SIZE 49)
        S: a OK fetched
    """,
    "appending": """
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: APPEND INBOX {5+}|12345
        S: * 4 EXISTS
        S: * 4 RECENT
        S: a OK [APPENDUID 1 4] appended
        C: APPEND Sent (\\Seen $Mine) " 1-Feb-1994 21:52:25 -0800" {5}
        S: + go ahead
        R: 67890
        S: a OK [APPENDUID 2 1] appended
        C: APPEND Sent {0}
        S: + go ahead
        R:
        S: a NO [CANNOT] a message of no octets is none
        C: APPEND Nowhere {1+}|x
        S: a NO [TRYCREATE] there is no such mailbox
        C: APPEND Sent {100001}
        S: a NO [TOOBIG] the literal is too big
        C: APPEND Sent {1+}|\0
        S: a BAD a literal holds no NUL
        C: APPEND Sent "not a literal"
        S: a BAD a date-time such as " 1-Feb-1994 21:52:25 -0800" is expected at 'not a literal"'
        C: EXAMINE Sent
        C: FETCH 1 (FLAGS INTERNALDATE)
        S: * 1 FETCH (FLAGS ($Mine \\Recent \\Seen) INTERNALDATE "02-Feb-1994 05:52:25 +0000")
        S: a OK fetched
    """,
    "idling": """
        C: LOGIN bob "open sesame"
        C: IDLE
        S: + idling
        R: done
        S: a OK idled
        C: SELECT INBOX
        C: IDLE
        S: + idling
        R: NOOP
        S: a BAD only DONE ends IDLE
        C: CHECK
        S: a OK nothing to do
    """,
}


@pytest.mark.parametrize("title", TRANSCRIPTS)
def test_transcript(title: str) -> None:
    assert play(Stage(*LETTERS), TRANSCRIPTS[title])


@pytest.mark.parametrize("verb", COMMANDS)
@pytest.mark.parametrize("state", State)
def test_every_command_knows_its_states(verb: str, state: State) -> None:
    stage = Stage(*LETTERS)
    session = {State.NOT_AUTHENTICATED: stage.enter, State.AUTHENTICATED: stage.logged_in, State.SELECTED: stage.selected}[
        state
    ]()
    hear(session)
    refused = say(session, verb) == [f"a BAD {verb} is not for the {state} state"]
    assert refused is (state not in COMMANDS[verb].states)


def test_a_full_account_takes_no_more() -> None:
    stage = Stage(*LETTERS)
    stage.bob.quota = stage.bob.used + 4
    session = stage.selected()
    assert say(session, "APPEND INBOX {5+}\r\n12345")[0].startswith("a NO [OVERQUOTA] ")
    assert say(session, "COPY 1 Sent")[0].startswith("a NO [OVERQUOTA] ")
    assert len(stage.bob.get("Sent")) == 0
