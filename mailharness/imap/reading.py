"""One message while a command looks at it: parsed once, however many items and search keys ask."""

from functools import cached_property

from mailharness.imap.addresses import addresses
from mailharness.imap.view import View
from mailharness.mail.charset import codec_of
from mailharness.mail.mime import Part, parse
from mailharness.mail.words import decode_value
from mailharness.mailbox import StoredMessage
from mailharness.mailbox.columns import Read, Texts


class Reading:
    """Message ``number`` of ``view``; of none where it is looked at by itself."""

    __slots__ = ("__dict__", "_read", "_view", "number", "stored")

    def __init__(self, view: View | None, number: int, stored: StoredMessage) -> None:
        self._view = view
        self._read = view.mailbox.read if view is not None else Read()
        self.number = number
        self.stored = stored

    @property
    def view(self) -> View:
        assert self._view is not None, "whoever asks for the view has selected a mailbox"
        return self._view

    @cached_property
    def octets(self) -> bytes:
        return bytes(self.stored.message)

    @cached_property
    def root(self) -> Part:
        return parse(self.octets)

    def value(self, name: bytes) -> str:
        """The first field called ``name`` (lower case), decoded; "" where there is none."""
        return decode_value(self.root.raw(name) or b"")

    @property
    def subject(self) -> str:
        return self.value(b"subject")

    # -- as SEARCH compares it: decoded, without case ----

    def field(self, name: bytes) -> Texts:
        """The values of the fields called ``name`` (lower case)."""
        columns, uid = self._read.fields, self.stored.uid
        kept = columns.get(name, uid)
        return columns.keep(name, uid, self._field(name)) if kept is None else kept

    def _field(self, name: bytes) -> Texts:
        return tuple(_plain(value) for value in self.root.fields.get(name, ()))

    def addresses(self, name: bytes) -> Texts:
        """The addresses in those fields as ENVELOPE shows them: without the comments and blanks inside."""
        columns, uid = self._read.addresses, self.stored.uid
        kept = columns.get(name, uid)
        return columns.keep(name, uid, self._addresses(name)) if kept is None else kept

    def _addresses(self, name: bytes) -> Texts:
        return tuple(
            _plain(b"%s@%s" % (address.mailbox, address.host))
            for value in self.root.fields.get(name, ())
            for address in addresses(value)
            if address.mailbox is not None and address.host is not None
        )

    def lacks(self, text: bytes) -> bool:
        """Whether the octets alone tell that none of its texts has ``text`` (no capitals, no blanks) in it."""
        columns, uid = self._read.plain, self.stored.uid
        plain = columns.get(b"", uid)
        if plain is None:
            plain = columns.keep(b"", uid, stands_plain(self.root))
        return plain and text not in bytes(self.stored.message).lower()

    @cached_property
    def header(self) -> list[str]:
        """The header section as it stands, and the value of each field in it."""
        return [_plain(self.root.header_bytes), *(value for name in self.root.fields for value in self._field(name))]

    @cached_property
    def bodies(self) -> list[str]:
        """The text parts, transfer encoding and charset undone; attached messages' headers are body too."""
        found = []
        for part in self.root.walk():
            if part.content_type.type == "text":
                found.append(part.text().casefold())
            if part.embedded is not None:
                found.append(_plain(part.embedded.header_bytes))
        return found


_AS_IT_STANDS = frozenset({"7bit", "8bit", "binary"})
_AS_ASCII = frozenset({"ascii", "utf-8", "iso8859-1", "iso8859-15", "cp1252", ""})
"""The codecs in which an ASCII octet is that character; those that nobody knows are read as UTF-8."""


def stands_plain(root: Part) -> bool:
    """Whether every text of a message stands in its octets, character by character, folding aside."""
    source = root.source
    if not source.isascii() or b"=?" in source:
        return False
    return all(
        part.encoding in _AS_IT_STANDS and codec_of(part.parameters.get("charset", "us-ascii")) in _AS_ASCII
        for part in root.walk()
        if part.content_type.type == "text"
    )


def _plain(raw: bytes) -> str:
    return decode_value(raw).casefold()
