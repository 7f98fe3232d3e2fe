"""Multipart reports: a text for people, a part for programs, and what the report is about (RFC 6522).

Delivery reports and complaints are both of this form. What is written here is read here too; what others write may be
broken in any way, and is read as far as it goes.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, parsedate_to_datetime

from mailharness.mail.dsn import Fields
from mailharness.mail.header import FIELD
from mailharness.mail.message import Message
from mailharness.mail.mime import Part
from mailharness.mail.transfer import decode
from mailharness.mail.words import decode_value

_LINE = 300
"""Characters at which a field's line is folded: in any script well under the 998 octets of RFC 5322 §2.1.1."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]+")
_EMPTY_LINE = re.compile(rb"\n[ \t]*(?=\n)")
_HEADERS = frozenset({"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"})
_WHOLE = frozenset({"message/rfc822", "message/global"})
MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}>")
"""A Message-ID that can be written down again as it is (RFC 5322 §3.6.4)."""


# -- writing ----


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a report: who writes to whom of what, at which moment (``now``, seconds since the epoch), and the
    ``number`` that makes its Message-ID and its boundary its own."""

    sender: str
    to: str
    subject: str
    host: str
    now: float
    number: int
    in_reply_to: str = ""

    def lines(self, kind: str) -> Iterator[str]:
        """The header fields that every letter has which a program wrote because of another (RFC 3834 §3.1)."""
        yield f"From: {self.sender}"
        yield f"To: {self.to}"
        yield f"Subject: {_subject(self.subject)}"
        yield f"Date: {date(self.now)}"
        yield f"Message-ID: <{kind}.{self.number}.{int(self.now)}@{self.host}>"
        if self.answered:
            yield f"In-Reply-To: {self.answered}"

    @property
    def answered(self) -> str:
        """The Message-ID of what is answered; empty where it has none that could be written down (RFC 5322 §3.6.4)."""
        return self.in_reply_to if MESSAGE_ID.fullmatch(self.in_reply_to) else ""


def _subject(text: str) -> str:
    """On one line and not long; beyond ASCII in encoded words, which every mail system passes on (RFC 2047 §2)."""
    words = " ".join(_CONTROL.sub(" ", text).split())[:200]
    if words.isascii():
        return words
    return Header(words.encode("utf-8", "replace").decode(), "utf-8", header_name="Subject").encode(linesep="\r\n")


def write_report(heading: Heading, kind: str, report_type: str, parts: Iterable[tuple[str, bytes]]) -> Message:
    """The report: ``parts`` are media types and octets; what is not ASCII is declared as 8-bit (RFC 6152)."""
    written = list(parts)
    boundary = f"=_{kind}_{heading.number}_{int(heading.now)}"
    while any(boundary.encode() in octets for _, octets in written):
        boundary += "_"
    top = [
        *heading.lines(kind),
        "Auto-Submitted: auto-replied",  # RFC 3834 §5
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={report_type};\r\n boundary="{boundary}"',
        *_declared(all(octets.isascii() for _, octets in written)),
    ]
    pieces = [_section(top)]
    for media_type, octets in written:
        pieces += [f"--{boundary}\r\n".encode(), _section([f"Content-Type: {media_type}", *_declared(octets.isascii())])]
        pieces += [octets, b"\r\n"]
    return Message(b"".join([*pieces, f"--{boundary}--\r\n".encode()]))


def _section(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("utf-8", "replace")


def _declared(is_ascii: bool) -> list[str]:
    return [] if is_ascii else ["Content-Transfer-Encoding: 8bit"]


def _wrapped(text: str) -> list[str]:
    """The lines of ``text``, without control characters and none too long; empty ones are left out."""
    lines = _CONTROL.sub(" ", text.replace("\r\n", "\n")).split("\n")
    return [piece for line in lines for piece in textwrap.wrap(line, _LINE, break_on_hyphens=False)]


def group(fields: Mapping[str, str]) -> bytes:
    """Fields as a group of them; those without a value are left out, a value of several lines is folded."""
    folded = {name: "\r\n ".join(_wrapped(value)) for name, value in fields.items()}
    written = "".join(f"{name}: {value}\r\n" for name, value in folded.items() if value)
    return written.encode("utf-8", "replace")


def lines_of(text: str) -> bytes:
    """A text for people, with the line ends of the wire."""
    lines = (piece for line in text.split("\n") for piece in _wrapped(line) or [""])
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace")


def returned(original: Message, *, whole: bool, international: bool = False) -> tuple[str, bytes]:
    """The last part: the message itself, or its header section only (RFC 6522 §4, RFC 6533 §5)."""
    if whole:
        return ("message/global" if international else "message/rfc822"), bytes(original)
    header = original.header_bytes.strip(b"\r\n") + b"\r\n"
    if international:
        return "message/global-headers", header
    return ("text/rfc822-headers" if header.isascii() else "text/rfc822-headers; charset=utf-8"), header


def date(when: float | datetime) -> str:
    """A moment as RFC 5322 §3.3 writes it."""
    return format_datetime(when if isinstance(when, datetime) else moment(when))


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as a moment, which a report writes in whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC)


# -- reading ----


def find(message: Message, *media_types: str) -> Part | None:
    """The first part of one of those types; a report that is attached to another letter is not that letter's."""
    return next((part for part in message.part.walk(into_messages=False) if part.media_type in media_types), None)


def read_groups(octets: bytes) -> list[Fields]:
    """The fields between empty lines, a tuple for each group that has any; what is no field is passed over."""
    text = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    groups = (tuple(_field(match) for match in FIELD.finditer(one)) for one in _EMPTY_LINE.split(text))
    return [fields for fields in groups if fields]


def _field(match: re.Match[bytes]) -> tuple[str, str]:
    return match[1].decode("ascii"), " ".join(decode_value(match[2]).split())


def read_date(value: str) -> datetime | None:
    """The moment that is meant, with its zone; None where nobody can tell."""
    try:
        meant = parsedate_to_datetime(value)
        meant = meant if meant.tzinfo else meant.replace(tzinfo=UTC)
        meant.timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return meant


def read_returned(message: Message) -> tuple[Message | None, bool]:
    """The message that the report is about, and whether all of it was returned."""
    part = find(message, *_WHOLE, *_HEADERS)
    if part is None or part is message.part:
        return None, False
    octets, _ = decode(part.encoding, bytes(part.body))
    if part.media_type in _WHOLE:
        return Message(octets), True
    return Message(octets.strip(b"\r\n") + b"\r\n\r\n"), False
