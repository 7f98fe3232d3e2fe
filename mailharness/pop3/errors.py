"""What POP3 refuses besides what the mailbox does, and the response codes that say so (RFC 2449 §8.1)."""

from mailharness.mailbox import InUseError, MailboxError


class TooEarlyError(MailboxError):
    """The user has logged in only a moment ago (RFC 2449 §8.1.1)."""


_CODES: dict[type[MailboxError], str] = {InUseError: "[IN-USE]", TooEarlyError: "[LOGIN-DELAY]"}


def code_of(error: MailboxError) -> str:
    """The code in brackets; "" where there is none."""
    return _CODES.get(type(error), "")
