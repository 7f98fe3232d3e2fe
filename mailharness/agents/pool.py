"""Kept connections: one host's sessions to its destinations, each used again while it is good.

A kept connection is idle and holds no work. All are given up when a fault is armed or disarmed, so that a fault meets
a new connection as a user expects.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from mailharness.agents.ports import Line, Surroundings
from mailharness.agents.routing import Destination
from mailharness.clock import Timer, Token
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.smtp import Outcome, SenderSession
from mailharness.smtp.conduct import Conduct
from mailharness.trace.events import Said

_TRANSACTION_TIMEOUT = 1800.0
"""Seconds of the world's clock for one whole transaction: the sum of RFC 5321 §4.5.3.2's, rounded up."""
_OVERDUE = "no answer in time"
_KEEP = 20
"""Idle connections kept for one destination."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What came of offering a letter to one destination: a reply for each recipient, or a problem for all."""

    replies: dict[Address, Reply] = field(default_factory=dict)
    final: Reply | None = None
    problem: str = ""
    session: int = 0
    copy_there: int = 0
    turned_away: bool = False
    """The host took no session at all: what it says is about itself, and the next host may think otherwise."""
    reply_lost: bool = False
    """The letter may have been taken, and nobody knows."""

    def reply_for(self, recipient: Address) -> Reply:
        """The reply that decides this recipient; 4.4.1 or 4.4.2 where the connection failed first (RFC 3463 §3.5)."""
        reply = self.replies.get(recipient)
        if reply is None and self.problem:
            return Reply(451, self.problem, "4.4.2" if self.session else "4.4.1")
        return reply or self.final or Reply(451, "No answer", "4.4.2")


@dataclass(slots=True, eq=False)
class _Kept:
    line: Line
    sender: SenderSession
    overdue: bool = False

    async def quit(self) -> None:
        await self.sender.quit()
        self.line.close()

    def abort(self) -> None:
        self.sender.abort()
        self.line.close()


class Pool:
    """The connections that the host called ``host`` has open."""

    def __init__(self, host: str, around: Surroundings) -> None:
        self._host = host
        self._around = around
        self._idle: defaultdict[Destination, list[_Kept]] = defaultdict(list)
        self._generation = 0
        around.on_faults_changed(self.give_up_idle)

    async def offer(
        self, destination: Destination, envelope: Envelope, message: Message, copy: Copy, token: Token
    ) -> Offered:
        """Carry the letter to ``destination`` over a kept connection, or a new one where none is good."""
        idle = self._idle[destination]
        while idle:
            kept = idle.pop()
            if kept.sender.usable:
                offered = await self._transact(destination, kept, envelope, message, copy, token)
                if offered.replies or offered.reply_lost:
                    return offered
            kept.abort()
        try:
            opened = await self._open(destination, copy, token)
        except OSError as error:
            return Offered(problem=str(error) or type(error).__name__)
        if isinstance(opened, Offered):
            return opened
        return await self._transact(destination, opened, envelope, message, copy, token)

    async def _open(self, destination: Destination, copy: Copy, token: Token, *, in_clear: bool = False) -> _Kept | Offered:
        """A session that is ready for a transaction, or why there is none. Falls back to clear text (RFC 7435 §3)."""
        line = await self._around.dialer.dial(self._host, destination.host, destination.address, copy, token)
        line.carry(copy, token)
        around = self._around
        conduct = Conduct(around.announce, around.clock, self._host, line) if around.hears(Said) else None
        kept = _Kept(line, SenderSession(line.sock, helo=self._host, server_name=destination.host, conduct=conduct))
        timer = self._watch(kept, token)
        try:
            opening = await kept.sender.open(tls=None if in_clear else self._around.client_tls())
        finally:
            timer.cancel()
        if opening.ok:
            return kept
        session = line.session
        kept.abort()
        if opening.tls_problem and not in_clear:
            return await self._open(destination, copy, token, in_clear=True)
        problem = _OVERDUE if kept.overdue else opening.problem
        return Offered(final=opening.reply, problem=problem, session=session, turned_away=True)

    async def _transact(
        self, destination: Destination, kept: _Kept, envelope: Envelope, message: Message, copy: Copy, token: Token
    ) -> Offered:
        generation = self._generation
        kept.line.carry(copy, token)
        timer = self._watch(kept, token)
        try:
            outcome = await kept.sender.send(envelope, message)
            offered = _offered(outcome, kept)
            # A connection on which a transaction was left unfinished would be in flight for as long as it is kept.
            clean = outcome.reply is not None and outcome.reply.is_positive and kept.sender.usable
            idle = self._idle[destination]
            if clean and generation == self._generation and len(idle) < _KEEP:
                idle.append(kept)
            else:
                await kept.quit()
        finally:
            timer.cancel()
            kept.line.release()
        return offered

    def _watch(self, kept: _Kept, token: Token) -> Timer:
        """Give the session up when the world's clock says that it has taken too long."""

        def give_up() -> None:
            kept.overdue = True
            token.resume()
            kept.abort()

        return self._around.clock.call_later(_TRANSACTION_TIMEOUT, give_up)

    def give_up_idle(self) -> None:
        """Drop every idle connection, and keep none that is in use now."""
        self._generation += 1
        for kepts in self._idle.values():
            for kept in kepts:
                kept.abort()
        self._idle.clear()


def _offered(outcome: Outcome, kept: _Kept) -> Offered:
    return Offered(
        replies=dict(outcome.recipients),
        final=outcome.reply,
        problem=_OVERDUE if kept.overdue else outcome.problem,
        session=kept.line.session,
        copy_there=kept.line.copy_there,
        reply_lost=outcome.reply_lost,
    )
