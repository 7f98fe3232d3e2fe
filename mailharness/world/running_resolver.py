"""A resolver of a running world as a test holds it: asked, explained, its cache listed and flushed, from any thread."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from mailharness.clock import Clock, VirtualClock, Work
from mailharness.dns import Answer, Cache, Delegation, Known
from mailharness.errors import MisuseError, UnsettledError
from mailharness.net.resolver import HostResolver
from mailharness.world.running_host import Endpoint

T = TypeVar("T")

Call = Callable[[str, Coroutine[Any, Any, Any]], Any]
"""Runs a blocking verb, named for the error message, on the world's loop."""
Run = Callable[[Callable[[], T]], T]
"""Calls a function on the world's loop."""


class RunningCache:
    """What one resolver remembers. Reading it asks nobody and keeps nothing alive; expired entries are not shown."""

    def __init__(self, cache: Cache, run: Run[Any]) -> None:
        self._cache = cache
        self._run = run

    def entries(self) -> list[Known]:
        """All answers and "no"s that still hold, their TTLs counted down, by name."""
        entries: list[Known] = self._run(self._cache.entries)
        return entries

    def delegations(self) -> list[Delegation]:
        """The name servers of zones that still hold, by zone."""
        delegations: list[Delegation] = self._run(self._cache.delegations)
        return delegations

    def flush(self, name: str | None = None) -> None:
        """Forget everything, or what is known of ``name`` and all names below it."""
        self._run(lambda: self._cache.flush(name))

    def __len__(self) -> int:
        return len(self.entries()) + len(self.delegations())

    def __str__(self) -> str:
        """A line for each thing that is remembered, with the seconds that it holds still."""
        return str(self._run(self._cache.__str__))


class RunningResolver:
    """One recursive resolver with a cache of its own: the world's, or that of a domain's hosts."""

    def __init__(
        self, resolver: HostResolver, door: Endpoint | None, work: Work, clock: Clock, call: Call, run: Run[Any]
    ) -> None:
        self._resolver = resolver
        self._door = door
        self._work = work
        self._call = call
        self._clock = clock
        self.cache = RunningCache(resolver.cache, run)

    @property
    def endpoint(self) -> Endpoint:
        """Where anyone may ask it, over UDP and TCP. Raises MisuseError for one that serves its own hosts only."""
        if self._door is None:
            raise MisuseError(f"the resolver of {self._resolver.host} serves nobody else: ask world.resolver.endpoint")
        return self._door

    def lookup(self, name: str, rrtype: str = "A", *, patience: float = 0) -> Answer:
        """The answer: its ``rcode``, ``data`` and whether it was ``cached``.

        A name server that is silent costs the world's time: up to ``patience`` seconds of it may pass meanwhile on a
        virtual clock. Raises MisuseError for what is no name, UnsettledError where that is not enough.
        """
        return self._ask("lookup(...)", name, rrtype, patience)

    def _ask(self, verb: str, name: str, rrtype: str, patience: float) -> Answer:
        answer: Answer = self._call(verb, self._look_up(name, rrtype.upper(), patience))
        return answer

    async def _look_up(self, name: str, rrtype: str, patience: float) -> Answer:
        looking = asyncio.ensure_future(self._resolver.resolve(name, rrtype))
        if isinstance(self._clock, VirtualClock):
            await self._let_time_pass(looking, self._clock, patience)
            if not looking.done():
                raise UnsettledError(
                    f"the look-up of {rrtype} {name} waits for a name server that is silent, on the world's time: give it "
                    "patience=20 (seconds), or world.clock.advance(minutes=1) and ask again"
                )
        return await looking

    async def _let_time_pass(self, looking: "asyncio.Future[Answer]", clock: VirtualClock, patience: float) -> None:
        """Advance from timer to timer while nothing else can bring the answer."""
        end = clock.now() + patience
        while not await self._is_done_at_rest(looking):
            due = clock.next_due()
            if due is None or due > end:
                return
            await clock.advance(due - clock.now())

    async def _is_done_at_rest(self, looking: "asyncio.Future[Answer]") -> bool:
        """Wait until the world is at rest or the look-up, which has just been made or woken, is done; whether it is."""
        settled = asyncio.ensure_future(self._settled())
        await asyncio.wait((looking, settled), return_when=asyncio.FIRST_COMPLETED)
        settled.cancel()
        return looking.done()

    async def _settled(self) -> None:
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(begun.set_result, None)
        await begun
        await self._work.settled()

    def explain(self, name: str, rrtype: str = "A", *, patience: float = 0) -> str:
        """The walk as text: what the cache knew, who was asked and what came back, how long it holds, and the outcome.

        ``patience`` and what is raised are as for ``lookup``.
        """
        answer = self._ask("explain(...)", name, rrtype, patience)
        lines = [f"{rrtype} {name}: {answer.rcode}{' (from the cache)' if answer.cached else ''}"]
        lines += [f"  {line}" for line in answer.walk]
        lines += [f"  {record}" for record in answer.records]
        return "\n".join([*lines, f"  {answer.problem}"] if answer.problem else lines)
