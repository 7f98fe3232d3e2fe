"""Messages: the bytes stay the bytes, headers are put in front, and reading them never raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.mail import Address, Envelope, Message
from mailharness.mail.words import decode_value

PLAIN = b"From: a@a.tst\r\nSubject: Hello\r\n\r\nFirst\r\n\r\nSecond\r\n"


def test_a_header_put_in_front_changes_nothing_behind_it() -> None:
    original = Message(PLAIN)
    once = original.prepend(b"Received: by one\r\n")
    twice = once.prepend(b"Received: by two\r\n")
    assert bytes(twice) == b"Received: by two\r\nReceived: by one\r\n" + PLAIN
    assert bytes(original) == PLAIN
    assert twice.original is original.original
    assert b"".join(twice.pieces()) == bytes(twice)
    assert len(twice) == len(bytes(twice))
    assert twice.body_bytes == original.body_bytes
    assert twice.headers("received") == ["by two", "by one"]


def test_messages_are_equal_by_their_bytes() -> None:
    one, other = Message(b"a: 1\r\n" + PLAIN), Message(PLAIN).prepend(b"a: 1\r\n")
    assert one == other
    assert hash(one) == hash(other)
    assert one != Message(PLAIN)
    assert one != bytes(one)


@pytest.mark.parametrize(
    ("raw", "header", "body"),
    [
        (PLAIN, b"From: a@a.tst\r\nSubject: Hello", b"First\r\n\r\nSecond\r\n"),
        (b"a: 1\n\nbare\n", b"a: 1", b"bare\n"),
        (b"\r\nno header", b"", b"no header"),
        (b"\r\n\r\nbody", b"", b"\r\nbody"),
        (b"\n\nbody", b"", b"\nbody"),
        (b"a: 1\r\n\nbody", b"a: 1", b"body"),
        (b"a: 1\n\r\n\r\nbody", b"a: 1", b"\r\nbody"),
        (b"\r\r\n\r\nbody", b"\r", b"body"),
        (b"a: 1\r\n\r\n", b"a: 1", b""),
        (b"a: 1\r\n", b"a: 1\r\n", b""),
        (b"", b"", b""),
    ],
)
def test_the_first_empty_line_parts_header_and_body(raw, header, body) -> None:
    message = Message(raw)
    assert (message.header_bytes, message.body_bytes) == (header, body)
    assert bytes(message.part.body) == body


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"Subject: Hello", "Hello"),
        (b"SUBJECT:Hello", "Hello"),
        (b"Subject : Hello", "Hello"),
        (b"Subject: a\r\n folded\r\n\tline", "a folded\tline"),
        (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"Subject: =?utf-8?b?8J+Yig==?= =?utf-8?q?_again?=", "😊 again"),
        (b"Subject: =?iso-8859-1?q?caf=E9?=", "café"),
        ("Subject: Grüße".encode(), "Grüße"),
        (b"Subject: =?no-such-charset?q?x?=", "=?no-such-charset?q?x?="),
        (b"Subject: =?utf-7?q?a+2AA-b?=", "a?b"),
        (b"Subject: =?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=", "Grüße"),
        (b"Subject: =?no-such-charset?q?x?= and =?utf-8?q?x?=", "=?no-such-charset?q?x?= and x"),
        (b"Subject: =?no-such-charset?q?x?= =?utf-8?q?x?=", "=?no-such-charset?q?x?= x"),
        (b"Subject: =?utf-8?q?x?= =?idna?q?x?= y", "x =?idna?q?x?= y"),
        ("Subject: Grüße \\u0041 =?utf-8?q?x=20y?= 日".encode(), "Grüße \\u0041 x y 日"),
        (b"Subject: \xff =?utf-8?q?x?=", "ÿ x"),
        (b"Subject: \xff\xfe", "ÿþ"),
        ("Subject: café".encode("latin-1"), "café"),
        (b"Subject:", ""),
        (b"X-Other: 1", ""),
    ],
)
def test_a_subject_is_read_as_a_person_would(field, text) -> None:
    assert Message(field + b"\r\n\r\nbody").subject == text


def test_fields_keep_their_order_their_names_and_their_folding() -> None:
    message = Message(b"To: a\r\nX-Two: 1\r\n 2\r\nto: b\r\nMessage-ID: <1@a>\r\nnot a field\r\n\r\nTo: in the body\r\n")
    assert message.fields == (("To", b"a"), ("X-Two", b"1\r\n 2"), ("to", b"b"), ("Message-ID", b"<1@a>"))
    assert message.headers("TO") == ["a", "b"]
    assert (message.header("to"), message.header("cc"), message.message_id) == ("a", None, "<1@a>")
    assert repr(Message(PLAIN)) == f"<Message 'Hello', {len(PLAIN)} octets>"


@given(st.binary(max_size=300))
def test_reading_any_bytes_never_raises_and_loses_none(raw) -> None:
    message = Message(raw).prepend(b"Received: here\r\n")
    assert bytes(message) == b"Received: here\r\n" + raw
    assert isinstance(message.subject, str)
    assert message.headers("received")[0].startswith("here")
    assert repr(message).startswith("<Message ")
    assert message.body_bytes == Message(raw).body_bytes == bytes(Message(raw).part.body)
    assert bytes(message).endswith(message.body_bytes)


@given(st.binary(max_size=60), st.sampled_from([b"", b"utf-8", b"latin-1", b"x"]), st.sampled_from([b"q", b"b", b"?"]))
def test_decoding_any_value_gives_text_that_can_be_printed(raw, charset, encoding) -> None:
    for value in (raw, b"=?" + charset + b"?" + encoding + b"?" + raw + b"?="):
        assert decode_value(value).encode("utf-8").decode("utf-8") == decode_value(value)


# Each row: encoded words, and what they say (RFC 2047 §8, RFC 2231 §5, and what mailers send).
WORDS = [
    ("(=?ISO-8859-1?Q?a?=)", "(a)"),
    ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
    ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
    ("(=?ISO-8859-1?Q?a?=  \t =?ISO-8859-2?Q?_b?=)", "(a b)"),
    ("(=?ISO-8859-1?Q?a?=\r\n =?ISO-8859-1?Q?b?=)", "(ab)"),
    ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
    ("=?utf-8*de?q?Gr=C3?= =?UTF-8*de-AT?b?vMOfZQ==?=", "Grüße"),
    ("=?utf-8?b?4pw=?==?utf-8?b?kw==?=", "✓"),
    ("=?utf-8?b?4pw=?= =?latin-1?q?=E9?= =?utf-8?q?=C3=A9?=", "â\x9céé"),
    ("=?utf-8?q?caf=E9?= =?us-ascii?q?caf=C3=A9?=", "cafécafé"),
    ("=?utf-8?b?w6?= b", "Ã b"),
    ("=?utf-8?b?A?= b", "=?utf-8?b?A?= b"),
    ("=?utf-8?q??= b", " b"),
    ("=?utf-8?q?a=3?= =?utf-8?q?=zz=?=", "a=3=zz="),
    ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
    ("=?base64?q?YQ=3D=3D?=", "=?base64?q?YQ=3D=3D?="),
    ('"=?utf-8?q?x?=" <a@b>', '"x" <a@b>'),
]


@pytest.mark.parametrize(("words", "text"), WORDS)
def test_encoded_words_are_read_word_by_word(words: str, text: str) -> None:
    assert decode_value(words.encode()) == text


MANY = [
    (b" =?utf-8?q?a?=", "a"),
    (b"\r\n =?utf-8?b?YQ==?=", "a"),
    (b" =?utf-8?q?a?= =?latin-1?q?b?=", "ab"),
    (b" =?zz?q?a?=", " =?zz?q?a?="),
]


@pytest.mark.parametrize(("word", "text"), MANY)
def test_a_hundred_thousand_words_are_read_without_a_look_back_each(word: bytes, text: str) -> None:
    assert Message(b"Subject:" + word * 100_000 + b"\r\n\r\n").subject == (text * 100_000).strip()


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40))
def test_utf8_comes_back_as_it_was(text) -> None:
    if "=?" not in text:
        assert decode_value(text.encode()) == text


def test_an_envelope_says_who_it_is_for_whatever_the_header_says() -> None:
    alice, bob, carol = map(Address.parse, ("alice@a.tst", "bob@b.tst", "carol@c.tst"))
    envelope = Envelope(alice, (bob, carol), smtputf8=True)
    part = envelope.for_recipients(one for one in [carol])
    assert (part.sender, part.recipients, part.smtputf8, part.eight_bit) == (alice, (carol,), True, False)
    assert (envelope.reverse_path, Envelope(None, (bob,)).reverse_path) == ("<alice@a.tst>", "<>")


LETTER = b"""Subject: two faces\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=m\r
\r
--m\r
Content-Type: multipart/alternative; boundary=a\r
\r
--a\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=C3=BC=C3=9Fe\r
second line\r
--a\r
Content-Type: text/html; charset=iso-8859-1\r
\r
<b>Gr\xfc\xdfe</b>\r
--a--\r
--m\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename*=utf-8''%C3%BC.pdf\r
Content-Transfer-Encoding: base64\r
\r
JVBERg==\r
--m--\r
"""


def test_a_message_is_read_as_a_person_would() -> None:
    message = Message(LETTER)
    assert message.text == "Grüße\nsecond line"
    assert message.html == "<b>Grüße</b>"
    assert message.attachments == [("ü.pdf", b"%PDF")]


def test_half_a_character_in_utf7_is_no_text_that_nobody_can_print() -> None:
    message = Message(b"Content-Type: text/plain; charset=utf-7\r\n\r\na +2AA- b\r\n")
    named = Message(b"Content-Disposition: attachment; filename*=utf-7''%2B2AA-.txt\r\n\r\nx")
    assert (message.text, named.attachments) == ("a ? b\n", [("?.txt", b"x")])


def test_a_message_of_nothing_but_html_has_that_as_its_text() -> None:
    message = Message(b"Content-Type: text/html\r\n\r\n<p>hi</p>\r\n")
    assert (message.text, message.html, message.attachments) == ("<p>hi</p>\n", "<p>hi</p>\n", [])


def test_a_message_of_no_text_at_all_has_none() -> None:
    message = Message(b"Content-Type: image/png\r\n\r\n\x89PNG")
    assert (message.text, message.html) == ("", None)
