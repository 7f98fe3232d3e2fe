"""Circles: who has had a letter before says so at its top, in a Delivered-To field of his own.

Where many stand for many, a letter can go on for very long without being in one place twice: so how often it may be
expanded is bounded too.
"""

from mailharness.errors import MisuseError
from mailharness.mail import Address, Copy, Message, Numbering, Reply

_MOST = 50
"""Delivered-To fields from which on a letter is taken to be in a circle, whosever they are."""
_MOST_EXPANSIONS = 1_000
"""Expansions of one letter in all hosts of a world, a list's being one however many members it has."""


def mark(message: Message, address: Address) -> Message:
    """``message`` as it leaves ``address`` for others."""
    return message.prepend(f"Delivered-To: {address}\r\n".encode())


def has_been_at(message: Message, address: Address) -> bool:
    """Whether ``address`` has had it before, or far too many have."""
    before = [value for name, value in message.fields if name.lower() == "delivered-to"]
    return len(before) >= _MOST or any(folded(value.decode("utf-8", "replace")) == address.folded for value in before)


def has_grown_too_far(copy: Copy, numbering: Numbering) -> Reply | None:
    """The refusal of one more expansion (RFC 3463 §3.5); None while there is room for it."""
    if numbering.expansions(copy) <= _MOST_EXPANSIONS:
        return None
    return Reply(554, f"Expanded {_MOST_EXPANSIONS:,} times already: those it is for stand for each other", "5.4.6")


def folded(text: str) -> str:
    """The address that stands in a field, as it is compared; empty for whatever else a stranger wrote there."""
    try:
        return Address.parse(text.strip()).folded
    except MisuseError:
        return ""
