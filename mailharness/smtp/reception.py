"""What a receiver and its user say to each other: options, session, transaction, and the ``Reception`` that decides."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from aiosmtpd.smtp import Session

from mailharness.clock import Token
from mailharness.faults import Verdict
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.smtp.esmtp import extensions
from mailharness.trace.events import Event

Announce: TypeAlias = Callable[[Event], Verdict]
"""The world's switchboard: records an event and says what shall become of it."""
Decision: TypeAlias = Reply | Awaitable[Reply | None] | None
"""A reply, or None for the receiver's own positive one; now or later."""


@dataclass(frozen=True)
class ReceiverOptions:
    """How one door of one host receives. ``max_size`` in octets; ``timeout`` in real seconds (None: clients may idle)."""

    hostname: str
    domain: str = ""
    """The mail domain served here, in ASCII, whose postmaster ``<Postmaster>`` is; the host's own name unless given."""
    max_size: int = 50_000_000
    max_recipients: int = 1000
    tls: Callable[..., ssl.SSLContext] | None = None
    """Makes the context for STARTTLS when it is needed, without one it is not offered; asked with the verdict of a fault
    where there is one."""
    implicit_tls: bool = False
    """TLS from the first octet (RFC 8314 §3.3), done by whoever accepts the socket; STARTTLS is then not offered."""
    offer_auth: bool = False
    require_auth: bool = False
    require_tls: bool = False
    auth_in_clear: bool = True
    """Whether a password may cross without TLS, as it may on loopback."""
    greeting: str = ""
    """The greeting's text behind the host's name."""
    timeout: float | None = None

    @cached_property
    def greeting_reply(self) -> Reply:
        return Reply(220, f"{self.hostname} {self.greeting or 'ESMTP mailharness'}")

    @cached_property
    def helo_reply(self) -> Reply:
        return Reply(250, self.hostname)

    @cached_property
    def ehlo_in_clear(self) -> Reply:
        return self._ehlo(starttls=self.tls is not None and not self.implicit_tls, auth=self.offers_auth(""))

    @cached_property
    def ehlo_secured(self) -> Reply:
        return self._ehlo(starttls=False, auth=self.offer_auth)

    def offers_auth(self, secured: str) -> bool:
        """Whether AUTH is offered on a connection with this TLS version ("": none)."""
        return self.offer_auth and (bool(secured) or (self.auth_in_clear and not self.require_tls))

    def _ehlo(self, *, starttls: bool, auth: bool) -> Reply:
        lines = extensions(max_size=self.max_size, starttls=starttls, auth=auth)
        return Reply(250, "\n".join((self.hostname, *lines)))


class SmtpSession(Session):
    """One connection: ``number`` names it in every event, ``host`` serves it, ``peer`` is the other end's name."""

    login_data: Any = None

    def __init__(self, number: int, host: str, peer: str = "") -> None:
        self.number = number
        self.host = host
        self.peer_address: tuple[str, int] = ("", 0)
        self.peer: str = peer
        self.helo = ""
        self.esmtp = False
        self.secured = ""
        """The TLS version, "" without."""
        self.user = ""
        """The account that proved who it is, "" before."""
        self.authenticated: bool | None = None
        self.auth_data: Any = None
        self.proxy_data = None

    @property
    def host_name(self) -> str:  # type: ignore[override]  # aiosmtpd's name for what HELO said
        return self.helo

    @property
    def extended_smtp(self) -> bool:  # type: ignore[override]
        return self.esmtp

    def forget(self, secured: str) -> None:
        """Start anew behind TLS: what the client said in clear is void (RFC 3207 §4.2)."""
        self.helo, self.esmtp, self.user, self.authenticated = "", False, "", None
        self.secured = secured


@dataclass(slots=True, eq=False)
class Transaction:
    """One envelope in the making, from MAIL to the reply to the final dot."""

    copy: Copy
    sender: Address | None
    eight_bit: bool
    smtputf8: bool
    size: int
    """What MAIL declared, 0 if nothing."""
    recipients: list[Address]
    token: Token | None = None

    def envelope(self) -> Envelope:
        return Envelope(self.sender, tuple(self.recipients), eight_bit=self.eight_bit, smtputf8=self.smtputf8)


class Reception(Protocol):
    """Whoever a receiver works for. An exception in any of these is a 451 to the client and goes to the loop's handler."""

    def new_copy(self, session: SmtpSession) -> Copy:
        """The identity of the transaction that a MAIL is about to open; asked once a MAIL, be it refused or not."""

    def connected(self, session: SmtpSession) -> Decision:
        """May the client speak at all? A reply of 4xx or 5xx stands in the place of the greeting."""

    def hello(self, session: SmtpSession, name: str) -> Decision:
        """May the client call itself ``name``? ``session.helo`` is still what it was before."""

    def sender(self, session: SmtpSession, transaction: Transaction) -> Decision:
        """May ``transaction.sender`` send? ``transaction`` has no recipients yet."""

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Decision:
        """May the transaction have ``address`` too?"""

    async def accept(self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy) -> Reply:
        """Take responsibility, then return the 250 (or refuse, and have none). Never cancelled by a client that leaves."""
        ...

    def authenticate(self, user: str, password: str) -> str | None:
        """The account's name if the password is right, else None."""
