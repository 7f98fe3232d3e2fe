"""NOTIFY: what a client is told between its commands, of which mailboxes, and when it is too much (RFC 5465)."""

import pytest

from mailharness.imap.notifying import MAX_PENDING
from tests.imap.stage import LETTERS, Stage, hear, play, say

BOTH = "MessageNew MessageExpunge"
ALL = f"{BOTH} FlagChange"
SCRIPTS = {
    "where the mailboxes stand": f"""
        C: LOGIN bob "open sesame"
        C: NOTIFY SET STATUS (mailboxes (Sent INBOX) ({BOTH}))
        S: * STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 1)
        S: * STATUS Sent (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 2)
        S: a OK you will be told
        C: NOTIFY SET STATUS (inboxes ({ALL})) (personal NONE)
        S: * STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 1 HIGHESTMODSEQ 4)
        S: a OK you will be told
        C: NOTIFY SET (personal ({ALL}))
        S: a OK you will be told
    """,
    "of mailboxes that are not selected": f"""
        C: LOGIN bob "open sesame"
        C: NOTIFY SET (subtree Lists ({BOTH})) (mailboxes Sent ({ALL}))
        D: CREATE Lists/imap
        D: APPEND Lists/imap {{1+}}|x
        D: COPY 1:2 Sent
        C: NOOP
        S: * STATUS Lists/imap (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 4)
        S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 2 HIGHESTMODSEQ 2)
        S: * STATUS Sent (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 2 HIGHESTMODSEQ 3)
        S: a OK done
        D: STORE 1 FLAGS (\\Seen)
        D: SELECT Lists/imap
        D: STORE 1 FLAGS (\\Seen)
        C: NOOP
        S: a OK done
        D: SELECT Sent
        D: STORE 1 FLAGS (\\Seen \\Deleted)
        D: EXPUNGE
        C: NOOP
        S: * STATUS Sent (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 2 HIGHESTMODSEQ 4)
        S: * STATUS Sent (MESSAGES 1 UIDNEXT 3 UIDVALIDITY 2 HIGHESTMODSEQ 5)
        S: a OK done
        C: NOTIFY NONE
        S: a OK you will be told
        D: APPEND Lists/imap {{1+}}|x
        C: NOOP
        S: a OK done
    """,
    "of names": """
        C: LOGIN bob "open sesame"
        C: NOTIFY SET (personal (MailboxName SubscriptionChange))
        D: CREATE Work/2023
        D: SUBSCRIBE Work
        D: RENAME Work "Old work"
        D: DELETE "Old work/2023"
        D: UNSUBSCRIBE Work
        D: UNSUBSCRIBE Work
        C: NOOP
        S: * LIST () "/" Work
        S: * LIST () "/" Work/2023
        S: * LIST (\\Subscribed) "/" Work
        S: * LIST () "/" "Old work" ("OLDNAME" ("Work"))
        S: * LIST () "/" "Old work/2023" ("OLDNAME" ("Work/2023"))
        S: * LIST (\\NonExistent) "/" "Old work/2023"
        S: * LIST (\\NonExistent) "/" Work
        S: a OK done
        C: CREATE Mine
        S: * LIST () "/" Mine
        S: a OK [MAILBOXID (F5)] created
        C: NOTIFY SET (subscribed (SubscriptionChange))
        D: SUBSCRIBE Mine
        C: NOOP
        S: * LIST (\\Subscribed) "/" Mine
        S: a OK done
    """,
    "of the selected mailbox, with what is fetched of new messages": f"""
        C: LOGIN bob "open sesame"
        C: SELECT INBOX
        C: NOTIFY SET (selected (MessageNew (BODY.PEEK[TEXT] FLAGS) MessageExpunge)) (personal ({BOTH}))
        S: a OK you will be told
        D: STORE 2 FLAGS (\\Deleted)
        D: EXPUNGE
        D: APPEND INBOX (\\Flagged) {{13+}}||hello world
        C: FETCH 1 UID
        S: * 2 EXPUNGE
        S: * 3 EXISTS
        S: * 3 RECENT
        S: * 3 FETCH (UID 4 BODY[TEXT] {{11}}
        S: hello world FLAGS (\\Flagged \\Recent))
        S: * 1 FETCH (UID 1)
        S: a OK fetched
        C: APPEND Sent {{1+}}|x
        S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 2)
        S: a OK [APPENDUID 2 1] appended
        C: SELECT Sent
        D: APPEND Sent {{3+}}||x
        C: NOOP
        S: * 2 EXISTS
        S: * 2 RECENT
        S: * 2 FETCH (UID 2 BODY[TEXT] {{1}}
        S: x FLAGS (\\Recent))
        S: a OK done
    """,
    "what is wrong": f"""
        C: LOGIN bob "open sesame"
        C: NOTIFY ALL
        S: a BAD it is NOTIFY SET or NOTIFY NONE
        C: NOTIFY SET (personal (MessageNew))
        S: a BAD MessageNew and MessageExpunge go together, and FlagChange with both
        C: NOTIFY SET (personal (FlagChange))
        S: a BAD MessageNew and MessageExpunge go together, and FlagChange with both
        C: NOTIFY SET (personal ({ALL} AnnotationChange))
        S: a NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)] no more than these
        C: NOTIFY SET (personal (MessageNew (UID) MessageExpunge))
        S: a BAD messages are only fetched of the selected mailbox
        C: NOTIFY SET (selected NONE) (selected-delayed NONE)
        S: a BAD the selected mailbox is named once
        C: NOTIFY SET (strangers NONE)
        S: a BAD there are no mailboxes STRANGERS
    """,
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title: str) -> None:
    assert play(Stage(*LETTERS), SCRIPTS[title])


