"""What every receiving host has in common: identity, trace headers, the loop guard, and the words of its replies."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from mailharness.agents.behaviours import HostBehaviours
from mailharness.agents.knowledge import Tells
from mailharness.agents.ports import Storage, Surroundings
from mailharness.agents.relay import DEFAULT_LIMITS, Relay
from mailharness.agents.routing import Router
from mailharness.agents.store import Store, is_postmaster
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.mail.address import is_domain
from mailharness.queue import Entry, Schedule, SendingLimits
from mailharness.smtp import Credentials, Decision, Ruling, SmtpSession, Transaction
from mailharness.smtp.fitting import ascii_path
from mailharness.trace.events import Accepted

_REPLY_TEXT = 480
"""Characters of a reply's text that fit in its line, the codes in front of them."""
_MAX_HOPS = 100
"""Received fields at which a letter is taken to be in a loop (RFC 5321 §6.3)."""
_RETURNS = 3
"""How often a letter that is in no loop may not have been here."""


@functools.lru_cache(maxsize=4)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


def _tcp_info(session: SmtpSession) -> str:
    """Who really connected: a host's name and address, for a program that is no host its address alone."""
    address = session.peer_address[0]
    literal = f"[IPv6:{address}]" if ":" in address else f"[{address}]"  # RFC 5321 §4.1.3
    return f"{session.peer} {literal}" if is_domain(session.peer) else literal


