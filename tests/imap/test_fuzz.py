"""No octets can upset a session: any input in any slicing ends in whole responses, and slicing changes nothing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.imap import ImapSession
from mailharness.imap.commands import COMMANDS
from mailharness.imap.fetch import ITEMS
from mailharness.imap.framing import LINE_LIMIT
from mailharness.imap.search import KEYS
from mailharness.mailbox.labelled import LabelledAccount
from tests.imap.letters import ALL as LETTERS
from tests.imap.stage import Stage, say

WORDS = [
    *(verb.encode() for verb in COMMANDS),
    *(item.encode() for item in ITEMS),
    *(key.encode() for key in KEYS),
    *b'a|b|INBOX|1:*|*|1|9|0|4294967296|(|)|"|"x"|\\Seen|\\Recent|+FLAGS|-FLAGS.SILENT|CHARSET|UTF-8|KOI8-R|{3}|{3+}'.split(
        b"|"
    ),
    *b"BODY[|]|<0.5>|1.1.MIME|HEADER.FIELDS (Subject)|TEXT|&|&AOQ-|&AOQ|%|NIL".split(b"|"),
    *b"SET|STATUS|personal|selected|NONE|(MessageNew MessageExpunge)|RETURN (UPDATE)|(SUBJECT)|UTF8 (~{1+}".split(b"|"),
    b"(selected (MessageNew (BODY[]) MessageExpunge FlagChange))",
    b"RETURN (UPDATE PARTIAL 1:2 CONTEXT)",
    *b"IMAP4rev2|UTF8=ACCEPT|QRESYNC|INTERNAL".split(b"|"),
    *b"imap://bob@b.tst/INBOX/;UID=1;URLAUTH=authuser|imap://bob@b.tst/INBOX/;UID=1;URLAUTH=anonymous:internal:00".split(
        b"|"
    ),
    *b"imap://|;EXPIRE=|/;SECTION=|/;PARTIAL=0.1|BINARY|BODYPARTSTRUCTURE|LZW".split(b"|"),
    *b"1-Feb-1994|PLAIN|AGIAYg==|=|DONE|MESSAGES".split(b"|"),
    *(b"X-GM-LABELS", b"X-GM-MSGID", b"X-GM-THRID", b"X-GM-RAW", b"+X-GM-LABELS", b"-X-GM-LABELS.SILENT", b"\\Inbox"),
    *(b"\\Trash", b"[Gmail]/Starred", b'"[Gmail]/All Mail"', b'"from:(a OR -b) {in:trash"', b'"older_than:2d has:x"'),
    *(b"\r\n", b"\n", b"\r", b" ", b"  ", b"\x00", b"\xff", b"\xc3\xa4", b"\r\nc "),
    *(b"{99999999999}\r\n", b"{99999999999+}\r\n"),
]
GARBAGE = st.lists(st.sampled_from(WORDS) | st.binary(max_size=4), max_size=40).map(b" ".join)
COMMAND_LINES = st.lists(
    st.tuples(st.sampled_from(sorted(COMMANDS)), st.lists(st.sampled_from(WORDS), max_size=5)), max_size=8
).map(lambda lines: b"".join(b"t " + verb.encode() + b" " + b" ".join(words) + b"\r\n" for verb, words in lines))
RESPONSE = re.compile(rb"(?:[^\r\n{]|\{(?!\d+\}\r\n))*(?:\{(\d+)\}\r\n)?")


def is_whole(output: bytes) -> bool:
    """Whether ``output`` is nothing but whole response lines, literals included."""
    position = 0
    while position < len(output):
        match = RESPONSE.match(output, position)
        assert match is not None
        position = match.end()
        if match[1] is not None:
            position += int(match[1])
        elif output[position : position + 2] == b"\r\n":
            position += 2
        else:
            return False
    return position == len(output)


def sessions() -> list[ImapSession]:
    """One in each state, and some that have asked for more than everybody is told; all on one mailbox."""
    stage = Stage(*LETTERS)
    new, curious, old = stage.selected(), stage.selected(), stage.selected("EXAMINE INBOX")
    say(new, "ENABLE QRESYNC IMAP4rev2 UTF8=ACCEPT", "SEARCH RETURN (UPDATE) UNSEEN")
    say(curious, "NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge FlagChange)) (personal (MailboxName))")
    gmail = Stage(*LETTERS, kind=LabelledAccount, profile="gmail")
    labelled = [gmail.selected(), gmail.selected('SELECT "[Gmail]/All Mail"')]
    return [stage.enter(), stage.logged_in(), stage.selected(), old, new, curious, *labelled]


@settings(max_examples=300)
@given(GARBAGE | COMMAND_LINES, st.integers(1, 20))
def test_nothing_is_too_odd(octets: bytes, slice_size: int) -> None:
    for session in sessions():
        session.take_output()
        for start in range(0, len(octets), slice_size):
            session.receive(octets[start : start + slice_size])
            assert is_whole(session.take_output())
        session.receive(b"\r\n")
        session.receive_eof()
        assert is_whole(session.take_output())
        assert session.closed or session.wants_tls


@settings(max_examples=100)
@given(COMMAND_LINES, st.lists(st.integers(1, 30), min_size=1))
def test_slicing_changes_nothing(octets: bytes, sizes: list[int]) -> None:
    whole, sliced = Stage(*LETTERS).selected(), Stage(*LETTERS).selected()
    whole.receive(octets)
    position = n = 0
    while position < len(octets):
        sliced.receive(octets[position : position + sizes[n % len(sizes)]])
        position += sizes[n % len(sizes)]
        n += 1
    assert sliced.take_output() == whole.take_output()


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        (b"a NOOP " + b"x" * LINE_LIMIT, b"a BAD the command line is too long\r\n"),
        (b"x" * (3 * LINE_LIMIT), b"* BAD the command line is too long\r\n"),
        (b"a LOGIN bob " + b"{65537}", b"a NO [TOOBIG] the literal is too big\r\n"),
        (b"a LOGIN {65537+}\r\n" + b"x" * 65_537 + b" secret", b"a NO [TOOBIG] the literal is too big\r\n"),
        (b"a SEARCH " + b"NOT " * 1_000 + b"ALL", b"a BAD search keys are nested deeper than 50 levels\r\n"),
        (b"a SEARCH " + b"(" * 9_000, b"a BAD search keys are nested deeper than 50 levels\r\n"),
        (b'a LIST "" ' + b"*%" * 20_000 + b"y", b"a OK listed\r\n"),
        (b"a NOOP\x00", b"a BAD nothing more is expected at '\\x00'\r\n"),
        (b'a LOGIN "b\xc3\xb6b" x', b"a BAD LOGIN is not for the selected state\r\n"),
        (b'a SELECT "b\xc3\xb6b"', b"a BAD a quoted string of 7-bit characters is expected at '\"b\\xc3\\xb6b\"'\r\n"),
        (b"", b"* BAD a command is a tag, a space and a verb\r\n"),
        (b"lonely", b"lonely BAD a command is a tag, a space and a verb\r\n"),
        (b"+ NOOP", b"* BAD a command is a tag, a space and a verb\r\n"),
        (b"a XYZZY", b"a BAD unknown command\r\n"),
    ],
)
def test_what_is_no_command_is_said_to_be_none(octets: bytes, answer: bytes) -> None:
    session = Stage().selected()
    session.receive(octets + b"\r\n")
    assert session.take_output() == answer
    session.receive(b"b NOOP\r\n")
    assert session.take_output() == b"b OK done\r\n"


def test_a_line_without_end_takes_no_memory() -> None:
    session = Stage().selected()
    for _ in range(100):
        session.receive(b"x" * LINE_LIMIT)
        assert len(session._framer._buffer) <= LINE_LIMIT
    assert session.take_output() == b""


def test_an_unwanted_literal_takes_no_memory() -> None:
    session = Stage().logged_in()
    session.receive(b"a APPEND INBOX {100001+}\r\n")
    session.receive(b"x" * 100_001)
    assert session._framer._pieces == []
    session.receive(b"\r\n")
    assert session.take_output() == b"a NO [TOOBIG] the literal is too big\r\n"
