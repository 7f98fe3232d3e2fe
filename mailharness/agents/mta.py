"""The MTA: takes submissions from its own users and letters for its own domain, delivers those and relays the others."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from mailharness.agents.delivery import stamped
from mailharness.agents.expansion import Expander, Part
from mailharness.agents.filer import Filer
from mailharness.agents.mda import NO_SUCH_USER, Mda
from mailharness.agents.ports import Surroundings
from mailharness.agents.reception import HostReception
from mailharness.agents.relay import DEFAULT_LIMITS, failure
from mailharness.agents.responding import Responder
from mailharness.agents.routing import Router
from mailharness.clock import Token
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.mail.dsn import Failure
from mailharness.mail.status import status_of
from mailharness.mailbox import Reactions
from mailharness.mailbox.filing import Filing
from mailharness.queue import Entry, Schedule, SendingLimits, Standing
from mailharness.smtp import Decision, SmtpSession, Transaction

_WHOLE = ""
"""The next hop of an entry that has not been parted by next hops yet."""
_NOT_YOURS = Reply(553, "Sender address is not yours to use", "5.7.1")


class Mta(HostReception):
    """One host's MTA. ``submits`` says whether it takes mail from its domain's users for the rest of the world.

    A sender of the domain needs no password unless ``require_auth``: the trace says that the submission was trusted.
    """

    def __init__(
        self,
        host: str,
        around: Surroundings,
        mda: Mda,
        router: Router,
        schedule: Schedule,
        *,
        submits: bool,
        require_auth: bool,
        limits: SendingLimits = DEFAULT_LIMITS,
    ) -> None:
        super().__init__(host, around, mda.store, router, schedule, limits)
        self._mda = mda
        responder = mda.responder = Responder(host, around, self.relay.reports, self.originate)
        self._expander = Expander(host, around, self.store, self.relay.reports)
        self._filer = mda.filer = Filer(host, around, self.store, self.relay.reports, responder, self.originate)
        self._asking: set[asyncio.Task[None]] = set()
        self._submits = submits
        self._require_auth = require_auth

    def sender(self, session: SmtpSession, transaction: Transaction) -> Decision:
        """Refuse a login that uses an address which is another user's (RFC 6409 §6.1)."""
        if (ruling := super().sender(session, transaction)) is not None:
            return ruling
        if session.user and transaction.sender is not None:
            account = self.store.owner(transaction.sender)
            if account is not None and str(account.address) != session.user:
                return _NOT_YOURS
        return None

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Decision:
        if (ruling := self.ruling(session, transaction, address)) is not None:
            return ruling
        if self.store.holds(address):
            if session.lmtp and self.store.find(address) is None:  # what stands for others is expanded ahead of LMTP
                return NO_SUCH_USER
            return self._mda.check(address, transaction.size, transaction.sender)
        if session.lmtp:
            return self.relaying_denied(f"LMTP delivers to the users of {self.store.domain} only")
        if self.store.backs_up(self.host, address):
            return NO_SUCH_USER if self.store.is_unknown_to_backup(self.host, address) else None
        if session.user or self._is_trusted(session, transaction.sender):
            return None
        return self.relaying_denied(self._why_not(transaction.sender))

    def _why_not(self, sender: Address | None) -> str:
        """Who is at fault that a recipient elsewhere is refused, and what to do about it."""
        domain = self.store.domain
        if not self._submits:
            return f"{self.host} takes mail for {domain} only, users submit at the submission host of their domain"
        if self._require_auth or sender is None:
            return f"nobody has logged in, and {self.host} relays for the users of {domain} only"
        return f"sender <{sender}> is not in {domain}; send as a user of {domain}, or log in as one"

    def trusts(self, session: SmtpSession, sender: Address | None) -> bool:
        return bool(session.user) or self._is_trusted(session, sender)

    def _is_trusted(self, session: SmtpSession, sender: Address | None) -> bool:
        """Whether this counts as one of our own users on our own network."""
        if session.user or self._require_auth or not self._submits or sender is None:
            return False
        return self.store.holds(sender)

    def accept(self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy) -> Reply | Awaitable[Reply]:
        """Take responsibility, then let the letter go its way before the 250 is on the wire (RFC 5321 §4.2.5)."""
        looping = self.loop_guard(message)
        if looping is not None:
            return looping
        message = self.received(session, envelope, message, copy)
        nobody = self._for_nobody(envelope, message)
        if nobody is not None:
            return nobody
        trusted = self._is_trusted(session, envelope.sender)
        self.announce_accepted(session, envelope, message, copy, trusted=trusted)
        if self.around.storage is not None:
            dispatch = self._enter_whole if self.store.expands else self._dispatch
            return self.stored(copy, self.around.storage, lambda: dispatch(copy, envelope, message))
        self._dispatch(copy, envelope, message)
        return self.taken(copy)

    async def accept_each(
        self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy
    ) -> Mapping[Address, Reply]:
        """Into the mailboxes at once or not at all: nothing is queued behind LMTP (RFC 2033 §4.2, §5)."""
        looping = self.loop_guard(message)
        if looping is not None:
            return dict.fromkeys(envelope.recipients, looping)
        message = self.received(session, envelope, message, copy)
        problems = self._problems_of_each(envelope, message)
        taken = [address for address in envelope.recipients if problems[address] is None]
        if taken:
            part = envelope.for_recipients(dict.fromkeys(taken))
            self.announce_accepted(session, part, message, copy)
            filings = await self._filer.ask(part, message) if self._filer.must_ask(part.recipients) else {}
            for address in part.recipients:
                if self._mda.doom(address) is not None:
                    self._send(copy, part.for_recipients([address]), message)
                else:
                    problems[address] = self._mda.deliver(copy, part, address, message, filings.get(address))
            if self.around.storage is not None:
                await self.around.storage.written()
        return {address: problem or self.taken(copy) for address, problem in problems.items()}

    def _problems_of_each(self, envelope: Envelope, message: Message) -> dict[Address, Reply | None]:
        """Two recipients may be one account, whose quota has to hold for both."""
        octets: Counter[str] = Counter()
        problems: dict[Address, Reply | None] = {}
        for address in dict.fromkeys(envelope.recipients):
            account = self.store.find(address)
            name = str(account.address) if account else ""
            problems[address] = self._mda.check(address, octets[name] + len(message))
            octets[name] += len(stamped(message, envelope, address)) if problems[address] is None else 0
        return problems

    def _for_nobody(self, envelope: Envelope, message: Message) -> Reply | None:
        """The reply where no recipient can have the letter now: one without a declared size shows it only at its end."""
        problems = [
            self._mda.check(address, len(message), envelope.sender) if self.store.holds(address) else None
            for address in envelope.recipients
        ]
        return problems[0] if all(problems) else None

    def originate(self, copy: Copy, envelope: Envelope, message: Message) -> None:
        """Send a letter of this host's own, already announced as accepted."""
        self._dispatch(copy, envelope, message)

    def _dispatch(self, copy: Copy, envelope: Envelope, message: Message) -> None:
        if not self.store.expands:
            self._send(copy, envelope, message)
            return
        for part in self._expander.expand(Part(copy, envelope, message)):
            self._send(*part)

    def _send(self, copy: Copy, envelope: Envelope, message: Message) -> None:
        """Into the mailboxes here, and on to the hosts elsewhere."""
        here: list[Address] = []
        elsewhere: list[Address] = []
        for address in envelope.recipients:
            (here if self.store.holds(address) else elsewhere).append(address)
        if here:
            part = envelope.for_recipients(here)
            self.relay.spool.enter(self.relay.entry(copy, part, message, start=self._deliver, local=True))
        if elsewhere:
            self.relay.take(copy, envelope.for_recipients(elsewhere), message)

    def _enter_whole(self, copy: Copy, envelope: Envelope, message: Message) -> None:
        """Keep the letter as it came: what its addresses stand for is nobody's business before it is safe."""
        entry = self.relay.entry(copy, envelope, message, start=self._part)
        entry.domain = _WHOLE
        self.relay.spool.enter(entry)

    def _part(self, whole: Entry) -> None:
        self._dispatch(whole.copy, whole.envelope, whole.message)
        self.relay.spool.end(whole)

    def starter(self, entry: Entry) -> Callable[[Entry], None]:
        if entry.domain == _WHOLE:
            return self._part
        return self._deliver if entry.local else super().starter(entry)

    def _deliver(self, entry: Entry) -> None:
        """Into the mailboxes, once users' own filters have been asked."""
        if self._filer.must_ask(entry.envelope.recipients):
            token = self.around.work.take(f"filters of {self.host} for {entry.copy}")
            task = asyncio.get_running_loop().create_task(self._ask_and_deposit(entry, token))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        else:
            self._deposit(entry, {})

    async def _ask_and_deposit(self, entry: Entry, token: Token) -> None:
        with token:
            self._deposit(entry, await self._filer.ask(entry.envelope, entry.message))

    async def deposited(self) -> None:
        while self._asking:
            await asyncio.wait(tuple(self._asking))

    def _deposit(self, entry: Entry, filings: dict[Address, Filing]) -> None:
        """For whom there is no room now the letter waits, until it is given up (RFC 5321 §4.5.4.1)."""
        entry.attempts += 1
        deliver = partial(self._mda.deliver, entry.copy, entry.envelope)
        problems = {
            address: problem
            for address in entry.envelope.recipients
            if (problem := deliver(address, entry.message, filings.get(address))) is not None
        }
        entry.standings = {address: Standing(problem) for address, problem in problems.items()}
        for address in list(problems):
            if (by := self._mda.doom(address)) is not None:
                del problems[address]
                self._doom(entry.part((address,)), by)
        due = self.relay.next_attempt(entry)
        waiting = [address for address, problem in problems.items() if problem.is_transient and due is not None]
        failures = [failure(entry, address) for address in problems if address not in waiting]
        if failures:
            self.relay.reports.failed(entry.copy, entry.envelope, entry.message, failures)
        if waiting and due is not None:
            self.relay.wait(entry, waiting, due)
        else:
            self.relay.spool.end(entry)

    def _doom(self, entry: Entry, by: Reactions) -> None:
        """The letter was taken to be bounced: when its time has come, or when it is attempted by hand before."""
        reply, (recipient,) = by.bounce_reply, entry.envelope.recipients
        assert reply is not None
        if by.bounce_after and not entry.due:
            entry.attempts, entry.warn_at, entry.standings = 0, None, {}
            self.relay.put_off(entry, self.around.clock.now() + by.bounce_after, "it will bounce")
        else:
            failed = Failure(recipient, status_of(reply), str(reply), reply)
            self.relay.reports.failed(entry.copy, entry.envelope, entry.message, [failed])
