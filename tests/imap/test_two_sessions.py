"""Two sessions on one mailbox: what one does, what the other is told and when (RFC 3501 §5.2, §7.4.1; RFC 2180)."""

from collections.abc import Callable

import pytest

from mailharness.mailbox import Maildrop
from tests.imap.stage import LETTERS, Stage, hear, say

NEWS_OF_TWO_GONE = ["* 1 EXPUNGE", "* 2 EXPUNGE"]

# What the laptop does, then what the phone says, and the untagged responses that it hears.
TOLD = [
    ("STORE 1 FLAGS (\\Seen)", "NOOP", ["* 1 FETCH (FLAGS (\\Seen) UID 1)"]),
    ("STORE 1 FLAGS.SILENT (\\Seen)", "CHECK", ["* 1 FETCH (FLAGS (\\Seen) UID 1)"]),
    ("STORE 1:2 +FLAGS ($Work)", "NOOP", None),
    ("FETCH 2 BODY[]", "NOOP", ["* 2 FETCH (FLAGS (\\Seen) UID 2)"]),
    ("FETCH 2 BODY.PEEK[]", "NOOP", []),
    ("STORE 1 FLAGS ()", "NOOP", []),
    ("APPEND INBOX {1+}\r\nx", "NOOP", ["* 4 EXISTS", "* 0 RECENT"]),
    ("APPEND INBOX {1+}\r\nx", "FETCH 4 UID", None),
    ("APPEND INBOX {1+}\r\nx", "SEARCH ALL", ["* SEARCH 1 2 3", "* 4 EXISTS", "* 0 RECENT"]),
    ("COPY 1:2 INBOX", "NOOP", ["* 5 EXISTS", "* 0 RECENT"]),
    ("EXPUNGE 1,3", "NOOP", NEWS_OF_TWO_GONE),
    ("EXPUNGE 1,3", "CHECK", NEWS_OF_TWO_GONE),
    ("EXPUNGE 1,3", "STATUS Sent (MESSAGES)", ["* STATUS Sent (MESSAGES 0)", *NEWS_OF_TWO_GONE]),
    ("EXPUNGE 1,3", "FETCH 2:3 UID", ["* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)"]),
    ("EXPUNGE 1,3", "FETCH 3 RFC822.SIZE", ["* 3 FETCH (RFC822.SIZE 20)"]),
    ("EXPUNGE 1,3", "STORE 2 FLAGS.SILENT (\\Seen)", []),
    ("EXPUNGE 1,3", "SEARCH ALL", ["* SEARCH 1 2 3"]),
    ("EXPUNGE 1,3", "UID FETCH 2 UID", ["* 2 FETCH (UID 2)", *NEWS_OF_TWO_GONE]),
    ("EXPUNGE 1,3", "UID SEARCH ALL", ["* SEARCH 1 2 3", *NEWS_OF_TWO_GONE]),
    ("EXPUNGE 1,3", "UID STORE 2 FLAGS.SILENT (\\Seen)", NEWS_OF_TWO_GONE),
    ("EXPUNGE 1,3", "NOSUCHCOMMAND", NEWS_OF_TWO_GONE),
    ("EXPUNGE 1,3", "CLOSE", []),
    ("EXPUNGE 1,3", "LOGOUT", ["* BYE see you"]),
]

