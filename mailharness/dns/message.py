"""What is asked and what is answered, as plain values: the words of a DNS message without its octets (RFC 1035 §4.1)."""

from dataclasses import dataclass
from typing import NamedTuple

from mailharness.dns.name import key_of
from mailharness.dns.record import Record

Records = tuple[Record, ...]


class Question(NamedTuple):
    """One question: a name in the spelling of who asks, and a type such as "MX" or "ANY"; the class is always IN."""

    name: str
    rrtype: str

    @property
    def key(self) -> tuple[str, str]:
        """What two equal questions have in common (RFC 1034 §3.1)."""
        return key_of(self.name), self.rrtype

    def __str__(self) -> str:
        return f"{self.name} {self.rrtype}"


@dataclass(frozen=True, slots=True)
class Response:
    """One response: ``rcode`` such as "NXDOMAIN", the flags ``aa``, ``tc``, ``ra``, and the three sections."""

    question: Question
    rcode: str = "NOERROR"
    aa: bool = False
    answer: Records = ()
    authority: Records = ()
    additional: Records = ()
    tc: bool = False
    ra: bool = False
    id: int = 0
    synthesized: bool = False
    """The answer's owner name is the question's, made from a wildcard: it follows the spelling of who asks."""

    @property
    def referral(self) -> str:
        """The zone that the asker is sent to, or "" (RFC 1034 §4.3.1)."""
        if self.aa or self.answer or self.rcode != "NOERROR":
            return ""
        return next((record.name for record in self.authority if record.rrtype == "NS"), "")

    @property
    def soa(self) -> Record | None:
        """The SOA that says how long a negative answer holds (RFC 2308 §3)."""
        return next((record for record in self.authority if record.rrtype == "SOA"), None)

    @property
    def answers(self) -> tuple[str, ...]:
        """The answer section as text: the data alone where type and owner are as asked, else with the type in front."""
        asked = self.question.rrtype
        return tuple(r.data if r.rrtype == asked else f"{r.rrtype} {r.data}" for r in self.answer)


def negative_ttl(soa: Record) -> int:
    """How long "no" holds: the lesser of the SOA's own TTL and its MINIMUM field (RFC 2308 §5)."""
    return min(soa.ttl, int(soa.data.split()[-1]))
