"""One client's way through the states of IMAP: who they are, what they have selected, what they are told (RFC 3501 §3)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from mailharness.errors import MailharnessError
from mailharness.imap.hearing import Hearing
from mailharness.imap.names import written
from mailharness.imap.profiles import Profile
from mailharness.imap.responses import untagged
from mailharness.imap.view import View
from mailharness.mail import Copy
from mailharness.mailbox import Mailbox, MailboxVisit, StoredMessage, Then, canonical
from mailharness.trace.events import IMAP, Flagged


class State(StrEnum):
    """Where a session stands."""

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"


class Extension(StrEnum):
    """What a client has to ask for before it is told of it (RFC 5161)."""

    CONDSTORE = "CONDSTORE"
    QRESYNC = "QRESYNC"
    REV2 = "IMAP4REV2"
    UTF8 = "UTF8=ACCEPT"
    UIDONLY = "UIDONLY"


class Status(NamedTuple):
    """A tagged response without its tag: ``OK [CODE] text``."""

    text: str
    then: Then = Then.GO_ON


class Continue(NamedTuple):
    """The command goes on with a line of its own: how to ask for it, who takes it, and whether news is told meanwhile."""

    prompt: str
    take: Callable[[bytes], "Outcome"]
    idles: bool = False


Outcome = Status | Continue


class RefusedError(MailharnessError):
    """A command that is well formed and cannot be done; its text stands behind ``NO``."""


class Notices(Protocol):
    """What a client wants to hear of without asking (RFC 5465)."""

    def tell(self) -> Iterator[bytes]: ...
    def tell_selected(self, view: View) -> Iterator[bytes]: ...
    def introduction(self, view: View) -> Callable[[int, StoredMessage], bytes] | None: ...
    def leave(self) -> None: ...


@dataclass(kw_only=True, eq=False)
class Visit(MailboxVisit):
    """What the commands work on. ``write`` sends untagged responses; ``on_news`` is called when the mailbox was changed."""

    protocol = IMAP

    new_copy: Callable[[], Copy]
    write: Callable[[bytes], None]
    on_news: Callable[[], None]
    profile: Profile
    """What the server offers."""
    append_limit: int
    """Octets of one message that is kept."""
    tag: str = field(default="", init=False)
    """Of the command that is carried out."""
    compressed: bool = field(default=False, init=False)
    enabled: set[str] = field(default_factory=set, init=False)
    """The extensions in use on this connection."""
    notices: Notices | None = field(default=None, init=False)
    """What NOTIFY has asked for; None: nothing."""
    _view: View | None = field(default=None, init=False)

    @property
    def state(self) -> State:
        if not self.logged_in:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self._view is None else State.SELECTED

    @property
    def view(self) -> View:
        assert self._view is not None, "the table of commands wants a mailbox to be selected"
        return self._view

    @property
    def mailbox_name(self) -> str:
        return self.view.mailbox.name

    def open_view(self) -> View | None:
        """The view of the selected mailbox, if one is."""
        return self._view

    def select(self, mailbox: Mailbox, *, read_only: bool) -> View:
        """Open ``mailbox``. Raises ForcedError where a fault keeps it shut."""
        self.judge_opening(self.account, mailbox)
        self._view = View(
            mailbox,
            read_only=read_only,
            on_change=self.on_news,
            now=self.clock.now,
            enabled=self.enabled,
            hearing=Hearing(self, mailbox).hear,
        )
        if self.notices is not None:
            self._view.introduce = self.notices.introduction(self._view)
        return self._view

    def unselect(self) -> bool:
        """Leave the selected mailbox, if there is one, without removing anything; whether there was one."""
        view, self._view = self._view, None
        if view is not None:
            view.leave()
        return view is not None

    @property
    def utf8(self) -> bool:
        """Whether the client speaks UTF-8 (RFC 9051 §5.1, RFC 6855 §3)."""
        return Extension.REV2 in self.enabled or Extension.UTF8 in self.enabled

    def shown(self, name: str) -> bytes:
        """A mailbox's name as a response has it for this client."""
        return written(canonical(name), utf8=self.utf8)

    def has(self, extension: Extension) -> bool:
        return extension in self.enabled

    def use(self, extension: Extension) -> None:
        """The client shows that it knows ``extension``. One that begins to follow mod-sequences in the middle is told
        where they stand (RFC 7162 §3.1)."""
        if extension is Extension.CONDSTORE and self._view is not None and extension not in self.enabled:
            self.write(untagged(f"OK [HIGHESTMODSEQ {self._view.mailbox.highest_modseq}] is the last change"))
        self.enabled.add(extension)

    def leave(self) -> None:
        """The connection is over."""
        self.unselect()
        self.notify(None)
        self._account = None

    def tell_news(self, *, expunges: bool) -> None:
        if self._view is not None:
            for line in self._view.news(expunges=expunges):
                self.write(line)
        if self.notices is not None:
            for line in self.notices.tell():
                self.write(line)

    def push(self) -> None:
        """Tell what the client wants to hear of between its commands."""
        if self.notices is not None:
            if self._view is not None:
                for line in self.notices.tell_selected(self._view):
                    self.write(line)
            for line in self.notices.tell():
                self.write(line)

    def notify(self, notices: Notices | None) -> None:
        """From now on the client hears of these things."""
        if self.notices is not None:
            self.notices.leave()
        self.notices = notices
        if self._view is not None:
            self._view.introduce = notices.introduction(self._view) if notices is not None else None

    def tell_flagged(self, stored: StoredMessage) -> None:
        self.announce(
            Flagged(
                host=self.host,
                session=self.session,
                of=stored.of,
                user=self.user,
                mailbox=self.mailbox_name,
                uid=stored.uid,
                flags=tuple(sorted(stored.flags)),
            )
        )
