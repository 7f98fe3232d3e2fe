"""Replays of look-ups, a line a step: time passes, answers change, and it is said what a resolver must make of it.

A story begins with ``-- its name --``. The stage is set with a root, the zone ``tst`` beneath it, and ``b.tst`` and
``c.tst`` beneath that, each with a name server (``ns.root``, ``ns.tst``, ``ns.b.tst``, ``ns.c.tst``) that answers by real
packets. All names are absolute, all TTLs of the stage are 3600 seconds, "no" holds for 60.

    zone d.tst at ns.d.tst 127.1.0.5        one more zone, delegated by the zone above it, with glue
    has b.tst: w.b.tst A 300 127.9.0.1      from now on that is the RRset in that zone (several data after commas)
    hasnt b.tst: w.b.tst A                  and from now on there is none
    ns.b.tst is silent                      or off, refusing, failing, deaf to EDNS, late by 2, well
    ns.b.tst adds additional w.c.tst A 300 127.6.6.6     to every response; "adds rcode NXDOMAIN", "adds no authority"
    ask w.b.tst A -> 127.9.0.1              or NXDOMAIN, nothing, or SERVFAIL and words of the problem
    asked ns.root ns.tst ns.b.tst           the servers of the look-up before; "nobody" where the cache knew
    took 1.5                                seconds of the world's time that it took
    ttl 299                                 of the last record of the answer, or of the SOA
    pass 300                                seconds go by
    flush b.tst                             the cache forgets; without a name all
    knows w.b.tst A: 127.9.0.1 (300 s left) a line of the cache's listing
    walk has CNAME w.c.tst                  words of the walk
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mailharness.clock import VirtualClock, Work
from mailharness.dns import (
    Answer,
    Authority,
    Cache,
    Query,
    Question,
    Record,
    Resolution,
    Response,
    Zone,
    apex,
    delegation,
    make_query,
    parse_response,
    respond,
)

TTL = 3600


@dataclass
class Server:
    """One name server: what it knows, how it is, and what it adds to the truth."""

    authority: Authority
    state: str = "well"
    additions: list[tuple[str, Record]] = field(default_factory=list)
    rcode: str = ""
    lame: bool = False

    def respond(self, query: Query) -> Response:
        asked = Question(query.name, query.rrtype)
        failure = {"refusing": "REFUSED", "failing": "SERVFAIL", "deaf to EDNS": query.edns and "FORMERR"}.get(self.state)
        if failure:
            return Response(asked, failure)
        packet = make_query(query.name, query.rrtype, edns=1232 if query.edns else None)
        truth = parse_response(respond(self.authority, packet, tcp=query.tcp).wire)
        added = {name: (*getattr(truth, name), *self._added(name)) for name in ("answer", "authority", "additional")}
        return replace(truth, rcode=self.rcode or truth.rcode, aa=truth.aa and not self.lame, **added)

    def _added(self, section: str) -> list[Record]:
        return [record for where, record in self.additions if where == section]


class Replay:
    """A stage, one resolver's cache, and the answer of the last look-up."""

    def __init__(self) -> None:
        self.clock = VirtualClock(Work(), start=1_000_000)
        self.cache = Cache(self.clock)
        self.servers: dict[str, Server] = {}
        self.by_address: dict[str, Server] = {}
        self.zones: dict[str, Zone] = {}
        self.answer: Answer | None = None
        self.took = 0.0
        for origin, name, number in (
            (".", "ns.root", 1),
            ("tst", "ns.tst", 2),
            ("b.tst", "ns.b.tst", 3),
            ("c.tst", "ns.c.tst", 4),
        ):
            self._zone(origin, name, f"127.1.0.{number}")

    def play(self, line: str) -> None:
        """Do, or check, what one line says; raises AssertionError where it is not so."""
        for pattern, act in STEPS.items():
            found = re.fullmatch(pattern, line)
            if found:
                act(self, *found.groups(""))
                return
        raise ValueError(f"no step of a replay: {line!r}")

    # -- the stage ----

    def _zone(self, origin: str, name: str, address: str) -> None:
        server = self.servers.get(name)
        if server is None:
            server = self.servers[name] = Server(Authority(name))
        self.by_address[address] = server
        own = [Record(name, "A", TTL, address)] if name.endswith(origin) or origin == "." else []
        records = [*apex(origin, [name], ttl=TTL, negative_ttl=60), *own]
        above = [zone for zone in self.zones if origin != "." and (zone == "." or origin.endswith(f".{zone}"))]
        if above:
            self.zones[max(above, key=len)].add(*delegation(origin, {name: address if own else ""}, ttl=TTL))
        zone = self.zones[origin] = Zone(origin, records)
        server.authority.add(zone)

    def _has(self, zone: str, name: str, rrtype: str, ttl: str, data: str) -> None:
        self.zones[zone].replace(name, rrtype, [Record(name, rrtype, int(ttl), one) for one in data.split(", ")])

    def _hasnt(self, zone: str, name: str, rrtype: str) -> None:
        self.zones[zone].replace(name, rrtype, [])

    def _is(self, name: str, state: str) -> None:
        self.servers[name].state = state

    def _adds(self, name: str, what: str, rest: str) -> None:
        server = self.servers[name]
        if what == "rcode":
            server.rcode = rest
        elif what == "no":
            server.lame = True
        else:
            owner, rrtype, ttl, data = rest.split(" ", 3)
            server.additions.append((what, Record(owner, rrtype, int(ttl), data)))

    # -- what happens ----

    def _ask(self, name: str, rrtype: str, expected: str) -> None:
        before = self.clock.now()
        resolution = Resolution(name, rrtype, self.cache, [("ns.root", "127.1.0.1")])
        while isinstance(step := resolution.next_query(), Query):
            self._carry(resolution, step)
        self.answer, self.took = step, self.clock.now() - before
        rcode, _, words = expected.partition(" ")
        if rcode in ("NXDOMAIN", "SERVFAIL"):
            assert step.rcode == rcode, step
            assert words in step.problem
        else:
            assert (step.rcode, ", ".join(step.data) or "nothing") == ("NOERROR", expected), step

    def _carry(self, resolution: Resolution, query: Query) -> None:
        server = self.by_address.get(query.address)
        if server is None or server.state == "off":
            resolution.on_failure("unreachable")
            return
        late = float(server.state.removeprefix("late by ")) if server.state.startswith("late by ") else 0.0
        if server.state == "silent" or late >= query.patience:
            self._pass(query.patience)
            resolution.on_timeout()
            return
        self._pass(late)
        if not resolution.on_response(server.respond(query)):
            self._pass(query.patience - late)
            resolution.on_timeout()

    def _pass(self, seconds: float | str) -> None:
        asyncio.run(self.clock.advance(float(seconds)))

    def _flush(self, name: str) -> None:
        self.cache.flush(name.strip() or None)

    # -- what must be so ----

    @property
    def last(self) -> Answer:
        assert self.answer is not None, "nothing has been asked yet"
        return self.answer

    def _asked(self, servers: str) -> None:
        assert " ".join(step.server for step in self.last.steps) == servers.replace("nobody", "")

    def _took(self, seconds: str) -> None:
        assert round(self.took, 3) == float(seconds)

    def _ttl(self, seconds: str) -> None:
        assert (self.last.records or self.last.authority)[-1].ttl == int(seconds)

    def _knows(self, line: str) -> None:
        assert line in str(self.cache).splitlines(), str(self.cache)

    def _walked(self, words: str) -> None:
        assert words in "\n".join(self.last.walk), "\n".join(self.last.walk)