# What the phone has said before, what the laptop does, then what the phone says, and the untagged responses that it hears.
TOLD_SINCE = [
    ("", "STORE 1 +FLAGS (\\Flagged)", "NOOP", ["* 1 FETCH (FLAGS (\\Flagged) UID 1)"]),
    (
        "",
        "STORE 1:3 FLAGS (\\Answered)",
        "NOOP",
        [
            "* 1 FETCH (FLAGS (\\Answered) UID 1)",
            "* 2 FETCH (FLAGS (\\Answered) UID 2)",
            "* 3 FETCH (FLAGS (\\Answered) UID 3)",
        ],
    ),
    ("", "STORE 2 FLAGS (\\Draft)", "FETCH 1 UID", ["* 1 FETCH (UID 1)", "* 2 FETCH (FLAGS (\\Draft) UID 2)"]),
    ("", "STORE 2 FLAGS (\\Draft)", "SEARCH DRAFT", ["* SEARCH 2", "* 2 FETCH (FLAGS (\\Draft) UID 2)"]),
    ("", "STORE 2 FLAGS (\\Draft)", "UID SEARCH DRAFT", ["* SEARCH 2", "* 2 FETCH (FLAGS (\\Draft) UID 2)"]),
    (
        "",
        "STORE 2 FLAGS (\\Draft)",
        "STATUS Sent (MESSAGES)",
        ["* STATUS Sent (MESSAGES 0)", "* 2 FETCH (FLAGS (\\Draft) UID 2)"],
    ),
    ("", "STORE 2 FLAGS (\\Draft)", "COPY 1 Sent", ["* 2 FETCH (FLAGS (\\Draft) UID 2)"]),
    ("", "STORE 2 FLAGS (\\Draft)", "CLOSE", []),
    ("", "STORE 2 FLAGS (\\Draft)", "UNSELECT", []),
    ("", "UID STORE 3 +FLAGS.SILENT (\\Flagged)", "NOOP", ["* 3 FETCH (FLAGS (\\Flagged) UID 3)"]),
    ("", "APPEND INBOX (\\Seen) {1+}\r\nx", "FETCH 1 UID", ["* 1 FETCH (UID 1)", "* 4 EXISTS", "* 0 RECENT"]),
    ("", "APPEND INBOX {1+}\r\nx {1+}\r\ny", "NOOP", ["* 5 EXISTS", "* 0 RECENT"]),
    ("", "APPEND INBOX {1+}\r\nx", "UID FETCH 4 FLAGS", ["* 4 EXISTS", "* 0 RECENT"]),
    ("", "APPEND INBOX {1+}\r\nx", "STORE 1 FLAGS.SILENT ()", ["* 4 EXISTS", "* 0 RECENT"]),
    ("", "APPEND INBOX {1+}\r\nx", "EXPUNGE", ["* 4 EXISTS", "* 0 RECENT"]),
    ("", "APPEND Sent {1+}\r\nx", "NOOP", []),
    ("", "MOVE 2 Sent", "NOOP", ["* 2 EXPUNGE"]),
    ("", "MOVE 2 Sent", "FETCH 2 UID", ["* 2 FETCH (UID 2)"]),
    ("", "UID MOVE 1:2 Sent", "CHECK", ["* 1 EXPUNGE", "* 1 EXPUNGE"]),
    ("", "MOVE 1 INBOX", "NOOP", ["* 1 EXPUNGE", "* 3 EXISTS", "* 0 RECENT"]),
    ("", "REPLACE 2 INBOX {1+}\r\nx", "NOOP", ["* 2 EXPUNGE", "* 3 EXISTS", "* 0 RECENT"]),
    ("", "COPY 1 Sent", "NOOP", []),
    ("", "EXPUNGE 2", "COPY 3 Sent", ["* 2 EXPUNGE"]),
    ("", "EXPUNGE 2", "EXPUNGE", ["* 2 EXPUNGE"]),
    ("", "EXPUNGE 1:3", "NOOP", ["* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXPUNGE"]),
    ("", "EXPUNGE 2", 'LIST "" Sent', ['* LIST (\\HasNoChildren \\Sent) "/" Sent', "* 2 EXPUNGE"]),
    ("", "EXPUNGE 2", "STORE 1:3 +FLAGS.SILENT (\\Seen)", []),
    ("", "EXPUNGE 2", "SORT (ARRIVAL) UTF-8 ALL", ["* SORT 1 2 3"]),
    ("", "EXPUNGE 2", "THREAD ORDEREDSUBJECT UTF-8 ALL", ["* THREAD (1)(2)(3)"]),
    ("", "EXPUNGE 2", "UNSELECT", []),
    ("", "RENAME INBOX old", "NOOP", ["* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXPUNGE"]),
    ("", "DELETE Sent", "NOOP", []),
    ("ENABLE CONDSTORE", "STORE 1 +FLAGS (\\Flagged)", "NOOP", ["* 1 FETCH (FLAGS (\\Flagged) UID 1 MODSEQ (5))"]),
    ("ENABLE CONDSTORE", "EXPUNGE 2", "NOOP", ["* 2 EXPUNGE"]),
    ("ENABLE QRESYNC", "EXPUNGE 1,3", "NOOP", ["* VANISHED 1,3"]),
    ("ENABLE QRESYNC", "EXPUNGE 1,3", "FETCH 2 UID", ["* 2 FETCH (UID 2)"]),
    ("ENABLE QRESYNC", "MOVE 2 Sent", "UID FETCH 1 UID", ["* 1 FETCH (UID 1)", "* VANISHED 2"]),
    ("ENABLE QRESYNC", "APPEND INBOX {1+}\r\nx", "NOOP", ["* 4 EXISTS", "* 0 RECENT"]),
    ("ENABLE IMAP4rev2", "APPEND INBOX {1+}\r\nx", "NOOP", ["* 4 EXISTS"]),
    ("ENABLE IMAP4rev2", "EXPUNGE 3", "SEARCH ALL", ['* ESEARCH (TAG "a") ALL 1:3']),
    (
        "SEARCH RETURN (UPDATE COUNT) FLAGGED",
        "STORE 1 +FLAGS (\\Flagged)",
        "NOOP",
        ["* 1 FETCH (FLAGS (\\Flagged) UID 1)", '* ESEARCH (TAG "a") ADDTO (0 1)'],
    ),
    ("SEARCH RETURN (UPDATE COUNT) ALL", "EXPUNGE 2", "NOOP", ['* ESEARCH (TAG "a") REMOVEFROM (0 2)', "* 2 EXPUNGE"]),
    (
        "SEARCH RETURN (UPDATE COUNT) ALL",
        "APPEND INBOX {1+}\r\nx",
        "NOOP",
        ["* 4 EXISTS", "* 0 RECENT", '* ESEARCH (TAG "a") ADDTO (0 4)'],
    ),
    (
        "SEARCH RETURN (SAVE) ALL",
        "EXPUNGE 2",
        "UID FETCH $ UID",
        ["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)", "* 2 EXPUNGE"],
    ),
    ("NOTIFY SET (selected (MessageNew MessageExpunge))", "EXPUNGE 2", "FETCH 1 UID", ["* 2 EXPUNGE", "* 1 FETCH (UID 1)"]),
    ("NOTIFY SET (selected-delayed (MessageNew MessageExpunge))", "EXPUNGE 2", "FETCH 1 UID", ["* 1 FETCH (UID 1)"]),
    (
        "NOTIFY SET (personal (MessageNew MessageExpunge))",
        "APPEND Sent {1+}\r\nx",
        "NOOP",
        ["* STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 2)"],
    ),
    ("EXAMINE INBOX", "APPEND INBOX {1+}\r\nx", "NOOP", ["* 4 EXISTS", "* 0 RECENT"]),
    ("EXAMINE INBOX", "STORE 2 FLAGS (\\Seen)", "NOOP", ["* 2 FETCH (FLAGS (\\Seen) UID 2)"]),
    ("EXAMINE INBOX", "EXPUNGE 2", "NOOP", ["* 2 EXPUNGE"]),
    ("UNSELECT", "EXPUNGE 2", "NOOP", []),
    ("SELECT Sent", "COPY 1 Sent", "NOOP", ["* 1 EXISTS", "* 1 RECENT"]),
]


