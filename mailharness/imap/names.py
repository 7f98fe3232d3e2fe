"""Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3), and the wildcards of LIST (RFC 3501 §6.3.8)."""

import binascii
import re
import unicodedata

from mailharness.imap.responses import astring, utf8_astring
from mailharness.mailbox import INBOX, SEPARATOR, CannotError

_UNPRINTABLE = re.compile(r"[^\x20-\x25\x27-\x7e]+")
_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_WILDCARDS = re.compile(rb"[*%]+")
_ANYTHING, _ONE_LEVEL = b"*%"


def to_wire(name: str, *, utf8: bool = False) -> bytes:
    """``name`` in modified UTF-7, or in UTF-8 for who has asked for that (RFC 9051 §5.1, RFC 6855 §3)."""
    if utf8:
        return name.encode("utf-8", "replace")
    return _UNPRINTABLE.sub(_shift, name).encode("ascii")


def _shift(match: re.Match[str]) -> str:
    pieces = match[0].split("&")
    return "&-".join(_shift_run(piece) for piece in pieces)


def _shift_run(run: str) -> str:
    if not run:
        return ""
    encoded = binascii.b2a_base64(run.encode("utf-16-be", "surrogatepass"), newline=False)
    return "&" + encoded.rstrip(b"=").replace(b"/", b",").decode() + "-"


def written(name: str, *, utf8: bool) -> bytes:
    """``name`` as a response has it: an atom, quoted, or a literal."""
    return (utf8_astring if utf8 else astring)(to_wire(name, utf8=utf8))


def from_wire(wire: bytes, *, utf8: bool = False) -> str:
    """The name that ``wire`` means. Raises CannotError for what is no modified UTF-7, or no UTF-8."""
    if utf8:
        return _composed(wire)
    if b"&" not in wire:
        return _ascii(wire)
    pieces = []
    position = 0
    for match in _SHIFTED.finditer(wire):
        pieces += [_ascii(wire[position : match.start()]), _unshifted(match[1])]
        position = match.end()
    pieces.append(_ascii(wire[position:]))
    return "".join(pieces)


def _composed(wire: bytes) -> str:
    """RFC 9051 §5.1: names are Net-Unicode, composed."""
    try:
        return unicodedata.normalize("NFC", wire.decode())
    except UnicodeDecodeError:
        raise CannotError("a mailbox name is in UTF-8") from None


def _ascii(octets: bytes) -> str:
    if b"&" in octets or not octets.isascii():
        raise CannotError("a mailbox name is modified UTF-7")
    return octets.decode("ascii")


def _unshifted(encoded: bytes) -> str:
    if not encoded:
        return "&"
    try:
        padded = encoded.replace(b",", b"/") + b"=" * (-len(encoded) % 4)
        return binascii.a2b_base64(padded).decode("utf-16-be")
    except ValueError:
        raise CannotError("a mailbox name is modified UTF-7") from None


def matches(pattern: bytes, wire: bytes) -> bool:
    """Whether a name matches; ``*`` stands for anything, ``%`` for anything within one level, INBOX for itself in any case.

    Bit n of ``reached`` says that the pattern so far stands for the first n octets: all of them take the next step at once.
    """
    places = {octet: _places(octet, wire) for octet in set(pattern) - {_ANYTHING, _ONE_LEVEL}}
    within = (1 << len(wire)) - 1 - _where(SEPARATOR.encode(), wire)
    reached = 1
    for octet in _WILDCARDS.sub(_one_wildcard, pattern):
        if octet == _ANYTHING:
            reached = -(reached & -reached) & ((2 << len(wire)) - 1)
        elif octet == _ONE_LEVEL:  # adding lets each bit run on to the end of its level
            reached |= ((reached & within) + within) ^ within
        else:
            reached = (reached & places[octet]) << 1
        if not reached:
            return False
    return bool(reached >> len(wire))


def _one_wildcard(run: re.Match[bytes]) -> bytes:
    return b"*" if b"*" in run[0] else b"%"


def _places(octet: int, wire: bytes) -> int:
    """Where a pattern's ``octet`` stands in a name, a bit for each place (RFC 3501 §5.1: INBOX is case-insensitive)."""
    letter, inbox = bytes([octet]), INBOX.encode()
    places = _where(letter, wire)
    if wire == inbox or wire.startswith(inbox + SEPARATOR.encode()):
        places |= _where(letter.upper(), inbox)
    return places


def _where(octet: bytes, wire: bytes) -> int:
    """The places of ``octet`` in ``wire``, the first in the lowest bit."""
    to_digit = b"0" * octet[0] + b"1" + b"0" * (255 - octet[0])
    return int(wire[::-1].translate(to_digit), 2) if octet in wire else 0