class HostReception(ABC):
    """The part of a receiving host that does not depend on what it does with the letter afterwards."""

    def __init__(
        self,
        host: str,
        around: Surroundings,
        store: Store,
        router: Router,
        schedule: Schedule,
        limits: SendingLimits = DEFAULT_LIMITS,
    ) -> None:
        self.host = host
        self.around = around
        self.store = store
        self.relay = Relay(host, around, router, schedule, self.originate, limits)
        self.behaviours: HostBehaviours | None = None
        """Asked first at each phase of a session, where the host has any."""
        self.tells = Tells()
        """What it answers to VRFY and EXPN."""

    def originate(self, copy: Copy, envelope: Envelope, message: Message) -> None:
        """Send a letter of this host's own, already announced as accepted, on its way."""
        self.relay.take(copy, envelope, message)

    def switch(self, on: bool) -> None:
        """The machine is switched on, or off: a queue does not run on a machine that is off."""
        self.relay.switch(on)

    @abstractmethod
    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Decision:
        """May the transaction have ``address`` too? None: yes."""

    @abstractmethod
    def accept(self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy) -> Reply | Awaitable[Reply]:
        """Take responsibility for the letter, or refuse it (RFC 5321 §4.2.5)."""

    def relaying_denied(self, why: str) -> Reply:
        """The refusal of a recipient elsewhere, and ``why``, within the length of a reply line (512 octets)."""
        return Reply(550, f"Relaying denied: {why}"[:_REPLY_TEXT], "5.7.1")

    def new_copy(self, session: SmtpSession) -> Copy:
        return self.around.identify(session)

    def connected(self, session: SmtpSession) -> Decision:
        return self.behaviours.connected(session) if self.behaviours is not None else None

    def hello(self, session: SmtpSession, name: str) -> Decision:
        return self.behaviours.hello(session, name) if self.behaviours is not None else None

    def sender(self, session: SmtpSession, transaction: Transaction) -> Decision:
        return self.behaviours.sender(session, transaction) if self.behaviours is not None else None

    def ruling(self, session: SmtpSession, transaction: Transaction, address: Address) -> Ruling | None:
        """What the behaviours have against a recipient: nothing where it is the postmaster here (RFC 5321 §4.5.1)."""
        if self.behaviours is None or (is_postmaster(address) and self.store.holds(address)):
            return None
        return self.behaviours.recipient(session, transaction, address)

    def trusts(self, session: SmtpSession, sender: Address | None) -> bool:  # noqa: ARG002 - an MTA asks who sends
        """Whether whoever sends in ``session`` counts as one of this host's own users."""
        return bool(session.user)

    def verify(self, session: SmtpSession, text: str) -> Decision:  # noqa: ARG002 - Reception's signature
        """The reply to ``VRFY text`` (RFC 5321 §4.1.1.6)."""
        return self.tells.verify(self.store, text)

    def expand(self, session: SmtpSession, text: str) -> Decision:  # noqa: ARG002 - Reception's signature
        """The reply to ``EXPN text`` (RFC 5321 §4.1.1.7)."""
        return self.tells.expand(self.store, text)

    def authenticate(self, user: str, password: str) -> str | None:
        account = self.store.login(user, password)
        return str(account.address) if account else None

    async def accept_each(
        self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy
    ) -> Mapping[Address, Reply]:
        """What is decided for all of them is said to each."""
        answer = self.accept(session, envelope, message, copy)
        return dict.fromkeys(envelope.recipients, answer if isinstance(answer, Reply) else await answer)

    def credentials(self, user: str) -> Credentials | None:
        account = self.store.named(user)
        return Credentials(str(account.address), account.password, account.token) if account else None

    def loop_guard(self, message: Message) -> Reply | None:
        """The reply for a letter that has been through too many hosts, or through this one again and again."""
        if message.header_bytes.lower().count(b"received") < min(_MAX_HOPS, _RETURNS):
            return None  # too few in any case: the header need not be taken apart
        hops = [value for name, value in message.fields if name.lower() == "received"]
        by_us = sum(f"by {self.host} ".encode() in hop for hop in hops)
        if len(hops) >= _MAX_HOPS or by_us >= _RETURNS:
            return Reply(554, f"Too many hops: this letter is in a loop at {self.host}", "5.4.6")
        return None

    def received(self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy) -> Message:
        """``message`` with this host's Received field, at the world's time (RFC 5321 §4.4)."""
        plain, extended = ("LMTP", "LMTP") if session.lmtp else ("SMTP", "ESMTP")
        protocol = (f"UTF8{plain}" if envelope.smtputf8 else extended) if session.esmtp else plain
        protocol += ("S" if session.secured else "") + ("A" if session.user else "")  # RFC 3848, RFC 6531 §4.3
        only = f" for <{ascii_path(envelope.recipients[0])}>" if len(envelope.recipients) == 1 else ""
        date = _date(int(self.around.clock.now()))
        return message.prepend(
            f"Received: from {session.helo} ({_tcp_info(session)})\r\n"
            f"\tby {self.host} with {protocol} id {copy.copy:08X}{only}; {date}\r\n".encode()
        )

    def announce_accepted(
        self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy, *, trusted: bool = False
    ) -> None:
        self.around.announce(
            Accepted(
                host=self.host,
                session=session.number,
                of=copy,
                envelope=envelope,
                message=message,
                user=session.user,
                trusted=trusted,
            )
        )

    async def stored(self, copy: Copy, storage: Storage, dispatch: Callable[[], object]) -> Reply:
        """Let the letter go its way by ``dispatch`` when all of it is where a killed process does not lose it, and then
        the 250; 452 where it cannot be kept."""
        spool = self.relay.spool
        with spool.collecting() as entries:
            dispatch()
        problem = await storage.written()
        for entry in entries:
            if problem:
                spool.end(entry)
            else:
                entry.start(entry)
        await self.deposited()
        await storage.written()  # what found no room in a mailbox waits now
        return Reply(452, f"The queue cannot be kept: {problem}", "4.3.1") if problem else self.taken(copy)

    async def deposited(self) -> None:  # noqa: B027 - a host without mailboxes has nothing to wait for
        """Return when no letter is still on its way to a mailbox here."""

    def resume(self, entry: Entry, letter: int) -> None:
        """Go on with an entry that an earlier world left in the storage, as ``letter`` (0: a new number)."""
        entry.copy = self.around.numbering.first_copy(entry.copy.cause, letter=letter)
        self.around.announce(Accepted(host=self.host, of=entry.copy, envelope=entry.envelope, message=entry.message))
        self.relay.resume(entry, self.starter(entry))

    def starter(self, entry: Entry) -> Callable[[Entry], None]:  # noqa: ARG002 - an MTA tells them apart
        """Who makes the attempts of ``entry``."""
        return self.relay.start

    def taken(self, copy: Copy) -> Reply:
        return Reply(250, f"Ok: queued as {copy.copy:08X}", "2.0.0")
