"""MIME structure over bytes: what parts a message has and where they lie, without ever raising (RFC 2045, RFC 2046).

    root = parse(message);  root.plain;  root.html;  [part.filename for part in root.attachments]

A part is a window on the octets it was parsed from. Nothing is looked at before it is asked for, what is odd is listed
under ``defects``, and neither depth nor number of parts is the sender's choice.
"""

import re
from collections import deque
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from mailharness.mail.charset import to_text
from mailharness.mail.header import FIELD, body_start, unfolded
from mailharness.mail.message import Message
from mailharness.mail.parameters import Pairs, decoded, structured
from mailharness.mail.transfer import decode
from mailharness.mail.words import decode_value

MAX_DEPTH = 64
MAX_PARTS = 10_000

_TYPE = re.compile(rb"([^\s/]+)\s*/\s*([^\s/;]+)")
_TOKEN = re.compile(rb"[^\s;,()\"]+")


class ContentType(NamedTuple):
    """A media type in lower case and its parameters as they were written; ``declared`` if the part itself said so."""

    type: str
    subtype: str
    pairs: Pairs
    declared: bool = True


class Part:
    """One entity: ``source[start:body_start]`` is its header with the empty line, ``source[body_start:end]`` its body."""

    __slots__ = ("__dict__", "_children", "_default", "_root", "body_start", "defects", "depth", "end", "source", "start")

    def __init__(self, source: bytes, start: int, end: int, parent: "Part | None" = None) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.depth: int = parent.depth + 1 if parent else 0
        self.defects: list[str] = []
        """What was odd about this part, as far as it has been looked at."""
        self._root: Part = parent._root if parent else self
        self._default = "rfc822" if parent is not None and parent.content_type[:2] == ("multipart", "digest") else ""
        self._children: tuple[Part, ...] | None = None
        self.body_start = body_start(source, start, end)

    def __repr__(self) -> str:
        return f"<Part {self.media_type}, {self.size} octets>"

    # -- octets ----

    @property
    def header_bytes(self) -> bytes:
        """The header with the empty line that ends it, if there is one."""
        return self.source[self.start : self.body_start]

    @property
    def body(self) -> memoryview:
        """The body as it was sent, not copied."""
        return memoryview(self.source)[self.body_start : self.end]

    @property
    def size(self) -> int:
        """Octets in the body, as encoded."""
        return self.end - self.body_start

    @cached_property
    def lines(self) -> int:
        """Line ends in the body, as encoded: a last line without one does not count, with Dovecot as here."""
        return self.source.count(b"\n", self.body_start, self.end)

    # -- header fields ----

    @cached_property
    def fields(self) -> dict[bytes, list[bytes]]:
        """Raw values, folding kept, by field name in lower case, in order."""
        fields: dict[bytes, list[bytes]] = {}
        for match in FIELD.finditer(self.source, self.start, self.body_start):
            fields.setdefault(match[1].lower(), []).append(match[2].strip())
        return fields

    def raw(self, name: bytes) -> bytes | None:
        """The first field called ``name`` (lower case) on one line, undecoded; None where there is none."""
        values = self.fields.get(name)
        return unfolded(values[0]) if values else None

    def _text(self, name: bytes) -> str:
        value = self.raw(name)
        return "" if value is None else decode_value(value)

    @cached_property
    def content_type(self) -> ContentType:
        """What the part says it is; RFC 2045 §5.2 and RFC 2046 §5.1.5 say what it is where it does not."""
        raw = self.raw(b"content-type")
        value, pairs = structured(raw) if raw is not None else (b"", [])
        match = _TYPE.match(value)
        if match is not None:
            return ContentType(match[1].decode("latin-1").lower(), match[2].decode("latin-1").lower(), pairs)
        if raw is not None:
            self.defects.append(f"unreadable Content-Type {value[:80]!r}")
        if self._default:
            return ContentType("message", self._default, [], declared=False)
        return ContentType("text", "plain", [(b"charset", b"us-ascii")], declared=False)

    @property
    def media_type(self) -> str:
        """``text/plain``."""
        return f"{self.content_type.type}/{self.content_type.subtype}"

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters of Content-Type, decoded."""
        return decoded(self.content_type.pairs)

    @cached_property
    def raw_disposition(self) -> tuple[bytes, Pairs]:
        """Content-Disposition as written (RFC 2183 §2); an empty value where there is none."""
        raw = self.raw(b"content-disposition")
        return structured(raw) if raw is not None else (b"", [])

    @property
    def disposition(self) -> str:
        """``attachment``, ``inline``, another token, or nothing."""
        return self.raw_disposition[0].decode("latin-1").lower()

    @cached_property
    def filename(self) -> str:
        """The name the sender gave it: Content-Disposition's, else Content-Type's; empty where there is none."""
        return decoded(self.raw_disposition[1]).get("filename") or self.parameters.get("name", "")

    @cached_property
    def encoding(self) -> str:
        """Content-Transfer-Encoding in lower case; ``7bit`` where nothing is said (RFC 2045 §6.1)."""
        match = _TOKEN.search(self.raw(b"content-transfer-encoding") or b"")
        return match[0].decode("latin-1").lower() if match else "7bit"

    @property
    def content_id(self) -> str:
        return self._text(b"content-id")

    @property
    def description(self) -> str:
        return self._text(b"content-description")

    @property
    def languages(self) -> tuple[str, ...]:
        """Content-Language's tags (RFC 3282 §2)."""
        return tuple(tag.decode("latin-1") for tag in _TOKEN.findall(self.raw(b"content-language") or b""))

    # -- the tree ----

    @property
    def is_multipart(self) -> bool:
        return self.content_type.type == "multipart"

    @property
    def is_message(self) -> bool:
        """Whether the body is a message of its own (RFC 2046 §5.2.1, RFC 6532 §3.7)."""
        return self.content_type[:2] in (("message", "rfc822"), ("message", "global"))

    @property
    def children(self) -> tuple["Part", ...]:
        """A multipart's parts, or the one message that is carried; else nothing."""
        if self._children is None:
            _grow(self._root)
        return self._children or ()

    @property
    def embedded(self) -> "Part | None":
        """The message that this part carries, if it carries one."""
        return self.children[0] if self.is_message and self.children else None

    def walk(self, *, into_messages: bool = True) -> Iterator["Part"]:
        """This part and all below it, depth first; not those of attached messages if told so."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            if into_messages or not part.is_message:
                waiting += reversed(part.children)

    # -- views ----

    def decoded(self) -> bytes:
        """The body with its transfer encoding undone; a multipart's or a message's as it is."""
        if self.is_multipart or self.is_message:
            return bytes(self.body)
        octets, defects = decode(self.encoding, bytes(self.body))
        self._note(defects)
        return octets

    def text(self) -> str:
        """The decoded body in its charset, line ends as they are; never raises, what does not fit is Latin-1."""
        text, defects = to_text(self.decoded(), self.parameters.get("charset", ""))
        self._note(defects)
        return text

    def _note(self, defects: list[str]) -> None:
        self.defects += [defect for defect in defects if defect not in self.defects]

    def _first(self, subtype: str) -> "Part | None":
        return next((part for part in self._leaves() if part.is_body and part.content_type.subtype == subtype), None)

    def _leaves(self) -> Iterator["Part"]:
        return (part for part in self.walk(into_messages=False) if not part.is_multipart)

    @property
    def is_body(self) -> bool:
        """Whether it is text to be shown, not a file to be kept."""
        return self.content_type.type == "text" and self.disposition != "attachment"

    @property
    def plain(self) -> "Part | None":
        """The first text/plain part to be shown."""
        return self._first("plain")

    @property
    def html(self) -> "Part | None":
        """The first text/html part to be shown."""
        return self._first("html")

    @property
    def attachments(self) -> list["Part"]:
        """The files: what is called an attachment, or has a name and is not inline, or is of a type that nothing shows."""
        return [part for part in self._leaves() if part._is_attachment]

    @property
    def _is_attachment(self) -> bool:
        if self.disposition in ("attachment", "inline"):
            return self.disposition == "attachment"
        shown = self.content_type.type == "text" or bool(self.content_id)
        return bool(self.filename) or not shown


def parse(message: Message | bytes) -> Part:
    """The root of ``message``'s structure. Never raises."""
    source = bytes(message)
    return Part(source, 0, len(source))