@pytest.fixture
def stage() -> Stage:
    stage = Stage(*LETTERS)
    stage.bob.inbox.claim_recent()
    return stage


def do(stage: Stage, command: str) -> None:
    """Let a session of its own do it; ``EXPUNGE 1,3`` marks and removes."""
    session = stage.selected()
    verb, _, numbers = command.partition(" ")
    if verb == "EXPUNGE":
        say(session, f"STORE {numbers} +FLAGS.SILENT (\\Deleted)")
    answer = say(session, verb if verb == "EXPUNGE" else command)
    assert answer[-1].startswith("a OK"), answer


@pytest.mark.parametrize(("deed", "command", "told"), TOLD)
def test_told(stage: Stage, deed: str, command: str, told: list[str] | None) -> None:
    phone = stage.selected()
    do(stage, deed)
    answer = say(phone, command)
    if told is not None:
        assert answer[:-1] == told
    assert phone.closed or not any("EXPUNGE" in line for line in say(phone, "FETCH 1 UID"))


@pytest.mark.parametrize(("before", "deed", "command", "told"), TOLD_SINCE)
def test_told_since(stage: Stage, before: str, deed: str, command: str, told: list[str]) -> None:
    phone = stage.selected()
    if before:
        assert say(phone, before)[-1].startswith("a OK")
    do(stage, deed)
    *untagged, tagged = say(phone, command)
    assert untagged == told
    assert tagged.startswith("a OK")


