"""Replies on the wire and off it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.errors import RemoteProtocolError
from mailharness.mail import Reply
from mailharness.smtp import replies
from mailharness.smtp.replies import read_reply, rendered


@pytest.mark.parametrize(
    ("wire", "reply"),
    [
        (b"250 OK\r\n", Reply(250, "OK")),
        (b"250\r\n", Reply(250)),
        (b"250 2.1.0 Fine\n", Reply(250, "Fine", "2.1.0")),
        (b"250-a.test\r\n250-SIZE 5\r\n250 HELP\r\n", Reply(250, "a.test\nSIZE 5\nHELP")),
        (b"550-5.1.1 No\r\n550 5.1.1 such user\r\n", Reply(550, "No\nsuch user", "5.1.1")),
        (b"550 4.1.1 odd\r\n", Reply(550, "4.1.1 odd")),
        (b"554 \xff\r\n", Reply(554, "\ufffd")),
    ],
)
def test_a_reply_is_read(wire: bytes, reply: Reply) -> None:
    assert read_reply(wire) == reply


@pytest.mark.parametrize(
    "wire", [b"", b"\r\n", b"hello\r\n", b"25\r\n", b"199 no\r\n", b"600 no\r\n", b"250-a\r\nnope\r\n"]
)
def test_what_is_no_reply_says_so(wire: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read_reply(wire)


@given(st.binary(max_size=60))
def test_no_octets_raise_anything_else(octets: bytes) -> None:
    try:
        reply = read_reply(octets)
    except RemoteProtocolError:
        return
    assert 200 <= reply.code < 600


STANDING = [value for value in vars(replies).values() if isinstance(value, Reply)]


@pytest.mark.parametrize("reply", STANDING, ids=str)
def test_each_standing_reply_carries_its_enhanced_code_and_survives_the_wire(reply: Reply) -> None:
    assert reply.code // 100 == 3 or reply.status[:1] == str(reply.code)[:1]
    assert read_reply(rendered(reply)[1]) == reply


def test_an_empty_challenge_keeps_its_blank() -> None:
    assert rendered(Reply(334))[1] == b"334 \r\n"
