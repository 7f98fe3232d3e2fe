"""Delivery status notifications: what a mail system tells a letter's sender of each recipient (RFC 3464).

``Dsn`` is what such a report says, whoever wrote it; ``Message.as_dsn()`` reads one.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from mailharness.mail.address import Address
from mailharness.mail.message import Message
from mailharness.mail.reply import Reply

ACTIONS = ("failed", "delayed", "relayed", "delivered", "expanded")
"""What may have become of a recipient, the worst first (RFC 3464 §2.3.3)."""

MEDIA_TYPES = ("message/delivery-status", "message/global-delivery-status")
"""What a program reads: in ASCII, and in UTF-8 (RFC 6533 §4)."""

Fields = tuple[tuple[str, str], ...]
"""Names as written and values on one line, in order."""

_REPLY = re.compile(r"([2-5]\d\d)(?:([- ]) ?([245]\.\d{1,3}\.\d{1,3}(?= |$))?(.*))?")


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient that was given up or has to wait: the enhanced code that says why, and the reply that caused it, if
    any, of the host ``remote`` ("": the reporting host's own)."""

    recipient: Address
    status: str
    reason: str
    reply: Reply | None = None
    remote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DsnRecipient:
    """What a report says of one recipient (RFC 3464 §2.3); "" or None where it says nothing.

    ``final`` is the address that was tried last and ``original`` the one the sender wrote, with their types beside them;
    ``action`` is in lower case, ``status`` such as "5.1.1". Names of hosts stand without their type.
    """

    final: str
    action: str
    status: str
    original: str = ""
    remote_mta: str = ""
    diagnostic: str = ""
    diagnostic_type: str = "smtp"
    """Whose words the diagnostic is: SMTP's, or with ``x-`` in front a mail system's own (RFC 3464 §2.3.6)."""
    last_attempt: datetime | None = None
    will_retry_until: datetime | None = None
    final_log_id: str = ""
    final_type: str = field(default="rfc822", repr=False)
    original_type: str = field(default="rfc822", repr=False)
    fields: Fields = field(default=(), compare=False, repr=False)
    """Every field as it was written, those that have no place above among them."""

    @property
    def reply(self) -> Reply | None:
        """The diagnostic as the SMTP reply that it is; None where it is none."""
        return read_reply(self.diagnostic) if self.diagnostic_type in ("smtp", "lmtp", "") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dsn:
    """What a report says: of the transaction (RFC 3464 §2.2), and of each of its ``recipients``.

    ``original`` is the message that it is about, as far as it was returned: ``whole``, or its header section only.
    """

    reporting_mta: str
    recipients: tuple[DsnRecipient, ...]
    envid: str = ""
    received_from: str = ""
    arrival: datetime | None = None
    original: Message | None = None
    whole: bool = False
    fields: Fields = field(default=(), compare=False, repr=False)
    """Every field about the transaction as it was written."""

    @property
    def action(self) -> str:
        """The worst that it tells; empty for a report of nobody."""
        told = {recipient.action for recipient in self.recipients}
        return next((action for action in ACTIONS if action in told), "")


def read_reply(diagnostic: str) -> Reply | None:
    """The SMTP reply that ``diagnostic`` is, None where it is none.

    A reply of several lines stands on one, each with its code: ``550-5.1.1 Nobody here 550 5.1.1 has that name``.
    """
    found = _REPLY.fullmatch(" ".join(diagnostic.split()))
    if found is None:
        return None
    code, mark, status, text = found[1], found[2], found[3] or "", found[4] or ""
    repeated = rf"(?:^| ){code}[- ]{re.escape(status)}(?= |$)" if status else rf"(?:^| ){code}[- ]"
    lines = re.split(repeated, text) if mark == "-" else [text]
    if status[:1] not in ("", code[0]):  # RFC 2034 §4: it is then no status of this reply
        lines[0], status = f"{status}{lines[0]}", ""
    return Reply(int(code), "\n".join(line.strip() for line in lines), status)
