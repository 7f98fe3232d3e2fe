"""Which octets BODY[...] means, of a letter that carries a letter."""

import pytest

from tests.imap import letters
from tests.imap.stage import Stage

CAROLS = letters.FORWARD[letters.FORWARD.index(b"From: carol") : letters.FORWARD.index(b"\r\n\r\n--b--")] + b"\r\n"
CAROLS_HEADER, _, CAROLS_TEXT = CAROLS.partition(b"\r\n\r\n")
HEADER, _, TEXT = letters.FORWARD.partition(b"\r\n\r\n")
PLAIN_HEADER, _, PLAIN_TEXT = letters.PLAIN.partition(b"\r\n\r\n")

DIGEST = letters.wire("""
Content-Type: message/rfc822

Content-Type: multipart/digest; boundary="foo"

--foo

Subject: m1

body of m1
--foo
X-Mime: of m2

Subject: m2

body of m2
--foo--
""")

SECTIONS = [
    (DIGEST, "1", DIGEST.partition(b"\r\n\r\n")[2]),
    (DIGEST, "1.HEADER", b'Content-Type: multipart/digest; boundary="foo"\r\n\r\n'),
    (DIGEST, "1.1", b"Subject: m1\r\n\r\nbody of m1"),
    (DIGEST, "1.1.MIME", b"\r\n"),
    (DIGEST, "1.2.MIME", b"X-Mime: of m2\r\n\r\n"),
    (DIGEST, "1.2.HEADER", b"Subject: m2\r\n\r\n"),
    (DIGEST, "1.2.TEXT", b"body of m2"),
    (DIGEST, "1.2.1", b"body of m2"),
    (letters.FORWARD, "", letters.FORWARD),
    (letters.FORWARD, "HEADER", HEADER + b"\r\n\r\n"),
    (letters.FORWARD, "TEXT", TEXT),
    (letters.FORWARD, "1", b"see below"),
    (letters.FORWARD, "1.MIME", b"\r\n"),
    (letters.FORWARD, "2", CAROLS),
    (letters.FORWARD, "2.MIME", b"Content-Type: message/rfc822\r\n\r\n"),
    (letters.FORWARD, "2.HEADER", CAROLS_HEADER + b"\r\n\r\n"),
    (letters.FORWARD, "2.TEXT", CAROLS_TEXT),
    (letters.FORWARD, "2.1", b"plain"),
    (letters.FORWARD, "2.2", b"<b>html</b>"),
    (letters.FORWARD, "2.2.MIME", b"Content-Type: text/html\r\n\r\n"),
    (letters.FORWARD, "2.HEADER.FIELDS (subject FROM)", b"From: carol@c.tst (Carol)\r\nSubject: two\r\n\r\n"),
    (letters.FORWARD, 'HEADER.FIELDS ("Subject" nothing)', b"Subject: Fwd: two\r\n\r\n"),
    (letters.FORWARD, "HEADER.FIELDS (nothing)", b"\r\n"),
    (letters.FORWARD, "HEADER.FIELDS.NOT (content-type from)", b"Subject: Fwd: two\r\n\r\n"),
    (letters.FORWARD, "HEADER.FIELDS (Subject)<0.7>", b"Subject"),
    (letters.FORWARD, "TEXT<0.3>", b"--b"),
    (letters.FORWARD, "2<6.5>", b"carol"),
    (letters.FORWARD, "<99999.1>", b""),
    (letters.FORWARD, "3", None),
    (letters.FORWARD, "1.1", None),
    (letters.FORWARD, "1.HEADER", None),
    (letters.FORWARD, "2.1.TEXT", None),
    (letters.FORWARD, "2.3<0.5>", None),
    (letters.PLAIN, "1", PLAIN_TEXT),
    (letters.PLAIN, "1.MIME", PLAIN_HEADER + b"\r\n\r\n"),
    (letters.PLAIN, "2", None),
    (letters.NEWSLETTER, "1.2", b"iVBORw0KGgo="),
    (letters.NEWSLETTER, "HEADER.FIELDS (SUBJECT)", b"Subject: A folded\r\n subject line\r\n\r\n"),
    (letters.DAMAGED, "1", b"\xff\xfe\x00 raw"),
    (letters.DAMAGED, "2", b"rest"),
    (letters.BARE, "HEADER", letters.BARE),
    (letters.BARE, "1", b""),
    (b"Content-Type: multipart/mixed\r\n\r\nx", "1", b"x"),
    (b"Content-Type: multipart/mixed\r\n\r\nx", "1.1", None),
]


@pytest.mark.parametrize(("letter", "section", "octets"), SECTIONS)
def test_section(letter: bytes, section: str, octets: bytes | None) -> None:
    session = Stage(letter).selected()
    name, _, partial = section.partition("<")
    asked = f"BODY.PEEK[{name}]<{partial}" if partial else f"BODY.PEEK[{name}]"
    session.receive(f"a FETCH 1 {asked}\r\n".encode())
    label = f"BODY[{name}]<{partial.split('.')[0]}>" if partial else f"BODY[{name}]"
    value = b"NIL" if octets is None else b"{%d}\r\n%s" % (len(octets), octets)
    expected = b"* 1 FETCH (%s %s)\r\na OK fetched\r\n" % (label.replace('"', "").encode(), value)
    assert session.take_output() == expected


@pytest.mark.parametrize(
    ("item", "octets"),
    [("RFC822", letters.PLAIN), ("RFC822.HEADER", PLAIN_HEADER + b"\r\n\r\n"), ("RFC822.TEXT", PLAIN_TEXT)],
)
def test_the_old_names(item: str, octets: bytes) -> None:
    session = Stage(letters.PLAIN).selected("EXAMINE INBOX")
    session.receive(f"a FETCH 1 {item}\r\n".encode())
    assert session.take_output() == b"* 1 FETCH (%s {%d}\r\n%s)\r\na OK fetched\r\n" % (item.encode(), len(octets), octets)


@pytest.mark.parametrize(
    "item",
    [
        "BODY[0]",
        "BODY[1",
        "BODY[1.]",
        "BODY[MIME]",
        "BODY[HEADER.FIELDS]",
        "BODY[HEADER.FIELDS ()]",
        "BODY[TEXT]<0>",
        "BODY[TEXT]<0.0>",
        "BODY[NOTHING]",
        "BODY.PEEK",
        "BODYSTRUCTURE[]",
        "RFC822.PEEK",
        "()",
        "(FLAGS",
        "(FLAGS ALL)",
        "FLAGS UID",
        f"({'UID ' * 100}FLAGS)",
    ],
)
def test_what_cannot_be_fetched(item: str) -> None:
    session = Stage(letters.PLAIN).selected()
    session.receive(f"a FETCH 1 {item}\r\n".encode())
    assert session.take_output().startswith(b"a BAD ")
