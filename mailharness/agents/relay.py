"""The relaying half of a host: every letter it must pass on, attempt by attempt, until it is relayed or given up.

A letter is split by the domains of its recipients; each part is an entry of the queue. An attempt finds the route, tries
its destinations in order, and leaves behind it the recipients that got no answer for good. Those wait on the world's
clock for the next attempt; what was refused for good, or has waited too long, is reported to the sender.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mailharness.agents.lane import Lane
from mailharness.agents.pool import Offered, Pool
from mailharness.agents.ports import Surroundings
from mailharness.agents.reporting import Originate, Reporter
from mailharness.agents.routing import Destination, Router
from mailharness.clock import Token
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.mail.address import ascii_form
from mailharness.mail.dsn import Failure
from mailharness.queue import Entry, Schedule, Spool
from mailharness.trace.events import Attempted, Queued, Relayed

_UNREACHABLE = Reply(451, "No mail host could be reached", "4.4.1")


class _Answer(NamedTuple):
    """The last reply to one recipient, and the host that gave it ("": none did)."""

    reply: Reply
    host: str = ""


@dataclass(slots=True)
class _Attempt:
    """One attempt under way: the recipients that are still without an answer for good, and the answers so far."""

    entry: Entry
    pending: list[Address]
    answers: dict[Address, "_Answer"] = field(default_factory=dict)

    def note(self, recipients: Sequence[Address], reply: Reply) -> None:
        """A reply of our own making."""
        for recipient in recipients:
            self.answers[recipient] = _Answer(reply)

    def refused(self) -> list[Address]:
        return [address for address in self.entry.envelope.recipients if self.answer(address).reply.is_permanent]

    def deferred(self) -> list[Address]:
        return [address for address in self.entry.envelope.recipients if self.answer(address).reply.is_transient]

    def answer(self, address: Address) -> "_Answer":
        return self.answers.get(address, _Answer(_UNREACHABLE))


class Relay:
    """Passes letters on for the host called ``host``; ``originate`` sends the reports of those it gave up."""

    def __init__(self, host: str, around: Surroundings, router: Router, schedule: Schedule, originate: Originate) -> None:
        self.host = host
        self.spool = Spool(around.clock, self._start)
        self.pool = Pool(host, around)
        self._around = around
        self._router = router
        self._schedule = schedule
        self.reports = Reporter(host, around, originate)
        self._lanes: dict[str, Lane] = {}

    def take(self, copy: Copy, envelope: Envelope, message: Message) -> None:
        """Take on ``envelope``'s recipients: one entry a domain, attempted at once."""
        by_domain: dict[str, list[Address]] = {}
        for recipient in envelope.recipients:
            by_domain.setdefault(ascii_form(recipient.domain).lower(), []).append(recipient)
        now = self._around.clock.now()
        for recipients in by_domain.values():
            part = envelope.for_recipients(recipients)
            self._start(Entry(copy, part, message, recipients[0].domain, now))

    def _start(self, entry: Entry) -> None:
        token = self._around.work.take(f"relay of {entry.copy} to {entry.domain} by {self.host}")
        key = ascii_form(entry.domain).lower()
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane()
        lane.enter(token, lambda: self._run(entry, token))

    async def _run(self, entry: Entry, token: Token) -> None:
        with token:
            entry.attempts += 1
            attempt = _Attempt(entry, list(entry.envelope.recipients))
            try:
                await self._attempt(attempt, token)
            except Exception as error:  # noqa: BLE001 - a bug of ours: it is told, and the letter is kept
                asyncio.get_running_loop().call_exception_handler({"message": "an attempt failed", "exception": error})
                attempt.note(attempt.pending, Reply(451, f"Local error: {type(error).__name__}: {error}", "4.3.0"))
            self._conclude(attempt)

    async def _attempt(self, attempt: _Attempt, token: Token) -> None:
        route = await self._router.route(attempt.entry.domain, attempt.entry.copy, token)
        if route.failure is not None:
            attempt.note(attempt.pending, route.failure)
            self._announce_attempt(attempt, to=attempt.entry.domain, reply=None, problem=str(route.failure))
            return
        for destination in route.destinations:
            await self._try(attempt, destination, token)
            if not attempt.pending:
                return

    async def _try(self, attempt: _Attempt, destination: Destination, token: Token) -> None:
        """Offer the pending recipients to one destination; a permanent answer or a 250 ends it for a recipient."""
        entry = attempt.entry
        envelope = entry.envelope.for_recipients(attempt.pending)
        outcome = await self.pool.offer(destination, envelope, entry.message, entry.copy, token)
        self._announce_attempt(
            attempt,
            to=destination.host,
            address=destination.address,
            session=outcome.session,
            reply=outcome.final,
            problem=outcome.problem,
        )
        for recipient in envelope.recipients:
            attempt.answers[recipient] = _Answer(outcome.reply_for(recipient), outcome.said_by(recipient, destination))
        self._announce_relayed(attempt, destination.host, outcome)
        attempt.pending = [
            address for address in attempt.pending if outcome.turned_away or attempt.answers[address].reply.is_transient
        ]

    def _announce_attempt(
        self, attempt: _Attempt, *, to: str, reply: Reply | None, problem: str, address: str = "", session: int = 0
    ) -> None:
        entry = attempt.entry
        self._around.announce(
            Attempted(
                host=self.host,
                of=entry.copy,
                recipients=tuple(attempt.pending),
                to=to,
                address=address,
                session=session,
                attempt=entry.attempts,
                reply=reply,
                problem=problem,
            )
        )

    def _announce_relayed(self, attempt: _Attempt, to: str, outcome: Offered) -> None:
        """Who is the next host's responsibility now; where its reply was lost, who may be."""
        served = [address for address in attempt.pending if attempt.answers[address].reply.is_positive]
        if outcome.reply_lost:
            served = [address for address in attempt.pending if address not in outcome.replies]
        if served:
            self._around.announce(
                Relayed(
                    host=self.host,
                    of=attempt.entry.copy,
                    session=outcome.session,
                    recipients=tuple(served),
                    to=to,
                    reply=attempt.answers[served[0]].reply,
                    copy_there=outcome.copy_there,
                    reply_lost=outcome.reply_lost,
                )
            )

    def _conclude(self, attempt: _Attempt) -> None:
        """Report what was refused, keep what was deferred, or give it up when it has waited too long."""
        entry = attempt.entry
        refused, deferred = attempt.refused(), attempt.deferred()
        due = self._schedule.next_attempt(entry.attempts, entry.queued_at, self._around.clock.now())
        if deferred and due is None:
            refused, deferred = refused + deferred, []
        if refused:
            self._give_up(attempt, refused)
        if deferred and due is not None:
            self._keep(attempt, deferred, due)

    def _keep(self, attempt: _Attempt, recipients: list[Address], due: float) -> None:
        queue(self.host, self._around, self.spool, attempt.entry, recipients, attempt.answer(recipients[0]).reply, due)

    def _give_up(self, attempt: _Attempt, recipients: list[Address]) -> None:
        failures = [self._failure(attempt, recipient) for recipient in recipients]
        entry = attempt.entry
        self.reports.failed(entry.copy, entry.envelope, entry.message, failures)

    def _failure(self, attempt: _Attempt, recipient: Address) -> Failure:
        reply, host = attempt.answer(recipient)
        status = reply.status or f"{reply.code // 100}.0.0"
        where = f"{host} said: " if host else ""
        return Failure(recipient, status, f"{where}{reply}", reply, host)

    def close(self) -> None:
        self.pool.give_up_idle()


def queue(
    host: str, around: Surroundings, spool: Spool, entry: Entry, recipients: Sequence[Address], reply: Reply, due: float
) -> None:
    """Keep the letter for those ``recipients`` until ``due``, because of ``reply``."""
    entry.keep(tuple(recipients))
    around.announce(
        Queued(
            host=host,
            of=entry.copy,
            recipients=entry.envelope.recipients,
            due=due,
            attempts=entry.attempts,
            reason=reply.text,
            reply=reply,
        )
    )
    spool.wait(entry, due)
