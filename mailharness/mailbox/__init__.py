"""Where letters rest: mailboxes, accounts, POP3's locked view of one, and the frame of the sessions that open them."""

from mailharness.mailbox.account import Account, NameChange
from mailharness.mailbox.errors import (
    AlreadyExistsError,
    CannotError,
    ForcedError,
    HasChildrenError,
    InUseError,
    MailboxError,
    NonExistentError,
    OverQuotaError,
)
from mailharness.mailbox.mailbox import (
    DELETED,
    RECENT,
    SEEN,
    SYSTEM_FLAGS,
    Appended,
    Change,
    Expunged,
    Flags,
    Mailbox,
    StoredMessage,
)
from mailharness.mailbox.maildrop import Maildrop
from mailharness.mailbox.names import INBOX, SEPARATOR, canonical, parents
from mailharness.mailbox.reactions import Reactions
from mailharness.mailbox.session import MailboxSession
from mailharness.mailbox.visit import Hears, Login, MailboxVisit, Named, Then, deaf, nobody

__all__ = [
    "DELETED",
    "INBOX",
    "RECENT",
    "SEEN",
    "SEPARATOR",
    "SYSTEM_FLAGS",
    "Account",
    "AlreadyExistsError",
    "Appended",
    "CannotError",
    "Change",
    "Expunged",
    "Flags",
    "ForcedError",
    "HasChildrenError",
    "Hears",
    "InUseError",
    "Login",
    "Mailbox",
    "MailboxError",
    "MailboxSession",
    "MailboxVisit",
    "Maildrop",
    "NameChange",
    "Named",
    "NonExistentError",
    "OverQuotaError",
    "Reactions",
    "StoredMessage",
    "Then",
    "canonical",
    "deaf",
    "nobody",
    "parents",
]
