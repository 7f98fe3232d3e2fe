"""Whatever lies in a mailbox is fetched, searched, sorted and threaded without an error; imapclient reads the answers."""

import re
from typing import Any

import pytest
from imapclient.response_parser import parse_fetch_response

from mailharness.mail import Message
from tests.corpus.odd import ODD
from tests.imap.stage import Stage
from tests.imap.test_fuzz import is_whole

LITERAL = re.compile(rb"\{(\d+)\}\r\n")
ITEMS = (
    "UID ENVELOPE BODYSTRUCTURE BODY PREVIEW RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[1] BODY.PEEK[1.MIME] "
    "BODY.PEEK[2.1.HEADER] BODY.PEEK[HEADER.FIELDS (From Subject)]"
)
SEARCHES = (
    "SEARCH TEXT xyzzy",
    "SEARCH OR FROM xyzzy OR SENTSINCE 1-Jan-2099 SUBJECT xyzzy",
    "SEARCH BODY xyzzy",
    "SORT (SUBJECT FROM DATE CC DISPLAYFROM SIZE) UTF-8 NOT ALL",
    "THREAD REFERENCES UTF-8 ALL",
    "THREAD ORDEREDSUBJECT UTF-8 ALL",
)


def told(session: Any, command: str) -> bytes:
    session.receive(b"a " + command.encode() + b"\r\n")
    output: bytes = session.take_output()
    assert is_whole(output)
    return output


def as_imaplib_gives_it(response: bytes) -> list[bytes | tuple[bytes, bytes]]:
    """The response in the pieces that imapclient has from imaplib: each literal beside what stands before it."""
    pieces: list[bytes | tuple[bytes, bytes]] = []
    rest = response.replace(b"1 FETCH (", b"1 (", 1)
    while (match := LITERAL.search(rest)) is not None:
        size = int(match[1])
        pieces.append((rest[: match.end() - 2], rest[match.end() : match.end() + size]))
        rest = rest[match.end() + size :]
    return [*pieces, rest]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_an_odd_message_is_fetched_and_found(name: str, line_end: bytes) -> None:
    octets = ODD[name].replace(b"\r\n", line_end)
    session = Stage(octets).selected()
    answer = told(session, f"FETCH 1 ({ITEMS})")
    assert answer.endswith(b"\r\na OK fetched\r\n")
    fetched = parse_fetch_response(as_imaplib_gives_it(answer.removesuffix(b"\r\na OK fetched\r\n").removeprefix(b"* ")))
    assert fetched[1][b"RFC822.SIZE"] == len(octets)
    assert b"ENVELOPE" in fetched[1]
    assert b"BODYSTRUCTURE" in fetched[1]
    for command in SEARCHES:
        assert told(session, command).endswith((b"a OK searched\r\n", b"a OK sorted\r\n", b"a OK threaded\r\n")), command
    answer = told(session, "FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])")
    assert b"\r\na OK fetched\r\n" in answer or b"a NO [UNKNOWN-CTE]" in answer


@pytest.mark.parametrize("name", ODD)
def test_an_odd_message_is_read_by_a_test(name: str) -> None:
    message = Message(ODD[name])
    read = (message.subject, message.text, message.html or "", str(message.attachments), repr(message))
    assert all(isinstance(one, str) for one in read)
    assert bytes(message) == ODD[name]
