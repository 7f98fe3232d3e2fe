"""Every stored octet crosses: what a client decodes is what rests in the mailbox; and no octets can upset a session."""

import io
import poplib
import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mailharness.mail import Message
from mailharness.mail.sasl import MECHANISMS
from mailharness.pop3.lines import LIMIT, CommandLines
from mailharness.pop3.multiline import missing_end, multiline, top, transfer_size
from tests.pop3.stage import Stage

_PIECES = [b"\r\n", b"\n", b"\r", b".", b"..", b"a", b"\0", b"\xff", b"\r\n.", b"\n.", b"\r\n\r\n"]
MESSAGES = st.lists(st.sampled_from(_PIECES) | st.binary(max_size=3), max_size=12).map(b"".join)
_LF_CLIENTS_DOT = re.compile(rb"(?<!\r)\n\.(\.|\r?\n|\Z)")
"""Where a client that ends lines at a bare LF must be protected, at the price of a dot for one that does not."""


def decode(wire: bytes, line_end: bytes) -> bytes:
    """What a client makes of a multi-line response whose lines end in ``line_end`` for it; line ends are kept."""
    message, rest = b"", wire
    while True:
        line, found, rest = rest.partition(line_end)
        assert found, "the response has no end"
        if line.removesuffix(b"\r") == b".":
            assert rest == b"", "the client would take the rest for the next response"
            return message
        message += line.removeprefix(b".") + found if line.startswith(b"..") else line + found


@given(MESSAGES)
@example(b"")
@example(b".")
@example(b".\r\n")
@example(b"a\r\n.\r\nb")
@example(b"a\n.\r\nb\r\n")
@example(b"a\n.")
@example(b"a\r.\r\n")
@example(b"a\n..b\n")
def test_poplibs_rule_gives_every_octet_back(octets: bytes) -> None:
    assert decode(multiline(octets), b"\n") == octets + missing_end(octets)


@given(MESSAGES.filter(lambda octets: not _LF_CLIENTS_DOT.search(octets)))
@example(b"a\n.b\r\n")
@example(b"\n\r\n..\r\n")
def test_a_client_of_the_letter_of_the_rfc_gets_every_octet_back(octets: bytes) -> None:
    assert decode(multiline(octets), b"\r\n") == octets + missing_end(octets)


@given(MESSAGES)
def test_the_end_is_where_it_is_for_every_client(octets: bytes) -> None:
    wire = multiline(octets)
    assert wire.endswith(b".\r\n")
    assert len(decode(wire, b"\r\n")) >= len(octets)


@given(MESSAGES)
def test_the_size_announced_is_what_is_sent(octets: bytes) -> None:
    message = Message(octets, (b"X-Trace: 1\r\n",)) if octets.startswith(b"a") else Message(octets)
    assert transfer_size(message) == len(decode(multiline(bytes(message)), b"\n"))


@given(MESSAGES)
def test_poplib_itself_reads_what_a_session_sends(octets: bytes) -> None:
    whole = octets + missing_end(octets)
    assume(b"\n\r.\n" not in b"\n" + whole)  # poplib takes this line for the end, however it is stuffed
    session = Stage(octets).logged_in()
    session.receive(b"RETR 1\r\nSTAT\r\n")
    client = poplib.POP3.__new__(poplib.POP3)
    client._debugging = 0  # type: ignore[attr-defined]
    client.file = io.BytesIO(session.take_output())
    _, lines, _ = client._getlongresp()  # type: ignore[attr-defined]
    assert lines == [_as_poplib_strips(line) for line in whole.split(b"\n")[:-1]]
    assert client._getresp().startswith(b"+OK 1 ")  # type: ignore[attr-defined]


def _as_poplib_strips(line: bytes) -> bytes:
    """poplib drops a CR at the end of a line and, else one at its beginning and a dot of two behind it."""
    if line.endswith(b"\r") or not line.startswith(b"\r"):
        return line.removesuffix(b"\r")
    return line[2:] if line.startswith(b"\r..") else line[1:]


