"""Circles: who has had a letter before says so at its top, in a Delivered-To field of his own."""

from mailharness.errors import MisuseError
from mailharness.mail import Address, Message

_MOST = 50
"""Delivered-To fields from which on a letter is taken to be in a circle, whosever they are."""


def mark(message: Message, address: Address) -> Message:
    """``message`` as it leaves ``address`` for others."""
    return message.prepend(f"Delivered-To: {address}\r\n".encode())


def has_been_at(message: Message, address: Address) -> bool:
    """Whether ``address`` has had it before, or far too many have."""
    before = [value for name, value in message.fields if name.lower() == "delivered-to"]
    return len(before) >= _MOST or any(_folded(value) == address.folded for value in before)


def _folded(value: bytes) -> str:
    """The address in a field; empty for whatever else a stranger wrote there."""
    try:
        return Address.parse(value.decode("utf-8", "replace").strip()).folded
    except MisuseError:
        return ""
