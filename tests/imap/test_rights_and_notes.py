"""How much, who, and what is noted: QUOTA, ACL, METADATA (RFC 9208, RFC 4314, RFC 5464)."""

import pytest

from mailharness.imap.metadata import MAX_ENTRIES
from tests.imap.stage import LETTERS, Stage, play, say

SCRIPTS = {
    "how much": """
        C: GETQUOTAROOT INBOX
        S: * QUOTAROOT INBOX ""
        S: * QUOTA "" (STORAGE 1 4)
        S: a OK that is all
        C: GETQUOTA ""
        S: * QUOTA "" (STORAGE 1 4)
        S: a OK that is all
        C: GETQUOTA attic
        S: a NO [NONEXISTENT] there is no such quota root
        C: SETQUOTA "" (STORAGE 512)
        S: a NO [NOPERM] quotas are set by whoever made this world
    """,
    "who": """
        C: MYRIGHTS inbox
        S: * MYRIGHTS INBOX lrswipkxtea
        S: a OK that is all
        C: GETACL Sent
        S: * ACL Sent bob@b.tst lrswipkxtea
        S: a OK that is all
        C: LISTRIGHTS Sent BOB@b.tst
        S: * LISTRIGHTS Sent BOB@b.tst lrswipkxtea
        S: a OK that is all
        C: LISTRIGHTS Sent anyone
        S: * LISTRIGHTS Sent anyone ""
        S: a OK that is all
        C: SETACL Sent anyone lr
        S: a NO [NOPERM] mailboxes are not shared here
        C: DELETEACL Nowhere anyone
        S: a NO [NONEXISTENT] there is no such mailbox
        C: LIST "" Sent RETURN (MYRIGHTS)
        S: * LIST () "/" Sent
        S: * MYRIGHTS Sent lrswipkxtea
        S: a OK listed
    """,
    "what is noted": """
        C: SETMETADATA INBOX (/private/comment "mine" /shared/comment ~{3+}|a\0b /private/vendor/x/y {1+}|z)
        S: a OK noted
        C: GETMETADATA inbox /PRIVATE/comment
        S: * METADATA INBOX (/private/comment "mine")
        S: a OK that is all
        C: GETMETADATA inbox (/shared/comment /private/other)
        S: * METADATA INBOX (/shared/comment ~{3}
        S: a\0b /private/other NIL)
        S: a OK that is all
        C: GETMETADATA (DEPTH infinity MAXSIZE 3) INBOX /private
        S: a BAD an entry is called /private/... or /shared/...
        C: GETMETADATA (DEPTH 1) INBOX /private/vendor/x
        S: * METADATA INBOX (/private/vendor/x/y "z")
        S: a OK that is all
        C: GETMETADATA (DEPTH 1) INBOX /private/vendor
        S: a OK that is all
        C: GETMETADATA (DEPTH infinity) INBOX /private/vendor
        S: * METADATA INBOX (/private/vendor/x/y "z")
        S: a OK that is all
        C: GETMETADATA (MAXSIZE 2) INBOX /private/comment
        S: a OK [METADATA LONGENTRIES 4] some are longer
        C: SETMETADATA INBOX (/private/comment NIL)
        S: a OK noted
        C: GETMETADATA INBOX /private/comment
        S: * METADATA INBOX (/private/comment NIL)
        S: a OK that is all
        C: SETMETADATA "" (/shared/motd "hello")
        S: a OK noted
        C: GETMETADATA "" /shared/motd
        S: * METADATA "" (/shared/motd "hello")
        S: a OK that is all
        C: SETMETADATA Nowhere (/shared/motd "hello")
        S: a NO [NONEXISTENT] there is no such mailbox
        C: SETMETADATA "" (/public/motd "hello")
        S: a BAD an entry is called /private/... or /shared/...
        C: GETMETADATA (DEPTH 2) "" /shared/motd
        S: a BAD the options are MAXSIZE number and DEPTH 0, 1 or infinity
    """,
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title: str) -> None:
    stage = Stage(*LETTERS)
    stage.bob.quota = 5_000
    assert play(stage, 'C: LOGIN bob "open sesame"\n' + SCRIPTS[title])


def test_who_may_keep_anything_has_no_limit_to_show() -> None:
    assert say(Stage().logged_in(), 'GETQUOTA ""')[0] == '* QUOTA "" ()'


def test_notes_are_bounded_in_number_and_length() -> None:
    session = Stage().logged_in()
    for number in range(MAX_ENTRIES):
        assert say(session, f'SETMETADATA "" (/private/{number} "x")') == ["a OK noted"]
    assert say(session, 'SETMETADATA "" (/private/more "x")')[0].startswith("a NO [METADATA TOOMANY]")
    assert say(session, f'SETMETADATA "" (/private/1 {{65537+}}\r\n{"x" * 65_537})')[0].startswith("a NO [TOOBIG]")
