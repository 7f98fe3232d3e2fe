"""One message while a command looks at it: parsed once, however many items and search keys ask."""

from functools import cached_property

from mailharness.imap.view import View
from mailharness.mail.mime import Part, parse
from mailharness.mailbox import StoredMessage


class Reading:
    """Message ``number`` of ``view``."""

    __slots__ = ("__dict__", "number", "stored", "view")

    def __init__(self, view: View, number: int, stored: StoredMessage) -> None:
        self.view = view
        self.number = number
        self.stored = stored

    @cached_property
    def octets(self) -> bytes:
        return bytes(self.stored.message)

    @cached_property
    def root(self) -> Part:
        return parse(self.octets)
