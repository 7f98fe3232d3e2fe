"""Writing a letter as a mail program does: header fields, text, HTML and attachments into the bytes that are sent."""

import email.message
import email.policy
import mimetypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.world.letter import Letter

Attachment = tuple[str, bytes]
"""A file: its name and its octets; the type follows from the name."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A finished letter: its octets, whom it is for, and how it is posted, which may be done later."""

    octets: bytes
    recipients: tuple[Address, ...]
    post: Callable[[], Letter]


def compose(
    *,
    sender: Address,
    to: Sequence[Address],
    cc: Sequence[Address],
    subject: str,
    text: str,
    html: str | None,
    attachments: Iterable[Attachment],
    now: float,
    message_id: str,
) -> bytes:
    """A complete message with CRLF line ends, dated ``now``. Non-ASCII addresses are written as UTF-8 (RFC 6532 §3).

    Raises MisuseError for a subject of several lines.
    """
    if "\n" in subject or "\r" in subject:
        raise MisuseError(f"subject={subject!r}: a subject is one line; folding is done here, or send(message=...)")
    message = email.message.EmailMessage()
    message["From"] = str(sender)
    if to:
        message["To"] = ", ".join(map(str, to))
    if cc:
        message["Cc"] = ", ".join(map(str, cc))
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.fromtimestamp(int(now), UTC))
    message["Message-ID"] = message_id
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for name, octets in attachments:
        kind = (mimetypes.guess_type(name)[0] or "application/octet-stream").split("/")
        message.add_attachment(octets, maintype=kind[0], subtype=kind[1], filename=name)
    international = not all(address.is_ascii for address in (sender, *to, *cc))
    return message.as_bytes(policy=email.policy.SMTPUTF8 if international else email.policy.SMTP)