# each row: the message, the lines asked for, what comes
TOPS = [
    (b"A: 1\r\n\r\none\r\ntwo\r\n", 0, b"A: 1\r\n\r\n"),
    (b"A: 1\r\n\r\none\r\ntwo\r\n", 1, b"A: 1\r\n\r\none\r\n"),
    (b"A: 1\r\n\r\none\r\ntwo", 2, b"A: 1\r\n\r\none\r\ntwo"),
    (b"A: 1\r\n\r\none\r\ntwo", 10**100, b"A: 1\r\n\r\none\r\ntwo"),
    (b"A: 1\n\none\ntwo\n", 1, b"A: 1\n\none\n"),
    (b"A: 1\r\nB: 2\r\n", 3, b"A: 1\r\nB: 2\r\n"),
    (b"\r\nbody\r\nmore\r\n", 1, b"\r\nbody\r\n"),
    (b"", 5, b""),
]


@pytest.mark.parametrize(("octets", "lines", "expected"), TOPS)
def test_top(octets: bytes, lines: int, expected: bytes) -> None:
    assert top(octets, lines) == expected


@given(MESSAGES, st.integers(0, 9))
def test_the_top_is_always_how_the_message_begins(octets: bytes, lines: int) -> None:
    assert octets.startswith(top(octets, lines))
    assert top(octets, 10**6) == octets


# -- command lines ----


@pytest.mark.parametrize(
    ("length", "answer"), [(LIMIT, b"+OK send PASS"), (LIMIT + 1, b"-ERR a command line"), (9000, b"-ERR a c")]
)
@pytest.mark.parametrize("slice_length", [1, 100, 10_000])
def test_an_over_long_line_is_skipped_to_its_end(length: int, answer: bytes, slice_length: int) -> None:
    session = Stage().enter()
    session.take_output()
    octets = b"USER ".ljust(length - 2, b"x") + b"\r\nQUIT\r\n"
    for start in range(0, len(octets), slice_length):
        session.receive(octets[start : start + slice_length])
    first, second = session.take_output().splitlines()
    assert first.startswith(answer)
    assert second == b"+OK bye"


def test_an_endless_line_takes_no_memory() -> None:
    lines = CommandLines()
    for _ in range(1000):
        lines.feed(b"x" * 1000)
        assert lines.next() is None
    assert len(lines._buffer) <= LIMIT + 1


WORDS = [
    b"USER bob\r\n",
    b"PASS open sesame\r\n",
    b"RETR 1\r\n",
    b"TOP 2 1\r\n",
    b"LIST\r\n",
    b"UIDL 1\n",
    b"DELE 1\r\n",
    b"CAPA\r\n",
    b"AUTH PLAIN\r\n",
    b"AUTH SCRAM-SHA-256 biwsbj1ib2Iscj1hYmM=\r\n",
    b"AGJvYgBvcGVuIHNlc2FtZQ==\r\n",
    b"AUTH\r\n",
    b"*\r\n",
    b"APOP bob 0123456789abcdef0123456789abcdef\r\n",
    b"LANG\r\n",
    b"UTF8\r\n",
]
COMMANDS = st.lists(
    st.sampled_from([*WORDS, b"RSET\r\n", b"STAT ", b"\r", b"\n", b" "]) | st.binary(max_size=8), max_size=25
)


def read_responses(output: bytes) -> None:
    """Check that ``output`` is status lines, and data only where it was asked for."""
    while output:
        status, end, output = output.partition(b"\r\n")
        assert end, "a line without an end"
        assert re.match(rb"\+OK|\+ |-ERR ", status)
        if re.search(rb"follows?\Z| octets\Z| messages\Z", status):
            _, end, output = (b"\r\n" + output).partition(b"\r\n.\r\n")
            assert end, "data without an end"


@settings(max_examples=300)
@given(COMMANDS, st.integers(1, 40))
def test_no_octets_in_any_slicing_upset_a_session(pieces: list[bytes], slice_length: int) -> None:
    stage, octets = Stage(), b"".join(pieces)
    session = stage.enter(mechanisms=tuple(MECHANISMS))
    whole = stage.enter(tls_available=False)
    for start in range(0, len(octets), slice_length):
        session.receive(octets[start : start + slice_length])
        read_responses(session.take_output())
    session.receive_eof()
    assert session.closed
    whole.receive(octets)
    whole.receive_eof()
    read_responses(whole.take_output())
    assert not stage.bob.maildrop_locked


def test_ten_megabytes_cross_as_they_are() -> None:
    octets = b"Subject: big\r\n\r\n" + (b".x" * 38 + b"\r\n") * 135_000
    session = Stage(octets).logged_in()
    session.receive(b"RETR 1\r\n")
    status, _, data = session.take_output().partition(b"\r\n")
    assert status == f"+OK {len(octets)} octets".encode()
    assert data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.") == octets
