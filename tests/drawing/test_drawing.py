"""Text fits where it is put, and is nothing but text wherever it is put."""

import html
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.drawing import Picture, Tone, details, element, fit, legible, page, said, shorten, width

SIZE = 12.0
HOSTILE = ["<script>alert(1)</script>", "]]>", "&amp;", "\x00\x1b[31m", "\ud800", "\u202egnp.exe", "a\nb", "'\"`", "-->"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("connection refused: nobody listens there", ["connection", "refused:", "nobody", "listens there"]),
        ("mail.some-rather-long.example", ["mail.some-", "rather-long.", "example"]),
        ("x" * 25, ["x" * 12, "x" * 12, "x"]),
    ],
)
def test_lines_break_between_words_then_after_punctuation_then_anywhere(text: str, lines: list[str]) -> None:
    assert fit(text, 12 * 0.65 * SIZE + 1, SIZE, lines=5) == lines


@given(st.text(max_size=200), st.floats(20, 400), st.integers(1, 5))
def test_no_line_is_wider_than_its_room_and_no_more_are_made_than_may_be(text: str, room: float, lines: int) -> None:
    found = fit(text, room, SIZE, lines)
    assert 1 <= len(found) <= lines
    assert all(width(line, SIZE) <= room + 1e-6 or len(line) == 1 for line in found)


@given(st.text(max_size=200), st.floats(20, 400))
def test_what_is_left_out_shows_as_an_ellipsis(text: str, room: float) -> None:
    short = shorten(text, room, SIZE)
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_a_text_without_an_end_is_cut_at_once() -> None:
    assert fit("word " * 1_000_000, 100, SIZE, 2)[-1].endswith("…")


@given(st.text() | st.sampled_from(HOSTILE))
def test_any_text_in_a_picture_reads_as_itself(text: str) -> None:
    picture = Picture(text, text)
    picture.text(0, 0, [text], whole=text, tone=Tone.BAD)
    root = ElementTree.fromstring(picture.svg().encode())
    spans = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}tspan")]
    assert [one.replace("\r", "\n") for one in spans] == [legible(text).replace("\r\n", "\n").replace("\r", "\n")]


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)


@given(st.text() | st.sampled_from(HOSTILE))
def test_any_text_on_a_page_opens_no_element(text: str) -> None:
    told = page(text, [element("p", text=text, title=text), details(text, element("pre", text=text))])
    body = Tags(told.partition("<body>")[2]).seen
    assert body == ["p", "details", "summary", "pre"]


def test_a_page_needs_nothing_from_elsewhere() -> None:
    told = page("t", [])
    assert re.findall(r"<script|https?:|url\(|@import|src=", told) == []
    assert "default-src 'none'" in html.unescape(told)
    assert "prefers-color-scheme: dark" in told


@given(st.text(min_size=1, max_size=500) | st.sampled_from(HOSTILE))
def test_any_text_in_mermaid_is_one_line_of_letters_and_numbers(text: str) -> None:
    assert re.fullmatch(r"(?:[A-Za-z0-9 .,@'/()=+*!?_-]|#\d+;)+", said(text))


@pytest.mark.parametrize("word", ["end", "End of data", "the END"])
def test_the_word_that_ends_a_block_of_mermaid_is_disguised(word: str) -> None:
    assert re.search(r"\bend\b", said(word), re.IGNORECASE) is None


def test_what_hides_or_turns_text_is_shown() -> None:
    assert legible("a\u202eb\x00c\x9bd") == "a\ufffdb\ufffdc\ufffdd"
