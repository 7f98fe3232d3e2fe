"""One mailbox: messages under ascending UIDs, their flags, and notices of every change to those who watch.

Messages are shared, never copied. Touched by the world's loop thread only.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter

from mailharness.mail import NO_COPY, Copy, Message
from mailharness.mailbox.columns import Read
from mailharness.mailbox.errors import LimitError, NonExistentError
from mailharness.mailbox.notes import Notes

SEEN = "\\Seen"
DELETED = "\\Deleted"
RECENT = "\\Recent"
SYSTEM_FLAGS = ("\\Answered", "\\Flagged", DELETED, SEEN, "\\Draft")
"""Those that a client may set; RECENT is none of them (RFC 3501 §2.3.2)."""


@dataclass(slots=True, eq=False)
class StoredMessage:
    """A message at rest. ``flags`` and ``modseq`` change in place, by its mailbox only; the rest never changes."""

    uid: int
    message: Message
    flags: frozenset[str]
    internal_date: float
    """When it arrived here: seconds since the epoch (RFC 3501 §2.3.3)."""
    modseq: int
    """When it was last changed, on its mailbox's own scale (RFC 7162 §3.1)."""
    save_date: float
    """When it came into this mailbox: seconds since the epoch (RFC 8514 §2)."""
    of: Copy = NO_COPY
    """Which letter's copy it is; NO_COPY for none."""
    thread: int = 0
    """Which conversation it is of, where its account keeps any; 0 for none."""

    @property
    def email_id(self) -> str:
        """The same for the same octets in whatever mailbox (RFC 8474 §5.1)."""
        return f"M{hashlib.sha256(bytes(self.message)).hexdigest()[:32]}"

    @property
    def size(self) -> int:
        """Octets as stored: RFC822.SIZE (RFC 3501 §2.3.4)."""
        return len(self.message)


@dataclass(frozen=True, slots=True)
class Appended:
    """A message came in."""

    stored: StoredMessage


@dataclass(frozen=True, slots=True)
class Flags:
    """A message's flags are others now; ``by`` is whoever asked for it, as given to ``set_flags``."""

    stored: StoredMessage
    by: object = None


@dataclass(frozen=True, slots=True)
class Expunged:
    """Messages are gone, all at once, by ascending UID. ``modseq`` is the mailbox's when they went."""

    uids: tuple[int, ...]
    modseq: int = 0


MAX_KEYWORDS = 1_000
"""Of one mailbox (RFC 5530 §3): all of them are told of whenever there is a new one."""
Change = Appended | Flags | Expunged
Watcher = Callable[[Change], None]
_uid_of = attrgetter("uid")
_MAX_FLAG_SETS = 1_000
"""Different sets of flags that are shared in one mailbox."""


def _keywords(flags: Iterable[str]) -> set[str]:
    """The keywords among them, the same in any case (RFC 3501 §2.3.2)."""
    return {flag.lower() for flag in flags if flag[0] != "\\"}


def _nobody_cares() -> None:
    """Where nobody is to be told."""


