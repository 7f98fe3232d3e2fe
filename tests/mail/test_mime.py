"""MIME as it is sent: parts, names, texts, and what is made of the broken ones."""

import base64
import binascii
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.mail import Message
from mailharness.mail.charset import to_text
from mailharness.mail.mime import MAX_DEPTH, MAX_PARTS, Part, parse
from mailharness.mail.parameters import decoded, structured
from mailharness.mail.transfer import decode, decode_base64, decode_quoted_printable

PIXEL = b"\x89PNG\r\n\x1a\n"


def wire(text: str) -> bytes:
    return text.lstrip("\n").replace("\n", "\r\n").encode("utf-8")


REPORT = wire(f"""
Subject: Report
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_mixed"

preamble
--=_mixed
Content-Type: multipart/alternative; boundary="=_mixed_alt"

--=_mixed_alt
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe
--=_mixed_alt
Content-Type: text/html; charset=utf-8

<p>Grüße</p>
--=_mixed_alt--

--=_mixed
Content-Type: image/png; name="=?utf-8?B?YsO8Y2hlci5wbmc=?="
Content-Transfer-Encoding: base64

{base64.b64encode(PIXEL).decode()}
--=_mixed
Content-Type: message/rfc822
Content-Disposition: attachment

Subject: inner
Content-Type: text/plain

inner text
--=_mixed
Content-Type: text/csv
Content-Disposition: attachment; filename*0="ta"; filename*1="ble.csv"

1,2
--=_mixed--
epilogue
""")


def test_a_report_is_taken_apart() -> None:
    root = parse(Message(REPORT))
    assert [part.media_type for part in root.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "image/png",
        "message/rfc822",
        "text/plain",
        "text/csv",
    ]
    assert [part.defects for part in root.walk() if part.defects] == []
    assert root.plain is not None
    assert root.html is not None
    assert (root.plain.text(), root.html.text()) == ("Grüße", "<p>Grüße</p>")
    picture, forwarded, table = root.attachments
    assert (picture.filename, picture.decoded(), picture.lines) == ("bücher.png", PIXEL, 0)
    assert (table.filename, table.text(), table.disposition) == ("table.csv", "1,2", "attachment")
    assert forwarded.embedded is not None
    assert forwarded.embedded.raw(b"subject") == b"inner"
    assert forwarded.decoded() == b"Subject: inner\r\nContent-Type: text/plain\r\n\r\ninner text"


def test_parts_are_windows_on_the_octets() -> None:
    for part in parse(REPORT).walk():
        assert part.source is REPORT
        assert part.header_bytes + bytes(part.body) == REPORT[part.start : part.end]
        assert part.size == len(part.body)


def test_prepended_fields_are_of_the_header() -> None:
    root = parse(Message(b"Content-Type: text/html\r\n\r\nx").prepend(b"Received: here\r\n"))
    assert (root.media_type, root.raw(b"received")) == ("text/html", b"here")


def test_fields_of_a_part() -> None:
    part = parse(
        b"Content-ID: <a@b>\r\nContent-Description: =?utf-8?q?gr=C3=BCn?=\r\n"
        b"Content-Language: en, de-AT\r\nContent-Transfer-Encoding: Base64 (really)\r\n\r\n"
    )
    assert (part.content_id, part.description, part.languages, part.encoding) == (
        "<a@b>",
        "grün",
        ("en", "de-AT"),
        "base64",
    )


ATTACHED = [
    ("Content-Type: application/pdf", True),
    ("Content-Type: image/png\r\nContent-ID: <x>", False),
    ("Content-Type: image/png\r\nContent-ID: <x>\r\nContent-Type: image/png; name=x.png", False),
    ("Content-Type: image/png; name=x.png\r\nContent-ID: <x>", True),
    ("Content-Type: image/png; name=x.png\r\nContent-Disposition: inline", False),
    ("Content-Type: text/plain", False),
    ("Content-Type: text/plain; name=notes.txt", True),
    ("Content-Type: text/plain\r\nContent-Disposition: ATTACHMENT", True),
    ("X: y", False),
]


@pytest.mark.parametrize(("header", "attached"), ATTACHED)
def test_what_is_an_attachment(header: str, attached: bool) -> None:
    assert bool(parse(header.encode() + b"\r\n\r\n").attachments) is attached


# -- broken structure ----

