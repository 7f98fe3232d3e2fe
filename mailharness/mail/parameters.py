"""Structured header values: a token and its parameters, as in Content-Type and Content-Disposition, over bytes."""

import re
from urllib.parse import unquote_to_bytes

from mailharness.mail.charset import to_text
from mailharness.mail.header import unfolded
from mailharness.mail.words import decode_value

LIMIT = 16_384
"""Octets of a value that are looked at; no real parameter list is longer."""

Pairs = list[tuple[bytes, bytes]]
_QUOTED = rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'
_COMMENT = re.compile(_QUOTED + rb"|\\.|(\((?:[^()\\]|\\.)*+\))", re.DOTALL)
_PARAMETER = re.compile(rb";[ \t\r\n]*([^ \t\r\n=;\"]+)[ \t]*=[ \t]*(" + _QUOTED + rb"|[^;]*)", re.DOTALL)
_CONTINUED = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?")


def structured(raw: bytes) -> tuple[bytes, Pairs]:
    """The value in front of the first semicolon, and the parameters behind it: names in lower case, quotes undone."""
    value = unfolded(raw[:LIMIT]).strip()
    for _depth in range(3) if b"(" in value else ():
        value = _COMMENT.sub(lambda match: b" " if match[1] else match[0], value)
    head, semicolon, _ = value.partition(b";")
    pairs = [(match[1].lower(), unquoted(match[2])) for match in _PARAMETER.finditer(value, len(head))] if semicolon else []
    return head.strip(), pairs


def unquoted(value: bytes) -> bytes:
    """A quoted string's content, or a token as it is."""
    if not value.startswith(b'"'):
        return value.strip()
    inner = value[1:-1] if len(value) > 1 and value.endswith(b'"') else value[1:]
    return re.sub(rb"\\(.)", rb"\1", inner, flags=re.DOTALL)


def decoded(pairs: Pairs) -> dict[str, str]:
    """Parameters as text: continuations joined, charsets and percent signs undone (RFC 2231 §3, §4), the first wins."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for raw_name, value in pairs:
        match = _CONTINUED.fullmatch(raw_name.decode("ascii", "replace"))
        if match is None or not (match[2] or match[3]):
            plain.setdefault(raw_name.decode("ascii", "replace"), decode_value(value))
        else:
            pieces.setdefault(match[1], {}).setdefault(int(match[2] or 0), (value, bool(match[3])))
    return plain | {name: _joined(sections) for name, sections in pieces.items()}


def _joined(sections: dict[int, tuple[bytes, bool]]) -> str:
    ordered = [sections[number] for number in sorted(sections)]
    charset = b"utf-8"
    first, is_extended = ordered[0]
    if is_extended and first.count(b"'") >= 2:
        charset, _language, first = first.split(b"'", 2)
        ordered[0] = (first, True)
    octets = b"".join(unquote_to_bytes(value) if extended else value for value, extended in ordered)
    return to_text(octets, charset.decode("ascii", "replace"))[0]
