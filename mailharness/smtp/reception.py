"""What a receiver and its user say to each other: options, session, transaction, and the ``Reception`` that decides."""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol, TypeAlias

from aiosmtpd.smtp import Session

from mailharness.clock import Token
from mailharness.faults import Verdict
from mailharness.mail import Address, Copy, DsnRequest, Envelope, Message, Reply
from mailharness.mail.sasl import MECHANISMS, Credentials
from mailharness.smtp.esmtp import Forms
from mailharness.smtp.extensions import announcement, hidden_with, parameters, unknown_commands
from mailharness.smtp.voice import Voice
from mailharness.smtp.xclient import ATTRIBUTES
from mailharness.trace.events import LMTP, SMTP, Event

Announce: TypeAlias = Callable[[Event], Verdict]
"""The world's switchboard: records an event and says what shall become of it."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A refusal whose author is told: ``by``, the rule that refused."""

    reply: Reply
    by: str


Decision: TypeAlias = Reply | Ruling | Awaitable[Reply | None] | None
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
    auth: tuple[str, ...] = tuple(MECHANISMS)
    """The mechanisms that AUTH offers, in order."""
    require_auth: bool = False
    require_tls: bool = False
    auth_in_clear: bool = True
    """Whether a password may cross without TLS, as it may on loopback."""
    greeting: str = ""
    """The greeting's text behind the host's name."""
    timeout: float | None = None
    voice: Voice | None = None
    """How standing replies are worded, if otherwise than in our own words."""
    lmtp: bool = False
    """LMTP in the place of SMTP: one reply a recipient behind the data (RFC 2033)."""
    hide: frozenset[str] = frozenset()
    """Keywords of the extensions that this receiver does not know."""
    limits: Mapping[str, int] = field(default_factory=dict, hash=False)
    """What LIMITS announces, by name; each is enforced (RFC 9422 §4)."""
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()
    """From where XCLIENT is taken."""
    smuggling: tuple[str, ...] = ()
    """The variants of an end of data that a vulnerable receiver takes, see ``smuggling.VARIANTS``; none unless given."""

    @cached_property
    def greeting_reply(self) -> Reply:
        return Reply(220, f"{self.hostname} {self.greeting or self._protocol_name + ' mailharness'}")

    @cached_property
    def _protocol_name(self) -> str:
        return "LMTP" if self.lmtp else "ESMTP"

    @cached_property
    def protocol(self) -> str:
        """The protocol that the events name."""
        return LMTP if self.lmtp else SMTP

    @cached_property
    def helo_reply(self) -> Reply:
        return Reply(250, self.hostname)

    @cached_property
    def hidden(self) -> frozenset[str]:
        return hidden_with(self.hide)

    @cached_property
    def plain_codes(self) -> bool:
        """Replies bear no enhanced code (RFC 2034 §4)."""
        return "ENHANCEDSTATUSCODES" in self.hidden

    @cached_property
    def unknown_commands(self) -> frozenset[str]:
        return unknown_commands(self.hidden, lmtp=self.lmtp)

    @cached_property
    def mail_parameters(self) -> Forms:
        return parameters(self.hidden)[0]

    @cached_property
    def rcpt_parameters(self) -> Forms:
        return parameters(self.hidden)[1]

    @cached_property
    def recipients_limit(self) -> int:
        return min(self.max_recipients, self.limits.get("RCPTMAX", self.max_recipients))

    @cached_property
    def _ehlos(self) -> dict[tuple[bool, bool], Reply]:
        return {}

    def ehlo_reply(self, *, secured: bool, trusted: bool) -> Reply:
        """The answer to EHLO, behind TLS or not, to a client that may say XCLIENT or not."""
        reply = self._ehlos.get((secured, trusted))
        if reply is None:
            reply = self._ehlos[secured, trusted] = self._ehlo(secured, trusted)
        return reply

    def offers_auth(self, secured: str) -> bool:
        """Whether AUTH is offered on a connection with this TLS version ("": none)."""
        return self.offer_auth and (bool(secured) or (self.auth_in_clear and not self.require_tls))

    def trusts(self, address: str) -> bool:
        """Whether a client from ``address`` may say who it speaks for."""
        return bool(self.trusted) and any(ip_address(address) in network for network in self.trusted)

    def _ehlo(self, secured: bool, trusted: bool) -> Reply:
        starttls = self.tls is not None and not self.implicit_tls and not secured
        offered = {
            "SIZE": str(self.max_size),
            "STARTTLS": "" if starttls else None,
            "REQUIRETLS": "" if secured else None,  # RFC 8689 §2
            "AUTH": " ".join(self.auth) if self.auth and self.offers_auth("TLS" if secured else "") else None,
            "LIMITS": " ".join(f"{name}={number}" for name, number in self.limits.items()) or None,
            "XCLIENT": " ".join(ATTRIBUTES) if trusted else None,
            "VRFY": None,
            "EXPN": None,
        }
        return Reply(250, "\n".join((self.hostname, *announcement(offered, self.hidden))))


