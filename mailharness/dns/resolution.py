"""One recursive look-up as a machine without I/O (RFC 1034 §5.3.3).

Whoever drives it asks ``next_query()``, sends that query, and reports by ``on_response``, ``on_timeout`` or
``on_failure`` until an ``Answer`` comes. The machine starts at the nearest delegation that the cache knows, or at the
root, follows referrals and CNAMEs, looks up name servers that came without an address, and goes to the next server when
one fails.

A server that is silent is asked again when all others have been asked: three rounds, each twice as patient as the last
(RFC 1035 §4.2.1, RFC 1536 §1), 10.5 seconds for a zone with one server; BIND gives a look-up 10 seconds, Unbound doubles
its patience too.
"""

from collections.abc import Callable, MutableSequence, Sequence
from typing import Any, NamedTuple, Protocol

from mailharness.dns.cache import Cache, Delegation, Known, capped
from mailharness.dns.message import Question, Records, Response
from mailharness.dns.name import checked, is_within, key_of, shown
from mailharness.dns.rdata import type_name, type_number
from mailharness.dns.reading import Meaning, Reading, read
from mailharness.dns.walk import Answer, Query, Step
from mailharness.errors import MisuseError

PATIENCE = (1.5, 3.0, 6.0)
"""Seconds of the world's clock that a server has for its answer, in each round."""
MAX_QUERIES = 64
"""Questions of one look-up, those for the addresses of name servers included."""
MAX_TIMEOUTS = 12
MAX_ALIASES = 16
MAX_NESTING = 6
MAX_FRUITLESS = 5
"""Name servers of one zone whose address was looked for in vain; more are not looked for (the NXNS attack)."""


class Shuffler(Protocol):
    """A source of randomness, such as a seeded ``random.Random``."""

    def shuffle(self, x: MutableSequence[Any]) -> None: ...


class _Server(NamedTuple):
    """One that is still to be asked; ``address`` "" where it has to be looked up first."""

    name: str
    address: str
    round: int = 0
    tcp: bool = False


class _Journey:
    """What a look-up shares with those that it needs on the way: the log, and how much it has cost."""

    __slots__ = ("log", "steps", "timeouts")

    def __init__(self) -> None:
        self.log: list[tuple[int, object]] = []
        self.steps: list[Step] = []
        self.timeouts = 0