def _grow(root: Part) -> None:
    """Find all parts below ``root``, level by level, up to the limits: the same ones whatever is asked first."""
    waiting, count = deque([root]), 1
    while waiting:
        part = waiting.popleft()
        windows = _windows(part)
        if windows and part.depth >= MAX_DEPTH:
            part.defects.append(f"nested deeper than {MAX_DEPTH} levels")
            windows = []
        if len(windows) > MAX_PARTS - count:
            part.defects.append(f"more than {MAX_PARTS} parts in one message")
            del windows[MAX_PARTS - count :]
        count += len(windows)
        part._children = tuple(Part(part.source, start, end, part) for start, end in windows)
        waiting += part._children


def _windows(part: Part) -> list[tuple[int, int]]:
    """Where the parts of ``part`` lie."""
    if part.is_message:
        return [(part.body_start, part.end)]
    if not part.is_multipart:
        return []
    boundary = dict(reversed(part.content_type.pairs)).get(b"boundary", b"").rstrip()
    if not boundary:
        part.defects.append("multipart without a boundary")
        return []
    windows, closed = _between(part.source, part.body_start, part.end, b"--" + boundary)
    if not closed:
        part.defects.append("multipart without its closing delimiter" if windows else "multipart without parts")
    return windows


def _between(source: bytes, start: int, end: int, delimiter: bytes) -> tuple[list[tuple[int, int]], bool]:
    """The windows between lines that are ``delimiter`` (RFC 2046 §5.1.1), and whether the last one was closed."""
    windows: list[tuple[int, int]] = []
    opened = -1
    at = source.find(delimiter, start, end)
    while at >= 0:
        behind = at + len(delimiter)
        line_end = _line_end(source, behind, end) if at == start or source[at - 1] == 0x0A else -1
        if line_end >= 0:
            if opened >= 0:
                windows.append((opened, max(opened, at - (2 if source[at - 2 : at] == b"\r\n" else 1))))
            if source.startswith(b"--", behind, line_end):
                return windows, True
            opened = line_end
            behind = line_end - 1
        at = source.find(delimiter, behind, end)
    if opened >= 0:
        windows.append((opened, end))
    return windows, False


_REST_OF_DELIMITER = re.compile(rb"(?:--)?[ \t]{0,200}(?:\r?\n|\r?\Z)")


def _line_end(source: bytes, behind: int, end: int) -> int:
    """Where the line after this delimiter line begins; -1 if it is none because it goes on."""
    match = _REST_OF_DELIMITER.match(source, behind, end)
    return match.end() if match else -1
