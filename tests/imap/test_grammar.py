"""The words of IMAP, read and written: what is written is read back, what is no word is no word."""

import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.names import from_wire, matches, to_wire
from mailharness.imap.numbers import MAX_NUMBER, STAR, SequenceSet, compact
from mailharness.imap.responses import astring, date_time, literal, nstring, string
from mailharness.mailbox import CannotError

NUMBERS = st.integers(1, MAX_NUMBER) | st.just(STAR)
SETS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6).map(lambda ranges: SequenceSet(tuple(ranges)))
NO_NUL = st.binary(max_size=40).map(lambda octets: octets.replace(b"\0", b"0"))


def arrived(octets: bytes) -> Cursor:
    """A cursor on a value that crossed as it would in a command: a literal is a segment of its own."""
    if octets.startswith(b"{"):
        mark, _, content = octets.partition(b"\r\n")
        return Cursor([mark, content, b""])
    return Cursor([octets])


@given(NO_NUL)
def test_a_string_is_read_as_it_was_written(octets: bytes) -> None:
    for write, read in (
        (string, Cursor.string),
        (astring, Cursor.astring),
        (literal, Cursor.string),
        (nstring, Cursor.nstring),
    ):
        cursor = arrived(write(octets))
        assert read(cursor) == octets
        assert cursor.at_end


def test_nil_is_no_string() -> None:
    assert arrived(nstring(None)).nstring() is None
    assert arrived(astring(b"NIL")).string() == b"NIL"


@given(SETS)
def test_a_sequence_set_is_read_as_it_was_written(numbers: SequenceSet) -> None:
    assert Cursor([str(numbers).encode()]).sequence_set() == numbers


@given(SETS, st.integers(1, 60))
def test_bounds_are_what_the_set_says(numbers: SequenceSet, highest: int) -> None:
    said = {
        number
        for first, last in numbers.ranges
        for number in range(min(first or highest, last or highest), min(100, max(first or highest, last or highest)) + 1)
    }
    bounds = numbers.bounds(highest)
    assert {number for first, last in bounds for number in range(first, min(100, last) + 1)} == said
    assert all(earlier[1] + 1 < later[0] for earlier, later in pairwise(bounds))


@given(st.lists(st.integers(1, 50), min_size=1))
def test_compact_numbers_keep_their_order(numbers: list[int]) -> None:
    ranges = SequenceSet.parse(compact(numbers).encode())
    assert ranges is not None
    assert [number for first, last in ranges.ranges for number in range(first, last + 1)] == numbers


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_mailbox_name_is_read_as_it_was_written(name: str) -> None:
    assert to_wire(name).isascii()
    assert from_wire(to_wire(name)) == name


@given(st.integers(-62_000_000_000, 250_000_000_000))
def test_a_moment_is_read_as_it_was_written(moment: int) -> None:
    assert Cursor([date_time(moment)]).moment() == moment


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", b"INBOX"),
        ("a&b", b"a&-b"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("Entwürfe", b"Entw&APw-rfe"),
        ("😀", b"&2D3eAA-"),
        ("&ä&", b"&-&AOQ-&-"),
    ],
)
def test_modified_utf_7(name: str, wire: bytes) -> None:
    assert (to_wire(name), from_wire(wire)) == (wire, name)


