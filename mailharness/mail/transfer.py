"""Content-Transfer-Encoding: base64 and quoted-printable over bytes, undone with tolerance and done by the letter."""

import binascii
import re
from collections.abc import Callable

Decoded = tuple[bytes, list[str]]
"""What came out, and what was wrong with what went in."""

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_BLANKS = b" \t\r\n"
_NOT_BASE64_NOR_BLANK = bytes(set(_NOT_BASE64) - set(_BLANKS))
_PADS = re.compile(rb"=+")
_TRAILING_BLANKS = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")
_ESCAPE = re.compile(rb"=(?:([0-9A-Fa-f]{2})|(\r?\n|\Z))")
_ESCAPED_OCTET = re.compile(rb"=([0-9A-Fa-f]{2})")
_OCTET = {b"%02x" % octet: bytes([octet]) for octet in range(256)}


def decode_base64(octets: bytes) -> Decoded:
    """RFC 2045 §6.8: what is not of the alphabet is skipped; missing, early and doubled padding is understood."""
    clean = octets.translate(None, _NOT_BASE64)
    defects = []
    if len(octets.translate(None, _NOT_BASE64_NOR_BLANK)) != len(octets):
        defects.append("base64 with characters outside its alphabet")
    runs = _PADS.split(clean)
    if len(runs) > 2 or (len(runs) == 2 and runs[1]):
        defects.append("base64 that goes on behind its padding")
    pieces = []
    for run in runs:
        if len(run) % 4 == 1:  # six bits make no octet
            defects.append("base64 of which the last character is missing")
            run = run[:-1]
        pieces.append(binascii.a2b_base64(run + b"=" * (-len(run) % 4)))
    return b"".join(pieces), defects


def decode_quoted_printable(octets: bytes) -> Decoded:
    """RFC 2045 §6.7: blanks at the end of a line are not data (rule 3); an ``=`` that escapes nothing stays as it is."""
    octets = _TRAILING_BLANKS.sub(b"", octets)
    escapes = 0

    def unescape(match: re.Match[bytes]) -> bytes:
        nonlocal escapes
        escapes += 1
        return _OCTET[match[1].lower()] if match[1] else b""

    decoded = _ESCAPE.sub(unescape, octets)
    return decoded, [] if octets.count(b"=") == escapes else ["quoted-printable with an = that escapes nothing"]


def decode_q(octets: bytes) -> bytes:
    """RFC 2047 §4.2: the Q encoding of a header's words, in which ``_`` is a space."""
    return _ESCAPED_OCTET.sub(lambda match: _OCTET[match[1].lower()], octets.replace(b"_", b" "))


def _as_it_is(octets: bytes) -> Decoded:
    return octets, []


DECODERS: dict[str, Callable[[bytes], Decoded]] = {
    "7bit": _as_it_is,
    "8bit": _as_it_is,
    "binary": _as_it_is,
    "base64": decode_base64,
    "quoted-printable": decode_quoted_printable,
}


def decode(encoding: str, octets: bytes) -> Decoded:
    """``octets`` under ``encoding`` (in lower case); an encoding nobody knows leaves them as they are."""
    decoder = DECODERS.get(encoding)
    return decoder(octets) if decoder else (octets, [f"unknown transfer encoding {encoding!r}"])


_UNSAFE = re.compile(rb"[^\t !-<>-~]|[\t ]\Z")
_LINE = 76
"""Characters in an encoded line at most (RFC 2045 §6.7, §6.8)."""
_OCTETS_A_LINE = 57


def encode_quoted_printable(octets: bytes) -> bytes:
    """RFC 2045 §6.7: lines are what CRLF ends; a CR or LF alone is escaped, so that ``octets`` come back as they were."""
    return b"\r\n".join(_soft(_UNSAFE.sub(_escaped, line)) for line in octets.split(b"\r\n"))


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"=%02X" % match[0][0]


def _soft(line: bytes) -> bytes:
    """``line`` with soft line breaks where it is too long, none of them inside an escape."""
    pieces, start = [], 0
    while len(line) - start > _LINE:
        end = start + _LINE - 1
        escape = line.rfind(b"=", end - 2, end)
        end = end if escape < 0 else escape
        pieces.append(line[start:end])
        start = end
    return b"=\r\n".join((*pieces, line[start:]))


def encode_base64(octets: bytes) -> bytes:
    """RFC 2045 §6.8, each line ended by CRLF."""
    starts = range(0, len(octets), _OCTETS_A_LINE)
    return b"".join(
        binascii.b2a_base64(octets[start : start + _OCTETS_A_LINE], newline=False) + b"\r\n" for start in starts
    )