def test_numbers_hold_until_told(stage: Stage) -> None:
    phone = stage.selected()
    do(stage, "EXPUNGE 1")
    assert say(phone, "FETCH 1:3 UID")[:-1] == ["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)"]
    assert say(phone, "STORE 1 FLAGS (\\Seen)") == ["a OK stored"]
    assert say(phone, "NOOP") == ["* 1 EXPUNGE", "a OK done"]
    assert say(phone, "FETCH 1:2 UID")[:-1] == ["* 1 FETCH (UID 2)", "* 2 FETCH (UID 3)"]


def test_new_keywords_are_announced_first(stage: Stage) -> None:
    phone = stage.selected()
    do(stage, "STORE 2 +FLAGS ($Work)")
    flags, permanent, fetched, tagged = say(phone, "NOOP")
    assert flags == "* FLAGS ($Work \\Answered \\Deleted \\Draft \\Flagged \\Seen)"
    assert permanent.startswith("* OK [PERMANENTFLAGS ($Work \\* ")
    assert (fetched, tagged) == ("* 2 FETCH (FLAGS ($Work) UID 2)", "a OK done")


def test_new_keywords_are_announced_with_the_message_that_brings_them(stage: Stage) -> None:
    phone = stage.selected()
    stage.deliver(b"x", "$Work", "\\Seen")
    flags, permanent, *counts, tagged = say(phone, "NOOP")
    assert flags == "* FLAGS ($Work \\Answered \\Deleted \\Draft \\Flagged \\Seen)"
    assert permanent.startswith("* OK [PERMANENTFLAGS ($Work \\* ")
    assert (counts, tagged) == (["* 4 EXISTS", "* 1 RECENT"], "a OK done")
    stage.deliver(b"x", "$work")
    assert say(phone, "NOOP") == ["* 5 EXISTS", "* 2 RECENT", "a OK done"]


def test_what_came_and_went_meanwhile_is_not_mentioned(stage: Stage) -> None:
    phone = stage.selected()
    stage.deliver(b"x")
    do(stage, "EXPUNGE 4")
    assert say(phone, "NOOP") == ["a OK done"]


def test_what_came_and_went_is_told_in_order_if_it_was_counted(stage: Stage) -> None:
    phone = stage.selected()
    stage.deliver(b"x")
    assert say(phone, "SEARCH ALL")[1] == "* 4 EXISTS"
    do(stage, "EXPUNGE 1,4")
    stage.deliver(b"y")
    assert say(phone, "NOOP") == ["* 1 EXPUNGE", "* 3 EXPUNGE", "* 3 EXISTS", "* 1 RECENT", "a OK done"]


def test_recent_belongs_to_one_session() -> None:
    stage = Stage(*LETTERS)
    assert "* 3 RECENT" in say(stage.logged_in(), "EXAMINE INBOX")
    first, second = stage.logged_in(), stage.logged_in()
    assert "* 3 RECENT" in say(first, "SELECT INBOX")
    assert "* 0 RECENT" in say(second, "SELECT INBOX")
    stage.deliver(b"x")
    assert say(second, "NOOP") == ["* 4 EXISTS", "* 1 RECENT", "a OK done"]
    assert say(first, "NOOP") == ["* 4 EXISTS", "* 3 RECENT", "a OK done"]
    assert say(first, "SEARCH RECENT")[0] == "* SEARCH 1 2 3"
    assert say(second, "SEARCH RECENT")[0] == "* SEARCH 4"


