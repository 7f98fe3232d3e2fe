"""One message while a command looks at it: parsed once, however many items and search keys ask."""

from functools import cached_property

from mailharness.imap.addresses import addresses
from mailharness.imap.view import View
from mailharness.mail.mime import Part, parse
from mailharness.mail.words import decode_value
from mailharness.mailbox import StoredMessage


class Reading:
    """Message ``number`` of ``view``; of none where it is looked at by itself."""

    __slots__ = ("__dict__", "_view", "number", "stored")

    def __init__(self, view: View | None, number: int, stored: StoredMessage) -> None:
        self._view = view
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

    @cached_property
    def _fields(self) -> dict[bytes, list[str]]:
        return {}

    @cached_property
    def _addresses(self) -> dict[bytes, list[str]]:
        return {}

    def field(self, name: bytes) -> list[str]:
        """The values of the fields called ``name`` (lower case)."""
        if name not in self._fields:
            self._fields[name] = [_plain(value) for value in self.root.fields.get(name, ())]
        return self._fields[name]

    def addresses(self, name: bytes) -> list[str]:
        """The addresses in those fields as ENVELOPE shows them: without the comments and blanks inside."""
        if name not in self._addresses:
            self._addresses[name] = [
                _plain(b"%s@%s" % (address.mailbox, address.host))
                for value in self.root.fields.get(name, ())
                for address in addresses(value)
                if address.mailbox is not None and address.host is not None
            ]
        return self._addresses[name]

    @cached_property
    def header(self) -> list[str]:
        """The header section as it stands, and the value of each field in it."""
        return [_plain(self.root.header_bytes), *(value for name in self.root.fields for value in self.field(name))]

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


def _plain(raw: bytes) -> str:
    return decode_value(raw).casefold()
