"""A resolver of a running world as a test holds it: asked, explained, its cache listed and flushed, from any thread."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from mailharness.clock import Work
from mailharness.dns import Answer, Cache, Delegation, Known
from mailharness.errors import MisuseError, UnsettledError
from mailharness.net.resolver import HostResolver
from mailharness.world.host import Endpoint

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
    """One recursive resolver with a cache of its own: the world's, or that of a domain's hosts.

    ``keeps_time`` says that the world's clock goes on by itself.
    """

    def __init__(
        self, resolver: HostResolver, door: Endpoint | None, work: Work, call: Call, run: Run[Any], *, keeps_time: bool
    ) -> None:
        self._resolver = resolver
        self._door = door
        self._work = work
        self._call = call
        self._keeps_time = keeps_time
        self.cache = RunningCache(resolver.cache, run)

    @property
    def endpoint(self) -> Endpoint:
        """Where anyone may ask it, over UDP and TCP. Raises MisuseError for one that serves its own hosts only."""
        if self._door is None:
            raise MisuseError(f"the resolver of {self._resolver.host} serves nobody else: ask world.resolver.endpoint")
        return self._door

    def lookup(self, name: str, rrtype: str = "A") -> Answer:
        """The answer: its ``rcode``, ``data`` and whether it was ``cached``.

        Raises MisuseError for what is no name, and UnsettledError where a name server is silent and only
        ``world.clock.advance()`` would bring the time-out.
        """
        answer: Answer = self._call("lookup(...)", self._look_up(name, rrtype.upper()))
        return answer

    async def _look_up(self, name: str, rrtype: str) -> Answer:
        looking = asyncio.ensure_future(self._resolver.resolve(name, rrtype))
        if self._keeps_time:
            return await looking
        settled = asyncio.ensure_future(self._settled())
        await asyncio.wait((looking, settled), return_when=asyncio.FIRST_COMPLETED)
        settled.cancel()
        if looking.done():
            return looking.result()
        raise UnsettledError(
            f"the look-up of {rrtype} {name} waits for a name server that is silent, on the world's time: let it pass by "
            "world.clock.advance(minutes=1), and ask again"
        )

    async def _settled(self) -> None:
        """Return when the world is at rest, the look-up that was made just now having begun."""
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(begun.set_result, None)
        await begun
        await self._work.settled()

    def explain(self, name: str, rrtype: str = "A") -> str:
        """The walk as text: what the cache knew, who was asked and what came back, how long it holds, and the outcome.

        Raises as ``lookup`` does.
        """
        answer = self.lookup(name, rrtype)
        lines = [f"{rrtype} {name}: {answer.rcode}{' (from the cache)' if answer.cached else ''}"]
        lines += [f"  {line}" for line in answer.walk]
        lines += [f"  {record}" for record in answer.records]
        return "\n".join([*lines, f"  {answer.problem}"] if answer.problem else lines)
