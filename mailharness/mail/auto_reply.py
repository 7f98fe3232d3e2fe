"""Automatic replies: who may have one, and what it looks like (RFC 3834)."""

import re

from mailharness.mail.address import ADDRESS, Address
from mailharness.mail.message import Message
from mailharness.mail.report import MESSAGE_ID, Heading, lines_of

_NEVER = re.compile(r"owner-.*|.*-(?:request|owner|bounces)|mailer-daemon|no-?reply|listserv|majordomo", re.IGNORECASE)
"""Local parts behind which there is no person (RFC 3834 §2)."""
_BULK = frozenset({"bulk", "list", "junk"})
_FOR = ("To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc")
_ADDRESS = re.compile(r"(?<![^\s<>,;:()])(?:\"(?:[^\"\\]|\\.)*+\"|[^\s<>,;:()\"@]++)@[^\s<>,;:()\"@]++")


def may_be_answered(message: Message, sender: Address | None, recipient: Address) -> bool:
    """Whether a person's program may answer ``message``, which ``sender`` sent and which came to ``recipient``.

    Never a report or another program's letter, never a list or who stands for one, nor what does not name the recipient
    as one it is for (RFC 3834 §2).
    """
    return (
        sender is not None
        and sender.folded != recipient.folded
        and not _NEVER.fullmatch(sender.unquoted_local)
        and _is_personal(message)
        and recipient.folded in _named(message)
    )


def _is_personal(message: Message) -> bool:
    """Whether neither a program nor a list sent it (RFC 3834 §2, RFC 2919 §3, RFC 2369 §3)."""
    submitted = (message.header("Auto-Submitted") or "no").split(";")[0].strip().lower()
    precedence = (message.header("Precedence") or "").strip().lower()
    is_of_a_list = any(name.lower().startswith("list-") for name, _ in message.fields)
    return submitted == "no" and precedence not in _BULK and not is_of_a_list


def _named(message: Message) -> set[str]:
    """The addresses that the letter says it is for, as they are compared."""
    found = [text for name in _FOR for value in message.headers(name) for text in _ADDRESS.findall(value)]
    return {Address.parse(text).folded for text in found if ADDRESS.fullmatch(text)}


def write_auto_reply(
    text: str, *, sender: Address, to: Address, original: Message, host: str, now: float, number: int
) -> Message:
    """The answer ``text`` of ``sender`` to ``original``, written at ``now`` (seconds since the epoch) by ``host``."""
    subject = f"Auto: {original.subject}"  # RFC 3834 §3.1.5
    heading = Heading(f"<{sender}>", f"<{to}>", subject, host, now, number, original.message_id)
    references = [*MESSAGE_ID.findall(original.header("References") or "")[-20:], heading.answered]
    body = lines_of(text)
    lines = [
        *heading.lines("auto"),
        *(["References: " + "\r\n ".join(references)] if heading.answered else []),
        "Auto-Submitted: auto-replied",  # RFC 3834 §3.1.7
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Transfer-Encoding: {'7bit' if body.isascii() else '8bit'}",
    ]
    return Message("".join(f"{line}\r\n" for line in [*lines, ""]).encode("utf-8", "replace") + body)