class Mailbox:
    """A mailbox called ``name`` (Unicode, levels apart by "/") under ``uid_validity`` (RFC 3501 §2.3.1.1)."""

    def __init__(self, name: str, uid_validity: int) -> None:
        self.name = name
        self.uid_validity = uid_validity
        self.object_id = f"F{uid_validity}"
        """Its own for as long as it lives, under whatever name (RFC 8474 §4)."""
        self.on_change: Callable[[], object] = _nobody_cares
        """Called when anything but its messages is changed."""
        self._special_use = ""
        self.notes = Notes(lambda: self.on_change())
        """What clients have noted about it, by entry (RFC 5464)."""
        self.url_key = 0
        """How often the key was changed that makes URLs of what is in it genuine (RFC 4467 §3)."""
        self.uid_next = 1
        self.highest_modseq = 1
        self.octets = 0
        """The sum of the sizes of what is in it, for quotas."""
        self.read = Read()
        """What was read of its messages, for searches."""
        self._messages: list[StoredMessage] = []
        self._by_uid: dict[int, StoredMessage] = {}
        self._keywords: set[str] = set()
        self._flag_sets: dict[frozenset[str], frozenset[str]] = {}
        self._deleted: set[int] = set()
        self._gone: list[tuple[int, int]] = []
        self._first_unclaimed = 1
        self._watchers: dict[object, Watcher] = {}

    def __repr__(self) -> str:
        return f"<Mailbox {self.name!r}, {len(self)} messages, UIDVALIDITY {self.uid_validity}>"

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def special_use(self) -> str:
        """What it is for, as ``\\Sent`` (RFC 6154 §2), "" for nothing special."""
        return self._special_use

    @special_use.setter
    def special_use(self, use: str) -> None:
        self._special_use = use
        self.on_change()

    def change_url_key(self) -> None:
        """Let no URL be genuine that was made before (RFC 4467 §3)."""
        self.url_key += 1
        self.on_change()

    @property
    def messages(self) -> Sequence[StoredMessage]:
        """All messages in UID order: to read, not to change; a later append shows in it, an expunge does not."""
        return self._messages

    def by_uid(self, uid: int) -> StoredMessage | None:
        return self._by_uid.get(uid)

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
        """Keep ``message`` under the next UID. The dates are in seconds since the epoch: it was saved when it arrived,
        unless told otherwise. No quota is asked here."""
        saved = internal_date if save_date is None else save_date
        kept = self._shared(flags)
        stored = StoredMessage(self.uid_next, message, kept, internal_date, self._next_modseq(), saved, of, thread)
        self.uid_next += 1
        self.octets += stored.size
        self._messages.append(stored)
        self._by_uid[stored.uid] = stored
        self._mark(stored)
        self._tell(Appended(stored))
        return stored

    def set_flags(self, uid: int, flags: frozenset[str], *, by: object = None) -> StoredMessage:
        """Give the message exactly ``flags``; nobody is told where they are so already. Raises NonExistentError."""
        stored = self._by_uid.get(uid)
        if stored is None:
            raise NonExistentError(f"there is no message with UID {uid} in {self.name}")
        wanted = self._shared(flags)
        if wanted != stored.flags:
            stored.flags = wanted
            self._mark(stored)
            stored.modseq = self._next_modseq()
            self._tell(Flags(stored, by))
        return stored

    def _shared(self, flags: frozenset[str]) -> frozenset[str]:
        """``flags`` as they are kept: one set for all messages that have the same; RECENT is a session's own, and never a
        client's to set (RFC 3501 §2.3.2)."""
        if RECENT in flags:
            flags -= {RECENT}
        known = self._flag_sets.get(flags)
        if known is not None:
            return known
        if len(self._flag_sets) > _MAX_FLAG_SETS:
            self._flag_sets.clear()
        self._keywords.update(_keywords(flags))
        self._flag_sets[flags] = flags
        return flags

    def require_keywords(self, flags: Iterable[str]) -> None:
        """Raise LimitError where the mailbox cannot hold those among ``flags``, too, that are new to it (RFC 5530 §3)."""
        wanted = _keywords(flags)
        if len(self._keywords | wanted) > MAX_KEYWORDS:
            self._keywords = {word for stored in self._messages for word in _keywords(stored.flags)}
        if wanted and len(self._keywords | wanted) > MAX_KEYWORDS:
            raise LimitError("the mailbox has no room for more keywords")

    def _mark(self, stored: StoredMessage) -> None:
        (self._deleted.add if DELETED in stored.flags else self._deleted.discard)(stored.uid)

    @property
    def deleted(self) -> list[StoredMessage]:
        """Those that are marked as deleted, by UID."""
        return [self._by_uid[uid] for uid in sorted(self._deleted)]

    def expunge(self, uids: Collection[int]) -> list[int]:
        """Remove the messages with these UIDs for good; returns those that were there, ascending."""
        gone = sorted(uid for uid in set(uids) if uid in self._by_uid)
        if not gone:
            return gone
        for uid in gone:
            self.octets -= self._by_uid.pop(uid).size
        self._deleted.difference_update(gone)
        self._messages, _ = without(self._messages, gone)
        self.read.forget(gone)
        modseq = self._next_modseq()
        self._gone += [(modseq, uid) for uid in gone]
        self._tell(Expunged(tuple(gone), modseq))
        return gone

    def renew_uids(self) -> None:
        """Give all messages new UIDs: to sessions that have the mailbox open it looks as if all had gone and come again."""
        old = list(self.messages)
        for one in old:
            self.append(one.message, flags=one.flags, internal_date=one.internal_date, save_date=one.save_date, of=one.of)
        self.expunge([stored.uid for stored in old])

    def vanished(self, since: int, bounds: Sequence[tuple[int, int]]) -> list[int]:
        """The UIDs within ``bounds`` (ascending, apart) that went after ``since``, ascending (RFC 7162 §3.2.6)."""
        start = bisect_right(self._gone, since, key=itemgetter(0))
        return sorted(uid for _, uid in self._gone[start:] if _is_within(uid, bounds))

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call ``watcher`` after every change from now on; returns the call that ends it."""
        place = object()
        self._watchers = {**self._watchers, place: watcher}

        def unwatch() -> None:
            self._watchers = {other: kept for other, kept in self._watchers.items() if other is not place}

        return unwatch

    def unclaimed(self, first: int = 1) -> set[int]:
        """The UIDs, from ``first`` on, that no session has been the first to see: RECENT as STATUS and EXAMINE count it."""
        start = bisect_left(self._messages, max(first, self._first_unclaimed), key=_uid_of)
        return {stored.uid for stored in self._messages[start:]}

    def claim_recent(self) -> set[int]:
        """The unclaimed UIDs, which belong to the caller's session from now on (RFC 3501 §2.3.2)."""
        claimed = self.unclaimed()
        self._first_unclaimed = self.uid_next
        return claimed

    # -- from one world to the next ----

    @property
    def first_unclaimed(self) -> int:
        """The lowest UID that no session has been the first to see."""
        return self._first_unclaimed

    def take_up(
        self, messages: list[StoredMessage], gone: list[tuple[int, int]], uid_next: int, modseq: int, unclaimed: int
    ) -> None:
        """Go on, as a new mailbox, with what another was: messages by UID, ``gone`` by mod-sequence, and its numbers."""
        self._messages, self._gone = messages, gone
        self._by_uid = {stored.uid: stored for stored in messages}
        self._deleted = {stored.uid for stored in messages if DELETED in stored.flags}
        self._keywords = {word for stored in messages for word in _keywords(stored.flags)}
        self.octets = sum(stored.size for stored in messages)
        self.uid_next, self.highest_modseq, self._first_unclaimed = uid_next, modseq, unclaimed

    def _next_modseq(self) -> int:
        self.highest_modseq += 1
        return self.highest_modseq

    def _tell(self, change: Change) -> None:
        for watcher in self._watchers.values():
            watcher(change)


def without(messages: list[StoredMessage], uids: Sequence[int]) -> tuple[list[StoredMessage], list[int]]:
    """``messages`` but for those with these UIDs (both ascending), and at what places those were that were there."""
    kept: list[StoredMessage] = []
    places: list[int] = []
    rest = 0
    for uid in uids:
        at = bisect_left(messages, uid, lo=rest, key=_uid_of)
        if at < len(messages) and messages[at].uid == uid:
            kept += messages[rest:at]
            places.append(at)
            rest = at + 1
    return kept + messages[rest:], places


def _is_within(uid: int, bounds: Sequence[tuple[int, int]]) -> bool:
    at = bisect_right(bounds, uid, key=itemgetter(0)) - 1
    return at >= 0 and uid <= bounds[at][1]