class Resolution:
    """The look-up of one name and type, with what ``cache`` knows and from ``roots``: (name, IPv4 address) pairs.

    Servers are tried in the order they are given, or in one drawn from ``rng``. Raises MisuseError for a name that is
    none. ``within`` is the look-up that needs this one, for the address of a name server.
    """

    def __init__(
        self,
        name: str,
        rrtype: str,
        cache: Cache,
        roots: Sequence[tuple[str, str]],
        rng: Shuffler | None = None,
        *,
        within: "Resolution | None" = None,
    ) -> None:
        self.question = Question(checked(name), type_name(type_number(rrtype)))
        self._cache, self._roots, self._rng = cache, roots, rng
        self._within = within
        self._depth: int = within._depth + 1 if within else 0
        self._journey: _Journey = within._journey if within else _Journey()
        self._target = self.question.name
        self._chain: Records = ()
        self._zone: str | None = None
        self._servers: list[_Server] = []
        self._asking: _Server | None = None
        self._failures: dict[str, str] = {}
        self._fruitless = 0
        self._query: Query | None = None
        self._nested: Resolution | None = None
        self._answer: Answer | None = None

    # -- the verbs ----

    def next_query(self) -> Query | Answer:
        """The query to send now (the same one until its outcome is reported), or the end."""
        while self._answer is None:
            query = self._advance()
            if query is not None:
                return query
        return self._answer

    def on_response(self, response: Response) -> bool:
        """What the server that was asked last has answered. False, and nothing has happened, for the answer to another
        question: it is not for us, and the right one may come yet (RFC 5452 §9.1)."""
        if self._nested is not None:
            return self._nested.on_response(response)
        open_query = self._open_query()
        asked = Question(open_query.name, open_query.rrtype)
        if response.question.key != asked.key:
            return False
        query, server = self._take_query()
        self._cache.note_answer(query.address)
        reading = read(response, asked, self._zone or ".", self._is_given_away)
        _CONSEQUENCES[reading.meaning](self, query, server, reading)
        return True

    def on_timeout(self) -> None:
        """The server that was asked last was silent for as long as the query's ``patience``."""
        if self._nested is not None:
            return self._nested.on_timeout()
        query, server = self._take_query()
        self._journey.timeouts += 1
        self._cache.note_silence(query.address)
        self._note(query, f"timed out after {query.patience:g} s")
        tries = server.round + 1
        self._failures[_label(server)] = f"timed out after {sum(PATIENCE[:tries]):g} s ({tries} tries)"
        if tries < len(PATIENCE):
            self._servers.append(server._replace(round=tries))
        return None

    def on_failure(self, reason: str) -> None:
        """The server that was asked last cannot be reached: ``reason`` such as "unreachable" or "connection reset"."""
        if self._nested is not None:
            return self._nested.on_failure(reason)
        query, server = self._take_query()
        self._fail_at(query, server, reason)
        return None

    def _open_query(self) -> Query:
        if self._query is None:
            raise MisuseError("no query is open: ask next_query() first, and report its outcome once")
        return self._query

    def _take_query(self) -> tuple[Query, _Server]:
        query, server = self._open_query(), self._asking
        assert server is not None
        self._query = None
        return query, server

    # -- going on ----

    def _advance(self) -> Query | None:
        if self._query is not None:
            return self._query
        if self._nested is not None:
            return self._advance_nested(self._nested)
        if self._zone is None:
            self._start()
        elif not self._servers:
            failures = (f"{label}: {reason}" for label, reason in self._failures.items())
            self._fail(f"no server of {self._zone.removesuffix('.')}. answered: {'; '.join(failures)}")
        else:
            self._query = self._ask(self._servers.pop(0))
        return self._query

    def _start(self) -> None:
        """From what the cache knows of the name, or of a zone above it (RFC 1034 §5.3.3 steps 1 and 2)."""
        rrtype = self.question.rrtype
        known = self._cache.get(self._target, rrtype)
        if known is not None:
            self._use(known)
            return
        alias = self._cache.get(self._target, "CNAME")
        problem = self._cache.failure(self._target, rrtype)
        if alias is not None and not alias.negative and rrtype != "ANY":
            self._journey.log.append((self._depth, alias))
            self._follow(alias.records)
        elif problem:
            self._fail(f"{problem} (a moment ago)")
        else:
            self._set_out()

    def _set_out(self) -> None:
        """To the servers of the nearest zone that is known; a DS is asked of the zone above (RFC 4035 §4.2)."""
        below = key_of(self._target)
        found = self._cache.delegation(below.partition(".")[2] if self.question.rrtype == "DS" else below)
        start = "from the root" if found is None else f"from {found.zone}, known for {self._cache.left(found)} s more"
        self._say(f"{self.question.rrtype} {self._target}: not in the cache; {start}")
        self._go_to(found or Delegation(".", tuple(self._roots)))

    def _use(self, known: Known) -> None:
        self._journey.log.append((self._depth, known))
        records, authority = ((), known.records) if known.negative else (known.records, ())
        self._finish(known.rcode, records, authority)

    def _go_to(self, delegation: Delegation) -> None:
        """Those with an address first, they cost no look-up of their own; those that were silent lately last."""
        servers = list(dict.fromkeys(self._located(delegation)))
        if self._rng is not None:
            self._rng.shuffle(servers)
        silent = self._cache.is_silent
        self._servers = sorted(servers, key=lambda server: 2 if silent(server.address) else not server.address)
        self._zone, self._failures, self._fruitless = delegation.zone, {}, 0

    def _located(self, delegation: Delegation) -> list[_Server]:
        """The servers at the addresses that their own zones gave them, if known, else at those of the glue."""
        return [
            _Server(server, address)
            for server, glue in delegation.servers
            for address in self._cache.addresses(server) or (glue,)
        ]

    def _ask(self, server: _Server) -> Query | None:
        journey = self._journey
        if len(journey.steps) >= MAX_QUERIES:
            self._fail(f"gave up after {MAX_QUERIES} queries, at {self._zone}")
        elif journey.timeouts >= MAX_TIMEOUTS:
            self._fail(f"gave up after {MAX_TIMEOUTS} time-outs, at {self._zone}")
        elif server.address:
            self._asking = server
            edns = not self._cache.is_plain(server.address)
            name, rrtype = self._target, self.question.rrtype
            return Query(shown(server.name), server.address, name, rrtype, edns, server.tcp, PATIENCE[server.round])
        else:
            self._locate(server.name)
        return None

    # -- name servers without an address ----

    def _locate(self, server: str) -> None:
        """Begin to look the address of a name server up, unless that would lead round or on without end."""
        if self._is_needed_for((key_of(server), "A")) or self._depth >= MAX_NESTING:
            self._failures[server] = "its address cannot be learned without asking it"
        elif self._fruitless >= MAX_FRUITLESS:
            self._failures["and more"] = f"not looked up, after {MAX_FRUITLESS} servers without an address"
        else:
            self._say(f"the address of {shown(server)} has to be looked up:")
            self._nested = Resolution(server, "A", self._cache, self._roots, self._rng, within=self)

    def _is_needed_for(self, key: tuple[str, str]) -> bool:
        """Whether that question is this look-up's own, or one that waits for it."""
        return key == self.question.key or (self._within is not None and self._within._is_needed_for(key))

    def _advance_nested(self, nested: "Resolution") -> Query | None:
        outcome = nested.next_query()
        if isinstance(outcome, Query):
            return outcome
        self._nested = None
        server = nested.question.name
        self._servers[:0] = [_Server(server, address) for address in outcome.data]
        if not outcome.data:
            self._fruitless += 1
            self._failures[server] = f"no address ({outcome.problem or outcome.rcode})"
        return None

    # -- what a response leads to ----

    def _is_given_away(self, key: str) -> bool:
        """Whether the name is known to lie in a zone below the one whose server was asked."""
        nearest, zone = self._cache.delegation(key), key_of(self._zone or ".")
        return nearest is not None and key_of(nearest.zone) != zone and is_within(key_of(nearest.zone), zone)

    def _take_answer(self, query: Query, server: _Server, reading: Reading) -> None:  # noqa: ARG002 - one signature for all
        chain = self._remembered(reading.chain)
        whole = query.rrtype != "ANY"  # any records need not be all of them (RFC 8482 §4.1)
        records = self._cache.put(reading.records) if whole else tuple(map(capped, reading.records))
        self._note(query, reading.outcome, f"{min(record.ttl for record in (*chain, *records))} s")
        self._chain += chain
        self._finish("NOERROR", records)

    def _take_no(self, query: Query, server: _Server, reading: Reading) -> None:  # noqa: ARG002
        self._chain += self._remembered(reading.chain)
        if self._chain:
            self._target = shown(self._chain[-1].target)
        soa, detail = reading.extra, "not remembered: no SOA"  # RFC 2308 §5
        if soa:
            soa = self._cache.put_negative(self._target, query.rrtype, reading.rcode, soa[0])
            detail = f"{soa[0].ttl} s"
        self._note(query, reading.outcome, detail)
        self._finish(reading.rcode, (), soa)

    def _take_alias(self, query: Query, server: _Server, reading: Reading) -> None:  # noqa: ARG002
        chain = self._remembered(reading.chain)
        self._note(query, reading.outcome, f"{min(record.ttl for record in chain)} s")
        self._follow(chain)

    def _take_referral(self, query: Query, server: _Server, reading: Reading) -> None:  # noqa: ARG002
        delegation = self._cache.put_delegation(reading.records, reading.extra)
        self._note(query, reading.outcome, f"{delegation}; {self._cache.left(delegation)} s")
        self._go_to(delegation)

    def _take_truncated(self, query: Query, server: _Server, reading: Reading) -> None:
        """The whole answer is to be had over TCP, from the same server (RFC 7766 §5)."""
        if query.tcp:
            self._fail_at(query, server, reading.outcome)
        else:
            self._note(query, reading.outcome)
            self._servers.insert(0, server._replace(tcp=True))

    def _take_no_edns(self, query: Query, server: _Server, reading: Reading) -> None:
        """A server that does not know EDNS is asked again without (RFC 6891 §6.2.2)."""
        if not query.edns:
            self._fail_at(query, server, reading.outcome)
        else:
            self._note(query, reading.outcome)
            self._cache.note_plain(query.address)
            self._servers.insert(0, server)

    def _take_failure(self, query: Query, server: _Server, reading: Reading) -> None:
        self._fail_at(query, server, reading.outcome)

    def _remembered(self, chain: Records) -> Records:
        return tuple(kept for record in chain for kept in self._cache.put([record]))

    def _follow(self, chain: Records) -> None:
        """Start again at the end of the CNAMEs (RFC 1034 §5.3.3 step 4c)."""
        self._chain += chain
        self._target = shown(chain[-1].target)
        self._zone = None
        if key_of(self._target) in {record.key for record in self._chain} or len(self._chain) > MAX_ALIASES:
            way = " -> ".join([*(record.name for record in self._chain), self._target])
            self._fail(f"the aliases lead nowhere: {way}")

    # -- what is told, and the end ----

    def _say(self, words: str) -> None:
        self._journey.log.append((self._depth, words))

    def _note(self, query: Query, outcome: str, detail: str = "") -> None:
        how = " and ".join(filter(None, ("over TCP" if query.tcp else "", "" if query.edns else "without EDNS")))
        step = Step(query.server, query.address, outcome, query.name, query.rrtype, detail, how)
        self._journey.steps.append(step)
        self._journey.log.append((self._depth, step))

    def _fail_at(self, query: Query, server: _Server, reason: str) -> None:
        self._note(query, reason)
        self._failures[_label(server)] = reason

    def _finish(self, rcode: str, records: Records, authority: Records = (), problem: str = "") -> None:
        steps, log = tuple(self._journey.steps), tuple(self._journey.log)
        self._answer = Answer(self.question, rcode, (*self._chain, *records), authority, not steps, steps, problem, log)

    def _fail(self, problem: str) -> None:
        self._chain = ()
        if self._within is not None:
            self._say(f"{self.question.rrtype} {self.question.name}: SERVFAIL, {problem}")
        elif self._journey.timeouts:
            # What failed at once is asked afresh: that costs nobody any time, and a server that is up again is found.
            self._cache.put_failure(*self.question, problem)
        self._finish("SERVFAIL", (), problem=problem)


def _label(server: _Server) -> str:
    return f"{shown(server.name)} at {server.address}"


_CONSEQUENCES: dict[Meaning, Callable[[Resolution, Query, _Server, Reading], None]] = {
    Meaning.ANSWER: Resolution._take_answer,
    Meaning.ALIAS: Resolution._take_alias,
    Meaning.NO: Resolution._take_no,
    Meaning.REFERRAL: Resolution._take_referral,
    Meaning.TRUNCATED: Resolution._take_truncated,
    Meaning.NO_EDNS: Resolution._take_no_edns,
    Meaning.FAILURE: Resolution._take_failure,
}
