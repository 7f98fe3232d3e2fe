"""A user's mailboxes seen directly, beside every protocol: to look into, to write to disk, to fill from there."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from mailharness.errors import MisuseError
from mailharness.mail import Cause, Message, Numbering
from mailharness.mailbox import Account, MailboxError, StoredMessage
from mailharness.net.archives import Archived, read_archive, write_archive
from mailharness.net.folders import read_folders, write_folders
from mailharness.trace.values import Subjects

T = TypeVar("T")


class Reach(NamedTuple):
    """How a test's thread gets at an account: ``look`` at it once all is settled, ``change`` it on the loop's thread."""

    look: Callable[[Callable[[Account], object]], object]
    change: Callable[[Callable[[Account], object]], object]
    now: Callable[[], float]
    numbering: Callable[[], Numbering]


class Stored(NamedTuple):
    """One message at rest: its UID, its flags, and when it arrived, in seconds since the epoch."""

    uid: int
    message: Message
    flags: frozenset[str]
    date: float


class StoredMailbox:
    """The mailbox called ``name``: looking at it reads nothing over the wire and marks nothing."""

    def __init__(self, owner: str, name: str, reach: Reach) -> None:
        self.name = name
        self._owner = owner
        self._reach = reach

    def __repr__(self) -> str:
        return f"<StoredMailbox {self.name!r} of {self._owner}>"

    @property
    def contents(self) -> tuple[Stored, ...]:
        """What is in it, by UID. Raises MisuseError where there is no such mailbox (any more)."""

        def read(account: Account) -> tuple[Stored, ...]:
            if self.name not in account:
                raise MisuseError.unknown(f"mailbox of {self._owner}", self.name, account.mailboxes)
            return tuple(map(_stored, account.get(self.name).messages))

        found = self._reach.look(read)
        assert isinstance(found, tuple)
        return found

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(one.message for one in self.contents)

    @property
    def subjects(self) -> list[str]:
        """The subjects, decoded, oldest first."""
        return Subjects(self._owner, (message.subject for message in self.messages))

    def export(self, path: str | Path, form: str = "maildir") -> int:
        """Write it to ``path``, which must not be there, as "maildir" or "mbox"; returns how many messages.

        Flags, keywords and dates go along. Raises MisuseError.
        """
        archived = list(map(_archived, self.contents))
        write_archive(Path(path), form, archived)
        return len(archived)

    def import_from(self, path: str | Path) -> int:
        """Add what is in the Maildir or mbox at ``path``, all of it or nothing; returns how many messages.

        The mailbox is made where it is missing. Raises MisuseError for what is neither, and where it does not fit.
        """
        return _import(f"{self._owner}, mailbox {self.name!r}", self._reach, {self.name: read_archive(Path(path))})


class StoredMailboxes:
    """All of a user's mailboxes, those below others too."""

    def __init__(self, owner: str, reach: Reach) -> None:
        self._owner = owner
        self._reach = reach

    def export(self, path: str | Path, form: str) -> int:
        def read(account: Account) -> dict[str, list[Archived]]:
            boxes = account.mailboxes.items()
            return {name: [_archived(_stored(one)) for one in mailbox.messages] for name, mailbox in boxes}

        found = self._reach.look(read)
        assert isinstance(found, dict)
        write_folders(Path(path), form, found)
        return sum(map(len, found.values()))

    def import_from(self, path: str | Path) -> int:
        return _import(self._owner, self._reach, read_folders(Path(path)))


def _archived(one: Stored) -> Archived:
    return Archived(bytes(one.message), one.flags, one.date)


def _import(whose: str, reach: Reach, mailboxes: Mapping[str, Sequence[Archived]]) -> int:
    """Add these messages to the mailboxes of those names, all of them or none; returned is how many."""
    every, now = [one for messages in mailboxes.values() for one in messages], reach.now()
    numbering = reach.numbering()

    def add(account: Account) -> None:
        account.require_room_for(sum(len(one.octets) for one in every))
        for name, messages in mailboxes.items():
            mailbox = account.provide(name)
            mailbox.require_keywords(flag for one in messages for flag in one.flags)
        for name, messages in mailboxes.items():
            for octets, flags, date in messages:
                of = numbering.first_copy(Cause.APPEND)
                account.get(name).append(Message(octets), flags=flags, internal_date=date, save_date=now, of=of)

    try:
        reach.change(add)
    except MailboxError as error:
        raise MisuseError(f"{whose}: {error.text}") from None
    return len(every)


def _stored(one: StoredMessage) -> Stored:
    return Stored(one.uid, one.message, one.flags, one.internal_date)
