"""Lines cut from a stream, data found and un-stuffed: the same whatever the slicing, and nothing lost on the way."""

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.smtp.octets import LONGEST_LINE, DataCollector, LineBuffer, has_bare_ending, stuffed

LINE = st.one_of(
    st.binary(max_size=12).map(lambda octets: octets.replace(b"\r", b"").replace(b"\n", b"")),
    st.sampled_from([b"", b".", b"..", b".dot", b"x" * 998, b"\0", b"\xff\xfe", b"a" * 40_000]),
)
MESSAGE = st.lists(LINE, max_size=8).map(lambda lines: b"".join(line + b"\r\n" for line in lines))


def slices(octets: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    return [octets[a:b] for a, b in itertools.pairwise(edges)]


def collected(octets: bytes, cuts: list[int], max_size: int = 1_000_000) -> tuple[DataCollector, bytes | None]:
    collector, rest = DataCollector(max_size), None
    for piece in slices(octets, cuts):
        rest = collector.feed(piece) if rest is None else rest + piece
    return collector, rest


@given(MESSAGE, st.lists(st.integers(0, 100_000), max_size=6), st.sampled_from([b"", b"QUIT\r\n", b".\r\n", b"\r\n.\r\n"]))
def test_what_was_stuffed_arrives_as_it_was_in_any_slicing(message: bytes, cuts: list[int], after: bytes) -> None:
    collector, rest = collected(b"".join(stuffed([message])) + after, cuts)
    assert rest == after
    assert collector.message() == message
    assert (collector.size, collector.oversized) == (len(message), False)


@given(MESSAGE, MESSAGE)
def test_a_message_in_two_pieces_is_stuffed_like_one(first: bytes, second: bytes) -> None:
    assert b"".join(stuffed([first, second])) == b"".join(stuffed([first + second]))


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b"", b".\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b"no ending", b"no ending\r\n.\r\n"),
        (b"a\r\n.\r\n..\r\n", b"a\r\n..\r\n...\r\n.\r\n"),
    ],
)
def test_stuffing_doubles_leading_dots_and_ends_the_last_line(message: bytes, wire: bytes) -> None:
    assert b"".join(stuffed([message])) == wire


@pytest.mark.parametrize("ending", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n\0.\r\n"])
def test_nothing_but_crlf_dot_crlf_ends_the_data(ending: bytes) -> None:
    collector, rest = collected(b"innocent" + ending + b"MAIL FROM:<mallory@evil.test>\r\n\r\n.\r\n", [])
    assert rest == b""
    assert b"MAIL FROM" in collector.message()


@given(st.lists(st.integers(0, 400), max_size=5))
def test_of_a_message_over_the_limit_only_the_size_is_kept(cuts: list[int]) -> None:
    collector, rest = collected(b"x" * 300 + b"\r\n.\r\nNOOP\r\n", cuts, max_size=100)
    assert (rest, collector.message(), collector.oversized) == (b"NOOP\r\n", b"", True)
    assert collector.size == 302


def test_a_message_of_dots_may_be_as_long_as_the_limit_once_the_stuffing_is_off() -> None:
    message = b".\r\n" * 100
    collector, _ = collected(b"".join(stuffed([message])), [], max_size=300)
    assert (collector.message(), collector.oversized) == (message, False)


@pytest.mark.parametrize(
    ("message", "bare"), [(b"", False), (b"a\r\n", False), (b"a\n", True), (b"a\rb\r\n", True), (b"\r\n\r", True)]
)
def test_a_line_ending_alone_is_noticed(message: bytes, bare: bool) -> None:
    assert has_bare_ending(message) is bare


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"") + b"\n"), max_size=6), st.data())
def test_lines_come_out_as_they_went_in(lines: list[bytes], data: st.DataObject) -> None:
    buffer, out = LineBuffer(), []
    for piece in slices(b"".join(lines), data.draw(st.lists(st.integers(0, 200), max_size=5))):
        buffer.feed(piece)
        while (line := buffer.line()) is not None:
            out.append(line)
    assert out == lines
    assert len(buffer) == 0


@pytest.mark.parametrize("portion", [1000, LONGEST_LINE + 10, 1_000_000])
def test_a_line_without_end_costs_bounded_memory_and_is_over_every_limit(portion: int) -> None:
    buffer = LineBuffer()
    for _ in range(1_000_000 // portion):
        buffer.feed(b"x" * portion)
        assert buffer.line() is None
        assert len(buffer) <= LONGEST_LINE
    buffer.feed(b"\r\nNOOP\r\n")
    line = buffer.line()
    assert line is not None
    assert LONGEST_LINE < len(line) < LONGEST_LINE + 10
    assert buffer.line() == b"NOOP\r\n"


def test_a_message_in_small_change_costs_little_more_than_itself() -> None:
    message = b"." + b"0123456789\r\n" * 5_000
    collector = DataCollector(len(message))
    tracemalloc.start()
    for n in range(len(message)):
        assert collector.feed(message[n : n + 1]) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert collector.feed(b".\r\nNOOP\r\n") == b"NOOP\r\n"
    assert collector.message() == message[1:]
    assert peak < 3 * len(message)
