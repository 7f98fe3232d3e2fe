"""The gateway: a host between the MX and the MTA that judges every letter before it takes it.

It refuses in the session, so that the sender's own MTA tells the sender; it tags by adding a header field; it
quarantines by taking the letter and keeping it. A filter that a user wrote runs away from the loop; one that overruns
or raises defers the letter, which nobody loses.
"""

from typing import NamedTuple

from mailharness.agents.filters import Arrival, Filter, FilterError, Judgement, Quarantine, Refuse, filter_name, judge
from mailharness.agents.mda import Mda
from mailharness.agents.ports import Surroundings
from mailharness.agents.reception import HostReception
from mailharness.agents.relay import DEFAULT_LIMITS
from mailharness.agents.routing import Router
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.queue import Schedule, SendingLimits
from mailharness.smtp import Decision, SmtpSession, Transaction
from mailharness.trace.events import Discarded, Filtered, Quarantined, Refused, Released

_LONG = 100_000
"""Octets from which on reading a letter would hold up the loop."""
_DELETED = "deleted from quarantine"


class Detained(NamedTuple):
    """A letter in quarantine: which ``filter`` held it, and for what ``reason``."""

    copy: Copy
    envelope: Envelope
    message: Message
    filter: str
    reason: str


class GatewayReception(HostReception):
    """What a gateway host answers, and what it does with a letter it takes."""

    def __init__(
        self,
        host: str,
        around: Surroundings,
        mda: Mda,
        router: Router,
        schedule: Schedule,
        filters: tuple[Filter, ...],
        limits: SendingLimits = DEFAULT_LIMITS,
    ) -> None:
        super().__init__(host, around, mda.store, router, schedule, limits)
        self._mda = mda
        self._filters = filters
        self.quarantine: list[Detained] = []
        """What is held: accepted, not passed on."""

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Decision:
        if (ruling := self.ruling(session, transaction, address)) is not None:
            return ruling
        if not self.store.holds(address):
            return self.relaying_denied(f"{self.host} takes mail for {self.store.domain} only")
        return self._mda.check(address, transaction.size, transaction.sender)

    async def accept(self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy) -> Reply:
        """Judge, then take: 550 or 451 without responsibility, or 250 with it (RFC 5321 §4.2.5)."""
        too_many = self.loop_guard(message)
        if too_many is not None:
            return too_many
        arrival = Arrival(envelope, message, helo=session.helo, peer=session.peer_address[0])
        try:
            judgement = await self._judge(arrival)
        except FilterError as error:
            return self._defer(copy, session, error.filter, error.problem)
        except TimeoutError as error:
            return self._defer(copy, session, self._of_users, str(error).removeprefix(self._work).strip())
        self._announce_findings(judgement, copy, session)
        if isinstance(judgement.verdict, Refuse):
            self._announce_refused(copy, session, judgement.verdict.reply, judgement.decider)
            return judgement.verdict.reply
        if self.around.storage is None:
            return self._take(session, envelope, message, copy, judgement)
        return await self.stored(copy, self.around.storage, lambda: self._take(session, envelope, message, copy, judgement))

    async def _judge(self, arrival: Arrival) -> Judgement:
        """In the workshop if any filter is a user's own or the letter is long; ours come to an end, in time."""
        if len(arrival.message) < _LONG and all(is_ours(each) for each in self._filters):
            return judge(self._filters, arrival)
        return await self.around.workshop.run(self._work, lambda: judge(self._filters, arrival))

    @property
    def _of_users(self) -> str:
        """The names of the filters that users wrote."""
        return ", ".join(filter_name(each) for each in self._filters if not is_ours(each))

    @property
    def _work(self) -> str:
        return f"filter {self._of_users} of gateway {self.host}"

    def _defer(self, copy: Copy, session: SmtpSession, name: str, problem: str) -> Reply:
        reply = Reply(451, "The filter did not finish, try again later", "4.7.1")
        self.around.announce(
            Filtered(host=self.host, session=session.number, of=copy, filter=name, verdict="defer", reason=problem)
        )
        self._announce_refused(copy, session, reply, name)
        return reply

    def _announce_findings(self, judgement: Judgement, copy: Copy, session: SmtpSession) -> None:
        for finding in judgement.findings:
            self.around.announce(
                Filtered(
                    host=self.host,
                    session=session.number,
                    of=copy,
                    filter=finding.filter,
                    verdict=finding.verdict,
                    reason=finding.reason,
                )
            )

    def _announce_refused(self, copy: Copy, session: SmtpSession, reply: Reply, by: str) -> None:
        self.around.announce(Refused(host=self.host, session=session.number, of=copy, recipient=None, reply=reply, by=by))

    def _take(self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy, judgement: Judgement) -> Reply:
        message = judgement.tagged(message)
        message = self.received(session, envelope, message, copy)
        self.announce_accepted(session, envelope, message, copy)
        if isinstance(judgement.verdict, Quarantine):
            self.quarantine.append(Detained(copy, envelope, message, judgement.decider, judgement.verdict.reason))
            self.around.announce(
                Quarantined(
                    host=self.host,
                    of=copy,
                    recipients=envelope.recipients,
                    filter=judgement.decider,
                    reason=judgement.verdict.reason,
                )
            )
        else:
            self.relay.take(copy, envelope, message)
        return self.taken(copy)

    def release(self, held: Detained) -> None:
        """Let it go on to where it was going."""
        self.quarantine.remove(held)
        self.around.announce(Released(host=self.host, of=held.copy, recipients=held.envelope.recipients))
        self.relay.take(held.copy, held.envelope, held.message)

    def discard(self, held: Detained) -> None:
        """Throw it away; nobody is told."""
        self.quarantine.remove(held)
        for recipient in held.envelope.recipients:
            self.around.announce(Discarded(host=self.host, of=held.copy, recipient=recipient, rule=_DELETED))


def is_ours(given: Filter) -> bool:
    """Whether a filter is one of this library's, and not a function that a user wrote."""
    return type(given).__module__.startswith("mailharness.")
