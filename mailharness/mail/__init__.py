"""The nouns of mail, all frozen: address, envelope, message, copy, reply, delivery status notification.

A *message* is bytes and stays the bytes that were on the wire; an *envelope* says who it is for; a *copy* says which
branch of which letter a server holds. Nothing here knows a socket, a clock or a server.
"""

from mailharness.mail.address import Address
from mailharness.mail.copy import NO_COPY, Cause, Copy, Numbering
from mailharness.mail.envelope import DsnRequest, Envelope
from mailharness.mail.message import Message
from mailharness.mail.reply import Reply

__all__ = ["NO_COPY", "Address", "Cause", "Copy", "DsnRequest", "Envelope", "Message", "Numbering", "Reply"]
