"""Header sections over bytes: where one ends, what fields it has, and a folded value on one line (RFC 5322 §2.2)."""

import re

FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
"""One field: its name and its raw value, folding kept; the line end that follows may leave its CR behind the value."""

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_END = re.compile(rb"(?:\r?\n|\A)\r?\n\Z")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")


def body_start(source: bytes, start: int = 0, end: int | None = None) -> int:
    """Where the body of ``source[start:end]`` begins: behind the first empty line; at ``end`` where there is none."""
    end = len(source) if end is None else end
    if source.startswith((b"\r\n", b"\n"), start, end):
        return source.index(b"\n", start) + 1
    empty = _EMPTY_LINE.search(source, start, end)
    return empty.end() if empty else end


def without_empty_line(header: bytes) -> bytes:
    """``header`` without the empty line that ends it and the line end in front of that, if it has them."""
    end = _END.search(header, max(0, len(header) - 4))
    return header[: end.start()] if end else header


def unfolded(raw: bytes) -> bytes:
    """A header value on one line (RFC 5322 §2.2.3)."""
    return _FOLD.sub(b"", raw) if b"\n" in raw else raw
