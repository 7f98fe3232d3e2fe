"""NOTIFY: a client hears of mailboxes that it has not selected, and of the selected one between commands (RFC 5465)."""

from collections.abc import Callable, Iterator

from mailharness.imap.fetch import Fetch
from mailharness.imap.notify_options import MESSAGE_EVENTS, Group, Wishes
from mailharness.imap.reading import Reading
from mailharness.imap.responses import string, untagged
from mailharness.imap.view import View
from mailharness.imap.visit import Status, Visit
from mailharness.mailbox import (
    INBOX,
    SEPARATOR,
    Appended,
    Change,
    Expunged,
    Mailbox,
    NameChange,
    StoredMessage,
)

MAX_PENDING = 1_000
"""Notices that wait to be told; with more of them the client has lost track (RFC 5465 §5.8)."""
_EVENT_OF = {Appended: "MESSAGENEW", Expunged: "MESSAGEEXPUNGE"}
_IS_OF: dict[str, Callable[[Visit, Group, str], bool]] = {
    "INBOXES": lambda _visit, _group, name: name == INBOX,
    "PERSONAL": lambda _visit, _group, _name: True,
    "SUBSCRIBED": lambda visit, _group, name: name in visit.account.subscriptions,
    "SUBTREE": lambda _visit, group, name: any((name + SEPARATOR).startswith(top + SEPARATOR) for top in group.names),
    "MAILBOXES": lambda _visit, group, name: name in group.names,
}


class Notices:
    """What ``visit``'s client wants to hear of, and what it is still to be told."""

    def __init__(self, visit: Visit, wishes: Wishes) -> None:
        self._visit = visit
        self._wishes = wishes
        self._pending: dict[Mailbox | NameChange, None] = {}
        self._watched: dict[Mailbox, Callable[[], None]] = {}
        self._overflown = False
        self._unwatch = visit.account.watch(self._renamed)
        self._watch_all()
        if wishes.status:
            self._pending = dict.fromkeys(self._watched)

    def _group(self, name: str) -> Group | None:
        """The first group that the mailbox is of."""
        groups = (group for group in self._wishes.groups if not group.is_selected)
        return next((group for group in groups if _IS_OF[group.kind](self._visit, group, name)), None)

    def _watch_all(self) -> None:
        """Watch all mailboxes there are now of which messages are asked for."""
        for mailbox in self._visit.account.mailboxes.values():
            group = self._group(mailbox.name)
            wanted = group is not None and group.events & MESSAGE_EVENTS
            if wanted and mailbox not in self._watched:
                self._watched[mailbox] = mailbox.watch(self._noting(mailbox))
            elif not wanted and mailbox in self._watched:
                self._watched.pop(mailbox)()

    def _noting(self, mailbox: Mailbox) -> Callable[[Change], None]:
        def note(change: Change) -> None:
            group = self._group(mailbox.name)
            if group is not None and _EVENT_OF.get(type(change), "FLAGCHANGE") in group.events:
                self._keep(mailbox)

        return note

    def _renamed(self, change: NameChange) -> None:
        event = "SUBSCRIPTIONCHANGE" if change.what.endswith("subscribed") else "MAILBOXNAME"
        groups = [group for name in (change.name, change.old) if (group := self._group(name)) is not None]
        if change.what == "deleted":
            for mailbox in [one for one in self._watched if one.name == change.name]:
                self._watched.pop(mailbox)()
                self._pending.pop(mailbox, None)
        self._watch_all()
        if any(event in group.events for group in groups):
            self._keep(change)

    def _keep(self, notice: Mailbox | NameChange) -> None:
        view = self._visit.open_view()
        if view is not None and view.mailbox is notice:  # RFC 5465 §6.1: of the selected one it hears in other words
            return
        self._pending.pop(notice, None)
        self._pending[notice] = None
        if len(self._pending) > MAX_PENDING:
            self._overflown = True
            self._pending.clear()
            self._leave_mailboxes()
        self._visit.on_news()

    # -- telling ----

    def tell(self) -> Iterator[bytes]:
        """What happened to mailboxes that are not selected."""
        if self._overflown:
            yield untagged("OK [NOTIFICATIONOVERFLOW] too much has happened, nothing more is told")
            self._visit.notify(None)
            return
        pending, self._pending = self._pending, {}
        for notice in pending:
            yield self._status(notice) if isinstance(notice, Mailbox) else self._list(notice)

    def _status(self, mailbox: Mailbox) -> bytes:
        """RFC 5465 §5.1 to §5.3."""
        counts = f"MESSAGES {len(mailbox)} UIDNEXT {mailbox.uid_next} UIDVALIDITY {mailbox.uid_validity}"
        group = self._group(mailbox.name)
        if group is not None and "FLAGCHANGE" in group.events:
            counts += f" HIGHESTMODSEQ {mailbox.highest_modseq}"
        return b"* STATUS %s (%s)\r\n" % (self._visit.shown(mailbox.name), counts.encode())

    def _list(self, change: NameChange) -> bytes:
        """RFC 5465 §5.4, §5.5."""
        attributes = []
        if change.name not in self._visit.account.mailboxes:
            attributes.append(b"\\NonExistent")
        if change.name in self._visit.account.subscriptions:
            attributes.append(b"\\Subscribed")
        old = b' ("OLDNAME" (%s))' % self._old(change.old) if change.old else b""
        return b'* LIST (%s) "/" %s%s\r\n' % (b" ".join(attributes), self._visit.shown(change.name), old)

    def _old(self, name: str) -> bytes:
        shown = self._visit.shown(name)
        return shown if shown[:1] in b'"{' else string(shown)

    def tell_selected(self, view: View) -> Iterator[bytes]:
        """What happened to the selected mailbox; whoever said SELECTED-DELAYED has to ask for who went (RFC 5465 §6.1)."""
        group = self._wishes.selected
        if group is not None and group.events & MESSAGE_EVENTS:
            yield from view.news(expunges=group.kind == "SELECTED", changes="FLAGCHANGE" in group.events)

    def introduction(self, view: View) -> Callable[[int, StoredMessage], bytes] | None:
        """How a new message of the selected mailbox is told of (RFC 5465 §5.2); None: by its number alone."""
        group = self._wishes.selected
        if group is None or not group.items:
            return None
        wish = Fetch.of(list(group.items), by_uid=True)

        def introduce(number: int, stored: StoredMessage) -> bytes:
            if wish.shows_content:
                self._visit.tell_fetched(stored, peek=True)
            return wish.answer(Reading(view, number, stored), flags_changed=False)

        return introduce

    def leave(self) -> None:
        self._unwatch()
        self._leave_mailboxes()

    def _leave_mailboxes(self) -> None:
        for unwatch in self._watched.values():
            unwatch()
        self._watched.clear()


def notify(visit: Visit, wishes: Wishes | None) -> Status:
    """RFC 5465 §3.1: each NOTIFY replaces the one before."""
    visit.notify(Notices(visit, wishes) if wishes is not None else None)
    return Status("OK you will be told")
