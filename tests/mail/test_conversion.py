"""Down-conversion: every leaf comes back as it was, only 8-bit leaves are touched, what is sealed stays so."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.mail import Message
from mailharness.mail.conversion import UnconvertibleError, converted
from mailharness.mail.transfer import decode_base64, decode_quoted_printable, encode_base64, encode_quoted_printable

LINES = st.lists(
    st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"= ", b"\t", b"=" * 80, b" " * 80, b"\xfc" * 76, b"x" * 76])),
    max_size=8,
).map(b"\r\n".join)


@given(st.one_of(st.binary(max_size=300), LINES))
def test_quoted_printable_comes_back_octet_by_octet(octets: bytes) -> None:
    encoded = encode_quoted_printable(octets)
    assert decode_quoted_printable(encoded) == (octets, [])
    assert encoded.isascii()
    assert max(map(len, encoded.split(b"\r\n"))) <= 76
    assert encoded.count(b"\n") == encoded.count(b"\r\n") == encoded.count(b"\r")


@given(st.binary(max_size=300))
def test_base64_comes_back_octet_by_octet(octets: bytes) -> None:
    encoded = encode_base64(octets)
    assert decode_base64(encoded) == (octets, [])
    assert encoded.replace(b"\r\n", b"") == base64.b64encode(octets)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))


def octets(text: str) -> bytes:
    return text.strip("\n").replace("\n", "\r\n").encode()


PLAIN = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
CONVERTED = {
    "a text": (PLAIN + "für = dich \nAscii\n", PLAIN.replace("8bit", "quoted-printable") + "f=C3=BCr =3D dich=20\nAscii\n"),
    "no MIME at all": (
        "Subject: x\n\nü\n",
        "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\n"
        "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC\n",
    ),
    "a type without a version": (
        "Content-Type: text/html; charset=utf-8\n\nü\n",
        "Content-Type: text/html; charset=utf-8\nMIME-Version: 1.0\n"
        "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC\n",
    ),
    "another type": (
        "MIME-Version: 1.0\nContent-Type: application/json\ncontent-transfer-encoding:\n  8bit\nX: y\n\nü\n",
        "MIME-Version: 1.0\nContent-Type: application/json\nContent-Transfer-Encoding: base64\nX: y\n\nw7wNCg==\n",
    ),
    "one part of several": (
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\npreamble\n"
        "--b\n\nascii = as it is \n--b\nContent-Transfer-Encoding: 8bit\n\nü\n--b--\nepilogue\n",
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 7bit\n\npreamble\n"
        "--b\n\nascii = as it is \n--b\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC\n--b--\nepilogue\n",
    ),
    "a signed part beside": (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/signed; boundary=c\n\n--c\n\nx\n--c--\n"
        "--b\n\nü\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/signed; boundary=c\n\n--c\n\nx\n--c--\n"
        "--b\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC\n--b--\n",
    ),
    "an enclosed letter": (
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nSubject: inner\n\nü\n",
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: 7bit\n\nSubject: inner\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=unknown-8bit\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC\n",
    ),
    "an enclosed letter in UTF-8": (
        "Content-Type: message/global\n\nSubject: ü\n\nü\n",
        "Content-Type: message/global\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n"
        "U3ViamVjdDogw7wNCg0Kw7wNCg==\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), CONVERTED.values(), ids=CONVERTED)
def test_a_letter_in_seven_bits(before: str, after: str) -> None:
    assert bytes(converted(Message(octets(before) + b"\r\n"))) == octets(after) + b"\r\n"


def test_the_header_that_was_prepended_stays_in_front() -> None:
    message = converted(Message("Subject: x\r\n\r\nü".encode(), (b"Received: here\r\n",)))
    assert bytes(message).startswith(b"Received: here\r\nSubject: x\r\n")
    assert bytes(message).endswith(b"\r\n\r\n=C3=BC")


def test_a_letter_in_seven_bits_already_is_the_same_letter() -> None:
    message = Message(b"Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\nascii\r\n")
    assert converted(message) is message


UNCONVERTIBLE = {
    "a header field": ("Subject: ü\n\nü", True),
    "a field of a part": ("Content-Type: multipart/mixed; boundary=b\n\n--b\nX: ü\n\nx\n--b--", True),
    "a field of an enclosed letter": ("Content-Type: message/rfc822\n\nSubject: ü\n\nx", True),
    "what is signed": ("Content-Type: multipart/signed; boundary=b\n\n--b\n\nü\n--b--", False),
    "what is signed, deep inside": (
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/signed; boundary=b\n\n"
        "--b\n\nü\n--b--\n--a--",
        False,
    ),
    "what is encoded already": ("Content-Transfer-Encoding: base64\n\nü", False),
    "an encoding nobody knows": ("Content-Transfer-Encoding: x-uuencode\n\nü", False),
    "a piece of a letter": ("Content-Type: message/partial; id=x; number=1\n\nü", False),
    "a preamble": ("Content-Type: multipart/mixed; boundary=b\n\nü\n--b\n\nx\n--b--", False),
    "no boundary": ("Content-Type: multipart/mixed\n\nü", False),
}


@pytest.mark.parametrize(("text", "in_header"), UNCONVERTIBLE.values(), ids=UNCONVERTIBLE)
def test_what_cannot_be_converted_without_harm(text: str, in_header: bool) -> None:
    with pytest.raises(UnconvertibleError) as caught:
        converted(Message(octets(text)))
    assert caught.value.in_header is in_header


def test_a_header_may_stay_in_utf8_where_the_server_takes_that() -> None:
    message = converted(Message("Subject: ü\r\n\r\nü".encode()), header_too=False)
    assert bytes(message).startswith("Subject: ü\r\n".encode())
    assert message.body_bytes == b"=C3=BC"


@given(
    st.lists(
        st.sampled_from([*"abü\n", "--b", "--b--", "Content-Type: text/x\n", "Content-Type: multipart/y; boundary=b\n"])
    )
)
def test_any_letter_is_converted_or_refused(words: list[str]) -> None:
    message = Message(octets("".join(words)))
    try:
        result = converted(message)
    except UnconvertibleError:
        return
    assert bytes(result).isascii()
