"""Time is an argument, and rest is counted.

Everything a world decides by time (queue, TTL, dates in headers) asks one ``Clock``. A ``VirtualClock`` stands still
until it is told to advance, and then goes from due timer to due timer, letting the world settle at each. A ``WallClock``
runs with the machine's clock plus an offset that ``advance`` moves. ``Work`` is the ledger of what is in flight: who
will cause an effect holds a token until the effect is in place, so a world is settled when no token is held. Nothing
is ever guessed with a sleep.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from mailharness.errors import MisuseError


class Token:
    """One piece of work in flight; give it back exactly when its effect is in place (giving back twice is harmless).

    Work that waits for the clock, as a session stalled by a fault does, is *suspended* meanwhile: the world is at rest
    until time moves, and whoever moves it resumes the token before anything else happens.
    """

    __slots__ = ("_work", "on_suspend", "what")

    def __init__(self, work: "Work", what: str) -> None:
        self._work: Work | None = work
        self.what = what
        self.on_suspend: Callable[[], None] | None = None
        """Called when the work begins to wait for the clock, for those that stand in line behind it."""

    def give_back(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work._release(self)

    def suspend(self) -> None:
        if self._work is not None:
            if self.on_suspend is not None:
                self.on_suspend()
            self._work._release(self)

    def resume(self) -> None:
        if self._work is not None:
            self._work._hold(self)

    def __enter__(self) -> "Token":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.give_back()


class Work:
    """The ledger of what is in flight in one world. Touched by the world's loop thread only, but for ``held``."""

    def __init__(self) -> None:
        self._held: set[Token] = set()
        self._waiters: list[asyncio.Future[None]] = []

    def take(self, what: str) -> Token:
        """A token for ``what`` ("relay to mx1.b.test", shown if the world never comes to rest)."""
        token = Token(self, what)
        self._held.add(token)
        return token

    def _hold(self, token: Token) -> None:
        self._held.add(token)

    def _release(self, token: Token) -> None:
        self._held.discard(token)
        if not self._held and self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    @property
    def idle(self) -> bool:
        return not self._held

    @property
    def held(self) -> tuple[str, ...]:
        """What is in flight now, in words."""
        return tuple(sorted(token.what for token in tuple(self._held)))

    async def settled(self) -> None:
        """Return when no token is held. Unbounded: the caller sets the watchdog."""
        while self._held:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter


class Timer:
    """A call that is due at a moment of the world's clock."""

    __slots__ = ("_clock", "callback", "order", "when")

    def __init__(self, when: float, order: int, callback: Callable[[], object], clock: "_TimedClock") -> None:
        self.when = when
        self.order = order
        self.callback: Callable[[], object] | None = callback
        self._clock = clock

    def cancel(self) -> None:
        if self.callback is not None:
            self.callback = None
            self._clock._cancelled()

    def __lt__(self, other: "Timer") -> bool:
        return (self.when, self.order) < (other.when, other.order)


class Clock(Protocol):
    """What everything above may ask of time. Seconds since the epoch (UTC), as floats."""

    def now(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer: ...

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer: ...

    async def sleep(self, delay: float) -> None: ...

    async def advance(self, seconds: float) -> None: ...

    def forget(self) -> None: ...


class _TimedClock:
    """Timers in due order, shared by both clocks; they differ in what ``now`` is and how it moves."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._timers: list[Timer] = []
        self._dead = 0
        self._order = itertools.count()

    def now(self) -> float:
        raise NotImplementedError

    def _move_to(self, when: float) -> None:
        raise NotImplementedError

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        """Call ``callback`` when the clock reaches ``when``; equal moments in the order they were asked for."""
        timer = Timer(when, next(self._order), callback, self)
        heapq.heappush(self._timers, timer)
        return timer

    def _cancelled(self) -> None:
        # A still clock never pops what it cancelled: sweep when the dead outnumber the living.
        self._dead += 1
        if self._dead > 64 and self._dead * 2 > len(self._timers):
            self._timers = [timer for timer in self._timers if timer.callback is not None]
            heapq.heapify(self._timers)
            self._dead = 0

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        return self.call_at(self.now() + delay, callback)

    async def sleep(self, delay: float) -> None:
        """Wait on this clock. Holds no work: a stalled session is at rest until time moves."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not future.done():  # the sleeper may have been cancelled in this very turn
                future.set_result(None)

        timer = self.call_later(delay, wake)
        try:
            await future
        finally:
            timer.cancel()

    def forget(self) -> None:
        """Forget every timer: nobody waits for this clock any more."""
        self._timers.clear()
        self._dead = 0

    def next_due(self) -> float | None:
        """The moment of the earliest timer, or None."""
        while self._timers and self._timers[0].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0].when if self._timers else None

    def _fire_next(self) -> None:
        timer = heapq.heappop(self._timers)
        callback, timer.callback = timer.callback, None
        if callback is not None:
            callback()
            # A sleeper wakes one turn of the loop later; until then its wake-up is work.
            wake = self.work.take("a timer's wake-up")
            asyncio.get_running_loop().call_soon(wake.give_back)

    async def advance(self, seconds: float) -> None:
        """Move time forward from due timer to due timer, settling before the first and after each.

        Raises MisuseError for a negative or non-finite number of seconds.
        """
        if not 0 <= seconds < float("inf"):
            raise MisuseError(f"advance({seconds}): time moves forward, by a finite number of seconds")
        await self.work.settled()
        target = self.now() + seconds
        while (due := self.next_due()) is not None and due <= target:
            self._move_to(due)
            self._fire_next()
            await self.work.settled()
        self._move_to(target)


class VirtualClock(_TimedClock):
    """Stands still at ``start`` (seconds since the epoch; the wall's whole second unless given) until advanced."""

    def __init__(self, work: Work, start: float | None = None) -> None:
        super().__init__(work)
        self._now = float(int(time.time())) if start is None else float(start)

    def now(self) -> float:
        return self._now

    def _move_to(self, when: float) -> None:
        self._now = max(self._now, when)


class WallClock(_TimedClock):
    """The machine's clock plus an offset; ``advance`` moves the offset. Timers ride on the running loop."""

    def __init__(self, work: Work, start: float | None = None) -> None:
        super().__init__(work)
        self._offset = 0.0 if start is None else start - time.time()
        self._wake: asyncio.TimerHandle | None = None

    def now(self) -> float:
        return time.time() + self._offset

    def _move_to(self, when: float) -> None:
        self._offset += max(0.0, when - self.now())
        self._arm()

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        timer = super().call_at(when, callback)
        self._arm()
        return timer

    def forget(self) -> None:
        super().forget()
        self._arm()

    def _arm(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        due = self.next_due()
        if due is not None:
            self._wake = asyncio.get_running_loop().call_later(max(0.0, due - self.now()), self._fire_due)

    def _fire_due(self) -> None:
        while (due := self.next_due()) is not None and due <= self.now():
            self._fire_next()
        self._arm()


monotonic = time.perf_counter
"""Real seconds from an arbitrary start, for measuring how long a thing took; never for deciding anything."""


def real_now() -> float:
    """The machine's own clock, in seconds since the epoch: for OpenSSL, which asks no other."""
    return time.time()
