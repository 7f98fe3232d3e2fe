"""Filters of what a letter carries: its size, and the types of its attachments, declared or real."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.agents.filters import (
    Accept,
    Arrival,
    Quarantine,
    Refuse,
    Tag,
    attachment_types,
    deceptive_links,
    judge,
    max_size,
    payment_cards,
    words,
)
from mailharness.agents.filters.attachments import file_name, program_in
from mailharness.errors import MisuseError
from mailharness.mail import Message
from tests.agents.letters import ENVELOPE, arrival, attached, base64_part, forwarded, multipart, part, plain, printable

WINDOWS = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(50) + b"PE\0\0"
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
NOTE = part("text/plain", "Please find the file attached.")


def refused(deny, letter):
    """The reason of the refusal, empty where there is none."""
    verdict = attachment_types(deny)(arrival(letter))
    return verdict.reason if isinstance(verdict, Refuse) else ""


@pytest.mark.parametrize(
    ("deny", "file", "reason"),
    [
        ("*.exe", attached("setup.exe", b"text"), "the file 'setup.exe' is denied by '*.exe'"),
        ("*.EXE", attached("Setup.Exe", b"text"), "the file 'Setup.Exe' is denied by '*.exe'"),
        ("*.exe", attached("setup.exe. ", b"text"), "the file 'setup.exe. ' is denied by '*.exe'"),
        ("setup.*", attached("C:/new/setup.bin", b"text"), "the file 'C:/new/setup.bin' is denied by 'setup.*'"),
        ("*.exe", base64_part('application/pdf; name="a.exe"', b"text"), "the file 'a.exe' is denied by '*.exe'"),
        ("*.exe", base64_part("application/pdf; name*=utf-8''%61.exe", b"text"), "the file 'a.exe' is denied by '*.exe'"),
        ("*.exe", attached("invoice.pdf", WINDOWS, "application/pdf"), "a Windows program is denied by '*.exe'"),
        (
            "application/x-msdownload",
            attached("a.txt", WINDOWS, "text/plain"),
            "a Windows program is denied by 'application/x-msdownload'",
        ),
        (
            "application/x-executable",
            attached("a.png", ELF, "image/png"),
            "an ELF program is denied by 'application/x-executable'",
        ),
        ("image/*", base64_part("image/png", PNG), "the type image/png is denied by 'image/*'"),
        ("Image/*", base64_part("IMAGE/PNG", PNG), "the type image/png is denied by 'image/*'"),
        ("message/rfc822", forwarded(NOTE), "the type message/rfc822 is denied by 'message/rfc822'"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda file: file, lambda file: multipart(NOTE, file)], ids=["alone", "attached"])
def test_a_denied_attachment_is_refused(deny, file, reason, wrap):
    assert refused([deny], wrap(file)) == reason


@pytest.mark.parametrize(
    ("deny", "file"),
    [
        ("*.exe", attached("exe", b"text")),
        ("*.exe", attached("setup.exe.txt", b"text")),
        ("*.exe", part("text/plain", "MZ is the country code of Mozambique")),
        ("*.exe", attached("notes.txt", b"MZ is the country code of Mozambique", "text/plain")),
        ("*.exe", attached("tool", ELF)),
        ("image/*", attached("setup.exe", WINDOWS)),
        ("image/*", attached("cat.png", PNG)),
        ("*", part("text/plain", "has no name")),
        ("application/pdf", part("text/plain", "application/pdf")),
    ],
)
def test_others_pass(deny, file):
    assert refused([deny], multipart(NOTE, file)) == ""


@pytest.mark.parametrize(
    "letter",
    [
        multipart(multipart(NOTE, attached("a.exe", WINDOWS), boundary="=_c")),
        multipart(NOTE, forwarded(multipart(NOTE, attached("a.exe", WINDOWS), boundary="=_c"))),
        forwarded(forwarded(attached("a.exe", WINDOWS))),
        multipart(NOTE, attached("a.exe", WINDOWS)).removesuffix("--=_b--\r\n"),
        multipart(NOTE, base64_part("application/octet-stream", WINDOWS)),
    ],
    ids=["nested", "forwarded", "forwarded twice", "unclosed", "nameless"],
)
def test_a_program_is_found_at_any_depth(letter):
    assert refused(["*.exe"], letter)


@pytest.mark.parametrize(
    "file", [attached("a.pdf", WINDOWS), attached("a.pdf", ELF), attached("a.SCR", b""), attached("a.js", b"")]
)
def test_programs_are_denied_by_default(file):
    refusal = attachment_types()(arrival(multipart(NOTE, file)))
    assert isinstance(refusal, Refuse)
    assert str(refusal.reply) == "550 5.7.1 An attachment of this type may not be sent"


def test_the_actions():
    letter = arrival(multipart(NOTE, attached("a.exe", b"")))
    assert attachment_types(["*.exe"], "quarantine")(letter) == Quarantine("the file 'a.exe' is denied by '*.exe'")
    assert attachment_types(["*.exe"], action="tag")(letter) == Tag(
        "X-Filter", "attachment_types; the file 'a.exe' is denied by '*.exe'"
    )


@pytest.mark.parametrize("deny", ["*.exe", [], [""], [None], 5, ["exe"]])
def test_patterns_that_are_none(deny):
    with pytest.raises(MisuseError, match="attachment_types"):
        attachment_types(deny)


@pytest.mark.parametrize(
    ("octets", "is_program"),
    [
        (WINDOWS, True),
        (ELF, True),
        (b"", False),
        (b"MZ", False),
        (b"MZ\0", True),
        (b"mz\0", False),
        (b"\x7fELF", True),
        (PNG, False),
    ],
)
def test_what_octets_begin_as(octets, is_program):
    assert (program_in(octets) is not None) is is_program


@pytest.mark.parametrize(
    ("written", "taken"),
    [("a.exe", "a.exe"), ("A.EXE ..", "a.exe"), ("..\\..\\a.exe", "a.exe"), ("fdp\u202e.exe", "fdp.exe"), ("", "")],
)
def test_the_name_under_which_a_file_would_be_saved(written, taken):
    assert file_name(written) == taken


@pytest.mark.parametrize(("excess", "word"), [(-1, "accept"), (0, "accept"), (1, "refuse")])
def test_a_letter_may_be_as_big_as_the_limit(excess, word):
    letter = plain("x" * 500)
    size = len(letter.message)
    judgement = judge([max_size(size - excess)], letter)
    assert judgement.findings[0].verdict == word
    if word == "refuse":
        assert judgement.findings[0].reason == f"{size} octets, over the limit of {size - 1}"
        assert str(judgement.verdict.reply) == "552 5.3.4 Message is too big"


@pytest.mark.parametrize("octets", [0, -1, True, 1.5, "1000", None, plain("")])
def test_a_limit_that_is_none(octets):
    with pytest.raises(MisuseError, match="max_size"):
        max_size(octets)


ALL = [
    max_size(10**6, "tag"),
    attachment_types(["*.exe", "image/*", *"*.a *.b".split()], "tag"),
    words(["a", "b c"], "tag"),
    payment_cards("tag"),
    deceptive_links("tag"),
]
BROKEN = [
    b"",
    b"\r\n",
    b"\xff\xfe\x00",
    b"Content-Type: multipart/mixed\r\n\r\n--x\r\n",
    b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n\r\na\r\n----\r\n",
    b"Content-Type: text/html; charset=no-such-set\r\n\r\n<a href=http://[>http://bank.test</a>",
    b"Content-Type: text/plain; charset=\xff\r\nContent-Transfer-Encoding: base64\r\n\r\n=A=B\xff",
    b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=<a=ZZ=\r\n=",
    b"Content-Type: message/rfc822\r\n\r\n" * 200,
    b'Content-Type: ;;;=\r\nContent-Disposition: ;filename="\\\r\nSubject: =?x?q?=FF?=\r\n\r\n',
    b"Content-Type: a/b; name*=x''%FF; name*0*=\"%\"\r\n\r\nMZ",
]


@pytest.mark.parametrize("octets", BROKEN)
def test_broken_mime_is_judged_all_the_same(octets):
    judgement = judge(ALL, Arrival(ENVELOPE, Message(octets)))
    assert len(judgement.findings) == len(ALL)
    assert all(bytes(tag).endswith(b"\r\n") for tag in judgement.tags)


WORDS = b"""
    Content-Type: multipart/mixed;boundary=x text/html text/plain;charset= utf-16 utf-7 message/rfc822 --x --x-- ?= ; &#
    Content-Transfer-Encoding: base64 quoted-printable x-uuencode Content-Disposition:attachment; filename*0*= name="a.exe"
    Subject: =?utf-8?b? <base/href= <a/href= http://[ >bank.test</a> <![ 4111
"""
PIECES = [*WORDS.split(), b"\r\n", b"\r\n\r\n", b"\n", b" ", b"\0", b"MZ\0", b"\xff"]


@given(st.one_of(st.binary(), st.lists(st.sampled_from(PIECES)).map(b"".join)))
def test_no_filter_ever_raises(octets):
    judgement = judge(ALL, Arrival(ENVELOPE, Message(octets)))
    assert judgement.verdict == Accept()
    assert [finding.filter for finding in judgement.findings] == [each.name for each in ALL]


def test_a_letter_of_all_sorts_passes_all_filters():
    letter = arrival(
        multipart(
            multipart(
                part("text/plain; charset=utf-8", "Liebe Grüße. Order 4111111111111112."),
                printable(
                    "text/html; charset=utf-8",
                    '<p>Grüße, <a href="https://acme.test/x">www.acme.test</a> = <img src="cid:1">',
                ),
                kind="alternative",
                boundary="=_c",
            ),
            attached("cat.gif", PNG, "application/octet-stream"),
        ),
        subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    )
    filters = [max_size(10_000), attachment_types(), words(["confidential"]), payment_cards(), deceptive_links()]
    assert {finding.verdict for finding in judge(filters, letter).findings} == {"accept"}
