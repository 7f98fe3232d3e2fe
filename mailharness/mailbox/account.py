"""One user's mail: a password, mailboxes by name, subscriptions, a quota, and the one lock that POP3 takes.

Names are Unicode with "/" between levels; how they look on the wire is the protocols' matter. A name that only exists
as the parent of others is no mailbox (RFC 3501 §6.3.4: it is listed as ``\\Noselect``). Touched by the loop thread only.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from mailharness.mail import Address
from mailharness.mailbox.errors import AlreadyExistsError, CannotError, HasChildrenError, NonExistentError, OverQuotaError
from mailharness.mailbox.mailbox import Mailbox
from mailharness.mailbox.names import INBOX, SEPARATOR, canonical, checked, of_length, parents
from mailharness.mailbox.notes import Notes
from mailharness.mailbox.reactions import Reactions
from mailharness.mailbox.rules import Filter

SPECIAL_USES = {
    "Archive": "\\Archive",
    "Drafts": "\\Drafts",
    "Junk": "\\Junk",
    "Sent": "\\Sent",
    "Spam": "\\Junk",
    "Trash": "\\Trash",
}
"""What a mailbox of that name is for, where a user has one (RFC 6154 §2)."""


def _nobody_cares() -> None:
    """Where nobody is to be told."""


class NameChange(NamedTuple):
    """What became of a mailbox's ``name``: "created", "deleted", "renamed" from ``old``, "subscribed", "unsubscribed"."""

    what: str
    name: str
    old: str = ""