_NOTHING = Reply(250)


class SmtpSession(Session):
    """One connection: ``number`` names it in every event, ``host`` serves it, ``peer`` is the other end's name."""

    login_data: Any = None

    def __init__(self, number: int, host: str, peer: str = "") -> None:
        self.number = number
        self.host = host
        self.peer_address: tuple[str, int] = ("", 0)
        self.peer: str = peer
        self.lmtp = False
        self.trusted = False
        """The client may say who it speaks for (XCLIENT)."""
        self.transactions = 0
        """How many MAIL commands were said, good or bad (RFC 9422 §4.1)."""
        self.domains: set[str] = set()
        """The domains of the recipients, where their number is limited (RFC 9422 §4.3)."""
        self.helo = ""
        self.esmtp = False
        self.extending = False
        """Whether the hello that is being judged is an EHLO."""
        self.offered = _NOTHING
        """What it will be answered if the reception agrees."""
        self.secured = ""
        """The TLS version, "" without."""
        self.user = ""
        """The account that proved who it is, "" before."""
        self.authenticated: bool | None = None
        self.auth_data: Any = None
        self.proxy_data = None
        self.pace: Callable[[str, Reply], float] | None = None
        """Asked, where a reception has set it, how many seconds of the world's clock a reply to a verb is to be late."""
        self.on_end: list[Callable[[], object]] = []
        """Called once each when the session has ended."""

    @property
    def host_name(self) -> str:  # type: ignore[override]  # aiosmtpd's name for what HELO said
        return self.helo

    @property
    def extended_smtp(self) -> bool:  # type: ignore[override]
        return self.esmtp

    def end(self) -> None:
        """Nobody speaks here any more, or somebody else does from now on."""
        notices, self.on_end = self.on_end, []
        for notice in notices:
            notice()

    def speak_for(self, said: Mapping[str, str]) -> None:
        """Be the session of another client from now on, of whom XCLIENT has told; what was not told of stays."""
        address, port = self.peer_address
        address = (said["ADDR"] or "unknown") if "ADDR" in said else address
        self.peer_address = (address, int(said["PORT"] or 0) if "PORT" in said else port)
        if "NAME" in said or "ADDR" in said:
            self.peer = said.get("NAME") or "{}:{}".format(*self.peer_address)
        self.helo = said.get("HELO", "")
        self.esmtp = bool(self.helo) and said.get("PROTO", "ESMTP").upper() == "ESMTP"
        self.user = said.get("LOGIN", "")

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
    binary: bool = False
    require_tls: bool = False
    ret: str = ""
    envid: str = ""
    requests: dict[Address, DsnRequest] | None = None
    """What was asked of reports, by recipient; None where nothing was."""
    body: bytearray | None = None
    """What has come by BDAT so far."""

    def envelope(self) -> Envelope:
        if not (self.requests or self.ret or self.envid or self.binary or self.require_tls):
            return Envelope(self.sender, tuple(self.recipients), eight_bit=self.eight_bit, smtputf8=self.smtputf8)
        return Envelope(
            self.sender,
            tuple(self.recipients),
            eight_bit=self.eight_bit,
            binary=self.binary,
            smtputf8=self.smtputf8,
            require_tls=self.require_tls,
            ret=self.ret,
            envid=self.envid,
            requests=self.requests or {},
        )


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

    def accept(self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy) -> Reply | Awaitable[Reply]:
        """Take responsibility, then return the 250 (or refuse, and have none), at once where there is nothing to wait
        for. Never cancelled by a client that leaves."""
        ...

    async def accept_each(
        self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy
    ) -> Mapping[Address, Reply]:
        """Take responsibility for some of the recipients, or none: a reply for each of them (RFC 2033 §4.2)."""
        ...

    def authenticate(self, user: str, password: str) -> str | None:
        """The account's name if the password is right, else None."""

    def credentials(self, user: str) -> Credentials | None:
        """What the account that ``user`` names proves itself by where no password crosses; None if there is none."""

    def verify(self, session: SmtpSession, text: str) -> Decision:
        """Whose mailbox is meant by ``text`` (VRFY)? None: that is not told (RFC 5321 §3.5.3)."""

    def expand(self, session: SmtpSession, text: str) -> Decision:
        """Who is on the list that ``text`` names (EXPN)? None: there are no lists (RFC 5321 §3.5)."""
