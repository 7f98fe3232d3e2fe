"""Letters for the filters: small bodies, and the trees that real mail programs build of them."""

import base64
import quopri

from mailharness.agents.filters import Arrival
from mailharness.mail import Address, Envelope, Message

ENVELOPE = Envelope(Address("alice", "acme.test"), (Address("bob", "globex.test"),))


def arrival(*lines: str, subject: str = "Hello") -> Arrival:
    """A letter of these lines below its subject; an empty line ends the header, as on the wire."""
    return Arrival(ENVELOPE, Message(f"Subject: {subject}\r\n".encode() + "\r\n".join(lines).encode()))


def plain(text: str, subject: str = "Hello") -> Arrival:
    """A letter in plain text, in UTF-8."""
    return arrival(part("text/plain; charset=utf-8", text), subject=subject)


def page(html: str) -> Arrival:
    """A letter that is one HTML page, in quoted-printable."""
    return arrival(printable("text/html; charset=utf-8", html))


def part(kind: str, text: str, *fields: str) -> str:
    """One part as it stands between boundaries, or below the header fields of a letter."""
    return "\r\n".join([f"Content-Type: {kind}", *fields, "", text])


def base64_part(kind: str, octets: bytes, *fields: str) -> str:
    encoded = base64.encodebytes(octets).decode().replace("\n", "\r\n")
    return part(kind, encoded, "Content-Transfer-Encoding: base64", *fields)


def printable(kind: str, text: str, encoding: str = "utf-8") -> str:
    encoded = quopri.encodestring(text.encode(encoding)).decode().replace("\n", "\r\n")
    return part(kind, encoded, "Content-Transfer-Encoding: quoted-printable")


def attached(name: str, octets: bytes, kind: str = "application/octet-stream") -> str:
    return base64_part(kind, octets, f'Content-Disposition: attachment; filename="{name}"')


def multipart(*parts: str, kind: str = "mixed", boundary: str = "=_b") -> str:
    inner = "".join(f"--{boundary}\r\n{each}\r\n" for each in parts)
    return part(f'multipart/{kind}; boundary="{boundary}"', f"{inner}--{boundary}--\r\n")


def forwarded(letter: str, subject: str = "Fwd") -> str:
    """A letter inside of a letter (RFC 2046 §5.2.1)."""
    return part("message/rfc822", f"Subject: {subject}\r\n{letter}")
