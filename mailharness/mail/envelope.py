"""Envelopes: who a message is from and for, as SMTP says it; the header fields may say otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mailharness.mail.address import Address


@dataclass(frozen=True, slots=True)
class Envelope:
    """One transaction's sender (None is the null reverse-path, RFC 5321 §4.5.5) and recipients, in order."""

    sender: Address | None
    recipients: tuple[Address, ...]
    eight_bit: bool = field(default=False, kw_only=True)
    """BODY=8BITMIME was declared (RFC 6152)."""
    smtputf8: bool = field(default=False, kw_only=True)
    """SMTPUTF8 was declared (RFC 6531 §3.4)."""

    def for_recipients(self, recipients: Iterable[Address]) -> "Envelope":
        """The same envelope for some of its recipients, or for others."""
        return replace(self, recipients=tuple(recipients))

    @property
    def reverse_path(self) -> str:
        """The sender as it stands in ``MAIL FROM``: ``<alice@acme.test>`` or ``<>``."""
        return f"<{self.sender}>" if self.sender else "<>"
