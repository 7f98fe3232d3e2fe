"""The name system as a test holds it: zones to change, resolvers to ask, and the log of what was asked."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mailharness.dns.name import key_of
from mailharness.trace.events import Queried
from mailharness.world.atlas import RESOLVER
from mailharness.world.internet import Internet
from mailharness.world.running_host import RunningHost
from mailharness.world.running_quarantine import RunningQuarantine
from mailharness.world.running_queue import RunningQueue
from mailharness.world.running_resolver import Call, RunningResolver
from mailharness.world.running_zone import RunningZone

T = TypeVar("T")


class NameSystem:
    """The names of one world. ``before`` settles it ahead of a read; ``run`` calls a function on its loop."""

    def __init__(self, internet: Internet, before: Callable[[], None], call: Call, run: Callable[..., Any]) -> None:
        self._internet = internet
        self._journal = internet.switchboard.journal
        self._before = before
        self._call = call
        self._run = run

    def zone(self, origin: str) -> RunningZone:
        """The zone at ``origin`` ("acme.test", "tst", "." for the root). Raises MisuseError naming those there are."""
        return RunningZone(self._run(self._internet.names.zone, origin), self._run)

    def resolver(self, host: str = RESOLVER) -> RunningResolver:
        """The resolver on ``host``; the world's own, which anyone may ask, if none is named."""
        internet = self._internet
        resolver = self._run(internet.names.resolver, host)
        door = internet.atlas.hosts[RESOLVER].nameserver if host == RESOLVER else None
        return RunningResolver(resolver, door, internet.work, internet.clock, self._call, self._run)

    def look(self, function: Callable[[], T]) -> T:
        """What ``function`` returns when it is called on the world's loop, the world being settled."""
        self._before()
        result: T = self._run(function)
        return result

    def queue(self, name: str, hosts: Sequence[RunningHost]) -> RunningQueue:
        """What waits on those hosts, called ``name`` together."""
        return RunningQueue(name, hosts, self._internet.work, self._journal, self._before, self._call, self._run)

    def quarantine(self, name: str, hosts: Sequence[RunningHost]) -> RunningQuarantine:
        """What the gateways among those hosts keep, called ``name`` together."""
        return RunningQuarantine(name, hosts, self._internet.work, self._journal, self.look, self._call)

    def queries(
        self,
        *,
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - the field's word
        by: str | None = None,
        at: str | None = None,
    ) -> list[Queried]:
        """All queries in order: for one ``name``, of one ``type``, ``by`` one host, ``at`` one server (their ``host``)."""
        self._before()
        return [
            query
            for query in self._journal.of_kind(Queried)
            if (name is None or key_of(query.name) == key_of(name))
            and (type is None or query.rrtype == type.upper())
            and (by is None or query.by.lower() == by.lower())
            and (at is None or query.host.lower() == at.lower())
        ]
