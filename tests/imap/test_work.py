"""What a client or a letter can make the server do is bounded: counted in calls and octets, not in seconds.

Each row makes something hostile of a size; four times the size may cost little more than four times the work.
"""

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from mailharness.imap import ImapSession
from mailharness.mail.subjects import base_subject
from mailharness.mailbox.labelled import LabelledAccount
from tests.imap.stage import Stage

ITEMS = b"a FETCH 1 (ENVELOPE BODYSTRUCTURE PREVIEW BODY.PEEK[HEADER.FIELDS (Subject)])\r\n"
SORT = b"a SORT (SUBJECT FROM DATE DISPLAYFROM) UTF-8 OR TEXT xyzzy ALL\r\n"
THREAD = b"a THREAD REFERENCES UTF-8 ALL\r\n"


def calls(work: Callable[[], object]) -> int:
    """How many functions ``work`` calls, Python's own among them."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def said(session: ImapSession, octets: bytes) -> bytes:
    """All that is answered; the session stops where much is to be sent, until it is."""
    session.receive(octets)
    return b"".join(iter(session.take_output, b""))


# -- headers of one line ----

LINES: dict[str, Callable[[int], bytes]] = {
    "a subject": lambda n: b"Subject: " + b"x" * n,
    "a subject of answers": lambda n: b"Subject: " + b"Re: " * (n // 4),
    "a subject passed on": lambda n: b"Subject: " + b"[fwd: " * (n // 7) + b"]" * (n // 7),
    "a subject of lists": lambda n: b"Subject: " + b"[x]" * (n // 3),
    "a subject of trailers": lambda n: b"Subject: " + b"(fwd)" * (n // 5) + b"x",
    "a subject of encoded words": lambda n: b"Subject: " + b"=?utf-8?q?x?= " * (n // 14),
    "a subject of words that only open": lambda n: b"Subject: " + b"=?utf-8?q?x" * (n // 11),
    "addresses": lambda n: b"To: " + b"a@b.tst," * (n // 8),
    "commas": lambda n: b"To: " + b"," * n,
    "comments": lambda n: b"To: " + b"(" * n,
    "quotes": lambda n: b'To: "' + b'\\"' * (n // 2),
    "brackets": lambda n: b"To: " + b"<" * n,
    "groups": lambda n: b"To: " + b"a:;" * (n // 3),
    "a route": lambda n: b"To: <" + b"@a," * (n // 3),
    "references": lambda n: b"References: " + b"<a@b>" * (n // 5),
    "references that only open": lambda n: b"References: " + b'<"' * (n // 2),
    "parameters": lambda n: b"Content-Type: text/plain" + b"; a=b" * (n // 5),
    "pieces of a parameter": lambda n: b"Content-Type: text/plain; " + b"".join(b"a*%d=b;" % i for i in range(n // 9)),
    "a boundary": lambda n: b"Content-Type: multipart/mixed; boundary=" + b"x" * n,
    "a file name": lambda n: b"Content-Disposition: attachment; filename*=utf-8''" + b"%41" * (n // 3),
    "a date": lambda n: b"Date: " + b"1 " * (n // 2),
    "languages": lambda n: b"Content-Language: " + b"a," * (n // 2),
    "folds": lambda n: b"Subject: x" + b"\r\n " * (n // 3),
    "fields": lambda n: b"X: y\r\n" * (n // 6),
    "colons": lambda n: b":" * n,
}
MEGABYTE = 1_000_000


@pytest.mark.parametrize("name", LINES)
def test_a_header_costs_no_more_than_its_length(name: str) -> None:
    def work(size: int) -> int:
        base_subject.cache_clear()
        session = Stage(LINES[name](size) + b"\r\n\r\nx\r\n").selected()
        return calls(lambda: said(session, ITEMS + SORT + THREAD))

    assert work(32_000) < 5 * work(8_000) + 1_000


@pytest.mark.parametrize("name", ["a subject passed on", "a subject of lists", "comments", "a file name", "fields"])
def test_a_megabyte_in_one_line_is_answered_in_a_multiple_of_it(name: str) -> None:
    stage = Stage(LINES[name](MEGABYTE) + b"\r\n\r\nx\r\n")
    session = stage.selected()
    tracemalloc.start()
    try:
        output = said(session, ITEMS + SORT + THREAD)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [line for line in output.split(b"\r\n") if line.startswith(b"a ")] == [
        b"a OK fetched",
        b"a OK sorted",
        b"a OK threaded",
    ]
    assert peak < 80 * MEGABYTE


# -- parts in parts ----

NESTS: dict[str, Callable[[int], bytes]] = {
    "multiparts": lambda n: b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (i, i) for i in range(n)
    ),
    "messages": lambda n: b"Content-Type: message/rfc822\r\n\r\n" * n,
}


@pytest.mark.parametrize("name", NESTS)
def test_ten_thousand_parts_in_one_another_are_answered(name: str) -> None:
    octets = NESTS[name](10_000)
    session = Stage(octets).selected()
    deep = b"a FETCH 1 (BODY.PEEK[%s] BINARY.SIZE[1] RFC822.SIZE)\r\n" % b".".join([b"1"] * 1_000)
    tracemalloc.start()
    try:
        answers: list[bytes] = []
        count = calls(lambda: answers.append(said(session, ITEMS + SORT + THREAD + deep)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answers[0].count(b"\r\na OK ") == 4
    assert count < 60 * 10_000
    assert peak < 40 * MEGABYTE


# -- commands ----

COMMANDS: dict[str, Callable[[int], bytes]] = {
    "ranges": lambda n: b"FETCH %s UID" % b",".join([b"1:*"] * n),
    "ranges apart": lambda n: b"UID SEARCH UID " + b",".join(b"%d" % (2 * i + 1) for i in range(n)),
    "flags": lambda n: b"STORE 1 +FLAGS (%s)" % b" ".join([b"\\Seen"] * n),
    "keywords": lambda n: b"STORE 1 +FLAGS (%s)" % b" ".join(b"k%d" % i for i in range(n)),
    "items": lambda n: b"FETCH 1 (%s)" % b" ".join([b"BODY.PEEK[]"] * n),
    "names of fields": lambda n: b"FETCH 1 BODY.PEEK[HEADER.FIELDS (%s)]" % b" ".join([b"x"] * n),
    "keys": lambda n: b"SEARCH " + b" ".join([b"BODY y"] * n),
    "keys in keys": lambda n: b"SEARCH " + b"NOT " * n + b"ALL",
    "orders": lambda n: b"SORT (%s) UTF-8 ALL" % b" ".join([b"REVERSE SUBJECT"] * n),
    "wildcards": lambda n: b'LIST "" ' + b"*%" * n + b"y",
    "levels": lambda n: b"CREATE " + b"a/" * n + b"b",
    "status items": lambda n: b"STATUS INBOX (%s)" % b" ".join([b"UNSEEN"] * n),
    "words to enable": lambda n: b"ENABLE " + b" ".join([b"CONDSTORE"] * n),
    "pairs of ID": lambda n: b"ID (%s)" % b" ".join([b'"a" "b"'] * n),
    "messages": lambda n: b"APPEND INBOX" + b" {1+}\r\nx" * n,
    "urls": lambda n: b"URLFETCH " + b" ".join([b'"imap://x/y"'] * n),
    "labels": lambda n: b"STORE 1 +X-GM-LABELS (%s)" % b" ".join(b"k%d" % i for i in range(n)),
    "words of a query": lambda n: b'SEARCH X-GM-RAW "%s"' % b" ".join([b"word"] * n),
    "operators of a query": lambda n: b'SEARCH X-GM-RAW "%sx"' % (b"from:" * n),
    "minuses of a query": lambda n: b'SEARCH X-GM-RAW "%sx"' % (b"-" * n),
    "nothing": lambda n: b"\x00" * n,
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("profile", ["", "gmail"])
def test_a_command_costs_no_more_than_its_length(name: str, profile: str) -> None:
    def work(size: int) -> int:
        kind = LabelledAccount if profile else None
        stage = Stage(b"Subject: x\r\n\r\ny\r\n" * 20, profile=profile, **({"kind": kind} if kind else {}))
        session = stage.selected()
        count = calls(lambda: said(session, b"a " + COMMANDS[name](size) + b"\r\n"))
        assert said(session, b"b NOOP\r\n").endswith(b"b OK done\r\n")
        return count

    assert work(6_000) < 5 * work(1_500) + 2_000


@pytest.mark.parametrize("opening", [b"a APPEND INBOX {%d+}\r\n", b"a LOGIN {%d+}\r\n", b"a SEARCH TEXT {%d+}\r\n"])
def test_a_literal_over_the_limit_is_read_past_without_being_kept(opening: bytes) -> None:
    session = Stage().selected()
    size = 20 * MEGABYTE
    piece = b"x" * MEGABYTE
    tracemalloc.start()
    try:
        session.receive(opening % size)
        for _ in range(20):
            session.receive(piece)
        session.receive(b"\r\nb NOOP\r\n")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert session.take_output() == b"a NO [TOOBIG] the literal is too big\r\nb OK done\r\n"
    assert peak < 2 * MEGABYTE
