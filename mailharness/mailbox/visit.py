"""A visit: one client's way from a login to a mailbox, as every protocol that opens mailboxes has it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar

from mailharness.clock import Clock
from mailharness.faults import Answer, Renumber, Verdict
from mailharness.mail.sasl import Checks, Credentials, Dialog, Proved
from mailharness.mailbox import upheaval
from mailharness.mailbox.account import Account
from mailharness.mailbox.errors import ForcedError
from mailharness.mailbox.mailbox import Mailbox, StoredMessage
from mailharness.trace.events import Event, Fetched, LoggedIn, LoggingIn, Opening, Removed

Login = Callable[[str, str], Account | None]
"""The account for a name and a password, or None."""
Named = Callable[[str], Account | None]
"""The account that a name stands for at a login, or None."""
Hears = Callable[[type[Event]], bool]
"""Whether events of that kind have to be made."""


def nobody(_name: str) -> None:
    """No name stands for anybody: only mechanisms that bring the password can be right."""


def deaf(_kind: type[Event]) -> bool:
    """None of the events are made that only a fault wants to hear."""
    return False


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
    before it is. ``mechanisms`` are those of SASL that are offered, in order (RFC 4422); ``named`` finds whom they name.
    """

    protocol: ClassVar[str]

    host: str
    session: int
    announce: Callable[[Event], Verdict]
    login: Login
    tls_available: bool
    secured: bool
    require_tls: bool
    clock: Clock
    named: Named = nobody
    mechanisms: tuple[str, ...] = ("PLAIN",)
    hears: Hears = deaf
    _account: Account | None = field(default=None, init=False)
    _dialogs: int = field(default=0, init=False)
    _met: dict[str, Account] = field(default_factory=dict, init=False)

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

    # -- who it is ----

    def dialog(self, mechanism: str) -> Dialog | None:
        """A new exchange by ``mechanism``, in any case; None where it is not offered."""
        name = mechanism.upper()
        if name not in self.mechanisms:
            return None
        self._dialogs += 1
        nonce = f"{self._dialogs}.{self.session}.{int(self.clock.now())}@{self.host}"
        return Dialog(name, Checks(self._password, self._credentials, nonce))

    def _password(self, user: str, password: str) -> str | None:
        account = self._meet(self.login(user, password))
        return str(account.address) if account is not None else None

    def _credentials(self, user: str) -> Credentials | None:
        account = self._meet(self.named(user))
        return Credentials(str(account.address), account.password, account.token) if account is not None else None

    def _meet(self, account: Account | None) -> Account | None:
        if account is not None:
            self._met[str(account.address)] = account
        return account

    def proved(self, end: Proved) -> Account | None:
        """Whose account an exchange has ended with."""
        return self._met[end.account] if end.account is not None else None

    def enter(self, account: Account, mechanism: str) -> None:
        """The client has proved to be the account's user. Raises ForcedError where a fault says otherwise."""
        user = str(account.address)
        if self.hears(LoggingIn):
            event = LoggingIn(host=self.host, session=self.session, protocol=self.protocol, user=user, mechanism=mechanism)
            _obey(self.announce(event))
        self._account = account
        self.announce(
            LoggedIn(host=self.host, session=self.session, protocol=self.protocol, user=user, mechanism=mechanism)
        )

    def judge_opening(self, account: Account, mailbox: Mailbox) -> None:
        """``account``'s client is about to look into ``mailbox``. Raises ForcedError where a fault keeps it shut."""
        if self.hears(Opening):
            verdict = self.announce(
                Opening(
                    host=self.host,
                    session=self.session,
                    protocol=self.protocol,
                    user=str(account.address),
                    mailbox=mailbox.name,
                )
            )
            _obey(verdict)
            if isinstance(verdict, Renumber):
                upheaval.renumber(mailbox, verdict)

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


def _obey(verdict: Verdict) -> None:
    if isinstance(verdict, Answer):
        raise ForcedError(verdict.text)
