"""Links and one-time codes, as a person would find them in a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.mail import Message

CODES = [
    ("Your code is 123456.", ["123456"]),
    ("Use 123 456 to sign in; the code is good for 10 minutes", ["123456"]),
    ("Your verification code: G-482913\r\nCall +49 30 1234567", ["482913"]),
    ("Your PIN:\r\n\r\n  4711\r\n\r\nBye, 2026", ["4711"]),
    ("One-time password 12-34-56", ["123456"]),
    ("The token is ABCD-1234", ["ABCD-1234"]),
    ("Ihr Einmalkennwort lautet 90210", ["90210"]),
    ("Code AB12CD, or code 99887766", ["AB12CD", "99887766"]),
    ("987654", ["987654"]),
    ("We met in 2026, order 100-200, at 10:30, for 4,000.00", []),
    ("Your code is in the app", []),
    ("See https://a.test/code/123456", []),
]
LINKS = [
    (
        "see https://a.test/x?y=1. And (https://b.test/(c)), <https://c.test>",
        ["https://a.test/x?y=1", "https://b.test/(c)", "https://c.test"],
    ),
    ("write to mailto:bob@a.test!", ["mailto:bob@a.test"]),
    ("https://a.test twice: https://a.test", ["https://a.test"]),
    ("www.a.test is no link", []),
]
PAGE = '<base href="https://a.test/d/"><a href="e?f=1&amp;g=2">go</a> <a href="#top">up</a> <a>none</a> <a href="http://[">bad</a>'


def letter(text: str, kind: str = "plain") -> Message:
    return Message(f"Subject: Sign in\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{text}".encode())


@pytest.mark.parametrize(("text", "codes"), CODES)
def test_codes(text: str, codes: list[str]) -> None:
    assert letter(text).codes == codes
    assert letter(f"<p>{text}</p>", "html").codes == codes


def test_a_code_in_the_subject() -> None:
    assert Message(b"Subject: 123456 is your code\r\n\r\nhello").codes == ["123456"]


@pytest.mark.parametrize(("text", "links"), LINKS)
def test_links_of_a_text(text: str, links: list[str]) -> None:
    assert letter(text).links == links


def test_links_of_a_page() -> None:
    assert letter(PAGE, "html").links == ["https://a.test/d/e?f=1&g=2", "https://a.test/d/#top", "http://["]


@given(st.binary(max_size=200))
def test_no_message_is_too_broken_to_be_looked_through(octets: bytes) -> None:
    for message in (Message(octets), Message(b"Content-Type: text/html\r\n\r\n" + octets)):
        assert all(message.codes)
        assert all(message.links)
