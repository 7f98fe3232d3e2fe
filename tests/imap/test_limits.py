"""What one client may ask at once: bounded in number, refused in the RFC's words, answered in time."""

import pytest

from mailharness.imap.search import MAX_KEYS
from mailharness.mailbox.mailbox import MAX_KEYWORDS
from tests.imap.stage import LETTERS, Stage, play, say

BINARY = "MIME-Version: 1.0\r\nContent-Type: application/x-thing\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\r\n"
SIGNED = (
    "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\na\0b\r\n--x\r\n\r\nseal\r\n--x--\r\n"
)


def many(word: str, count: int) -> str:
    return " ".join(f"{word}{number}" for number in range(count))


def test_keys_of_one_search_are_counted() -> None:
    session = Stage(*LETTERS).selected()
    assert say(session, "SEARCH " + " ".join(["ALL"] * MAX_KEYS)) == ["* SEARCH 1 2 3", "a OK searched"]
    assert say(session, "SEARCH " + " ".join(["ALL"] * (MAX_KEYS + 1))) == ["a BAD no more than 200 search keys at once"]
    nested = "(" + " ".join(["OR ALL ALL"] * MAX_KEYS) + ")"
    assert say(session, "UID SEARCH " + nested) == ["a BAD no more than 200 search keys at once"]


def test_a_message_has_room_for_so_many_flags() -> None:
    session = Stage(*LETTERS).selected()
    refused = "a NO [LIMIT] a message has no room for so many flags"
    assert say(session, f"STORE 1 FLAGS.SILENT ({many('k', 201)})") == [refused]
    assert say(session, f"APPEND INBOX ({many('k', 201)}) {{1+}}\r\nx") == [refused]


def test_a_mailbox_has_room_for_so_many_keywords() -> None:
    session = Stage(*LETTERS).selected()
    for kind in "abcde":
        assert say(session, f"STORE 1 +FLAGS.SILENT ({many(kind, MAX_KEYWORDS // 5)})")[-1] == "a OK stored"
    assert say(session, "STORE 2 FLAGS.SILENT (other)") == ["a NO [LIMIT] the mailbox has no room for more keywords"]
    assert say(session, "STORE 2 FLAGS.SILENT (A1 \\Seen)", "STORE 1 -FLAGS.SILENT (a1)") == ["a OK stored"] * 2


def test_gaps_are_found_among_many_ranges() -> None:
    stage = Stage(*[LETTERS[0]] * 30)
    session = stage.selected()
    say(session, "ENABLE QRESYNC", "STORE 1:30 +FLAGS.SILENT (\\Deleted)", "EXPUNGE")
    ranges = ",".join(str(uid) for uid in range(1, 12_000, 2))
    gone = ",".join(str(uid) for uid in range(1, 31, 2))
    assert say(session, f"UID FETCH {ranges} UID (CHANGEDSINCE 1 VANISHED)")[0] == f"* VANISHED (EARLIER) {gone}"


def test_a_million_ranges_are_no_command() -> None:
    session = Stage(*LETTERS).selected()
    ranges = ",".join(["1:*"] * 1_000_000)
    assert say(session, f"FETCH {ranges} UID") == ["a BAD the command line is too long"]
    assert say(session, "FETCH " + ",".join(["1:3"] * 16_000) + " UID")[:-1] == [
        f"* {n} FETCH (UID {n})" for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("command", ["APPEND Full (other) {1+}\r\nx", "COPY 2 Full", "MOVE 2 Full"])
def test_no_way_leads_more_keywords_into_a_mailbox_that_is_full_of_them(command: str) -> None:
    session = Stage(*LETTERS).selected()
    say(session, "CREATE Full", "STORE 2 +FLAGS.SILENT (other)")
    for kind in "abcde":
        assert say(session, f"APPEND Full ({many(kind, MAX_KEYWORDS // 5)}) {{1+}}\r\nx")[-1].startswith("a OK")
    assert say(session, command) == ["a NO [LIMIT] the mailbox has no room for more keywords"]
    assert say(session, "APPEND Full (A1 \\Seen) {1+}\r\nx")[-1].startswith("a OK")
    say(session, "SELECT Full", "STORE 1 FLAGS.SILENT ()")
    assert say(session, "APPEND Full (other) {1+}\r\nx")[-1].startswith("a OK"), "those of nobody give room"


# -- how big a message may be (RFC 7889) ----


def test_the_limit_of_a_message_is_told() -> None:
    stage = Stage()
    assert play(
        stage,
        """
        C: LOGIN bob "open sesame"
        C: STATUS INBOX (APPENDLIMIT MESSAGES)
        S: * STATUS INBOX (APPENDLIMIT 100000 MESSAGES 0)
        S: a OK counted
        C: APPEND INBOX {100001}
        S: a NO [TOOBIG] the literal is too big
        """,
    )


# -- NUL (RFC 3516 §4.4) ----


def test_what_has_nul_is_kept_in_base64() -> None:
    session = Stage().selected()
    assert "APPENDUID" in say(session, f"APPEND INBOX ~{{{len(BINARY)}+}}\r\n{BINARY}")[-1]
    answer = "\r\n".join(say(session, "FETCH 1 (BODY.PEEK[1] BINARY.PEEK[1] BINARY.SIZE[1])"))
    assert "YQBiDQo=" in answer
    assert "BINARY[1] ~{5}\r\na\0b\r\n BINARY.SIZE[1] 5" in answer


@pytest.mark.parametrize("letter", [SIGNED])
def test_nul_under_a_seal_is_refused(letter: str) -> None:
    session = Stage().selected()
    answer = say(session, f"APPEND INBOX ~{{{len(letter)}+}}\r\n{letter}")
    assert answer == ["a NO [UNKNOWN-CTE] it is sealed by a multipart/signed"]
