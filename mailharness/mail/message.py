"""Messages: the bytes that were on the wire, with trace headers prepended and nothing else changed."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from mailharness.mail.header import FIELD, body_start, without_empty_line
from mailharness.mail.words import decode_value

if TYPE_CHECKING:
    from mailharness.mail.complaint import Complaint
    from mailharness.mail.dsn import Dsn
    from mailharness.mail.mime import Part


class Message:
    """One message, immutable. ``original`` is shared, never copied, by every hop that prepends a header to it."""

    __slots__ = ("__dict__", "original", "prepended")

    def __init__(self, original: bytes, prepended: tuple[bytes, ...] = ()) -> None:
        self.original = original
        self.prepended = prepended

    def prepend(self, header: bytes) -> "Message":
        """This message with one complete header field (with its final CRLF) in front of it."""
        return Message(self.original, (header, *self.prepended))

    def pieces(self) -> Iterator[bytes]:
        """The octets in order without joining them; their concatenation is ``bytes(message)``."""
        yield from self.prepended
        yield self.original

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces()) if self.prepended else self.original

    def __len__(self) -> int:
        return len(self.original) + sum(map(len, self.prepended)) if self.prepended else len(self.original)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and bytes(self) == bytes(other)

    def __hash__(self) -> int:
        return hash(bytes(self))

    def __repr__(self) -> str:
        return f"<Message {self.subject!r}, {len(self)} octets>"

    @cached_property
    def header_bytes(self) -> bytes:
        """The header section, prepended fields first, without the empty line that ends it."""
        return b"".join(self.prepended) + without_empty_line(self.original[: body_start(self.original)])

    @cached_property
    def body_bytes(self) -> bytes:
        """What follows the first empty line; empty where there is none."""
        return self.original[body_start(self.original) :]

    @cached_property
    def fields(self) -> tuple[tuple[str, bytes], ...]:
        """Every header field in order: its name as written, its raw value with the folding kept."""
        return tuple((m[1].decode("ascii"), m[2].strip()) for m in FIELD.finditer(self.header_bytes))

    def header(self, name: str) -> str | None:
        """The first field called ``name``, unfolded and decoded (RFC 2047); None where there is none. Never raises."""
        found = self.headers(name)
        return found[0] if found else None

    def headers(self, name: str) -> list[str]:
        """Every field called ``name``, in order, unfolded and decoded."""
        return [decode_value(value) for field, value in self.fields if field.lower() == name.lower()]

    @property
    def subject(self) -> str:
        return self.header("Subject") or ""

    @property
    def authors(self) -> list[str]:
        """The addresses in its From fields, in lower case. Never raises."""

        from email.utils import getaddresses

        named = getaddresses([value.decode("utf-8", "replace") for field, value in self.fields if field.lower() == "from"])
        return [address.lower() for _, address in named if address]

    @cached_property
    def part(self) -> "Part":
        """The message as a tree of MIME parts, read once; broken MIME gives a tree too, with its defects listed."""
        from mailharness.mail.mime import parse

        return parse(self)

    @property
    def text(self) -> str:
        """The first text/plain body, decoded, with bare LF as line end; the HTML's source where there is only that."""
        body = self.part.plain or self.part.html
        return body.text().replace("\r\n", "\n") if body is not None else ""

    @property
    def html(self) -> str | None:
        """The source of the first text/html body, decoded, with bare LF as line end; None where there is none."""
        return self.part.html.text().replace("\r\n", "\n") if self.part.html is not None else None

    @property
    def attachments(self) -> list[tuple[str, bytes]]:
        """File name and decoded octets of everything that is attached, in order."""
        return [(part.filename or "", part.decoded()) for part in self.part.attachments]

    @property
    def links(self) -> list[str]:
        """Every URL in it, once: of the HTML's links, then in the text. Never raises."""
        from mailharness.mail.finding import links

        return list(links(self))

    @property
    def codes(self) -> list[str]:
        """The one-time codes in it, as a person types them in: ``123 456`` is "123456". Never raises."""
        from mailharness.mail.finding import codes

        return list(codes(self))

    @property
    def message_id(self) -> str:
        return self.header("Message-ID") or ""

    def as_dsn(self) -> "Dsn | None":
        """What it reports of a letter's delivery, whoever wrote it (RFC 3464); None where it is no such report.

        Never raises: a broken report says as much as can be read of it.
        """
        from mailharness.mail.dsn_reading import read_dsn

        return read_dsn(self)

    def as_complaint(self) -> "Complaint | None":
        """The complaint that it is, of abuse say (RFC 5965); None where it is none. Never raises."""
        from mailharness.mail.complaint_reading import read_complaint

        return read_complaint(self)
