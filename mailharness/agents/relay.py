"""The relaying half of a host: every letter it must pass on, attempt by attempt, until it is relayed or given up.

A letter is split by next hop: the domain of a recipient, or the host that a route names for it. Each part is an entry of
the queue, and stays one also where two domains turn out to have the same MX. An attempt finds the way, tries its
destinations in order, and leaves behind it the recipients that got no answer for good. Those wait on the world's clock for
the next attempt; what was refused for good, or has waited too long, is reported to the sender.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mailharness.agents.lane import Lane
from mailharness.agents.pool import Offered, Pool
from mailharness.agents.ports import Surroundings
from mailharness.agents.reporting import Originate, Reporter
from mailharness.agents.routing import Destination, Router
from mailharness.clock import Token
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.mail.dsn import Failure
from mailharness.queue import Entry, Schedule, SendingLimits, Spool, Standing
from mailharness.trace.events import Attempted, Queued, Relayed

_UNREACHABLE = Reply(451, "No mail host could be reached", "4.4.1")
DEFAULT_LIMITS = SendingLimits()


@dataclass(slots=True)
class _Attempt:
    """One attempt under way: the recipients that are still without an answer for good, and the answers so far."""

    entry: Entry
    pending: list[Address]
    to: str
    """Whom it has come to."""
    answers: dict[Address, Standing] = field(default_factory=dict)

    def note(self, reply: Reply) -> None:
        """A reply of our own making to all that are pending."""
        self.answers.update(dict.fromkeys(self.pending, Standing(reply)))

    def refused(self) -> list[Address]:
        return [address for address in self.entry.envelope.recipients if self.reply(address).is_permanent]

    def deferred(self) -> list[Address]:
        return [address for address in self.entry.envelope.recipients if self.reply(address).is_transient]

    def reply(self, address: Address) -> Reply:
        answer = self.answers.get(address)
        return (answer and answer.reply) or _UNREACHABLE

    def too_many(self) -> bool:
        """Whether the destination would have some of the pending recipients in another transaction."""
        return any(_is_too_many(self.reply(address)) for address in self.pending)


class Relay:
    """Passes letters on for the host called ``host``; ``originate`` sends the reports of those it gave up.

    Its ``spool`` is the host's whole queue: what waits for a mailbox here is in it too.
    """

    def __init__(
        self,
        host: str,
        around: Surroundings,
        router: Router,
        schedule: Schedule,
        originate: Originate,
        limits: SendingLimits = DEFAULT_LIMITS,
    ) -> None:
        self.host = host
        self.spool = _spool(host, around, self._warn)
        self.pool = Pool(host, around, limits)
        self.reports = Reporter(host, around, originate)
        self._around = around
        self._router = router
        self._schedule = schedule
        self._limits = limits
        self._lanes: dict[str, Lane] = {}

    def take(self, copy: Copy, envelope: Envelope, message: Message) -> None:
        """Take on ``envelope``'s recipients: one entry a next hop, attempted at once."""
        by_hop: dict[str, list[Address]] = {}
        for recipient in envelope.recipients:
            by_hop.setdefault(self._router.hop(recipient.domain), []).append(recipient)
        for recipients in by_hop.values():
            self.spool.enter(self.entry(copy, envelope.for_recipients(recipients), message, start=self.start))

    def entry(
        self, copy: Copy, envelope: Envelope, message: Message, *, start: Callable[[Entry], None], local: bool = False
    ) -> Entry:
        """A new entry of the queue, its age counted from now; ``local`` is one for mailboxes here."""
        now = self._around.clock.now()
        domain = envelope.recipients[0].domain
        return Entry(copy, envelope, message, domain, now, start, local, warn_at=self._schedule.warns_at(now))

    def resume(self, entry: Entry, start: Callable[[Entry], None]) -> None:
        """Go on with an entry as it was left: at once where it is due, else when it is."""
        entry.start = start
        due = max(entry.due, self._around.clock.now())
        self._announce_queued(entry, due, "kept in the spool", None)
        self.spool.resume(entry)

    def start(self, entry: Entry) -> None:
        """Attempt ``entry`` as soon as those before it are on their way."""
        token = self._around.work.take(f"relay of {entry.copy} to {entry.domain} by {self.host}")
        key = self._router.hop(entry.domain)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(self._limits.connections)
        lane.enter(token, lambda: self._run(entry, token), partial(self._stand_in_line, entry))

    async def _run(self, entry: Entry, token: Token) -> None:
        if not self.spool.begin(entry):
            return
        if self.spool.off:
            self._keep(entry, self._around.clock.now(), self._switched_off)
            return
        entry.attempts += 1
        attempt = _Attempt(entry, list(entry.envelope.recipients), to=entry.domain)
        try:
            await self._attempt(attempt, token)
        except asyncio.CancelledError:
            if not self.spool.off:
                raise
            self._announce_attempt(attempt, to=attempt.to, reply=None, problem=self._switched_off.text)
            attempt.note(self._switched_off)
        except Exception as error:  # noqa: BLE001 - a bug of ours: it is told, and the letter is kept
            asyncio.get_running_loop().call_exception_handler({"message": "an attempt failed", "exception": error})
            attempt.note(Reply(451, f"Local error: {type(error).__name__}: {error}", "4.3.0"))
        self._conclude(attempt)

    @property
    def _switched_off(self) -> Reply:
        return Reply(451, f"{self.host} was switched off", "4.3.2")

    async def _attempt(self, attempt: _Attempt, token: Token) -> None:
        route = await self._router.route(attempt.entry.domain, attempt.entry.copy, token)
        if route.failure is not None:
            attempt.note(route.failure)
            self._announce_attempt(attempt, to=attempt.entry.domain, reply=None, problem=str(route.failure))
            return
        for destination in route.destinations:
            await self._try(attempt, destination, token)
            if not attempt.pending or self.spool.off:
                return

    async def _try(self, attempt: _Attempt, destination: Destination, token: Token) -> None:
        """Offer the pending recipients to one destination, in as many transactions as it wants (RFC 5321 §4.5.3.1.10)."""
        left = len(attempt.pending) + 1
        while attempt.pending and len(attempt.pending) < left and not self.spool.off:
            left = len(attempt.pending)
            await self._offer(attempt, destination, token)
            if not attempt.too_many():
                return

    async def _offer(self, attempt: _Attempt, destination: Destination, token: Token) -> None:
        """One transaction; a permanent answer or a 250 ends it for a recipient."""
        entry = attempt.entry
        attempt.to = destination.host
        envelope = entry.envelope.for_recipients(attempt.pending)
        outcome = await self.pool.offer(destination, envelope, entry.message, entry.copy, token)
        self._announce_attempt(
            attempt,
            to=destination.host,
            address=destination.address,
            session=outcome.session,
            reply=outcome.final,
            problem=outcome.problem,
            verified=outcome.verified,
        )
        for recipient in envelope.recipients:
            reply = _for_now(outcome.reply_for(recipient))
            attempt.answers[recipient] = Standing(reply, outcome.said_by(recipient, destination))
        self._announce_relayed(attempt, destination.host, outcome)
        attempt.pending = [
            address for address in attempt.pending if outcome.turned_away or attempt.reply(address).is_transient
        ]

    def _announce_attempt(self, attempt: _Attempt, *, to: str, reply: Reply | None, problem: str, **more: Any) -> None:
        entry = attempt.entry
        self._around.announce(
            Attempted(
                host=self.host,
                of=entry.copy,
                recipients=tuple(attempt.pending),
                to=to,
                attempt=entry.attempts,
                reply=reply,
                problem=problem,
                **more,
            )
        )

    def _announce_relayed(self, attempt: _Attempt, to: str, outcome: Offered) -> None:
        """Who is the next host's responsibility now; where its reply was lost, who may be."""
        served = [address for address in attempt.pending if attempt.reply(address).is_positive]
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
                    reply=attempt.reply(served[0]),
                    copy_there=outcome.copy_there,
                    reply_lost=outcome.reply_lost,
                )
            )
        if outcome.relayed_without_dsn:
            entry = attempt.entry
            letter = (entry.copy, entry.envelope, entry.message)
            self.reports.relayed(*letter, outcome.relayed_without_dsn, to=to, reply=outcome.final)

    def _conclude(self, attempt: _Attempt) -> None:
        """Report what was refused, keep what was deferred, or give it up when it has waited too long."""
        entry = attempt.entry
        refused, deferred = attempt.refused(), attempt.deferred()
        entry.standings = {address: attempt.answers.get(address, Standing(_UNREACHABLE)) for address in refused + deferred}
        due = self.next_attempt(entry)
        if deferred and due is None:
            refused, deferred = refused + deferred, []
        if refused:
            self._give_up(entry, refused)
        if deferred and due is not None:
            entry.keep(deferred)
            self._keep(entry, due, attempt.reply(deferred[0]))
        else:
            self.spool.end(entry)

    def next_attempt(self, entry: Entry) -> float | None:
        """When ``entry`` is due again, or None where it has waited too long."""
        rng = None
        if self._schedule.jitter:
            # Drawn for this attempt alone: what else is under way has no say in it.
            rng = random.Random(f"{self._around.salt} {self.host} {entry.copy.copy} {entry.attempts}")
        return self._schedule.next_attempt(entry.attempts, entry.queued_at, self._around.clock.now(), rng)

    def wait(self, entry: Entry, recipients: Sequence[Address], due: float) -> None:
        """Keep ``entry`` until ``due`` for these of its recipients, because of what they were answered."""
        entry.keep(recipients)
        self._keep(entry, due, entry.standing(recipients[0]).reply or _UNREACHABLE)

    def _keep(self, entry: Entry, due: float, reply: Reply) -> None:
        self.put_off(entry, due, reply.text, reply)

    def put_off(self, entry: Entry, due: float, reason: str, reply: Reply | None = None) -> None:
        """Keep ``entry`` as it is until ``due``."""
        self._announce_queued(entry, due, reason, reply)
        self.spool.wait(entry, due)

    def _stand_in_line(self, entry: Entry) -> None:
        """As many connections as may be are open to its next hop, and all of them wait."""
        busy = f"all {self._limits.connections} connections to {entry.domain} are in use"
        self._announce_queued(entry, self._around.clock.now(), busy, None)
        self.spool.stand_in_line(entry)

    def _announce_queued(self, entry: Entry, due: float, reason: str, reply: Reply | None) -> None:
        self._around.announce(
            Queued(
                host=self.host,
                of=entry.copy,
                recipients=entry.envelope.recipients,
                due=due,
                attempts=entry.attempts,
                allowed=self._schedule.attempts,
                reason=reason,
                reply=reply,
            )
        )

    def _give_up(self, entry: Entry, recipients: list[Address]) -> None:
        self.reports.failed(entry.copy, entry.envelope, entry.message, [failure(entry, each) for each in recipients])

    def _warn(self, entry: Entry) -> None:
        """Tell the sender that the letter has to wait, once for each recipient (RFC 3461 §5.2.6)."""
        failures = [failure(entry, recipient) for recipient in entry.envelope.recipients]
        until = self._schedule.ends_at(entry.queued_at)
        self.reports.delayed(entry.copy, entry.envelope, entry.message, failures, until)

    def switch(self, on: bool) -> None:
        """The machine is switched on, or off: then what it has under way is cut, and the letters wait."""
        self.spool.switch(on)
        if not on:
            for lane in self._lanes.values():
                lane.interrupt(self._interrupt)
            self.pool.give_up_idle()

    def _interrupt(self, task: "asyncio.Task[None]") -> None:
        if not self.pool.interrupt(task, self._switched_off.text):
            task.cancel()

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.close()
        self.pool.give_up_idle()