class Account:
    """The mail of ``address``. ``quota`` is in octets over all mailboxes (None: no limit), ``token`` what serves as its
    OAuth token, the password unless given.

    It has INBOX, Sent and ``folders``; those called Archive, Drafts, Junk, Spam or Trash are for just that (RFC 6154).
    ``reactions`` are what comes back to those who write to it (None: nothing but what the protocols say).
    ``uid_validity`` is the first mailbox's; every mailbox made later has a greater one (RFC 3501 §2.3.1.1).
    """

    furniture: Iterable[str] = (INBOX, "Sent")
    """The mailboxes that there are in any case."""
    special_uses: Mapping[str, str] = SPECIAL_USES
    """What those are for that bear these names."""

    def __init__(
        self,
        address: Address,
        password: str,
        *,
        quota: int | None = None,
        uid_validity: int = 1,
        reactions: Reactions | None = None,
        token: str | None = None,
        filters: tuple[Filter, ...] = (),
        folders: Iterable[str] = (),
    ) -> None:
        self.address = address
        self.reactions = reactions
        self.filters = filters
        """What is asked about each letter that comes in, in order."""
        self.answered: dict[str, float] = {}
        """Until when a sender, by address, gets no other automatic reply (seconds of the world's clock)."""
        self.password = password
        self.token = password if token is None else token
        self.quota = quota
        self.mailboxes: dict[str, Mailbox] = {}
        self.subscriptions: set[str] = set()
        self.on_change: Callable[[], object] = _nobody_cares
        """Called when anything but the messages of a mailbox is changed."""
        self.notes = Notes(self._changed)
        """What clients have noted about the server as this user sees it, by entry (RFC 5464)."""
        self.maildrop_locked = False
        """Whether a POP3 session holds the exclusive lock; ``Maildrop`` alone sets it (RFC 1939 §4)."""
        self.next_validity = uid_validity
        """The UIDVALIDITY of the mailbox that is made next."""
        self.vacated: dict[str, int] = {}
        """The greatest UIDVALIDITY that a name has had which is free again."""
        self._watchers: dict[object, Callable[[NameChange], None]] = {}
        self._furnish(folders)

    def _furnish(self, folders: Iterable[str]) -> None:
        for name in self.furniture:
            self._add(name)
        for name in folders:
            self.provide(name)
        for name, mailbox in self.mailboxes.items():
            self.subscribe(name)
            mailbox.special_use = self.special_uses.get(name, "")

    def __repr__(self) -> str:
        return f"<Account {self.address}, {len(self.mailboxes)} mailboxes, {self.used} octets>"

    def __contains__(self, name: str) -> bool:
        return canonical(name) in self.mailboxes

    @property
    def inbox(self) -> Mailbox:
        return self.mailboxes[INBOX]

    @property
    def used(self) -> int:
        """Octets in all mailboxes."""
        return sum(mailbox.octets for mailbox in self.mailboxes.values())

    def check_password(self, password: str) -> bool:
        return password == self.password

    def has_room_for(self, octets: int) -> bool:
        return self.quota is None or self.used + octets <= self.quota

    def require_room_for(self, octets: int) -> None:
        """Raise OverQuotaError where ``octets`` more do not fit (RFC 9208 §4.3)."""
        if not self.has_room_for(octets):
            raise OverQuotaError(f"{octets} octets do not fit: {self.used} of {self.quota} are used")

    def require_room_for_copies(self, octets: int) -> None:
        """The same, where they are of messages that are here already."""
        self.require_room_for(octets)

    def note_answer(self, sender: str, *, until: float) -> None:
        """``sender`` was answered, and is not again ``until`` then."""
        self.answered.pop(sender, None)
        self.answered[sender] = until
        self._changed()

    # -- mailboxes by name ----

    def provide(self, name: str) -> Mailbox:
        """The mailbox called ``name``, made and subscribed where it is missing. Raises CannotError for a bad name."""
        found = self.mailboxes.get(canonical(name))
        if found is None:
            found = self.create(name)
            self.subscribe(name)
        return found

    def get(self, name: str) -> Mailbox:
        """The mailbox called ``name``, INBOX without case. Raises NonExistentError."""
        mailbox = self.mailboxes.get(canonical(name))
        if mailbox is None:
            raise NonExistentError("there is no such mailbox")
        return mailbox

    def children(self, name: str) -> list[str]:
        """The names of the mailboxes below ``name``, at any depth."""
        prefix = canonical(name) + SEPARATOR
        return [other for other in self.mailboxes if other.startswith(prefix)]

    def create(self, name: str) -> Mailbox:
        """A new mailbox and the parents it lacks (RFC 3501 §6.3.3). Raises AlreadyExistsError, CannotError."""
        name = self._vacant(name)
        self._add_parents(name)
        return self._add(name)

    def delete(self, name: str) -> None:
        """Remove a mailbox and what is in it; its children stay (RFC 3501 §6.3.4).

        Raises CannotError, NonExistentError, HasChildrenError.
        """
        name = canonical(name)
        if name == INBOX:
            raise CannotError("INBOX cannot be deleted")
        if name not in self.mailboxes and self.children(name):
            raise HasChildrenError("there are mailboxes below that name")
        self.get(name)
        self._take(name)
        self._changed()
        self._tell(NameChange("deleted", name))

    def rename(self, old: str, new: str) -> Mailbox | None:
        """Give a mailbox and those below it another name (RFC 3501 §6.3.5).

        Renaming INBOX moves its messages into a new mailbox and leaves it empty, its children alone. Returns the mailbox
        called ``new`` now; None where ``old`` was only a parent. Raises NonExistentError, AlreadyExistsError, CannotError.
        """
        old, new = canonical(old), self._vacant(new)
        if old == INBOX:
            return self._move_inbox(new)
        moved = {name: new + name.removeprefix(old) for name in (old, *self.children(old)) if name in self.mailboxes}
        if not moved:
            raise NonExistentError("there is no such mailbox")
        if new.startswith(old + SEPARATOR):
            raise CannotError("a mailbox cannot be renamed to a name below itself")
        for target in moved.values() - moved.keys():
            self._vacant(target)
        self._add_parents(new)  # ahead: whoever is told of them must see no mailbox missing that only moves
        taken = {target: self._take(source) for source, target in moved.items()}
        for target, mailbox in taken.items():
            self._put(target, mailbox)
        self._changed()
        for source, target in moved.items():
            self._tell(NameChange("renamed", target, source))
        return self.mailboxes.get(new)

    def subscribe(self, name: str) -> None:
        """Remember a name, whether or not there is such a mailbox (RFC 3501 §6.3.6). Raises CannotError."""
        name = of_length(canonical(name))
        if name not in self.subscriptions:
            self.subscriptions.add(name)
            self._changed()
            self._tell(NameChange("subscribed", name))

    def unsubscribe(self, name: str) -> None:
        name = canonical(name)
        if name in self.subscriptions:
            self.subscriptions.discard(name)
            self._changed()
            self._tell(NameChange("unsubscribed", name))

    def make_mailbox(self, name: str, uid_validity: int) -> Mailbox:
        """A mailbox as this account has them, not yet one of its own."""
        return Mailbox(name, uid_validity)

    def adopt(self, mailboxes: Iterable[Mailbox]) -> None:
        """Have these mailboxes, under their own names, instead of those that there are."""
        self.mailboxes = {mailbox.name: mailbox for mailbox in mailboxes}
        for mailbox in self.mailboxes.values():
            mailbox.on_change = self._changed
        self._changed()

    def complete(self) -> None:
        """What was kept by an earlier world has been taken up: have besides what every account of this kind has."""

    def watch(self, watcher: Callable[[NameChange], None]) -> Callable[[], None]:
        """Call ``watcher`` after every change of names and subscriptions; returns the call that ends it."""
        place = object()
        self._watchers[place] = watcher
        return lambda: self._watchers.pop(place, None) and None

    def _tell(self, change: NameChange) -> None:
        for watcher in list(self._watchers.values()):
            watcher(change)

    def _vacant(self, name: str) -> str:
        name = checked(name)
        if name in self.mailboxes:
            raise AlreadyExistsError("there is a mailbox of that name")
        return name

    def _add(self, name: str) -> Mailbox:
        mailbox = self.mailboxes[name] = self.make_mailbox(name, self._next_validity())
        mailbox.on_change = self._changed
        self._changed()
        self._tell(NameChange("created", name))
        return mailbox

    def _next_validity(self) -> int:
        self.next_validity += 1
        return self.next_validity - 1

    def _changed(self) -> None:
        self.on_change()

    def _add_parents(self, name: str) -> None:
        for parent in parents(name):
            if parent not in self.mailboxes:
                self._add(parent)

    def _take(self, name: str) -> Mailbox:
        mailbox = self.mailboxes.pop(name)
        self.vacated[name] = max(mailbox.uid_validity, self.vacated.get(name, 0))
        return mailbox

    def _put(self, name: str, mailbox: Mailbox) -> None:
        mailbox.name = name
        if self.vacated.get(name, 0) > mailbox.uid_validity:  # RFC 3501 §2.3.1.1: under one name it only ever grows
            mailbox.uid_validity = self._next_validity()
        self.mailboxes[name] = mailbox

    def _move_inbox(self, new: str) -> Mailbox:
        target = self.create(new)
        messages = list(self.inbox.messages)
        for stored in messages:
            target.append(stored.message, flags=stored.flags, internal_date=stored.internal_date, of=stored.of)
        self.inbox.expunge([stored.uid for stored in messages])
        return target
