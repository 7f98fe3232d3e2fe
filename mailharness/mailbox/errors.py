"""What a mailbox refuses, and the response code that says so to a client (RFC 3501 §7.1, RFC 5530 §3, RFC 9208 §4.3)."""

from typing import ClassVar

from mailharness.errors import MailharnessError


class MailboxError(MailharnessError):
    """An operation on an account or mailbox that was refused; ``response`` is the text for the client's NO."""

    code: ClassVar[str] = "CANNOT"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    @property
    def response(self) -> str:
        """``[CODE] text``, as it stands behind IMAP's ``NO``."""
        return f"[{self.code}] {self.text}"


class CannotError(MailboxError):
    """It can never succeed: a bad name, INBOX deleted, a mailbox renamed into itself."""


class AlreadyExistsError(MailboxError):
    """A mailbox of that name is there."""

    code = "ALREADYEXISTS"


class NonExistentError(MailboxError):
    """No mailbox of that name is there."""

    code = "NONEXISTENT"


class HasChildrenError(MailboxError):
    """The name is no mailbox, only the parent of others (RFC 9051 §7.1)."""

    code = "HASCHILDREN"


class OverQuotaError(MailboxError):
    """The message does not fit into what the user may keep."""

    code = "OVERQUOTA"


class LimitError(MailboxError):
    """There is room for no more of that (RFC 5530 §3)."""

    code = "LIMIT"


class InUseError(MailboxError):
    """Another session holds the maildrop's exclusive lock; POP3 writes the code as ``[IN-USE]`` (RFC 2449 §8.1.2)."""

    code = "INUSE"


class ForcedError(MailboxError):
    """A fault says no, in its own words."""

    @property
    def response(self) -> str:
        return self.text