BROKEN = [
    (b"Content-Type: multipart/mixed\r\n\r\n--x\r\n", "multipart/mixed", "multipart without a boundary"),
    (b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n", "multipart/mixed", "multipart without a boundary"),
    (b"Content-Type: multipart/mixed; boundary=x\r\n\r\nx\r\n", "multipart/mixed", "multipart without parts"),
    (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na",
        "multipart/mixed text/plain",
        "multipart without its closing delimiter",
    ),
    (b"Content-Type: nonsense\r\n\r\n", "text/plain", "unreadable Content-Type b'nonsense'"),
]


@pytest.mark.parametrize(("octets", "types", "defect"), BROKEN)
def test_broken_structure_is_listed(octets: bytes, types: str, defect: str) -> None:
    root = parse(octets)
    assert " ".join(part.media_type for part in root.walk()) == types
    assert root.defects == [defect]


def bodies(octets: bytes) -> list[bytes]:
    return [bytes(part.body) for part in parse(b"Content-Type: multipart/mixed; boundary=x\n\n" + octets).children]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"--x\n\na\n--x--", [b"a"]),
        (b"--x\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n", [b"a", b"b"]),
        (b"--x  \t\n\na\n--x-- \n", [b"a"]),
        (b"--x\n\na\n--xy\n --x\nx--x\n--x--", [b"a\n--xy\n --x\nx--x"]),
        (b"--x\n--x\n--x--", [b"", b""]),
        (b"--x\n\n\n--x--", [b""]),
        (b"--x\nonly a header\n--x--", [b""]),
        (b"--x\n\na\n--x--\n--x\n\nb\n", [b"a"]),
        (b"--x", [b""]),
        (b"--x--", []),
    ],
)
def test_delimiters(octets: bytes, expected: list[bytes]) -> None:
    assert bodies(octets) == expected


def test_an_outer_delimiter_ends_an_inner_multipart() -> None:
    root = parse(
        b"Content-Type: multipart/mixed; boundary=x\n\n"
        b"--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\na\n--x\n\nb\n--x--"
    )
    assert [bytes(part.body) for part in root.walk() if not part.is_multipart] == [b"a", b"b"]


def test_a_digest_holds_messages() -> None:
    root = parse(b"Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: a\n\nb\n--x--")
    assert [part.media_type for part in root.walk()] == ["multipart/digest", "message/rfc822", "text/plain"]


def test_depth_is_bounded() -> None:
    octets = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(10_000))
    parts = list(parse(octets).walk())
    assert len(parts) == MAX_DEPTH + 1
    assert f"nested deeper than {MAX_DEPTH} levels" in parts[-1].defects


def test_number_is_bounded() -> None:
    root = parse(b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n" * (MAX_PARTS + 5))
    assert len(list(root.walk())) == MAX_PARTS
    assert f"more than {MAX_PARTS} parts in one message" in root.defects


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            b"Content-Type: |multipart/mixed; boundary=x|message/rfc822|text/plain; charset=|utf-8|punycode|"
            b"unicode_escape|x|"
            b"Content-Transfer-Encoding: |base64|quoted-printable|Content-Disposition: |attachment; filename*=|''%|\"|(|\\|"
            b"--x|--x--|\n|\r\n|\r\n\r\n|=|=3|=\n|A|\xff|\x00|;".split(b"|")
        ),
        max_size=40,
    ).map(b"".join)
)
def test_nothing_is_too_odd(octets: bytes) -> None:
    root = parse(octets)
    for part in root.walk():
        assert part.start <= part.body_start <= part.end
        assert _read_all(part) >= 0
    assert (root.plain is None) <= (root.media_type != "text/plain" or root.disposition == "attachment")


def _read_all(part: Part) -> int:
    views = (
        part.text(),
        part.filename,
        part.description,
        part.content_id,
        part.disposition,
        part.encoding,
        *part.languages,
    )
    return sum(map(len, views)) + len(part.decoded()) + part.lines + len(part.parameters) + len(part.attachments)


# -- transfer encodings ----


@given(st.binary(max_size=300))
def test_base64_is_undone(octets: bytes) -> None:
    assert decode_base64(base64.encodebytes(octets)) == (octets, [])


@given(st.binary(max_size=300))
def test_quoted_printable_is_undone(octets: bytes) -> None:
    assert decode_quoted_printable(binascii.b2a_qp(octets, istext=False)) == (octets, [])
    assert decode_quoted_printable(quopri.encodestring(octets, quotetabs=True).replace(b"\n", b"\r\n"))[1] == []


