"""What one session sees of the mailbox it has selected.

Others change the mailbox at any time; message numbers of a session move only when it has been told. So a view keeps the
list as its client knows it, gathers what has happened since, and tells it when the protocol allows (RFC 3501 §5.2, §7.4.1).
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from operator import attrgetter
from typing import Protocol

from mailharness.imap.numbers import SequenceSet, compact
from mailharness.imap.responses import flag_list, untagged
from mailharness.mailbox import RECENT, SYSTEM_FLAGS, Appended, Change, Expunged, Mailbox, StoredMessage
from mailharness.mailbox.mailbox import Watcher, without

_uid_of = attrgetter("uid")


class Standing(Protocol):
    """A search that goes on (RFC 5267 §4.3): what it has to say of messages that go, and of those that come or change."""

    def lose(self, gone: Collection[int]) -> Iterator[bytes]: ...
    def look_at(self, touched: Iterable[int]) -> Iterator[bytes]: ...


def at_once(note: Watcher, change: Change) -> None:
    """Let the view know what has happened."""
    note(change)


class View:
    """A mailbox as selected by one session; ``on_change`` is called when there is news (for IDLE), which ``hearing``
    brings.

    News is told in the words of the extensions that are ``enabled`` by then: CONDSTORE, QRESYNC.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        read_only: bool,
        on_change: Callable[[], None],
        now: Callable[[], float],
        enabled: Collection[str] = (),
        hearing: Callable[[Watcher, Change], None] = at_once,
    ) -> None:
        self.mailbox = mailbox
        self._enabled = enabled
        self.read_only = read_only
        self.messages: list[StoredMessage] = list(mailbox.messages)
        self.recent = self._claim(since=1)
        self._keywords: dict[str, str] = {}
        self._learn(flag for stored in self.messages for flag in stored.flags)
        self._arrived: list[StoredMessage] = []
        self._gone: set[int] = set()
        self._changed: set[int] = set()
        self._on_change = on_change
        self.now = now
        self.saved: set[int] = set()
        """The UIDs that ``$`` stands for (RFC 5182 §2.1)."""
        self.contexts: dict[str, Standing] = {}
        """The searches that go on, by their tags."""
        self._touched: set[int] = set()
        self.introduce: Callable[[int, StoredMessage], bytes] | None = None
        """What is said of each new message besides its number (RFC 5465 §5.2)."""
        self.leave = mailbox.watch(partial(hearing, self._note))

    def _claim(self, since: int) -> set[int]:
        """The recent messages among those from UID ``since`` on; to examine takes them from nobody (RFC 3501 §6.3.2)."""
        return self.mailbox.unclaimed(since) if self.read_only else self.mailbox.claim_recent()

    def _note(self, change: Change) -> None:
        match change:
            case Appended(stored):
                self._arrived.append(stored)
            case Expunged(uids):
                self._gone.update(uids)
            case _:
                if self.contexts:
                    self._touched.add(change.stored.uid)
                if change.by is self:
                    return
                self._changed.add(change.stored.uid)
        self._on_change()

    # -- who is meant ----

    @property
    def uids(self) -> list[int]:
        return [stored.uid for stored in self.messages]

    def numbered(self, numbers: SequenceSet) -> list[tuple[int, StoredMessage]] | None:
        """Number and message of each in the set, ascending; None if one of the numbers is none of a message."""
        if numbers.is_saved:
            return [(number, stored) for number, stored in enumerate(self.messages, 1) if stored.uid in self.saved]
        count = len(self.messages)
        bounds = numbers.bounds(count)
        if bounds[0][0] < 1 or bounds[-1][1] > count:
            return None
        return [(number, self.messages[number - 1]) for first, last in bounds for number in range(first, last + 1)]

    def with_uids(self, uids: SequenceSet) -> list[tuple[int, StoredMessage]]:
        """The same by UID; those that are nobody's mean nothing (RFC 3501 §6.4.8)."""
        messages = self.messages
        if uids.is_saved:
            return self.numbered(uids) or []
        if not messages:
            return []
        found = []
        for first, last in uids.bounds(messages[-1].uid):
            at = bisect_left(messages, first, key=_uid_of)
            while at < len(messages) and messages[at].uid <= last:
                found.append((at + 1, messages[at]))
                at += 1
        return found

    def place(self, uid: int) -> tuple[int, StoredMessage] | None:
        """Number and message of a UID that the client knows."""
        at = bisect_left(self.messages, uid, key=_uid_of)
        known = at < len(self.messages) and self.messages[at].uid == uid
        return (at + 1, self.messages[at]) if known else None

    def fetched(self, number: int, stored: StoredMessage, items: bytes) -> bytes:
        """The response with ``items`` of a message, without its number for who has enabled UIDONLY (RFC 9586 §3.3)."""
        if self.by_uid_only:
            return b"* %d UIDFETCH (%s)\r\n" % (stored.uid, items)
        return b"* %d FETCH (%s)\r\n" % (number, items)

    # -- flags ----

    def flags(self, stored: StoredMessage) -> frozenset[str]:
        """The message's flags as the session sees them."""
        return stored.flags | {RECENT} if stored.uid in self.recent and self.tells_recent else stored.flags

    @property
    def by_uid_only(self) -> bool:
        """Whether the client keeps no message numbers (RFC 9586)."""
        return "UIDONLY" in self._enabled

    @property
    def tells_utf8(self) -> bool:
        """Whether the client reads UTF-8 (RFC 6855 §3)."""
        return "UTF8=ACCEPT" in self._enabled

    @property
    def tells_recent(self) -> bool:
        """IMAP4rev2 knows of nothing recent (RFC 9051 appendix E)."""
        return "IMAP4REV2" not in self._enabled

    def set_flags(self, stored: StoredMessage, flags: frozenset[str]) -> bool:
        """Change a message's flags without being told of it; whether they did. Not where it is gone meanwhile.

        What others changed before is still to be told (RFC 3501 §6.4.6).
        """
        if flags == stored.flags or self.mailbox.by_uid(stored.uid) is not stored:
            return False
        self.mailbox.set_flags(stored.uid, flags, by=self)
        return True

    def tell_flags(self, stored: StoredMessage) -> Iterator[bytes]:
        """What is said ahead of a FETCH response with the message's flags, which the client knows from then on."""
        self._changed.discard(stored.uid)
        yield from self.new_keywords(stored.flags)

    def is_gone(self, stored: StoredMessage) -> bool:
        """Whether somebody expunged it and the session has not been told yet."""
        return stored.uid in self._gone

    def spelled(self, flags: Iterable[str]) -> frozenset[str]:
        """The flags, each keyword as it was first spelled in this mailbox (RFC 3501 §2.3.2: case does not matter)."""
        return frozenset(self._keywords.get(flag.lower(), flag) for flag in flags)

    def new_keywords(self, flags: Iterable[str]) -> list[bytes]:
        """A FLAGS response if there are keywords among ``flags`` that the client has not heard of."""
        if not self._learn(flags):
            return []
        lines = [b"* FLAGS %s\r\n" % self.flag_names()]
        if not self.read_only:
            lines.append(b"* OK [PERMANENTFLAGS %s] more are welcome\r\n" % self.permanent())
        return lines

    def _learn(self, flags: Iterable[str]) -> bool:
        """Add the keywords among ``flags`` to those the client has heard of, the same in any case; whether one is new."""
        heard_of = len(self._keywords)
        for flag in sorted(set(flags)):
            if flag[0] != "\\":
                self._keywords.setdefault(flag.lower(), flag)
        return len(self._keywords) > heard_of

    def flag_names(self) -> bytes:
        return flag_list((*SYSTEM_FLAGS, *self._keywords.values()))

    def permanent(self) -> bytes:
        return flag_list(()) if self.read_only else flag_list((*SYSTEM_FLAGS, *self._keywords.values(), "\\*"))

    # -- news ----

    def news(self, *, expunges: bool, changes: bool = True) -> Iterator[bytes]:
        """What has happened since the last time; who went only if ``expunges`` may be told now (RFC 3501 §7.4.1)."""
        if expunges and self._gone:
            for context in self.contexts.values():
                yield from context.lose(self._gone)
            yield from self._tell_gone()
        if self._arrived:
            yield from self._tell_arrived()
        if self._changed and changes:
            yield from self._tell_changed()
        if self._touched:
            touched, self._touched = self._touched, set()
            for context in self.contexts.values():
                yield from context.look_at(touched - self._gone)

    def _tell_gone(self) -> Iterator[bytes]:
        gone, self._gone = self._gone, set()
        self._arrived = [stored for stored in self._arrived if stored.uid not in gone]
        self._changed -= gone
        self.recent -= gone
        self.saved -= gone
        known, (self.messages, places) = self.messages, without(self.messages, sorted(gone))
        if "QRESYNC" not in self._enabled and not self.by_uid_only:
            for before, place in enumerate(places):
                yield b"* %d EXPUNGE\r\n" % (place - before + 1)
        elif places:  # RFC 7162 §3.2.10
            yield untagged(f"VANISHED {compact(known[place].uid for place in places)}")

    def _tell_arrived(self) -> Iterator[bytes]:
        arrived, self._arrived = self._arrived, []
        self.messages += arrived
        uids = {stored.uid for stored in arrived}
        self._changed -= uids
        self._touched |= uids if self.contexts else set()
        self.recent |= self._claim(arrived[0].uid) & uids
        yield from self.new_keywords(flag for stored in arrived for flag in stored.flags)
        yield b"* %d EXISTS\r\n" % len(self.messages)
        if self.tells_recent:
            yield b"* %d RECENT\r\n" % len(self.recent)
        if self.introduce is not None:
            for number, stored in enumerate(arrived, len(self.messages) - len(arrived) + 1):
                yield self.introduce(number, stored)

    def _tell_changed(self) -> Iterator[bytes]:
        changed, self._changed = self._changed, set()
        for uid in sorted(changed - self._gone):
            place = self.place(uid)
            if place is None:
                continue
            number, stored = place
            yield from self.new_keywords(stored.flags)
            modseq = b" MODSEQ (%d)" % stored.modseq if "CONDSTORE" in self._enabled else b""
            items = b"FLAGS %s UID %d%s" % (flag_list(self.flags(stored)), uid, modseq)
            yield self.fetched(number, stored, items)
