r"""Labels: one message in several mailboxes at once, as Gmail keeps them.

A message lies in All Mail, and the mailboxes are labels on it: each shows, under UIDs of its own, the messages that bear
its label. So what a client does to mailboxes and what it does to labels are one thing:

    appended, copied to a mailbox     has that label, and is out of Trash and Spam
    copied to Trash or Spam           has no label but that, and is out of All Mail
    expunged from a mailbox           has lost that label, and rests in All Mail (Gmail's "archive the message")
    expunged from Trash or Spam       is gone for good
    \Flagged                          has the label Starred
    \Deleted                          is expunged at once (Gmail's "auto-expunge on"), from All Mail not at all
    other flags                       are the message's, in whichever mailbox they are set

The same octets are the same message: appended again, they are where they were.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from mailharness.mail import NO_COPY, Copy, Message
from mailharness.mailbox.conversations import Conversations
from mailharness.mailbox.mailbox import DELETED, Mailbox, StoredMessage
from mailharness.mailbox.names import INBOX

FLAGGED = "\\Flagged"
ROOT = "[Gmail]"
ALL_MAIL, STARRED = f"{ROOT}/All Mail", f"{ROOT}/Starred"
TRASH, SPAM = f"{ROOT}/Trash", f"{ROOT}/Spam"
DRAFTS = f"{ROOT}/Drafts"
SYSTEM = {
    INBOX: ("", "\\Inbox"),
    ALL_MAIL: ("\\All", ""),
    DRAFTS: ("\\Drafts", "\\Draft"),
    f"{ROOT}/Important": ("\\Important", "\\Important"),
    f"{ROOT}/Sent Mail": ("\\Sent", "\\Sent"),
    SPAM: ("\\Junk", "\\Spam"),
    STARRED: ("\\Flagged", "\\Starred"),
    TRASH: ("\\Trash", "\\Trash"),
}
"""The mailboxes that everybody has: what they are for (RFC 6154 §2, RFC 8457 §4), and the label they show."""
APART = (TRASH, SPAM)
GIVES = {DRAFTS: frozenset({"\\Draft"}), STARRED: frozenset({FLAGGED})}
"""The flags that come with a label."""


@dataclass(slots=True, eq=False)
class Mail:
    """One message: its ``number`` and its conversation's, each of 63 bits, and how it lies in each mailbox."""

    number: int
    thread: int
    places: "dict[Label, StoredMessage]" = field(default_factory=dict)

    def anywhere(self) -> StoredMessage:
        return next(iter(self.places.values()))


class Label(Mailbox):
    """A mailbox that shows the messages with one label."""

    def __init__(self, name: str, uid_validity: int, labels: "Labels") -> None:
        super().__init__(name, uid_validity)
        self.labels = labels

    @property
    def is_apart(self) -> bool:
        """Whether what lies here lies nowhere else."""
        return self.name in APART

    def append(
        self,
        message: Message,
        *,
        flags: frozenset[str] = frozenset(),
        internal_date: float,
        save_date: float | None = None,
        of: Copy = NO_COPY,
        thread: int = 0,
    ) -> StoredMessage:
        """Give the message this label; it is where it was if it has that already."""
        mail = self.labels.meet(message, thread)
        if self in mail.places:
            return mail.places[self]
        shared = mail.anywhere().flags if mail.places else frozenset()
        given = (flags | shared | GIVES.get(self.name, frozenset())) - {DELETED}
        self._place(mail, message, given, internal_date, save_date, of)
        self.labels.share_flags(mail, mail.places[self])
        self.labels.settle(mail, self)
        return mail.places[self]

    def _place(
        self, mail: Mail, message: Message, flags: frozenset[str], internal_date: float, save_date: float | None, of: Copy
    ) -> None:
        stored = super().append(
            message, flags=flags, internal_date=internal_date, save_date=save_date, of=of, thread=mail.thread
        )
        self.labels.take_note(self, stored, mail)

    def receive(self, mail: Mail) -> None:
        """Show a message that lies elsewhere."""
        one = mail.anywhere()
        self._place(mail, one.message, one.flags - {DELETED}, one.internal_date, one.save_date, one.of)

    def set_flags(self, uid: int, flags: frozenset[str], *, by: object = None) -> StoredMessage:
        r"""Give the message these flags wherever it lies; \Deleted here alone, where it goes at once."""
        stored = super().set_flags(uid, flags, by=by)
        mail = self.labels.meet(stored.message)
        self.labels.share_flags(mail, stored, by)
        self.labels.settle(mail, self)
        if DELETED in stored.flags:
            self.expunge([uid])
        return stored

    def share(self, uid: int, flags: frozenset[str], by: object) -> None:
        """The message has these flags by what was done to it in another mailbox."""
        super().set_flags(uid, flags, by=by)

    def expunge(self, uids: Collection[int]) -> list[int]:
        """Take the label from these messages; All Mail keeps its own, and nothing but Trash and Spam lets them go for
        good. Returns those that were here and are no longer."""
        if self.name not in (ALL_MAIL, STARRED):
            return self.let_go(uids)
        taken = {DELETED} if self.name == ALL_MAIL else {DELETED, FLAGGED}
        here = sorted(uid for uid in set(uids) if self.by_uid(uid) is not None)
        for uid in here:
            self.set_flags(uid, self._by_uid[uid].flags - taken)
        return [uid for uid in here if self.by_uid(uid) is None]

    def let_go(self, uids: Collection[int]) -> list[int]:
        """Show these messages no longer."""
        leaving = [stored for uid in uids if (stored := self.by_uid(uid)) is not None]
        gone = super().expunge(uids)
        for stored in leaving:
            self.labels.forget(self, stored)
        return gone

    def renew_uids(self) -> None:
        old = list(self.messages)
        mails = [self.labels.meet(stored.message) for stored in old]
        for stored, mail in zip(old, mails, strict=True):
            self._place(mail, stored.message, stored.flags, stored.internal_date, stored.save_date, stored.of)
        super().expunge([stored.uid for stored in old])
        self.labels.drop(old)