@pytest.mark.parametrize("command", ["COPY 1:3 Sent", "MOVE 1:3 Sent", "UID COPY 1:3 Sent", "UID MOVE 1:3 Sent"])
def test_what_others_removed_does_not_come_back(stage: Stage, command: str) -> None:
    phone = stage.selected()
    do(stage, "EXPUNGE 2")
    assert say(phone, command)[-1] == "a NO [EXPUNGEISSUED] some of them are gone"
    assert say(phone, "STATUS Sent (MESSAGES)")[0] == "* STATUS Sent (MESSAGES 0)"


# What the phone says after the laptop has flagged message 1.
BESIDE = [
    "STORE 1 +FLAGS.SILENT (\\Seen)",
    "UID STORE 1 FLAGS.SILENT (\\Flagged \\Seen)",
    "STORE 1 +FLAGS.SILENT (\\Flagged)",
    "STORE 1 +FLAGS (\\Seen)",
    "STORE 1 -FLAGS (\\Seen)",
    "FETCH 1 BODY[]",
    "FETCH 1 FLAGS",
    "FETCH 1 (FLAGS BODY[])",
    "FETCH 1 BODY.PEEK[]",
]


@pytest.mark.parametrize("command", BESIDE)
def test_anothers_flag_is_told_once_whatever_is_done_beside_it(stage: Stage, command: str) -> None:
    phone = stage.selected()
    do(stage, "STORE 1 +FLAGS (\\Flagged)")
    heard = [*say(phone, command), *say(phone, "NOOP")]
    assert sum("\\Flagged" in line for line in heard) == 1


# -- IDLE ----

PUSHED = [
    ("STORE 1 FLAGS (\\Seen)", ["* 1 FETCH (FLAGS (\\Seen) UID 1)"]),
    ("APPEND INBOX {1+}\r\nx", ["* 4 EXISTS", "* 1 RECENT"]),
    ("EXPUNGE 2", ["* 2 FETCH (FLAGS (\\Deleted) UID 2)", "* 2 EXPUNGE"]),
    ("COPY 1 INBOX", ["* 4 EXISTS", "* 1 RECENT"]),
    ("COPY 1 Sent", []),
]


@pytest.mark.parametrize(("deed", "pushed"), PUSHED)
def test_idle_tells_at_once(stage: Stage, deed: str, pushed: list[str]) -> None:
    phone = stage.selected()
    heard: list[str] = []
    phone.on_output = lambda: heard.extend(hear(phone))
    assert say(phone, "IDLE") == ["+ idling"]
    do(stage, deed)
    assert heard == pushed
    phone.receive(b"DONE\r\n")
    assert hear(phone) == ["a OK idled"]
    do(stage, "STORE 1 FLAGS (\\Draft)")
    assert heard == pushed


def expunge_from_another_imap_session(stage: Stage) -> None:
    say(stage.selected(), "EXPUNGE")


def quit_pop3(stage: Stage) -> None:
    maildrop = Maildrop(stage.bob)
    for number, _stored in maildrop.listing():
        maildrop.delete(number)
    maildrop.quit()


def rename_inbox(stage: Stage) -> None:
    say(stage.logged_in(), "RENAME INBOX old")


@pytest.mark.parametrize("remove", [expunge_from_another_imap_session, quit_pop3, rename_inbox])
def test_idle_tells_of_all_that_went_at_once(stage: Stage, remove: Callable[[Stage], None]) -> None:
    do(stage, "STORE 1:* +FLAGS (\\Deleted)")
    phone = stage.selected()
    pushed: list[list[str]] = []
    phone.on_output = lambda: pushed.append(hear(phone))
    say(phone, "IDLE")
    remove(stage)
    assert pushed == [["* 1 EXPUNGE"] * 3]


def test_idle_begins_with_what_happened_before(stage: Stage) -> None:
    phone = stage.selected()
    do(stage, "EXPUNGE 1")
    assert say(phone, "IDLE") == ["+ idling", "* 1 EXPUNGE"]


def test_who_has_left_is_told_nothing(stage: Stage) -> None:
    phone = stage.selected()
    heard: list[str] = []
    say(phone, "IDLE")
    phone.on_output = lambda: heard.extend(hear(phone))
    phone.receive_eof()
    stage.deliver(b"x")
    assert heard == []
    assert phone.closed
