"""The name system as a test holds it: a resolver to ask, and the log of what was asked."""

from collections.abc import Callable, Coroutine
from typing import Any

from mailharness.dns import Answer, Cache
from mailharness.trace import Journal
from mailharness.trace.events import Queried
from mailharness.world.atlas import RESOLVER
from mailharness.world.host import Endpoint
from mailharness.world.internet import Internet


class WorldResolver:
    """The recursive resolver that a program under test is given; anyone may ask it over UDP and TCP."""

    def __init__(self, internet: Internet, call: Callable[[str, Coroutine[Any, Any, Answer]], Answer]) -> None:
        self._internet = internet
        self._call = call

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens, UDP and TCP."""
        return self._internet.atlas.hosts[RESOLVER].nameserver

    @property
    def cache(self) -> Cache:
        return self._internet.names.resolver(RESOLVER).cache

    def lookup(self, name: str, rrtype: str = "A") -> Answer:
        """The answer: its ``rcode``, ``data`` and whether it was ``cached``. Raises MisuseError for what is no name."""
        resolver = self._internet.names.resolver(RESOLVER)
        return self._call("lookup(...)", resolver.resolve(name, rrtype))

    def explain(self, name: str, rrtype: str = "A") -> str:
        """The walk as text: what the cache knew, who was asked and what came back, how long it holds, and the outcome.

        Name servers that are silent cost the world's time, as they would cost yours: a virtual clock moves on.
        """
        resolver = self._internet.names.resolver(RESOLVER)
        answer = self._call("explain(...)", resolver.resolve_to_the_end(name, rrtype))
        lines = [f"{rrtype} {name}: {answer.rcode}{' (from the cache)' if answer.cached else ''}"]
        lines += [f"  {line}" for line in answer.walk]
        lines += [f"  {record}" for record in answer.records]
        return "\n".join([*lines, f"  {answer.problem}"] if answer.problem else lines)


class NameLog:
    """Every query that a name server of the world was asked."""

    def __init__(self, journal: Journal, before: Callable[[], None]) -> None:
        self._journal = journal
        self._before = before

    def queries(self, *, name: str | None = None, type: str | None = None, by: str | None = None) -> list[Queried]:  # noqa: A002
        """Queries in order, for one ``name``, of one ``type``, ``by`` one host; ``host`` is the server that was asked."""
        self._before()
        return [
            query
            for query in self._journal.of_kind(Queried)
            if (name is None or query.name.lower().rstrip(".") == name.lower().rstrip("."))
            and (type is None or query.rrtype == type.upper())
            and (by is None or query.by.lower() == by.lower())
        ]
