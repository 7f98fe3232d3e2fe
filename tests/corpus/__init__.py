"""Real letters, as octets on the wire: files for what an editor can show, code for what is large or counted.

``read("dots")`` is the letter of that name; ``NAMES`` are all of them. None holds NUL, which no letter may
(RFC 5322 §2.2, RFC 2045 §2.8); bare CR and LF are no letter either and are tried from a raw socket.
"""

import base64
import functools
import random
from collections.abc import Callable
from pathlib import Path

_FOLDER = Path(__file__).parent
LINE = 998
"""The longest line without its CRLF (RFC 5322 §2.1.1)."""
LARGE = 10_000_000
"""Octets of the large letter, at the least."""


def _header(subject: str, *more: str) -> bytes:
    fields = ("Date: Mon, 02 Mar 2026 08:30:00 +0100", "From: userA@exampleA.tst", "To: userB@exampleB.tst")
    return "\r\n".join([*fields, f"Subject: {subject}", *more, "", ""]).encode()


def _long_lines() -> bytes:
    """Lines of exactly 998 octets: the header's, of text, of dots, of blanks, and of two-octet letters."""
    field = b"X-Line: ".ljust(LINE, b"h") + b"\r\n"
    lines = (b"x" * LINE, b"." * LINE, b"e".ljust(LINE), b"." + b"y" * (LINE - 1), "ü".encode() * (LINE // 2))
    return field + _header("lines of 998 octets") + b"".join(line + b"\r\n" for line in lines)


def _large() -> bytes:
    """Ten megabytes that no compression and no luck can shorten, as an attachment."""
    header = _header(
        "ten megabytes",
        "MIME-Version: 1.0",
        "Content-Type: application/octet-stream",
        "Content-Transfer-Encoding: base64",
    )
    octets = random.Random(10).randbytes(LARGE * 3 // 4)
    return header + base64.encodebytes(octets).replace(b"\n", b"\r\n")


_MADE: dict[str, Callable[[], bytes]] = {"long_lines": _long_lines, "large": _large}
NAMES = (*sorted(path.stem for path in _FOLDER.glob("*.eml")), *_MADE)


@functools.cache
def read(name: str) -> bytes:
    """The octets of the letter called ``name``, one of ``NAMES``."""
    return _MADE[name]() if name in _MADE else (_FOLDER / f"{name}.eml").read_bytes()
