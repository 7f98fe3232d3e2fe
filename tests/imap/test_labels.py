r"""Gmail's mailboxes are labels: what is done to the one is seen in the other."""

import re

import pytest

from mailharness.imap import ImapSession
from mailharness.mailbox.labelled import LabelledAccount
from tests.imap.stage import NOON, Stage, first_answer, hear, say

SYSTEM = [
    r'* LIST (\HasNoChildren) "/" INBOX',
    r'* LIST (\HasChildren \Noselect) "/" [Gmail]',
    r'* LIST (\All \HasNoChildren) "/" "[Gmail]/All Mail"',
    r'* LIST (\Drafts \HasNoChildren) "/" [Gmail]/Drafts',
    r'* LIST (\HasNoChildren \Important) "/" [Gmail]/Important',
    r'* LIST (\HasNoChildren \Sent) "/" "[Gmail]/Sent Mail"',
    r'* LIST (\HasNoChildren \Junk) "/" [Gmail]/Spam',
    r'* LIST (\Flagged \HasNoChildren) "/" [Gmail]/Starred',
    r'* LIST (\HasNoChildren \Trash) "/" [Gmail]/Trash',
]


def letter(number: int, *more: str, subject: str = "") -> bytes:
    head = [f"From: Alice <alice@a.tst>\r\nMessage-ID: <{number}@a.tst>\r\nSubject: {subject or f'letter {number}'}", *more]
    return ("\r\n".join(head) + f"\r\n\r\nbody {number}\r\n").encode()


def gmail(*letters: bytes) -> Stage:
    return Stage(*letters, kind=LabelledAccount, profile="gmail")


def everywhere(stage: Stage) -> dict[str, list[str]]:
    """Which subjects' numbers lie in each mailbox."""
    return {
        name.removeprefix("[Gmail]/"): [one.message.subject.removeprefix("letter ") for one in mailbox.messages]
        for name, mailbox in stage.bob.mailboxes.items()
        if mailbox.messages
    }


def test_the_mailboxes_of_the_system_are_there() -> None:
    session = gmail().logged_in()
    assert say(session, 'LIST "" *') == [*SYSTEM, "a OK listed"]
    for command in ('DELETE "[Gmail]/Trash"', "DELETE INBOX", "CREATE [Gmail]/Mine", 'RENAME "[Gmail]/Spam" Junk'):
        assert say(session, command)[-1].startswith("a NO [CANNOT]"), command
    assert "X-GM-EXT-1" in say(session, "CAPABILITY")[0]


@pytest.mark.parametrize(
    ("commands", "then"),
    [
        ((), {"INBOX": ["1"], "All Mail": ["1"]}),
        (("COPY 1 Work",), {"INBOX": ["1"], "All Mail": ["1"], "Work": ["1"]}),
        (("STORE 1 +X-GM-LABELS (Work)",), {"INBOX": ["1"], "All Mail": ["1"], "Work": ["1"]}),
        (("STORE 1 +X-GM-LABELS Work", "COPY 1 Work"), {"INBOX": ["1"], "All Mail": ["1"], "Work": ["1"]}),
        (("MOVE 1 Work",), {"All Mail": ["1"], "Work": ["1"]}),
        (("STORE 1 X-GM-LABELS (Work)", r"STORE 1 -X-GM-LABELS (\Inbox)"), {"All Mail": ["1"], "Work": ["1"]}),
        ((r"STORE 1 +FLAGS (\Deleted)",), {"All Mail": ["1"]}),
        ((r"STORE 1 -X-GM-LABELS (\inbox)",), {"All Mail": ["1"]}),
        ((r"STORE 1 +FLAGS (\Flagged)",), {"INBOX": ["1"], "All Mail": ["1"], "Starred": ["1"]}),
        ((r"STORE 1 +X-GM-LABELS (\Starred)",), {"INBOX": ["1"], "All Mail": ["1"], "Starred": ["1"]}),
        (("COPY 1 [Gmail]/Starred", r"STORE 1 -FLAGS (\Flagged)"), {"INBOX": ["1"], "All Mail": ["1"]}),
        (("MOVE 1 [Gmail]/Trash",), {"Trash": ["1"]}),
        (("COPY 1 [Gmail]/Trash",), {"Trash": ["1"]}),
        (("COPY 1 Work", r"STORE 1 +X-GM-LABELS (\Trash)"), {"Trash": ["1"]}),
        (("COPY 1 [Gmail]/Spam", "SELECT [Gmail]/Spam", "MOVE 1 INBOX"), {"INBOX": ["1"], "All Mail": ["1"]}),
        (("MOVE 1 [Gmail]/Trash", "SELECT [Gmail]/Trash", r"STORE 1 -X-GM-LABELS (\Trash)"), {"All Mail": ["1"]}),
        (("MOVE 1 [Gmail]/Trash", "SELECT [Gmail]/Trash", r"STORE 1 +FLAGS (\Deleted)"), {}),
        (('SELECT "[Gmail]/All Mail"', r"STORE 1 +FLAGS (\Deleted)", "EXPUNGE"), {"INBOX": ["1"], "All Mail": ["1"]}),
        (('SELECT "[Gmail]/All Mail"', "MOVE 1 Work"), {"INBOX": ["1"], "All Mail": ["1"], "Work": ["1"]}),
        ((r"STORE 1 +FLAGS (\Flagged)", "SELECT [Gmail]/Starred", r"STORE 1 +FLAGS (\Deleted)"),
         {"INBOX": ["1"], "All Mail": ["1"]}),
        (("COPY 1 Work", "DELETE Work"), {"INBOX": ["1"], "All Mail": ["1"]}),
        (("COPY 1 Work", "RENAME Work Play"), {"INBOX": ["1"], "All Mail": ["1"], "Play": ["1"]}),
        (("RENAME INBOX Old",), {"All Mail": ["1"], "Old": ["1"]}),
    ],
)  # fmt: skip
def test_labels_and_mailboxes_are_one(commands: tuple[str, ...], then: dict[str, list[str]]) -> None:
    stage = gmail(letter(1))
    session = stage.selected()
    say(session, "CREATE Work", *(command for command in commands))
    assert everywhere(stage) == then
    for command in commands:
        assert say(session, "NOOP")[-1] == "a OK done", command


