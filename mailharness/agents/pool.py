"""Kept connections: one host's sessions to its destinations, each used again while it is good.

A kept connection is idle and holds no work. Letters of any domain that lead to the same destination share it. It ends
when nobody has used it for a while of the world's clock; all are given up when a fault is armed or disarmed, so that a
fault meets a new connection as a user expects.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace

from mailharness.agents.ports import Line, Surroundings
from mailharness.agents.routing import Destination
from mailharness.clock import Timer, Token
from mailharness.mail import NO_COPY, Address, Copy, Envelope, Message, Reply
from mailharness.queue import SendingLimits
from mailharness.smtp import Outcome, SenderSession, TlsPolicy
from mailharness.smtp.conduct import Conduct
from mailharness.smtp.fitting import NO_REQUIRETLS, NOT_VERIFIED
from mailharness.trace.events import Said

_TRANSACTION_TIMEOUT = 1800.0
"""Seconds of the world's clock for one whole transaction: the sum of RFC 5321 §4.5.3.2's, rounded up."""
_OVERDUE = "no answer in time"
IDLE = 60.0
"""Seconds of the world's clock that a connection is kept without a letter: it takes up room at the other end."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What came of offering a letter to one destination: a reply for each recipient, or a problem for all."""

    replies: dict[Address, Reply] = field(default_factory=dict)
    final: Reply | None = None
    problem: str = ""
    session: int = 0
    verified: bool = False
    """Over TLS, with a server whose certificate was checked."""
    copy_there: int = 0
    reply_lost: bool = False
    """The letter may have been taken, and nobody knows."""
    turned_away: bool = False
    """The host is not fit for a letter that requires TLS, and the next one may be (RFC 8689 §4.2.1)."""
    refused_here: bool = False
    """The final reply is of our own making: the host was not asked for any recipient."""
    unasked: tuple[Address, ...] = ()
    """The recipients whose reply is of our own making."""
    relayed_without_dsn: tuple[Address, ...] = ()
    """Those taken by a host that will not report success, which their sender asked for (RFC 3461 §5.2.2)."""

    def reply_for(self, recipient: Address) -> Reply:
        """The reply that decides this recipient; 4.4.1 or 4.4.2 where the connection failed first (RFC 3463 §3.5)."""
        reply = self.replies.get(recipient)
        if reply is None and self.problem:
            return Reply(451, self.problem, "4.4.2" if self.session else "4.4.1")
        return reply or self.final or Reply(451, "No answer", "4.4.2")

    def said_by(self, recipient: Address, destination: Destination) -> str:
        """The host that gave the reply, "" where it is of our own making."""
        return "" if self.refused_here or recipient in self.unasked else destination.host


@dataclass(slots=True, eq=False)
class _Kept:
    line: Line
    sender: SenderSession
    policy: TlsPolicy
    verified: bool = False
    letters: int = 0
    idle_since: float = 0.0
    given_up: str = ""
    """Why this host ended the session itself, "" where it did not."""

    async def quit(self) -> None:
        await self.sender.quit()
        self.line.close()

    def abort(self) -> None:
        self.sender.abort()
        self.line.close()


