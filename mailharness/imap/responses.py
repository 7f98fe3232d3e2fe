"""How values look in a response (RFC 3501 §7, §9): strings, flags, dates, response lines."""

import re
import time
from collections.abc import Iterable

from mailharness.imap.grammar import ASTRING, MONTHS

NIL = b"NIL"
_QUOTABLE = re.compile(rb"[^\r\n\x00\x80-\xff]{0,4096}")
_SPECIAL = re.compile(rb'(["\\])')


def literal(octets: bytes) -> bytes:
    return b"{%d}\r\n%s" % (len(octets), octets)


def literal8(octets: bytes) -> bytes:
    """A literal that may hold NUL (RFC 3516 §4.4)."""
    return b"~" + literal(octets)


def string(octets: bytes) -> bytes:
    """Quoted where it may be, else a literal (RFC 3501 §4.3)."""
    if _QUOTABLE.fullmatch(octets) is None:
        return literal(octets.replace(b"\x00", b"\x80"))  # no octet of a literal is NUL
    if b'"' in octets or b"\\" in octets:
        octets = _SPECIAL.sub(rb"\\\1", octets)
    return b'"%s"' % octets


def nstring(octets: bytes | None) -> bytes:
    return NIL if octets is None else string(octets)


def astring(octets: bytes) -> bytes:
    return octets if ASTRING.fullmatch(octets) and octets.upper() != NIL else string(octets)


def utf8_astring(octets: bytes) -> bytes:
    """The same for who speaks UTF-8, which then may be quoted (RFC 9051 §4.3)."""
    if octets.isascii() or len(octets) > 4096 or b"\r" in octets or b"\n" in octets or b"\x00" in octets:
        return astring(octets)
    return b'"%s"' % _SPECIAL.sub(rb"\\\1", octets)


def flag_list(flags: Iterable[str]) -> bytes:
    return b"(%s)" % " ".join(sorted(flags)).encode("ascii", "backslashreplace")


def date_time(moment: float) -> bytes:
    """``"17-Jul-1996 02:44:25 +0000"``, in quotes and UTC; a day below ten begins with a zero, as with Dovecot."""
    year, month, day, hour, minute, second, *_ = time.gmtime(moment)
    return b'"%02d-%s-%04d %02d:%02d:%02d +0000"' % (day, MONTHS[month - 1].encode(), year, hour, minute, second)


def untagged(text: str) -> bytes:
    return f"* {text}\r\n".encode("utf-8", "backslashreplace")