def test_the_label_of_the_selected_mailbox_is_not_shown() -> None:
    stage = gmail(letter(1))
    session = stage.selected()
    assert say(session, r'STORE 1 +X-GM-LABELS (Work "Muy Importante" \Important)')[0] == (
        r'* 1 FETCH (X-GM-LABELS ("\\Important" "Muy Importante" Work))'
    )
    say(session, "SELECT Work")
    labels = r'* 1 FETCH (X-GM-LABELS ("\\Inbox" "\\Important" "Muy Importante"))'
    assert first_answer(session, "FETCH 1 X-GM-LABELS") == labels
    assert say(session, "STORE 1 X-GM-LABELS.SILENT (&AOQ-)") == ["a OK stored"]
    assert first_answer(session, "FETCH 1 X-GM-LABELS") == "* 1 FETCH (X-GM-LABELS (&AOQ-))"
    say(session, "ENABLE UTF8=ACCEPT")
    assert first_answer(session, "UID FETCH 1 X-GM-LABELS") == '* 1 FETCH (UID 1 X-GM-LABELS ("ä"))'


def test_flags_are_the_message_s_wherever_it_is_seen() -> None:
    stage = gmail(letter(1))
    inbox, everything = stage.selected(), stage.selected('SELECT "[Gmail]/All Mail"')
    say(inbox, r"STORE 1 +FLAGS (\Seen $Work)")
    assert r"* 1 FETCH (FLAGS ($Work \Recent \Seen) UID 1)" in say(everything, "NOOP")
    say(everything, r"STORE 1 -FLAGS (\Seen)", r"STORE 1 +FLAGS (\Flagged)")
    assert first_answer(inbox, "FETCH 1 FLAGS").startswith(r"* 1 FETCH (FLAGS ($Work \Flagged")


def test_both_sides_are_told() -> None:
    stage = gmail(letter(1), letter(2))
    inbox, work = stage.selected(), stage.logged_in()
    say(work, "CREATE Work", "SELECT Work", "IDLE")
    say(inbox, "UID STORE 2 +X-GM-LABELS (Work)")
    assert hear(work) == ["* 1 EXISTS", "* 1 RECENT"]
    assert say(inbox, r"UID STORE 2 +FLAGS (\Deleted)")[-2:] == ["* 2 EXPUNGE", "a OK stored"]
    assert say(inbox, "UID STORE 1 -X-GM-LABELS.SILENT (\\Inbox)") == ["* 1 EXPUNGE", "a OK stored"]
    assert len(stage.bob.get("Work")) == 1


