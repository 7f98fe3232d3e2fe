"""POP3's view of an INBOX: locked for one session, numbered at login, deletions carried out at QUIT (RFC 1939 §4 to §6)."""

from collections.abc import Collection, Iterator

from mailharness.mailbox.account import Account
from mailharness.mailbox.errors import InUseError, NonExistentError
from mailharness.mailbox.mailbox import SEEN, StoredMessage
from mailharness.mailbox.names import INBOX


class Maildrop:
    """The exclusive lock on ``account``'s INBOX and its messages as they were at login, numbered from 1.

    Raises InUseError while another session has it. Whatever IMAP does meanwhile, the numbers and the octets stay: a message
    that was expunged can still be read here.
    """

    mailbox = INBOX

    def __init__(self, account: Account) -> None:
        if account.maildrop_locked:
            raise InUseError("another session has this maildrop")
        account.maildrop_locked = True
        self.account = account
        self._inbox = account.inbox
        self._messages = tuple(account.inbox.messages)
        self._deleted: set[int] = set()
        self._held = True

    def listing(self) -> Iterator[tuple[int, StoredMessage]]:
        """Number and message of everything that is not marked as deleted."""
        return ((n, stored) for n, stored in enumerate(self._messages, 1) if n not in self._deleted)

    def message(self, number: int) -> StoredMessage:
        """The message with that number. Raises NonExistentError where there is none, or it is marked as deleted."""
        if not 1 <= number <= len(self._messages) or number in self._deleted:
            raise NonExistentError("no such message")
        return self._messages[number - 1]

    def uidl(self, stored: StoredMessage) -> str:
        """The message's unique-id: 16 hexadecimal digits, the same in every session (RFC 1939 §7)."""
        return f"{self._inbox.uid_validity:08x}{stored.uid:08x}"

    def delete(self, number: int) -> None:
        """Mark a message as deleted, until ``reset`` or for good at ``quit``. Raises NonExistentError."""
        self.message(number)
        self._deleted.add(number)

    def delete_all(self, uids: Collection[int]) -> None:
        """Mark the messages with these UIDs as deleted."""
        self._deleted.update(number for number, stored in enumerate(self._messages, 1) if stored.uid in uids)

    def reset(self) -> None:
        """Take all marks back."""
        self._deleted.clear()

    def mark_seen(self, stored: StoredMessage) -> None:
        """Let the other readers of the INBOX know that this one was read."""
        if self._inbox.by_uid(stored.uid) is stored:
            self._inbox.set_flags(stored.uid, stored.flags | {SEEN}, by=self)

    def quit(self) -> list[StoredMessage]:
        """Remove what is marked, give the lock back (RFC 1939 §6); returns what it removed."""
        marked = {self._messages[number - 1].uid: self._messages[number - 1] for number in self._deleted}
        removed = self._inbox.expunge(marked) if self._held else []
        self.release()
        return [marked[uid] for uid in removed]

    def release(self) -> None:
        """Give the lock back and remove nothing, as when the connection drops. Harmless twice."""
        if self._held:
            self._held = False
            self.account.maildrop_locked = False
