"""What one name server knows, and what it answers from it (RFC 1034 §4.3.2). No recursion: that is resolution's."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mailharness.dns.message import Question, Records, Response
from mailharness.dns.name import ancestors, complaint_about, key_of, labels_of, name_of, shown
from mailharness.dns.record import POINTERS, Record
from mailharness.dns.tree import Found, Kind
from mailharness.dns.zone import Zone

MAX_ALIASES = 16
"""How many names a chain has before it is cut: a wildcard and a DNAME can make one that grows."""
_ROOM, _ROOM_FOR_ALL = 20_000, 500
"""How much a server remembers, and a memo that others have too, which outlives them."""
UNANSWERABLE = frozenset({"AXFR", "IXFR", "MAILA", "MAILB", "TSIG", "TKEY"})


class Authority:
    """One name server called ``name``: the zones it is authoritative for, by their origins.

    ``zones`` may come with the ``memo`` of other servers that have the same: what one of them has made is there for all,
    until its zones change.
    """

    def __init__(self, name: str, zones: Iterable[Zone] = (), memo: dict[object, object] | None = None) -> None:
        self.name = name
        self.zones: dict[str, Zone] = {}
        self.memo: dict[object, object] = {}
        """What was made from the zones as they are now; another one when one of them has changed."""
        for zone in zones:
            self.add(zone)
        if memo is not None:
            self.memo, self._room = memo, _ROOM_FOR_ALL

    def add(self, zone: Zone) -> None:
        """Serve ``zone`` too, in place of any of the same origin."""
        self.zones[zone.key] = zone
        zone.watch(self._forget)
        self._forget()

    def _forget(self) -> None:
        self.memo, self._room = {}, _ROOM

    def make_room(self) -> None:
        """For one thing more to be remembered."""
        if len(self.memo) >= self._room:
            self._forget()

    def zone_of(self, name: str) -> Zone | None:
        """The zone nearest to ``name`` from above, or None."""
        return next((self.zones[key] for key in ancestors(key_of(name)) if key in self.zones), None)

    def answer(self, question: Question) -> Response:
        """The response to ``question``; REFUSED outside of the zones. Never raises for a well-formed name."""
        zone = self._zone_for(question)
        if zone is None or question.rrtype in UNANSWERABLE:
            return Response(question, "REFUSED")
        walk = self._walk(question, zone)
        return _ENDINGS[walk.end.kind](question, walk)

    def _zone_for(self, question: Question) -> Zone | None:
        """The nearest zone; for a DS the one above the cut, if it is here too (RFC 4035 §3.1.4.1)."""
        zone = self.zone_of(question.name)
        if zone is None or question.rrtype != "DS" or not zone.key or zone.key != key_of(question.name):
            return zone
        above = self.zone_of(zone.key.partition(".")[2] or ".")
        return above if above and above.is_cut(zone.key) else zone

    def _walk(self, question: Question, zone: Zone) -> "_Walk":
        """Follow CNAMEs and DNAMEs as long as they stay in our zones and do not come back (RFC 1034 §4.3.2 step 3a)."""
        name, found = question.name, zone.find(question.name, question.rrtype)
        made_up = found.synthesized or found.kind is Kind.SUBSTITUTION
        chain: list[Record] = []
        seen = {key_of(name)}
        while found.kind in (Kind.ALIAS, Kind.SUBSTITUTION):
            links = found.records if found.kind is Kind.ALIAS else _substitute(found.records[0], name)
            chain += links
            name = shown(links[-1].target)
            nearest = self.zone_of(name)
            if links[-1].rrtype == "DNAME":
                return _Walk(tuple(chain), zone, Found(Kind.SUBSTITUTION), made_up)
            if question.rrtype in ("CNAME", "ANY"):  # and thus is answered by what a DNAME made
                return _Walk(tuple(chain), zone, Found(Kind.ALIAS), made_up)
            if nearest is None or key_of(name) in seen or len(seen) == MAX_ALIASES:
                return _Walk(tuple(chain), zone, Found(Kind.ALIAS), made_up)
            seen.add(key_of(name))
            zone, found = nearest, nearest.find(name, question.rrtype)
        return _Walk(tuple(chain), zone, found, made_up)


def _substitute(dname: Record, name: str) -> Records:
    """The DNAME, and the CNAME that it makes of ``name``, if that fits into a name (RFC 6672 §2.2, §3.1)."""
    labels = labels_of(key_of(name))  # in lower case, for the answer is remembered for every spelling
    target = name_of(labels[: len(labels) - len(labels_of(dname.name))] + labels_of(dname.target))
    return (dname,) if complaint_about(target) else (dname, Record(name, "CNAME", dname.ttl, target))


class _Walk(NamedTuple):
    """The CNAMEs and DNAMEs that were followed, and what stood at their end in which zone."""

    chain: Records
    zone: Zone
    end: Found
    synthesized: bool


def _answered(question: Question, walk: _Walk) -> Response:
    answer = (*walk.chain, *walk.end.records)
    additional = _addresses(walk, glue=False)
    return Response(question, aa=True, answer=answer, additional=additional, synthesized=walk.synthesized)


def _referred(question: Question, walk: _Walk) -> Response:
    glue = _addresses(walk, glue=True)
    aa, cut = bool(walk.chain), walk.end.records
    return Response(question, aa=aa, answer=walk.chain, authority=cut, additional=glue, synthesized=walk.synthesized)


def _denied(question: Question, walk: _Walk) -> Response:
    rcode = "NXDOMAIN" if walk.end.kind is Kind.NXDOMAIN else "NOERROR"  # after a CNAME too: RFC 6604 §3
    soa = walk.zone.negative_soa  # RFC 2308 §2
    return Response(question, rcode, aa=True, answer=walk.chain, authority=(soa,), synthesized=walk.synthesized)


def _overflown(question: Question, walk: _Walk) -> Response:
    return Response(question, "YXDOMAIN", aa=True, answer=walk.chain)  # RFC 6672 §2.2


def _addresses(walk: _Walk, *, glue: bool) -> Records:
    """The addresses of the hosts that the records at the end name, each once (RFC 1034 §4.3.2 step 6, RFC 2782)."""
    hosts = dict.fromkeys(key_of(record.target) for record in walk.end.records if record.rrtype in POINTERS)
    known = set(walk.end.records)
    return tuple(r for host in hosts for r in walk.zone.addresses(host, glue=glue) if r not in known)


_ENDINGS: dict[Kind, Callable[[Question, _Walk], Response]] = {
    Kind.ANSWER: _answered,
    Kind.ALIAS: _answered,
    Kind.SUBSTITUTION: _overflown,
    Kind.DELEGATION: _referred,
    Kind.NODATA: _denied,
    Kind.NXDOMAIN: _denied,
}