def test_numbers_are_the_same_in_every_mailbox_and_session() -> None:
    stage = gmail(letter(1), letter(2, "References: <1@a.tst>", subject="Re: letter 1"), letter(3))
    session = stage.selected()
    say(session, "CREATE Work", "UID COPY 2:3 Work")
    seen = say(session, "FETCH 1:3 (X-GM-MSGID X-GM-THRID)")[:-1]
    numbers = [tuple(map(int, re.findall(r"ID (\d+)", line))) for line in seen]
    assert len({number for number, _ in numbers}) == 3
    assert all(0 < number < 1 << 63 for pair in numbers for number in pair)
    assert [thread for _, thread in numbers] == [numbers[0][0], numbers[0][0], numbers[2][0]]
    say(session, "SELECT Work")
    again = say(session, "FETCH 1:2 (X-GM-MSGID X-GM-THRID)")[:-1]
    assert [line.partition("(")[2] for line in again] == [line.partition("(")[2] for line in seen[1:]]
    assert say(session, f"SEARCH X-GM-MSGID {numbers[2][0]}") == ["* SEARCH 2", "a OK searched"]
    assert say(session, f"SEARCH X-GM-THRID {numbers[0][1]}") == ["* SEARCH 1", "a OK searched"]


@pytest.mark.parametrize(
    ("head", "subject", "joins"),
    [
        ("References: <0@a.tst> <1@a.tst>", "Re: letter 1", True),
        ("In-Reply-To: <1@a.tst>", "AW: letter 1", False),
        ("In-Reply-To: <1@a.tst>", "letter 1", True),
        ("References: <1@a.tst>", "Something else", False),
        ("X-Nothing: said", "Re: Letter 1", True),
        ("X-Nothing: said", "letter 1", False),
        ("References: <unknown@a.tst>", "Re: letter 1", False),
    ],
)
def test_conversations(head: str, subject: str, joins: bool) -> None:
    stage = gmail(letter(1), letter(2, head, subject=subject))
    first, second = stage.bob.inbox.messages
    assert (first.thread == second.thread) is joins


def test_a_conversation_goes_on_when_its_first_message_is_gone() -> None:
    stage = gmail(letter(1), letter(2, "References: <1@a.tst>", subject="Re: letter 1"))
    thread = stage.bob.inbox.messages[0].thread
    session = stage.selected()
    say(session, "MOVE 1 [Gmail]/Trash", "SELECT [Gmail]/Trash", r"STORE 1 +FLAGS (\Deleted)")
    stage.deliver(letter(3, "References: <2@a.tst>", subject="Re: letter 1"))
    assert {one.thread for one in stage.bob.inbox.messages} == {thread}


def test_the_same_octets_are_the_same_message_and_count_once() -> None:
    stage = gmail(letter(1))
    session = stage.selected()
    octets = letter(1).decode()
    append = f"APPEND Work (\\Seen) {{{len(octets)}+}}\r\n{octets}"
    assert say(session, "CREATE Work", append, append)[1:] == [
        r"* 1 FETCH (FLAGS (\Recent \Seen) UID 1)",
        f"a OK [APPENDUID {stage.bob.get('Work').uid_validity} 1] appended",
        f"a OK [APPENDUID {stage.bob.get('Work').uid_validity} 1] appended",
    ]
    assert stage.bob.used == len(octets)
    say(session, "MOVE 1 [Gmail]/Trash", "SELECT [Gmail]/Trash", r"STORE 1 +FLAGS (\Deleted)")
    assert stage.bob.used == 0


def test_a_label_takes_no_room() -> None:
    stage = gmail(letter(1))
    stage.bob.quota = stage.bob.used
    session = stage.selected()
    assert say(session, "CREATE Work", "COPY 1 Work")[-1].startswith("a OK [COPYUID")
    assert say(session, "APPEND Work {1+}\r\nx")[-1].startswith("a NO [OVERQUOTA]")


# -- X-GM-RAW ----

LETTERS = (
    letter(1, "To: bob@b.tst", subject="Big plan"),
    letter(2, "To: bob@b.tst\r\nCc: carol@c.tst\r\nList-Id: <team.a.tst>", subject="Planning"),
    b"From: carol@c.tst\r\nSubject: photo\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nsee the plan\r\n"
    b"--x\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=cat.png\r\n\r\nPNG\r\n--x--\r\n",
    letter(4) + b"x" * 3_000,
)