@pytest.mark.parametrize(
    ("encoding", "octets", "expected", "defects"),
    [
        ("base64", b"YWJj\r\nZGVm", b"abcdef", 0),
        ("base64", b"YWI", b"ab", 0),
        ("base64", b"YWI=YWI=", b"abab", 1),
        ("base64", b"YW*J-j", b"abc", 1),
        ("base64", b"YWJjZ", b"abc", 1),
        ("base64", b"====", b"", 0),
        ("quoted-printable", b"a =  \r\nb", b"a b", 0),
        ("quoted-printable", b"a  \t\r\nb \r\n", b"a\r\nb\r\n", 0),
        ("quoted-printable", b"end  ", b"end", 0),
        ("quoted-printable", b"=3d=3D", b"==", 0),
        ("quoted-printable", b"=zz =", b"=zz ", 1),
        ("quoted-printable", b"a=20\n", b"a \n", 0),
        ("8bit", b"=20", b"=20", 0),
        ("x-uuencode", b"begin", b"begin", 1),
    ],
)
def test_transfer_encodings(encoding: str, octets: bytes, expected: bytes, defects: int) -> None:
    decoded_octets, found = decode(encoding, octets)
    assert (decoded_octets, len(found)) == (expected, defects)


@pytest.mark.parametrize("octets", [b" " * 200_000 + b"x", b"= " * 100_000, b"=" * 200_000])
def test_hostile_quoted_printable_takes_linear_time(octets: bytes) -> None:
    assert len(decode_quoted_printable(octets)[0]) <= len(octets)


# -- parameters and charsets ----


@pytest.mark.parametrize(
    ("raw", "value", "parameters"),
    [
        (b"text/plain; charset=utf-8", b"text/plain", {"charset": "utf-8"}),
        (b'text/plain;\r\n\tCharset = "us\\-ascii" ; x=y', b"text/plain", {"charset": "us-ascii", "x": "y"}),
        (b"text/plain (plain; x=y) ; a=b (c)", b"text/plain", {"a": "b"}),
        (b'attachment; filename="a;b (c).txt"', b"attachment", {"filename": "a;b (c).txt"}),
        (b'attachment; filename="no end', b"attachment", {"filename": "no end"}),
        (b"attachment; filename=two words.txt", b"attachment", {"filename": "two words.txt"}),
        (b"a; f*=utf-8'en'%C3%A4%20b", b"a", {"f": "ä b"}),
        (b"a; f*1*=%A4; f*0*=UTF-8''x%C3; f*2=y", b"a", {"f": "xäy"}),
        (b"a; f*=nonsense''%E4", b"a", {"f": "ä"}),
        (b"a; f=plain; f*=utf-8''better", b"a", {"f": "better"}),
        (b"a; f==?utf-8?q?=C3=A4?=", b"a", {"f": "ä"}),
        (b"a; f=\xc3\xa4", b"a", {"f": "ä"}),
        (b"a; x=1; x=2", b"a", {"x": "1"}),
        (b"", b"", {}),
        (b";;=;", b"", {}),
    ],
)
def test_parameters(raw: bytes, value: bytes, parameters: dict[str, str]) -> None:
    head, pairs = structured(raw)
    assert (head, decoded(pairs)) == (value, parameters)


@pytest.mark.parametrize(
    ("octets", "charset", "text", "problem"),
    [
        (b"\xe4", "iso-8859-1", "ä", ""),
        (b"\xc3\xa4", "utf-8", "ä", ""),
        (b"a", "", "a", ""),
        (b"\xc3\xa4", "us-ascii", "ä", "octets that are not 'us-ascii'"),
        (b"\xe4", "utf-8", "ä", "octets that are not 'utf-8'"),
        (b"+AOQ-", "utf-7", "ä", ""),
        (b"+2AA-", "utf-7", "?", ""),
        (b"a", "klingon", "a", "unknown charset 'klingon'"),
        (b"\\x", "unicode_escape", "\\x", "unknown charset 'unicode_escape'"),
        (b"a", "hex", "a", "unknown charset 'hex'"),
        (b"a", "u\0tf", "a", "unknown charset 'u\\x00tf'"),
    ],
)
def test_charsets(octets: bytes, charset: str, text: str, problem: str) -> None:
    assert to_text(octets, charset) == (text, [problem] if problem else [])
