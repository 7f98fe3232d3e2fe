"""Envelopes: who a message is from and for, as SMTP says it; the header fields may say otherwise."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from mailharness.mail.address import Address


@dataclass(frozen=True, slots=True)
class DsnRequest:
    """What the sender asked of reports about one recipient (RFC 3461 §4.1, §4.2)."""

    notify: frozenset[str] | None = None
    """Of SUCCESS, FAILURE and DELAY, or NEVER alone; None where nothing was asked, which is FAILURE, perhaps DELAY."""
    orcpt: str = ""
    """The original recipient as ``type;address`` with xtext undone, "" where none was given."""

    def wants(self, event: str) -> bool:
        """Whether a report of ``event`` ("SUCCESS", "FAILURE", "DELAY") is owed to the sender."""
        return event in ({"FAILURE", "DELAY"} if self.notify is None else self.notify)

    def without_success(self) -> "DsnRequest":
        """The same for those whom one recipient stood for: of their success nobody hears (RFC 3461 §5.2.7.3)."""
        if self.notify is None or "SUCCESS" not in self.notify:
            return self
        return replace(self, notify=self.notify - {"SUCCESS"} or frozenset({"NEVER"}))


_NOTHING_ASKED = DsnRequest()
_NONE: Mapping[Address, DsnRequest] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Envelope:
    """One transaction's sender (None is the null reverse-path, RFC 5321 §4.5.5) and recipients, in order."""

    sender: Address | None
    recipients: tuple[Address, ...]
    eight_bit: bool = field(default=False, kw_only=True)
    """BODY=8BITMIME was declared (RFC 6152)."""
    binary: bool = field(default=False, kw_only=True)
    """BODY=BINARYMIME was declared (RFC 3030 §3)."""
    smtputf8: bool = field(default=False, kw_only=True)
    """SMTPUTF8 was declared (RFC 6531 §3.4)."""
    require_tls: bool = field(default=False, kw_only=True)
    """REQUIRETLS was declared: only over verified TLS, or not at all (RFC 8689 §2)."""
    ret: str = field(default="", kw_only=True)
    """What a report shall return: "FULL", "HDRS", or "" where nothing was asked (RFC 3461 §4.3)."""
    envid: str = field(default="", kw_only=True)
    """The sender's own name for this transaction, xtext undone, "" without (RFC 3461 §4.4)."""
    requests: Mapping[Address, DsnRequest] = field(default_factory=lambda: _NONE, kw_only=True, hash=False)
    """What was asked of reports, by recipient; a recipient without any is not in it."""

    def request(self, recipient: Address) -> DsnRequest:
        """What was asked of reports about ``recipient``."""
        return self.requests.get(recipient, _NOTHING_ASKED)

    def for_recipients(self, recipients: Iterable[Address]) -> "Envelope":
        """The same envelope for some of its recipients, or for others."""
        chosen = tuple(recipients)
        return self if chosen == self.recipients else replace(self, recipients=chosen)

    @property
    def reverse_path(self) -> str:
        """The sender as it stands in ``MAIL FROM``: ``<alice@acme.test>`` or ``<>``."""
        return f"<{self.sender}>" if self.sender else "<>"
