"""One client's way through the states of IMAP: who they are, what they have selected, what they are told (RFC 3501 §3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mailharness.errors import MailharnessError
from mailharness.imap.hearing import Hearing
from mailharness.imap.responses import untagged
from mailharness.imap.view import View
from mailharness.mail import Copy
from mailharness.mailbox import Mailbox, MailboxVisit, StoredMessage, Then
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


@dataclass(kw_only=True, eq=False)
class Visit(MailboxVisit):
    """What the commands work on. ``write`` sends untagged responses; ``on_news`` is called when the mailbox was changed."""

    protocol = IMAP

    new_copy: Callable[[], Copy]
    write: Callable[[bytes], None]
    on_news: Callable[[], None]
    append_limit: int
    """Octets of one message that is kept."""
    tag: str = field(default="", init=False)
    """Of the command that is carried out."""
    enabled: set[str] = field(default_factory=set, init=False)
    """The extensions in use on this connection."""
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
        return self._view

    def unselect(self) -> bool:
        """Leave the selected mailbox, if there is one, without removing anything; whether there was one."""
        view, self._view = self._view, None
        if view is not None:
            view.leave()
        return view is not None

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
        self._account = None

    def tell_news(self, *, expunges: bool) -> None:
        if self._view is not None:
            for line in self._view.news(expunges=expunges):
                self.write(line)

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
