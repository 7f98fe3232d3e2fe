"""SMTP replies: read from a line, written as lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.errors import MisuseError
from mailharness.mail import Reply


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("250", Reply(250)),
        ("250 Ok", Reply(250, "Ok")),
        ("250-Ok", Reply(250, "Ok")),
        ("451 4.7.1 greylisted", Reply(451, "greylisted", "4.7.1")),
        ("550 5.1.1", Reply(550, "", "5.1.1")),
        ("554 5.7.100 policy", Reply(554, "policy", "5.7.100")),
        ("250 4.5 stars", Reply(250, "4.5 stars")),
        ("550 5.1.1x is no status", Reply(550, "5.1.1x is no status")),
        ("250 2.0.0 Ok: queued as 12", Reply(250, "Ok: queued as 12", "2.0.0")),
        ("599 the last", Reply(599, "the last")),
        ("250 a\n250 b", Reply(250, "a\n250 b")),
        ("250-a\n251 b", Reply(250, "a\n251 b")),
        ("451 4.7.1 now\nlater", Reply(451, "now\nlater", "4.7.1")),
        ("451-4.7.1 now\n451-4.7.1 or\n451 4.7.1 later", Reply(451, "now\nor\nlater", "4.7.1")),
        ("250-b.test\n250-\n250", Reply(250, "b.test\n\n")),
    ],
)
def test_a_line_is_read(line, reply) -> None:
    assert Reply.parse(line) == reply
    assert Reply.parse(reply) is reply


@pytest.mark.parametrize("line", ["", "Ok", "25", "25O Ok", "199 early", "600 late", " 250 Ok", "-250"])
def test_what_is_no_reply_is_refused(line) -> None:
    with pytest.raises(MisuseError, match="is not an SMTP reply: write three digits"):
        Reply.parse(line)


@pytest.mark.parametrize("line", ["451 5.7.1 no", "550 4.7.1 later", "250 5.0.0 hm"])
def test_the_two_codes_must_agree(line) -> None:
    with pytest.raises(MisuseError, match=r"contradicts \d+ \(RFC 2034 §4\)"):
        Reply.parse(line)


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (250, (True, False, False)),
        (354, (True, False, False)),
        (421, (False, True, False)),
        (499, (False, True, False)),
        (550, (False, False, True)),
    ],
)
def test_a_reply_is_positive_transient_or_permanent(code, kinds) -> None:
    reply = Reply(code)
    assert (reply.is_positive, reply.is_transient, reply.is_permanent) == kinds


def test_all_lines_but_the_last_carry_a_hyphen_and_all_the_status() -> None:
    reply = Reply(550, "No such user\nAsk the postmaster", "5.1.1")
    assert reply.lines() == ["550-5.1.1 No such user", "550 5.1.1 Ask the postmaster"]
    assert bytes(reply) == b"550-5.1.1 No such user\r\n550 5.1.1 Ask the postmaster\r\n"
    assert str(Reply(250)) == "250"


@given(st.integers(200, 599), st.booleans(), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
def test_what_was_written_is_read_again(code, enhanced, text) -> None:
    reply = Reply(code, text, f"{code // 100}.1.2" if enhanced and code // 100 in (2, 4, 5) else "")
    if reply.status or not text.startswith(("2.", "4.", "5.", "-")):
        assert Reply.parse(str(reply)) == reply
    assert bytes(reply).endswith(b"\r\n")