class Labels:
    """Which messages an account has, and which labels each of them."""

    def __init__(self) -> None:
        self.mailboxes: dict[str, Label] = {}
        """The system's, by name."""
        self.octets = 0
        """The sum of the sizes of all messages, each once."""
        self._mails: dict[int, Mail] = {}
        self._of: dict[StoredMessage, Mail] = {}
        self._conversations = Conversations()

    def find(self, stored: StoredMessage) -> Mail | None:
        """The message that ``stored`` is a place of; None where it has been expunged meanwhile."""
        return self._of.get(stored)

    def of(self, mail: Mail, *, but: Mailbox | None = None) -> Iterator[tuple[str, str]]:
        r"""The labels of a message, each as text and its mailbox's name: \Inbox and its like, then the user's own;
        without that of the mailbox ``but``."""
        names = [label.name for label in mail.places if label is not but]
        for name in sorted(names, key=lambda name: (name not in SYSTEM, name)):
            shown = SYSTEM[name][1] if name in SYSTEM else name
            if shown:
                yield shown, name

    def take_up(self, labels: Iterable[Label]) -> None:
        """Go on with what is in these mailboxes."""
        for label in labels:
            for stored in list(label.messages):
                mail = self.meet(stored.message, stored.thread)
                if label in mail.places:
                    Mailbox.expunge(label, [stored.uid])
                else:
                    self.take_note(label, stored, mail)
        for mail in list(self._mails.values()):
            self.settle(mail, next((label for label in mail.places if label.is_apart), next(iter(mail.places))))

    # -- what mailboxes say ----

    def meet(self, message: Message, thread: int = 0) -> Mail:
        """The message of these octets, known or new; ``thread`` is its conversation where that is known."""
        number = number_of(message)
        found = self._mails.get(number)
        if found is None:
            join = self._conversations.learn if thread else self._conversations.join
            found = self._mails[number] = Mail(number, join(message, thread or number))
        return found

    def take_note(self, label: Label, stored: StoredMessage, mail: Mail) -> None:
        """``stored`` shows the message in ``label`` from now on."""
        self.octets += 0 if mail.places else stored.size
        mail.places[label] = stored
        self._of[stored] = mail

    def forget(self, label: Label, stored: StoredMessage) -> None:
        """The message is no longer in ``label``; without a place it is none."""
        mail = self._of.pop(stored)
        del mail.places[label]
        if not mail.places:
            del self._mails[mail.number]
            self.octets -= stored.size

    def drop(self, places: Iterable[StoredMessage]) -> None:
        """These are places no longer, others are instead."""
        for stored in places:
            self._of.pop(stored, None)

    def share_flags(self, mail: Mail, stored: StoredMessage, by: object = None) -> None:
        r"""Let the message have the flags of ``stored`` everywhere, but for \Deleted."""
        for label, place in list(mail.places.items()):
            if place is not stored:
                label.share(place.uid, (stored.flags - {DELETED}) | (place.flags & {DELETED}), by)

    def settle(self, mail: Mail, label: Label) -> None:
        """The message was touched in ``label``: let it be where it has to be for that, and nowhere else."""
        if label.is_apart:
            self._leave(mail, [other for other in mail.places if other is not label])
            return
        self._leave(mail, [other for other in mail.places if other.is_apart])
        place = mail.places[label]
        if self.mailboxes[ALL_MAIL] not in mail.places:
            self.mailboxes[ALL_MAIL].receive(mail)
        starred = self.mailboxes[STARRED]
        if FLAGGED in place.flags and starred not in mail.places:
            starred.receive(mail)
        elif FLAGGED not in place.flags and starred in mail.places:
            self._leave(mail, [starred])

    def _leave(self, mail: Mail, labels: Iterable[Label]) -> None:
        for label in labels:
            label.let_go([mail.places[label].uid])


def number_of(message: Message) -> int:
    """A message's number: 63 bits of what its octets are, never 0."""
    return (int.from_bytes(hashlib.sha256(bytes(message)).digest()[:8]) >> 1) or 1