def failure(entry: Entry, recipient: Address) -> Failure:
    """What a report says of ``recipient``, by its last answer."""
    reply, host = entry.standing(recipient)
    if reply is None:
        return Failure(recipient, "4.0.0", "No attempt has been made yet")
    status = reply.status or f"{reply.code // 100}.0.0"
    where = f"{host} said: " if host else ""
    return Failure(recipient, status, f"{where}{reply}", reply, host)


def _is_too_many(reply: Reply) -> bool:
    """Whether a recipient was refused only because there were so many before it (RFC 3463 §3.6)."""
    return reply.code in (452, 552) and (reply.status[2:] == "5.3" or (not reply.status and "many" in reply.text))


def _for_now(reply: Reply) -> Reply:
    """The reply as it is meant: a 552 to one recipient too many is the 452 of old times (RFC 5321 §4.5.3.1.10)."""
    return Reply(452, reply.text, "4.5.3") if reply.code == 552 and _is_too_many(reply) else reply


def _spool(host: str, around: Surroundings, warn: Callable[[Entry], None]) -> Spool:
    """The queue of ``host``, in the world's storage too where there is one."""
    storage = around.storage
    if storage is None:
        return Spool(around.clock, warn)
    return Spool(around.clock, warn, partial(storage.put, host), storage.remove)
