"""Recursion for anyone who asks (RFC 1034 §4.3.1): a world's resolver as a name server sees it.

What the cache knows is answered at once, by a finished packet where one was made before; what it does not know waits
for the resolver, so many at a time, so that a burst of strange names does not flood the servers that know them.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mailharness.clock import Clock, Work
from mailharness.dns import About, Asked, Response, Sent, write_response
from mailharness.net.resolver import HostResolver

AT_A_TIME = 128
"""Look-ups that run together; the others stand in line."""
IN_LINE = 10_000
"""Questions that may stand in line; who comes after them is told SERVFAIL."""
_REMEMBERED = 20_000
Then = Callable[[Response, bool], None]
"""Takes what is to be said, and whether it was cached."""


class _Finished(NamedTuple):
    """A packet without its ID, good until a TTL in it counts down."""

    tail: bytes
    about: About
    until: float


class Recursion:
    """What one resolver says to those who ask it."""

    def __init__(self, resolver: HostResolver, clock: Clock, work: Work) -> None:
        self._resolver = resolver
        self._clock = clock
        self._work = work
        self._line: deque[tuple[Asked, Then]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._starting = 0

    @property
    def host(self) -> str:
        return self._resolver.host

    # -- from memory ----

    def remembered(self, packet: bytes, *, tcp: bool) -> Sent | None:
        """The answer that was finished for the same question, if it is still right to the second."""
        found: object = self._resolver.cache.memo.get((tcp, packet[2:]))
        if isinstance(found, _Finished) and found.until > self._clock.now():
            return Sent(packet[:2] + found.tail, found.about)
        return None

    def _recall(self, asked: Asked) -> tuple[Response | None, bool]:
        """What can be said without asking anybody, None where somebody must be asked; and whether the cache knew it."""
        if asked.refusal:
            return Response(asked.question, asked.refusal, ra=True), False
        answer = self._resolver.recall(*asked.question)
        if answer is not None:
            return answer.response, True
        return None if asked.rd else Response(asked.question, "REFUSED", ra=True), False

    def finish(self, packet: bytes, asked: Asked, *, tcp: bool) -> tuple[Sent | None, bool]:
        """The answer to ``packet`` without asking anybody, kept for whoever asks the same in the same words; None where
        somebody must be asked. And whether the cache knew it."""
        memo = self._resolver.cache.memo  # what is flushed meanwhile, from another thread, has a memo no more
        response, cached = self._recall(asked)
        if response is None:
            return None, False
        sent = written(asked, response, tcp=tcp)
        until = self._until(response)
        if len(memo) >= _REMEMBERED:
            memo.clear()
        if until is not None:
            memo[tcp, packet[2:]] = _Finished(sent.wire[2:], sent.about, until)
        return sent, cached

    def _until(self, response: Response) -> float | None:
        """When the first TTL of the answer counts down; None for what is not in the cache."""
        cache, now = self._resolver.cache, self._clock.now()
        owners = {(record.name, record.rrtype) for record in response.answer}
        if response.authority:
            last = response.answer[-1].target if response.answer else response.question.name
            owners.add((last, response.question.rrtype))
        entries = [cache.get(name, rrtype) for name, rrtype in owners]
        left = [entry.expires - now for entry in entries if entry is not None]
        if not left or len(left) < len(entries):
            return None
        return now + min(seconds - (math.ceil(seconds) - 1) for seconds in left)

    # -- by asking ----

    def answer(self, asked: Asked, then: Then) -> None:
        """Call ``then`` with what is to be said, and whether it was cached: now, or when it has been looked up."""
        response, cached = self._recall(asked)
        if response is not None:
            then(response, cached)
        elif len(self._line) >= IN_LINE:
            then(Response(asked.question, "SERVFAIL", ra=True), False)
        else:
            self._line.append((asked, then))
            self._next()

    def _next(self) -> None:
        while self._line and (len(self._running) < AT_A_TIME or self._all_stalled):
            self._starting += 1
            task = asyncio.get_running_loop().create_task(self._look_up(*self._line.popleft()))
            self._running.add(task)
            task.add_done_callback(self._ended)

    @property
    def _all_stalled(self) -> bool:
        """All that run wait for the clock: those behind them need not."""
        return not self._starting and self._work.idle

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            self._next()

    async def _look_up(self, asked: Asked, then: Then) -> None:
        self._starting -= 1  # from here on it holds its own work
        answer = await self._resolver.resolve(*asked.question)
        then(answer.response, answer.cached)


def written(asked: Asked, response: Response, *, tcp: bool) -> Sent:
    """The truth as it goes to the asker."""
    about = About(*asked.question, response.rcode, response.answers, response.referral)
    return Sent(write_response(asked, response, tcp=tcp), about)