@pytest.mark.parametrize("wire", [b"&", b"a&b", b"&AOQ", b"&A-", b"&2D0-", b"a\xc3\xa4", b"&AOQ/-"])
def test_what_is_no_modified_utf_7(wire: bytes) -> None:
    with pytest.raises(CannotError):
        from_wire(wire)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*", "INBOX a a/b a/b/c b"),
        ("%", "INBOX a b"),
        ("a/%", "a/b"),
        ("a*", "a a/b a/b/c"),
        ("%/%", "a/b"),
        ("*b", "a/b b"),
        ("*/*/*", "a/b/c"),
        ("%%**%%", "INBOX a a/b a/b/c b"),
        ("inbox", "INBOX"),
        ("In%", "INBOX"),
        ("Inb*", "INBOX"),
        ("*bOx", "INBOX"),
        ("inbox/*", ""),
        ("a", "a"),
        ("A", ""),
        ("%a%/%", "a/b"),
        ("", ""),
    ],
)
def test_wildcards(pattern: str, names: str) -> None:
    known = [b"INBOX", b"a", b"a/b", b"a/b/c", b"b"]
    assert b" ".join(name for name in known if matches(pattern.encode(), name)).decode() == names


@given(st.text("ab/*%", max_size=10), st.text("ab/", min_size=1, max_size=10))
def test_wildcards_mean_what_their_regular_expression_would(pattern: str, name: str) -> None:
    wild = re.escape(pattern).replace("\\*", ".*").replace("%", "[^/]*")
    assert matches(pattern.encode(), name.encode()) is bool(re.fullmatch(wild, name))


@pytest.mark.parametrize(("pattern", "found"), [("inbox/Ab", True), ("%o%b", False), ("IN*/%b", True), ("*/ab", False)])
def test_inbox_is_the_same_in_any_case_and_what_is_below_it_is_not(pattern: str, found: bool) -> None:
    assert matches(pattern.encode(), b"INBOX/Ab") is found


@pytest.mark.parametrize("pattern", [b"%a" * 30_000, b"*a" * 30_000, b"%a*" * 20_000])
def test_a_pattern_as_long_as_a_line_may_be_is_no_burden(pattern: bytes) -> None:
    assert not matches(pattern, b"a" * 10_000)


@pytest.mark.parametrize("text", ["0", "1:", ":1", "1,,2", "1:2:3", "4294967296", "*:0", "01", ","])
def test_what_is_no_sequence_set(text: str) -> None:
    with pytest.raises(BadSyntaxError):
        Cursor([text.encode()]).sequence_set()


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (Cursor.atom, b"("),
        (Cursor.atom, b"\xe4"),
        (Cursor.string, b'"no end'),
        (Cursor.string, b'"\\x"'),
        (Cursor.string, b'"a\x00"'),
        (Cursor.string, b"{3}"),
        (Cursor.nstring, b"NILL"),
        (Cursor.number, b"x"),
        (Cursor.number, b"9999999999"),
        (Cursor.flag, b"\\"),
        (Cursor.flags, b"(\\Seen"),
        (Cursor.flags, b"(\\Seen  \\Draft)"),
        (Cursor.day, b"31-Feb-2023"),
        (Cursor.day, b'"1-Feb-2023'),
        (Cursor.day, b"1-Foo-2023"),
        (Cursor.moment, b'"1-Feb-2023 00:00:00 +0000"'),
        (Cursor.moment, b'"01-Feb-2023 24:00:00 +0000"'),
        (Cursor.moment, b'"30-Feb-2023 00:00:00 +0000"'),
        (Cursor.moment, b'"01-Jan-0001 00:00:00 +0000"'),
        (Cursor.space, b""),
        (Cursor.end, b" "),
    ],
)
def test_what_is_not_of_the_grammar(read: object, text: bytes) -> None:
    with pytest.raises(BadSyntaxError):
        read(Cursor([text]))  # type: ignore[operator]


def test_a_literal_holds_no_nul() -> None:
    with pytest.raises(BadSyntaxError, match="NUL"):
        Cursor([b"{1}", b"\0", b""]).astring()


@pytest.mark.parametrize("text", [b"1-Feb-1994", b'"01-feb-1994"'])
def test_a_day(text: bytes) -> None:
    assert Cursor([text]).day() == date(1994, 2, 1)


def test_a_moment_has_a_zone() -> None:
    assert Cursor([b'"17-Jul-1996 02:44:25 -0700"']).moment() == 837_596_665.0
