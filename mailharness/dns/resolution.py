"""One recursive look-up as a machine without I/O (RFC 1034 §5.3.3).

Whoever drives it asks ``next_query()``, sends that query, and reports by ``on_response`` or ``on_failure`` until an
``Answer`` comes. The machine starts at the nearest delegation that the cache knows, or at the root, follows referrals
and CNAMEs, looks up name servers that came without an address, and goes to the next server when one fails.
"""

from collections.abc import Callable, MutableSequence, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from mailharness.dns.cache import Cache, Delegation, Known
from mailharness.dns.message import Question, Records, Response
from mailharness.dns.name import checked, key_of, shown
from mailharness.dns.reading import Meaning, Reading, read
from mailharness.dns.record import Record
from mailharness.errors import MisuseError

MAX_QUERIES = 64
MAX_ALIASES = 16
MAX_NESTING = 6


class Shuffler(Protocol):
    """A source of randomness, such as a seeded ``random.Random``."""

    def shuffle(self, x: MutableSequence[Any]) -> None: ...


class Query(NamedTuple):
    """What to ask next, and of whom."""

    server: str
    address: str
    name: str
    rrtype: str


class Step(NamedTuple):
    """One server that was asked, and what came back: "referral to tst", the data, "NXDOMAIN", "unreachable"."""

    server: str
    address: str
    outcome: str
    name: str
    rrtype: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a look-up. ``records`` are the CNAMEs that were followed and then the RRset."""

    question: Question
    rcode: str
    records: Records = ()
    authority: Records = ()
    """The SOA of a "no"."""
    cached: bool = False
    """Nobody had to be asked."""
    steps: tuple[Step, ...] = ()
    problem: str = ""
    """On SERVFAIL: which zone's servers failed, and how."""

    @property
    def data(self) -> tuple[str, ...]:
        """The data of the records of the type asked for."""
        return tuple(record.data for record in self.records if self.question.rrtype in (record.rrtype, "ANY"))

    @property
    def response(self) -> Response:
        """What a recursive server tells its client."""
        return Response(self.question, self.rcode, answer=self.records, authority=self.authority, ra=True)


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
        self.question = Question(checked(name), rrtype)
        self._cache, self._roots, self._rng = cache, Delegation(".", tuple(roots)), rng
        self._steps: list[Step] = within._steps if within else []
        self._pending: set[tuple[str, str]] = {*within._pending, self.question.key} if within else {self.question.key}
        self._target = self.question.name
        self._chain: list[Record] = []
        self._zone: str | None = None
        self._servers: list[tuple[str, str]] = []
        self._failures: list[str] = []
        self._query: Query | None = None
        self._nested: Resolution | None = None
        self._answer: Answer | None = None

    # -- the four verbs ----

    def next_query(self) -> Query | Answer:
        """The query to send now (the same one until its outcome is reported), or the end."""
        while self._answer is None:
            query = self._advance()
            if query is not None:
                return query
        return self._answer

    def on_response(self, response: Response) -> None:
        """What the server that was asked last has answered."""
        if self._nested is not None:
            return self._nested.on_response(response)
        query = self._take_query()
        reading = read(response, Question(query.name, query.rrtype), self._zone or ".")
        self._note(query, reading.outcome)
        if reading.meaning is Meaning.FAILURE:
            self._failures.append(f"{query.server} at {query.address}: {reading.outcome}")
        else:
            _CONSEQUENCES[reading.meaning](self, reading)
        return None

    def on_failure(self, reason: str) -> None:
        """The server that was asked last did not answer: ``reason`` such as "unreachable" or "timed out"."""
        if self._nested is not None:
            return self._nested.on_failure(reason)
        query = self._take_query()
        self._note(query, reason)
        self._failures.append(f"{query.server} at {query.address}: {reason}")
        return None

    def _take_query(self) -> Query:
        query, self._query = self._query, None
        if query is None:
            raise MisuseError("no query is open: ask next_query() first, and report its outcome once")
        return query

    def _note(self, query: Query, outcome: str) -> None:
        self._steps.append(Step(query.server, query.address, outcome, query.name, query.rrtype))

    # -- going on ----

    def _advance(self) -> Query | None:
        if self._query is not None:
            return self._query
        if self._nested is not None:
            return self._advance_nested(self._nested)
        if self._zone is None:
            self._start()
        elif not self._servers:
            self._fail(f"no server of {self._zone.removesuffix('.')}. answered: {'; '.join(self._failures)}")
        else:
            self._query = self._ask(*self._servers.pop(0))
        return self._query

    def _start(self) -> None:
        """From what the cache knows of the name, or of a zone above it (RFC 1034 §5.3.3 steps 1 and 2)."""
        known = self._cache.get(self._target, self.question.rrtype)
        alias = self._cache.get(self._target, "CNAME")
        if known is not None:
            self._use(known)
        elif alias is not None and not alias.negative and self.question.rrtype != "ANY":
            self._follow(alias.records)
        else:
            self._go_to(self._cache.delegation(self._target) or self._roots)

    def _use(self, known: Known) -> None:
        records, authority = ((), known.records) if known.negative else (known.records, ())
        self._finish(known.rcode, records, authority)

    def _go_to(self, delegation: Delegation) -> None:
        servers = list(delegation.servers)
        if self._rng is not None:
            self._rng.shuffle(servers)
        # Those with an address first: they cost no look-up of their own.
        self._servers = sorted(servers, key=lambda server: not server[1])
        self._zone, self._failures = delegation.zone, []

    def _ask(self, server: str, address: str) -> Query | None:
        if len(self._steps) >= MAX_QUERIES:
            self._fail(f"gave up after {MAX_QUERIES} queries, at {self._zone}")
        elif address:
            return Query(shown(server), address, self._target, self.question.rrtype)
        elif (key_of(server), "A") in self._pending or len(self._pending) > MAX_NESTING:
            self._failures.append(f"{server}: its address cannot be learned without asking it")
        else:
            self._nested = Resolution(server, "A", self._cache, self._roots.servers, self._rng, within=self)
        return None

    def _advance_nested(self, nested: "Resolution") -> Query | None:
        outcome = nested.next_query()
        if isinstance(outcome, Query):
            return outcome
        self._nested = None
        server = nested.question.name
        self._servers[:0] = [(server, address) for address in outcome.data]
        if not outcome.data:
            self._failures.append(f"{server}: no address ({outcome.problem or outcome.rcode})")
        return None

    # -- what a response leads to ----

    def _take_answer(self, reading: Reading) -> None:
        self._remember(reading.chain)
        if self.question.rrtype != "ANY":
            self._cache.put(reading.records)
        self._chain += reading.chain
        self._finish("NOERROR", reading.records)

    def _take_no(self, reading: Reading) -> None:
        self._remember(reading.chain)
        self._chain += reading.chain
        if self._chain:
            self._target = shown(self._chain[-1].target)
        if reading.extra:  # RFC 2308 §5: without a SOA a "no" is not remembered
            self._cache.put_negative(self._target, self.question.rrtype, reading.rcode, reading.extra[0])
        self._finish(reading.rcode, (), reading.extra)

    def _take_alias(self, reading: Reading) -> None:
        self._remember(reading.chain)
        self._follow(reading.chain)

    def _take_referral(self, reading: Reading) -> None:
        self._go_to(self._cache.put_delegation(reading.records, reading.extra))

    def _remember(self, chain: Records) -> None:
        for record in chain:
            self._cache.put([record])

    def _follow(self, chain: Records) -> None:
        """Start again at the end of the CNAMEs (RFC 1034 §5.3.3 step 4c)."""
        owners = {record.key for record in (*self._chain, *chain)}
        self._chain += chain
        self._target = shown(chain[-1].target)
        self._zone = None
        if key_of(self._target) in owners or len(self._chain) > MAX_ALIASES:
            way = " -> ".join([*(record.name for record in self._chain), self._target])
            self._fail(f"the aliases lead nowhere: {way}")

    def _finish(self, rcode: str, records: Records, authority: Records = (), problem: str = "") -> None:
        steps = tuple(self._steps)
        self._answer = Answer(self.question, rcode, (*self._chain, *records), authority, not steps, steps, problem)

    def _fail(self, problem: str) -> None:
        self._chain = []
        self._finish("SERVFAIL", (), problem=problem)


_CONSEQUENCES: dict[Meaning, Callable[[Resolution, Reading], None]] = {
    Meaning.ANSWER: Resolution._take_answer,
    Meaning.ALIAS: Resolution._take_alias,
    Meaning.NO: Resolution._take_no,
    Meaning.REFERRAL: Resolution._take_referral,
}