def asked(query: str) -> list[str]:
    """The numbers of the messages that a query finds: 2 is read, 3 is starred and has labels, 4 came three days ago."""
    stage = gmail(*LETTERS[:3])
    stage.deliver(LETTERS[3], date=NOON - 3 * 86_400)
    session: ImapSession = stage.selected()
    say(session, r"STORE 2 +FLAGS (\Seen)", r'STORE 3 +X-GM-LABELS (\Starred "My Work/New")')
    octets = query.encode()
    found, status = say(session, f"SEARCH X-GM-RAW {{{len(octets)}+}}\r\n{query}")
    assert status == "a OK searched"
    return found.split()[2:]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from:alice", "1 2 4"),
        ("from:(alice carol)", ""),
        ("from:{alice carol}", "1 2 3 4"),
        ("from:alice@a.tst to:carol", "2"),
        ("to:bob", "1 2"),
        ("cc:carol", "2"),
        ("list:team.a.tst", "2"),
        ("subject:plan", "1"),
        ('subject:"big plan"', "1"),
        ("subject:(plan big)", "1"),
        ("plan", "1 3"),
        ("-plan", "2 4"),
        ("-from:alice -plan", ""),
        ('"see the plan"', "3"),
        ('"the see"', ""),
        ("photo OR planning", "2 3"),
        ("{photo planning}", "2 3"),
        ("(from:alice plan) OR photo", "1 3"),
        ("-(from:alice)", "3"),
        ("has:attachment", "3"),
        ("filename:png", "3"),
        ("filename:cat.png", "3"),
        ("is:unread", "1 3 4"),
        ("in:unread -is:starred", "1 4"),
        ("is:read", "2"),
        ("is:starred", "3"),
        ("label:my-work-new", "3"),
        ('label:"My Work/New"', "3"),
        ("in:inbox -label:starred", "1 2 4"),
        ("in:trash", ""),
        ("in:anywhere", "1 2 3 4"),
        ("larger:2K", "4"),
        ("smaller:2k has:attachment", "3"),
        ("older_than:2d", "4"),
        ("newer_than:2d", "1 2 3"),
        ("before:2023/11/13", "4"),
        ("after:2023-11-13", "1 2 3"),
        ("after:1700000000", "1 2 3"),
        ("rfc822msgid:2@a.tst", "2"),
        ("rfc822msgid:<2@a.tst>", "2"),
        ("", "1 2 3 4"),
        ("OR", "1 2 3 4"),
        (") }", "1 2 3 4"),
        ("x:y", ""),
        ('"', "1 2 3 4"),
    ],
)
def test_gmail_s_search_language(query: str, found: str) -> None:
    assert " ".join(asked(query)) == found


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("X-GM-LABELS Nothing", "* SEARCH"),
        (r"X-GM-LABELS \Inbox", "* SEARCH 1"),
        (r"NOT X-GM-LABELS \inbox", "* SEARCH"),
        (r"X-GM-LABELS \Unknown", r"a BAD there is no label \Unknown"),
        ("X-GM-MSGID x", "a BAD a message's number is decimal, of 64 bits"),
        ("X-GM-RAW larger:much", "a BAD 'much' is no size, as 5M is"),
        ("X-GM-RAW after:1-1-1", "a BAD '1-1-1' is no day, as 2026/11/30 is"),
        ("X-GM-RAW after:2026/13/1", "a BAD '2026/13/1' is no day, as 2026/11/30 is"),
        ("X-GM-RAW older_than:2", "a BAD '2' is no age, as 2d, 3m or 1y are"),
        ("X-GM-RAW has:x", "a BAD has:'x' is not known here, has:attachment is"),
        (f'X-GM-RAW "{"a " * 101}"', "a BAD no more than 100 terms in one query"),
        (f'X-GM-RAW "{"(" * 30}"', "a BAD a query is nested deeper than 20 levels"),
        (f'X-GM-RAW "{"from:" * 90}a"', "* SEARCH"),
    ],
)
def test_searches_for_what_there_is_not(keys: str, told: str) -> None:
    assert say(gmail(letter(1)).selected(), f"SEARCH {keys}")[0] == told


@pytest.mark.parametrize(
    "command", ["FETCH 1 X-GM-LABELS", "STORE 1 +X-GM-LABELS (x)", "SEARCH X-GM-RAW x", "FETCH 1 X-GM-THRID"]
)
def test_other_servers_know_nothing_of_it(command: str) -> None:
    (answer,) = say(Stage(letter(1)).selected(), command)
    assert answer.startswith("a BAD ")


def test_an_account_without_labels_has_none() -> None:
    session = Stage(letter(1), profile="gmail").selected()
    for command in ("FETCH 1 X-GM-LABELS", "STORE 1 +X-GM-LABELS (x)", "SEARCH X-GM-LABELS x"):
        assert say(session, command) == ["a NO [CANNOT] the mailboxes of this account are no labels"]
