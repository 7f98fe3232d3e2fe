"""Down-conversion: a message with 8-bit content made one of 7 bits, for a server that takes no other (RFC 6152 §3).

    converted(message)            # the same content, its 8-bit leaves in quoted-printable or base64

Only leaves are encoded; where no leaf has 8-bit octets, no octet changes. What cannot be converted without harm raises
UnconvertibleError: header fields, what is signed, what no reader would decode.
"""

import re
from collections.abc import Iterator

from mailharness.mail.message import Message
from mailharness.mail.mime import Part, parse
from mailharness.mail.transfer import encode_base64, encode_quoted_printable

_CTE = re.compile(rb"^Content-Transfer-Encoding[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*\n?", re.IGNORECASE | re.MULTILINE)
_IDENTITY = ("7bit", "8bit", "binary")
_SEALED = ("signed", "encrypted")
"""The multiparts whose octets are not to be touched (RFC 1847 §2.1)."""


class UnconvertibleError(Exception):
    """Why a message cannot be made one of 7 bits. ``in_header``: because of 8-bit octets in a header field."""

    def __init__(self, reason: str, *, in_header: bool = False) -> None:
        super().__init__(reason)
        self.in_header = in_header


def converted(message: Message, *, header_too: bool = True) -> Message:
    """``message`` with all its content in 7 bits. Raises UnconvertibleError.

    Unless ``header_too``, the top header may hold UTF-8, as it may behind SMTPUTF8.
    """
    root = parse(message)
    if header_too and not root.header_bytes.isascii():
        raise UnconvertibleError("its header has 8-bit octets", in_header=True)
    if _is_seven_bit(bytes(root.body)):
        return message
    return Message(b"".join(_entity(root)))


def _is_seven_bit(octets: bytes) -> bool:
    """RFC 2045 §2.7: NUL is no more allowed than octets above 127."""
    return octets.isascii() and b"\x00" not in octets


def _entity(part: Part, *, whole: bool = True) -> Iterator[bytes]:
    """The octets of ``part`` in 7 bits, its header first; ``whole`` for a letter. Its body has 8-bit octets."""
    if part.is_multipart or (part.is_message and part.content_type.subtype == "rfc822"):
        yield _labelled(part, b"7bit", whole)
        yield from _container(part)
        return
    if part.content_type.type == "message" and part.content_type.subtype != "global":  # RFC 2046 §5.2
        raise UnconvertibleError(f"{part.media_type} may not be encoded")
    if part.encoding not in _IDENTITY:
        raise UnconvertibleError(f"a part in {part.encoding} has 8-bit octets")
    body = bytes(part.body)
    is_text = part.content_type.type == "text" and part.encoding != "binary"
    yield _labelled(part, b"quoted-printable" if is_text else b"base64", whole)
    yield encode_quoted_printable(body) if is_text else encode_base64(body)


def _container(part: Part) -> Iterator[bytes]:
    """The body of a multipart or of an enclosed message: its parts converted, all between them as it is."""
    if part.is_multipart and part.content_type.subtype in _SEALED:
        raise UnconvertibleError(f"it is sealed by a multipart/{part.content_type.subtype}")
    at = part.body_start
    for child in part.children:
        yield _between(part, at, child.start)
        yield from _child(child, whole=part.is_message)
        at = child.end
    yield _between(part, at, part.end)


def _child(part: Part, *, whole: bool) -> Iterator[bytes]:
    if not part.header_bytes.isascii():  # RFC 6532 §3.2
        raise UnconvertibleError("the header of a part has 8-bit octets", in_header=True)
    if _is_seven_bit(bytes(part.body)):
        yield part.source[part.start : part.end]
    else:
        yield from _entity(part, whole=whole)


def _between(part: Part, start: int, end: int) -> bytes:
    octets = part.source[start:end]
    if not octets.isascii():
        raise UnconvertibleError("there are 8-bit octets outside of every part")
    return octets


def _labelled(part: Part, encoding: bytes, whole: bool) -> bytes:
    """The header of ``part`` that says ``encoding``; to a letter that was no MIME, what RFC 1428 §3 adds."""
    header = part.header_bytes
    field = b"Content-Transfer-Encoding: " + encoding + b"\r\n"
    said = _CTE.search(header)
    if said is not None:
        return header[: said.start()] + field + header[said.end() :]
    if encoding == b"7bit":
        return header
    if whole and b"mime-version" not in part.fields:
        declared = b"" if b"content-type" in part.fields else b"Content-Type: text/plain; charset=unknown-8bit\r\n"
        field = b"MIME-Version: 1.0\r\n" + declared + field
    end = _end_of_fields(header)
    return header[:end] + field + (header[end:] or b"\r\n")


def _end_of_fields(header: bytes) -> int:
    """Where the empty line begins that ends ``header``."""
    return len(header) - (2 if header.endswith(b"\r\n") else 1) if header.endswith(b"\n") else len(header)
