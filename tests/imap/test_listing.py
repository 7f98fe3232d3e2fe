"""Which mailboxes there are, as clients of our day ask for them (RFC 5258, RFC 5819, RFC 6154, RFC 8438)."""

import pytest

from tests.imap.stage import LETTERS, Stage, play

SCRIPTS = {
    "several patterns at once": """
        C: LIST "" (INBOX Work/*)
        S: * LIST () "/" INBOX
        S: * LIST () "/" Work/2023
        S: * LIST () "/" Work/2024
        S: a OK listed
        C: LIST "" ()
        S: a BAD a mailbox name is expected at ')'
    """,
    "what is subscribed to": """
        C: LIST (SUBSCRIBED) "" * RETURN (CHILDREN SPECIAL-USE)
        S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
        S: * LIST (\\HasNoChildren \\NonExistent \\Subscribed) "/" Gone
        S: * LIST (\\HasNoChildren \\Sent \\Subscribed) "/" Sent
        S: * LIST (\\HasNoChildren \\Subscribed) "/" Work/2023
        S: a OK listed
        C: LIST "" % RETURN (SUBSCRIBED)
        S: * LIST (\\Subscribed) "/" INBOX
        S: * LIST (\\Subscribed) "/" Sent
        S: * LIST () "/" Work
        S: a OK listed
    """,
    "a parent of what is meant": """
        C: LIST (SUBSCRIBED RECURSIVEMATCH) "" %
        S: * LIST (\\Subscribed) "/" INBOX
        S: * LIST (\\NonExistent \\Subscribed) "/" Gone
        S: * LIST (\\Subscribed) "/" Sent
        S: * LIST () "/" Work (CHILDINFO ("SUBSCRIBED"))
        S: a OK listed
        C: LIST (SUBSCRIBED RECURSIVEMATCH) "" Work*
        S: * LIST (\\Subscribed) "/" Work/2023
        S: a OK listed
        C: LIST (RECURSIVEMATCH REMOTE) "" %
        S: a BAD RECURSIVEMATCH goes with what is to match
    """,
    "for what they are": """
        C: CREATE Drafts (USE (\\drafts))
        S: a OK [MAILBOXID (F6)] created
        C: CREATE Other (USE (\\Moonlight))
        S: a NO [USEATTR] a mailbox is for one thing, and that has to be a known one
        C: CREATE Other (FOR (\\Drafts))
        S: a BAD the only parameter of CREATE is USE
        C: LIST (SPECIAL-USE) "" *
        S: * LIST (\\Drafts) "/" Drafts
        S: * LIST (\\Sent) "/" Sent
        S: a OK listed
        C: RENAME Drafts Work/Drafts
        C: LIST "" Work/D* RETURN (SPECIAL-USE)
        S: * LIST (\\Drafts) "/" Work/Drafts
        S: a OK listed
    """,
    "with their counts": """
        C: LIST "" (INBOX Gone) RETURN (STATUS (MESSAGES SIZE))
        S: * LIST () "/" INBOX
        S: * STATUS INBOX (MESSAGES 3 SIZE 140)
        S: a OK listed
        C: LIST "" INBOX RETURN (STATUS (BEAUTY))
        S: a BAD there is no status item BEAUTY
        C: LIST "" INBOX RETURN (BEAUTY)
        S: a BAD LIST knows no BEAUTY
        C: LIST "" INBOX STATUS
        S: a BAD behind the patterns stands RETURN
    """,
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title: str) -> None:
    stage = Stage(*LETTERS)
    for name in ("Work", "Work/2023", "Work/2024"):
        stage.bob.create(name)
    for name in ("Work/2023", "Gone"):
        stage.bob.subscribe(name)
    assert play(stage, 'C: LOGIN bob "open sesame"\n' + SCRIPTS[title])
