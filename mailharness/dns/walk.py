"""The way of one look-up and its end, as values: what is to be asked next, what was asked, and the answer."""

from dataclasses import dataclass
from typing import NamedTuple

from mailharness.dns.cache import Known
from mailharness.dns.message import Question, Records, Response

Log = tuple[tuple[int, object], ...]
"""What happened on the way, each with how deep it lies: 0 for the look-up itself, 1 for a name server's address."""


class Query(NamedTuple):
    """What to ask next, of whom and how: with EDNS(0) or without, by a datagram or over TCP."""

    server: str
    address: str
    name: str
    rrtype: str
    edns: bool = False
    tcp: bool = False
    patience: float = 1.5
    """Seconds of the world's clock to wait for the answer."""


class Step(NamedTuple):
    """One server that was asked, and what came back: "referral to tst", the data, "NXDOMAIN", "unreachable"."""

    server: str
    address: str
    outcome: str
    name: str
    rrtype: str
    detail: str = ""
    """How long it holds, and the glue of a referral."""
    how: str = ""
    """Other than by a datagram with EDNS: "over TCP", "without EDNS"."""

    def __str__(self) -> str:
        how, detail = self.how and f" {self.how}", self.detail and f" ({self.detail})"
        return f"{self.rrtype} {self.name}? asked {self.server} ({self.address}){how}: {self.outcome}{detail}"


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
    log: Log = ()

    @property
    def data(self) -> tuple[str, ...]:
        """The data of the records of the type asked for."""
        return tuple(record.data for record in self.records if self.question.rrtype in (record.rrtype, "ANY"))

    @property
    def response(self) -> Response:
        """What a recursive server tells its client."""
        return Response(self.question, self.rcode, answer=self.records, authority=self.authority, ra=True)

    @property
    def walk(self) -> tuple[str, ...]:
        """The whole way, a line each: what the cache knew at each start, who was asked and what came back, each CNAME
        that was followed; the look-ups of name servers on the way are indented."""
        return tuple("  " * depth + _told(event) for depth, event in self.log)


def _told(event: object) -> str:
    return f"in the cache: {event}" if isinstance(event, Known) else str(event)