STEPS: dict[str, Callable[..., None]] = {
    r"zone (\S+) at (\S+) (\S+)": Replay._zone,
    r"has (\S+): (\S+) (\S+) (\d+) (.+)": Replay._has,
    r"hasnt (\S+): (\S+) (\S+)": Replay._hasnt,
    r"(\S+) is (silent|off|refusing|failing|deaf to EDNS|late by [\d.]+|well)": Replay._is,
    r"(\S+) adds (answer|authority|additional|rcode|no) (.+)": Replay._adds,
    r"ask (\S+) (\S+) -> (.+)": Replay._ask,
    r"asked (.+)": Replay._asked,
    r"took ([\d.]+)": Replay._took,
    r"ttl (\d+)": Replay._ttl,
    r"pass ([\d.]+)": Replay._pass,
    r"flush( \S+)?": Replay._flush,
    r"knows (.+)": Replay._knows,
    r"walk has (.+)": Replay._walked,
}


def stories(text: str) -> dict[str, list[str]]:
    """The steps of each story by its name; empty lines and what follows a ``#`` are nothing."""
    found: dict[str, list[str]] = {}
    steps: list[str] = []
    for line in text.splitlines():
        plain = line.partition("#")[0].strip()
        title = re.fullmatch(r"-- (.+) --", plain)
        if title:
            steps = found.setdefault(title[1], [])
        elif plain:
            steps.append(plain)
    return found