class Pool:
    """The connections that the host called ``host`` has open."""

    def __init__(self, host: str, around: Surroundings, limits: SendingLimits) -> None:
        self._host = host
        self._around = around
        self._limits = limits
        self._in_use: dict[asyncio.Task[None] | None, _Kept] = {}
        self._idle: defaultdict[tuple[Destination, TlsPolicy], list[_Kept]] = defaultdict(list)
        self._generation = 0
        self._sweep: Timer | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        around.on_faults_changed(self.give_up_idle)

    async def offer(
        self, destination: Destination, envelope: Envelope, message: Message, copy: Copy, token: Token
    ) -> Offered:
        """Carry the letter to ``destination`` over a kept connection, or a new one where none is good."""
        policy = TlsPolicy.VERIFIED if envelope.require_tls else TlsPolicy.OPPORTUNISTIC
        idle = self._idle[destination, policy]
        while idle:
            kept = idle.pop()
            if kept.sender.usable:
                offered = await self._transact(destination, kept, envelope, message, copy, token)
                if offered.replies or offered.reply_lost or kept.given_up:
                    return offered
            kept.abort()
        try:
            opened = await self._open(destination, policy, copy, token)
        except OSError as error:
            return Offered(problem=str(error) or type(error).__name__)
        if isinstance(opened, Offered):
            return opened
        return await self._transact(destination, opened, envelope, message, copy, token)

    async def _open(
        self, destination: Destination, policy: TlsPolicy, copy: Copy, token: Token, *, in_clear: bool = False
    ) -> _Kept | Offered:
        """A session that is ready for a transaction, or why there is none. Falls back to clear text (RFC 7435 §3)."""
        line = await self._around.dialer.dial(self._host, destination.host, destination.address, copy, token)
        line.carry(copy, token)
        around = self._around
        conduct = Conduct(around.announce, around.clock, self._host, line) if around.hears(Said) else None
        sender = SenderSession(line.sock, helo=self._host, server_name=destination.host, conduct=conduct)
        kept = _Kept(line, sender, policy)
        timer = self._watch(kept, token)
        try:
            tls = self._around.verified_tls if policy is TlsPolicy.VERIFIED else self._around.client_tls
            opening = await kept.sender.open(tls=None if in_clear else tls(), policy=policy, login=destination.login)
        except BaseException:
            kept.abort()
            raise
        finally:
            timer.cancel()
        if opening.ok:
            kept.verified = opening.verified
            return kept
        session = line.session
        kept.abort()
        if opening.insisted and not kept.given_up:
            unsafe = policy is TlsPolicy.VERIFIED and not opening.secured
            reply = replace(NOT_VERIFIED, text=f"REQUIRETLS: {opening.problem}") if unsafe else opening.reply
            return Offered(final=reply, session=session, turned_away=unsafe, refused_here=True)
        if opening.tls_problem and not in_clear:
            return await self._open(destination, policy, copy, token, in_clear=True)
        return Offered(final=opening.reply, problem=kept.given_up or opening.problem, session=session)

    async def _transact(
        self, destination: Destination, kept: _Kept, envelope: Envelope, message: Message, copy: Copy, token: Token
    ) -> Offered:
        generation = self._generation
        kept.line.carry(copy, token)
        kept.letters += 1
        task = asyncio.current_task()
        self._in_use[task] = kept
        timer = self._watch(kept, token)
        try:
            outcome = await kept.sender.send(envelope, message)
            offered = _offered(outcome, kept)
            # A connection on which a transaction was left unfinished would be in flight for as long as it is kept.
            clean = outcome.reply is not None and outcome.reply.is_positive and kept.sender.usable
            idle, limits = self._idle[destination, kept.policy], self._limits
            fresh = generation == self._generation and kept.letters != limits.letters
            if clean and fresh and len(idle) < limits.connections:
                self._keep(idle, kept)
            else:
                await kept.quit()
        finally:
            timer.cancel()
            kept.line.release()
            del self._in_use[task]
        return offered

    def _keep(self, idle: list[_Kept], kept: _Kept) -> None:
        kept.idle_since = self._around.clock.now()
        idle.append(kept)
        if self._sweep is None:
            self._sweep = self._around.clock.call_later(IDLE, self._end_idle)

    def _end_idle(self) -> None:
        """Say QUIT on the connections that nobody has used for so long, and look again when the next one is due."""
        clock, self._sweep = self._around.clock, None
        for idle in self._idle.values():
            due = [kept for kept in idle if kept.idle_since + IDLE <= clock.now()]
            idle[:] = [kept for kept in idle if kept not in due]
            for kept in due:
                task = asyncio.get_running_loop().create_task(self._leave(kept))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)
        left = [kept.idle_since for idle in self._idle.values() for kept in idle]
        if left:
            self._sweep = clock.call_at(min(left) + IDLE, self._end_idle)

    async def _leave(self, kept: _Kept) -> None:
        with self._around.work.take(f"QUIT of {self._host} to {kept.line.to}") as token:
            kept.line.carry(NO_COPY, token)
            timer = self._watch(kept, token)
            try:
                await kept.quit()
            finally:
                timer.cancel()
                kept.line.release()

    def _watch(self, kept: _Kept, token: Token) -> Timer:
        """Give the session up when the world's clock says that it has taken too long."""

        def give_up() -> None:
            kept.given_up = _OVERDUE
            token.resume()
            kept.abort()

        return self._around.clock.call_later(_TRANSACTION_TIMEOUT, give_up)

    def interrupt(self, task: "asyncio.Task[None]", why: str) -> bool:
        """Cut the transaction that ``task`` waits for, so that it learns what became of it; False where there is none."""
        kept = self._in_use.get(task)
        if kept is not None:
            kept.given_up = why
            kept.abort()
        return kept is not None

    def give_up_idle(self) -> None:
        """Drop every idle connection, and keep none that is in use now."""
        self._generation += 1
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for kepts in self._idle.values():
            for kept in kepts:
                kept.abort()
        self._idle.clear()


def _offered(outcome: Outcome, kept: _Kept) -> Offered:
    return Offered(
        replies=dict(outcome.recipients),
        final=outcome.reply,
        problem=kept.given_up or outcome.problem,
        session=kept.line.session,
        verified=kept.verified,
        copy_there=kept.line.copy_there,
        reply_lost=outcome.reply_lost,
        turned_away=outcome.reply is NO_REQUIRETLS,
        unasked=outcome.unasked,
        relayed_without_dsn=outcome.relayed_without_dsn,
    )
