"""Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3), and the wildcards of LIST (RFC 3501 §6.3.8)."""

import binascii
import re

from mailharness.imap.grammar import BadSyntaxError
from mailharness.mailbox import INBOX, SEPARATOR

_UNPRINTABLE = re.compile(r"[^\x20-\x25\x27-\x7e]+")
_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_WILDCARDS = re.compile(rb"[*%]+")
_TOKEN = re.compile(rb"[*%]|[^*%]+")


def to_wire(name: str) -> bytes:
    """``name`` in modified UTF-7."""
    return _UNPRINTABLE.sub(_shift, name).encode("ascii")


def _shift(match: re.Match[str]) -> str:
    pieces = match[0].split("&")
    return "&-".join(_shift_run(piece) for piece in pieces)


def _shift_run(run: str) -> str:
    if not run:
        return ""
    encoded = binascii.b2a_base64(run.encode("utf-16-be", "surrogatepass"), newline=False)
    return "&" + encoded.rstrip(b"=").replace(b"/", b",").decode() + "-"


def from_wire(wire: bytes) -> str:
    """The name that ``wire`` means. Raises BadSyntaxError for what is no modified UTF-7."""
    if b"&" not in wire:
        return _ascii(wire)
    pieces = []
    position = 0
    for match in _SHIFTED.finditer(wire):
        pieces += [_ascii(wire[position : match.start()]), _unshifted(match[1])]
        position = match.end()
    pieces.append(_ascii(wire[position:]))
    return "".join(pieces)


def _ascii(octets: bytes) -> str:
    if b"&" in octets or not octets.isascii():
        raise BadSyntaxError("a mailbox name is modified UTF-7")
    return octets.decode("ascii")


def _unshifted(encoded: bytes) -> str:
    if not encoded:
        return "&"
    try:
        padded = encoded.replace(b",", b"/") + b"=" * (-len(encoded) % 4)
        return binascii.a2b_base64(padded).decode("utf-16-be")
    except ValueError:
        raise BadSyntaxError("a mailbox name is modified UTF-7") from None


def matches(pattern: bytes, wire: bytes) -> bool:
    """Whether a name matches; ``*`` stands for anything, ``%`` for anything within one level."""
    if wire == INBOX.encode() or wire.startswith(INBOX.encode() + SEPARATOR.encode()):
        head, separator, rest = pattern.partition(SEPARATOR.encode())
        pattern = (head.upper() if head.upper() == INBOX.encode() else head) + separator + rest
    ends = {0}
    for token in _TOKEN.findall(_WILDCARDS.sub(_one_wildcard, pattern)):
        if token == b"*":
            ends = set(range(min(ends), len(wire) + 1))
        elif token == b"%":
            ends = {reached for end in ends for reached in range(end, _level_end(wire, end) + 1)}
        else:
            ends = {end + len(token) for end in ends if wire.startswith(token, end)}
        if not ends:
            return False
    return len(wire) in ends


def _one_wildcard(run: re.Match[bytes]) -> bytes:
    return b"*" if b"*" in run[0] else b"%"


def _level_end(wire: bytes, start: int) -> int:
    end = wire.find(SEPARATOR.encode(), start)
    return len(wire) if end < 0 else end
