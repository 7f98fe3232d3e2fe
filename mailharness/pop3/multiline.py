"""How a message crosses POP3: dot-stuffed lines and a final dot (RFC 1939 §3), every stored octet kept.

A line ends in CRLF. Some clients, Python's poplib among them, also end one at a bare LF; for them a bare LF before what
they would take for the final dot or for a stuffed one is stuffed as well. Everywhere else a bare LF or CR crosses as it is.
"""

import re

from mailharness.mail import Message
from mailharness.mail.header import body_start

_CRLF = b"\r\n"
_BARE_LF_DOT = re.compile(rb"\n(?<!\r\n)\.(?=\.|\r?\n|\Z)")


def multiline(octets: bytes) -> bytes:
    """``octets`` as the data of a multi-line response: stuffed, CRLF at the end where it lacks one, the final dot."""
    if octets.startswith(b"."):
        octets = b"." + octets
    stuffed = octets.replace(b"\r\n.", b"\r\n..")
    if octets.count(b"\n.") != octets.count(b"\r\n."):
        stuffed = _BARE_LF_DOT.sub(b"\n..", stuffed)
    return stuffed + missing_end(octets) + b".\r\n"


def missing_end(octets: bytes) -> bytes:
    """The CRLF that ``octets`` lack to end in a whole line; nothing where they are whole, or empty."""
    return b"" if not octets or octets.endswith(_CRLF) else _CRLF


def transfer_size(message: Message) -> int:
    """The octets that RETR brings, stuffing and final dot apart (RFC 1939 §11)."""
    tail = message.original[-2:] if len(message.original) > 1 else bytes(message)
    return len(message) + len(missing_end(tail))


def top(octets: bytes, lines: int) -> bytes:
    """The header, the empty line and the first ``lines`` lines of the body (RFC 1939 §7)."""
    end = body_start(octets)
    while lines and end < len(octets):
        end = octets.find(b"\n", end) + 1 or len(octets)
        lines -= 1
    return octets[:end]
