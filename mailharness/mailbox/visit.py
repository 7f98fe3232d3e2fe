"""A visit: one client's way from a login to a mailbox, as every protocol that opens mailboxes has it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar

from mailharness.faults import Verdict
from mailharness.mailbox.account import Account
from mailharness.mailbox.mailbox import StoredMessage
from mailharness.trace.events import Event, Fetched, LoggedIn, Removed

Login = Callable[[str, str], Account | None]
"""The account for a name and a password, or None."""


class Then(Enum):
    """What the session does once the response is on its way."""

    GO_ON = auto()
    START_TLS = auto()
    COMPRESS = auto()
    CLOSE = auto()


@dataclass(kw_only=True, eq=False)
class MailboxVisit(ABC):
    """What commands work on: who the client is and what they may do. The journal is told of what becomes of letters.

    ``tls_available`` offers the upgrade, ``secured`` says that TLS is on, ``require_tls`` that no password is taken
    before it is.
    """

    protocol: ClassVar[str]

    host: str
    session: int
    announce: Callable[[Event], Verdict]
    login: Login
    tls_available: bool
    secured: bool
    require_tls: bool
    _account: Account | None = field(default=None, init=False)

    @property
    def account(self) -> Account:
        """Who is logged in; only there in states that a login leads to."""
        assert self._account is not None, "the table of commands lets nobody in without a login"
        return self._account

    @property
    def logged_in(self) -> bool:
        return self._account is not None

    @property
    def user(self) -> str:
        """The address of who is logged in."""
        return str(self.account.address)

    @property
    @abstractmethod
    def mailbox_name(self) -> str:
        """The mailbox that is open."""

    @property
    def may_start_tls(self) -> bool:
        return self.tls_available and not (self.logged_in or self.secured)

    @property
    def may_send_password(self) -> bool:
        return self.secured or not self.require_tls

    def enter(self, account: Account, mechanism: str) -> None:
        """The client has proved to be the account's user."""
        self._account = account
        self.announce(
            LoggedIn(host=self.host, session=self.session, protocol=self.protocol, user=self.user, mechanism=mechanism)
        )

    def secure(self) -> None:
        """TLS is on. Whoever keeps what the client said of themselves in the clear forgets it here."""
        self.secured = True

    @abstractmethod
    def leave(self) -> None:
        """The connection is over: close what is open and remove nothing."""

    # -- what the journal is told ----

    def tell_fetched(self, stored: StoredMessage, *, peek: bool, mailbox: str = "") -> None:
        """A message was read, in the open mailbox unless another is named."""
        self.announce(
            Fetched(
                host=self.host,
                session=self.session,
                of=stored.of,
                protocol=self.protocol,
                user=self.user,
                mailbox=mailbox or self.mailbox_name,
                uid=stored.uid,
                peek=peek,
            )
        )

    def tell_removed(self, stored: StoredMessage) -> None:
        self.announce(
            Removed(
                host=self.host,
                session=self.session,
                of=stored.of,
                protocol=self.protocol,
                user=self.user,
                mailbox=self.mailbox_name,
                uid=stored.uid,
            )
        )