# What is asked of the selected mailbox, what another session does, and what is told at once.
PUSHED = [
    (f"selected ({ALL})", "STORE 1 FLAGS (\\Deleted)", ["* 1 FETCH (FLAGS (\\Deleted) UID 1)"]),
    (f"selected ({BOTH})", "STORE 1 FLAGS (\\Deleted)", []),
    (f"selected ({BOTH})", "EXPUNGE", ["* 3 EXPUNGE"]),
    (f"selected-delayed ({BOTH})", "EXPUNGE", []),
    (f"selected-delayed ({BOTH})", "APPEND INBOX {1+}\r\nx", ["* 4 EXISTS", "* 1 RECENT"]),
    ("selected NONE", "APPEND INBOX {1+}\r\nx", []),
    (f"personal ({ALL})", "APPEND INBOX {1+}\r\nx", []),
    (f"personal ({ALL})", "APPEND Sent {1+}\r\nx", ["* STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 2 HIGHESTMODSEQ 2)"]),
    ("personal (MailboxName)", "CREATE x", ['* LIST () "/" x']),
    ("inboxes (MailboxName)", "CREATE x", []),
]


@pytest.mark.parametrize(("group", "deed", "pushed"), PUSHED)
def test_told_at_once(group: str, deed: str, pushed: list[str]) -> None:
    stage = Stage(*LETTERS[:2])
    stage.deliver(LETTERS[2], "\\Deleted")
    stage.bob.inbox.claim_recent()
    phone, laptop = stage.selected(), stage.selected()
    say(phone, f"NOTIFY SET ({group})")
    heard: list[str] = []
    phone.on_output = lambda: heard.extend(hear(phone))
    say(laptop, deed)
    assert heard == pushed
    say(phone, "NOTIFY NONE")
    heard.clear()
    say(laptop, "CREATE y", "APPEND Sent {1+}\r\nx")
    assert heard == []


def test_who_has_left_is_told_nothing() -> None:
    stage = Stage()
    phone = stage.logged_in()
    say(phone, f"NOTIFY SET (personal ({BOTH} MailboxName))")
    phone.receive_eof()
    stage.deliver(b"x")
    say(stage.logged_in(), "CREATE x")
    assert hear(phone) == []


def test_who_cannot_follow_is_told_so_once() -> None:
    stage = Stage()
    phone = stage.logged_in()
    say(phone, f"NOTIFY SET (personal ({BOTH} SubscriptionChange))")
    phone._held = True
    for number in range(MAX_PENDING + 1):
        stage.bob.subscribe(f"x{number}")
    phone._held = False
    overflow = "* OK [NOTIFICATIONOVERFLOW] too much has happened, nothing more is told"
    assert say(phone, "NOOP") == [overflow, "a OK done"]
    stage.deliver(b"x")
    stage.bob.subscribe("y")
    assert say(phone, "NOOP") == ["a OK done"]


def test_who_does_not_listen_costs_little() -> None:
    stage = Stage()
    phone = stage.logged_in()
    say(phone, f"NOTIFY SET (personal ({BOTH}))")
    for _ in range(5_000):
        stage.deliver(b"x")
    assert len(phone._output) < 2 * 65_536
    told = "".join(iter(lambda: phone.take_output().decode(), ""))
    assert told.endswith("* STATUS INBOX (MESSAGES 5000 UIDNEXT 5001 UIDVALIDITY 1)\r\n")
