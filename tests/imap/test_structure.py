"""ENVELOPE, BODY and BODYSTRUCTURE of letters as they are sent."""

import pytest

from mailharness.imap.addresses import GROUP_END, Mailbox, addresses
from mailharness.imap.structure import body, envelope
from mailharness.mail.mime import MAX_DEPTH, parse
from tests.imap import letters

JANE = '("Doe, Jane" NIL "jane" "a.tst")'
ENVELOPES = [
    (
        letters.PLAIN,
        '("Wed, 15 Nov 2023 11:59:00 +0100" "=?UTF-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?="'
        f" ({JANE}) ({JANE}) ({JANE})"
        ' ((NIL NIL "bob" "b.tst")(NIL NIL "Team" NIL)(NIL NIL "carol" "c.tst")'
        '("Dave \\"D\\" D." NIL "dave" "d.tst")(NIL NIL NIL NIL))'
        ' ((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL)) NIL "<0@b.tst>" "<1@a.tst>")',
    ),
    (
        letters.NEWSLETTER,
        '(NIL "A folded subject line" (("News" NIL "news" "shop.tst")) ((NIL NIL "bounces" "shop.tst"))'
        ' ((NIL NIL "service" "shop.tst")) NIL NIL NIL NIL NIL)',
    ),
    (letters.BARE, "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"),
    (b"Subject: \xc3\xa4\r\n\r\n", "(NIL {2}\r\n\u00e4 NIL NIL NIL NIL NIL NIL NIL NIL)"),
    (b"Subject:\r\nSender:\r\n\r\n", '(NIL "" NIL NIL NIL NIL NIL NIL NIL NIL)'),
]
BODIES = [
    (
        letters.PLAIN,
        '("text" "plain" ("charset" "UTF-8" "format" "flowed") NIL NIL "quoted-printable" 54 3)',
        " NIL NIL NIL NIL",
    ),
    (letters.BARE, '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)', " NIL NIL NIL NIL"),
    (
        letters.DAMAGED,
        '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 0)'
        '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 0) "mixed")',
        None,
    ),
    (
        letters.FORWARD,
        '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 9 0)'
        '("message" "rfc822" NIL NIL NIL "7bit" 184'
        ' (NIL "two" (("Carol" NIL "carol" "c.tst")) (("Carol" NIL "carol" "c.tst")) (("Carol" NIL "carol" "c.tst"))'
        " NIL NIL NIL NIL NIL)"
        ' (("text" "plain" NIL NIL NIL "7bit" 5 0)("text" "html" NIL NIL NIL "7bit" 11 0) "alternative") 13) "mixed")',
        None,
    ),
    (
        b"Content-Type: multipart/mixed\r\n\r\n",
        '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) "mixed")',
        None,
    ),
    (
        b"Content-Type: message/rfc822\r\n\r\n",
        '("message" "rfc822" NIL NIL NIL "7bit" 0 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'
        ' ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) 0)',
        None,
    ),
]
NEWSLETTER = (
    '((("text" "html" ("charset" "us-ascii") "<page@shop.tst>" NIL "7bit" 31 1 NIL NIL NIL NIL)'
    '("image" "png" ("name" "logo.png") "<logo@shop.tst>" "our logo" "base64" 12'
    ' NIL ("inline" ("filename" "logo.png")) NIL NIL)'
    ' "related" ("boundary" "inner=_1" "type" "text/html") NIL NIL NIL)'
    '("application" "pdf" ("name*0*" "UTF-8\'\'R%C3%BCck" "name*1" "schein.pdf") NIL NIL "base64" 8'
    ' "Q2hlY2sgSW50ZWdyaXR5IQ==" ("attachment" ("filename*" "UTF-8\'\'R%C3%BCckschein.pdf")) NIL NIL)'
    ' "mixed" ("boundary" "outer") NIL ("en" "de") NIL)'
)


HOSTILE = (b'"\\', b"(\\", b"(\\(\\(a(", b"[[", b"<", b"a,", b"a:;", b"@", b"((", b"\\")


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_addresses_take_linear_time(piece: bytes) -> None:
    assert len(addresses(piece * 50_000)) <= 100_000


@pytest.mark.parametrize(("letter", "expected"), ENVELOPES)
def test_envelope(letter: bytes, expected: str) -> None:
    assert envelope(parse(letter)).decode() == expected


@pytest.mark.parametrize(("letter", "short", "extension"), BODIES)
def test_body(letter: bytes, short: str, extension: str | None) -> None:
    root = parse(letter)
    assert body(root, extended=False).decode() == short
    if extension is not None:
        assert body(root, extended=True).decode() == short[:-1] + extension + ")"


def test_bodystructure_of_a_newsletter() -> None:
    assert body(parse(letters.NEWSLETTER), extended=True).decode() == NEWSLETTER


def test_depth_is_bounded() -> None:
    letter = b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(10_000))
    shown = body(parse(letter), extended=True)
    assert shown.count(b'"mixed"') == MAX_DEPTH + 1
    assert shown.count(b"(") == shown.count(b")")


def test_messages_in_messages_are_bounded() -> None:
    shown = body(parse(b"Content-Type: message/rfc822\r\n\r\n" * 10_000), extended=False)
    assert shown.count(b'"message" "rfc822"') == MAX_DEPTH
    assert b'"application" "octet-stream"' in shown


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"bob@b.tst", [Mailbox(None, None, b"bob", b"b.tst")]),
        (b"<bob@b.tst>", [Mailbox(None, None, b"bob", b"b.tst")]),
        (b"Bob  B. Bobson <bob@b.tst>", [Mailbox(b"Bob B. Bobson", None, b"bob", b"b.tst")]),
        (b"bob@b.tst (Bob \\(B\\))", [Mailbox(b"Bob (B)", None, b"bob", b"b.tst")]),
        (b'"a, \\"b\\"" <"x y"@[127.0.0.1]>', [Mailbox(b'a, "b"', None, b"x y", b"[127.0.0.1]")]),
        (b"<@a.tst,@b.tst:c@c.tst>", [Mailbox(None, b"@a.tst,@b.tst", b"c", b"c.tst")]),
        (b"MAILER-DAEMON", [Mailbox(None, None, b"MAILER-DAEMON", b"")]),
        (b"a@b, , c@d,", [Mailbox(None, None, b"a", b"b"), Mailbox(None, None, b"c", b"d")]),
        (
            b"g: a@b;, c@d",
            [Mailbox(mailbox=b"g"), Mailbox(None, None, b"a", b"b"), GROUP_END, Mailbox(None, None, b"c", b"d")],
        ),
        (b"g: a@b", [Mailbox(mailbox=b"g"), Mailbox(None, None, b"a", b"b"), GROUP_END]),
        (b"Bob <bob@b.tst", [Mailbox(b"Bob", None, b"bob", b"b.tst")]),
        (b"<>", [Mailbox(None, None, b"", b"")]),
        (b'"', [Mailbox(None, None, b"", b"")]),
        (b"a@b (one (two) three)", [Mailbox(b"one (two) three", None, b"a", b"b")]),
        (b"a\\(b@c", [Mailbox(None, None, b"a\\(b", b"c")]),
        (b"(only a comment)", []),
        (b"", []),
        (b";;", []),
    ],
)
def test_addresses(raw: bytes, expected: list[Mailbox]) -> None:
    assert addresses(raw) == expected
