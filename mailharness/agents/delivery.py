"""A delivery: a letter that has arrived for one recipient who has a mailbox here, and what it looks like there."""

from typing import NamedTuple

from mailharness.mail import Address, Copy, Envelope, Message
from mailharness.mailbox import Account


class Delivery(NamedTuple):
    """``copy`` of a letter for ``recipient``, one of its ``envelope``'s, whose mailboxes are the ``account``'s."""

    account: Account
    copy: Copy
    envelope: Envelope
    recipient: Address
    message: Message

    def stamped(self) -> Message:
        """The letter as it is kept."""
        return stamped(self.message, self.envelope, self.recipient)


def stamped(message: Message, envelope: Envelope, recipient: Address) -> Message:
    """``message`` with the return path at the top, as final delivery must write it (RFC 5321 §4.4), and the address that
    it came by."""
    return message.prepend(f"Return-Path: {envelope.reverse_path}\r\nDelivered-To: {recipient}\r\n".encode())
