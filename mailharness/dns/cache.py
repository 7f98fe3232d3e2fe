"""What a resolver remembers: answers, "no"s and delegations, each until its TTL has passed (RFC 1035 §7.4, RFC 2308 §5).

TTLs are compared with the world's clock when something is read; nothing here is a timer. What a parent says of a zone's
name servers is kept apart from what the zone says of itself, so that a referral never answers a question (RFC 2181 §5.4.1).
Of servers it is kept for a while which ones were silent and which ones do not know EDNS.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from mailharness.clock import Clock
from mailharness.dns.message import Records, negative_ttl
from mailharness.dns.name import ancestors, is_within, key_of, shown
from mailharness.dns.record import Record

LONGEST = 604_800
"""Seconds that anything is kept at most: a week (RFC 2181 §8 allows a limit, RFC 1035 §7.3 names this one)."""
LONGEST_NO = 10_800
"""The same for a "no": three hours (RFC 2308 §5)."""
FAILURE_HOLDS = 5.0
"""Seconds that a look-up which timed out is not tried again (RFC 9520 §3.2, RFC 2308 §7.1)."""
SERVER_HOLDS = 900.0
"""Seconds that it is remembered of a server that it was silent, or does not know EDNS (RFC 6891 §6.2.2)."""


class Known(NamedTuple):
    """One thing that is remembered: records and rcode "NOERROR", or a "no" with its SOA (if any) in ``records``."""

    name: str
    rrtype: str
    rcode: str
    records: Records
    negative: bool
    expires: float
    left: int = 0
    """Seconds that it still holds, rounded up."""

    def __str__(self) -> str:
        if self.rcode == "NXDOMAIN":
            return f"{self.name}: NXDOMAIN ({self.left} s left)"
        data = "no such records" if self.negative else ", ".join(record.data for record in self.records)
        return f"{self.name} {self.rrtype}: {data} ({self.left} s left)"


class Delegation(NamedTuple):
    """The name servers of ``zone``: ``(name, address)`` pairs, the address "" where the parent gave none."""

    zone: str
    servers: tuple[tuple[str, str], ...]
    expires: float = math.inf

    def __str__(self) -> str:
        return ", ".join(f"{shown(server)} {address}".rstrip() for server, address in self.servers)


class Cache:
    """One resolver's memory, read at ``clock.now()``. ``len`` counts what still holds, ``str`` lists it in words."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], Known] = {}
        self._types: dict[str, set[str]] = {}
        self._delegations: dict[str, Delegation] = {}
        self._failures: dict[tuple[str, str], tuple[str, float]] = {}
        self._silent: dict[str, float] = {}
        self._plain: dict[str, float] = {}
        self.memo: dict[object, object] = {}
        """What was made from the answers as they are now; another one as soon as one of them changes."""

    # -- reading ----

    def get(self, name: str, rrtype: str) -> Known | None:
        """What is known of that name and type, its TTLs counted down; NXDOMAIN holds for every type (RFC 2308 §5)."""
        key = key_of(name)
        return self._fresh((key, "")) or self._fresh((key, rrtype))

    def _fresh(self, key: tuple[str, str]) -> Known | None:
        known = self._known.get(key)
        if known is None:
            return None
        left = math.ceil(known.expires - self._clock.now())
        if left == known.left:
            return known
        if left <= 0:
            del self._known[key]
            return None
        known = known._replace(records=_with_ttl(known.records, left), left=left)
        self._known[key] = known
        return known

    def delegation(self, name: str) -> Delegation | None:
        """The delegation that is known nearest above ``name`` (RFC 1034 §5.3.3 step 2), or None."""
        now = self._clock.now()
        known = (self._delegations.get(key) for key in ancestors(key_of(name)))
        return next((delegation for delegation in known if delegation and delegation.expires > now), None)

    def addresses(self, server: str) -> tuple[str, ...]:
        """The IPv4 addresses that the name server's own zone gave it: worth more than any glue (RFC 2181 §5.4.1)."""
        known = self.get(server, "A")
        return () if known is None or known.negative else tuple(record.data for record in known.records)

    def entries(self) -> list[Known]:
        """All answers and "no"s that still hold, TTLs counted down, by name."""
        fresh = [self._fresh(key) for key in sorted(self._known)]
        return [known for known in fresh if known is not None]

    def delegations(self) -> list[Delegation]:
        """All delegations that still hold, by zone."""
        now = self._clock.now()
        return [self._delegations[key] for key in sorted(self._delegations) if self._delegations[key].expires > now]

    def __len__(self) -> int:
        return len(self.entries()) + len(self.delegations())

    def left(self, delegation: Delegation) -> int | None:
        """Seconds that it still holds, rounded up; None for the root's servers, which are never forgotten."""
        seconds = delegation.expires - self._clock.now()
        return None if math.isinf(seconds) else math.ceil(seconds)

    def __str__(self) -> str:
        answers = [str(known) for known in self.entries()]
        servers = [f"{found.zone} NS: asked at {found} ({self.left(found)} s left)" for found in self.delegations()]
        return "\n".join([*answers, *servers]) or "nothing is remembered"

    # -- writing ----

    def put(self, records: Iterable[Record]) -> Records:
        """Remember one RRset and return it as it is kept: for as long as its shortest TTL (RFC 2181 §5.2), a week at most.

        What has a TTL of 0 is for the look-up under way and is not kept (RFC 1035 §3.2.1).
        """
        given = tuple(records)
        first, ttl = given[0], min(_sane(record.ttl) for record in given)
        rrset = _with_ttl(given, ttl)
        self._known.pop((first.key, ""), None)
        known = Known(first.name, first.rrtype, "NOERROR", rrset, False, self._clock.now() + ttl, ttl)
        self._keep((first.key, first.rrtype), known)
        return rrset

    def put_negative(self, name: str, rrtype: str, rcode: str, soa: Record) -> Records:
        """Remember that the name does not exist (NXDOMAIN) or has no such records (NOERROR), as ``soa`` allows; three
        hours at most. Returns the SOA as it is kept."""
        ttl = min(_sane(negative_ttl(soa)), LONGEST_NO)
        key, kept = key_of(name), _with_ttl((soa,), ttl)
        known = Known(name, rrtype, rcode, kept, True, self._clock.now() + ttl, ttl)
        self._keep((key, "" if rcode == "NXDOMAIN" else rrtype), known)
        return kept

    def _keep(self, key: tuple[str, str], known: Known) -> None:
        self.memo = {}
        self._failures.pop((key[0], known.rrtype), None)
        self._known.pop(key, None)
        if known.left > 0:
            if not key[1]:  # what was known of a name that does not exist is no more
                for rrtype in self._types.pop(key[0], ()):
                    self._known.pop((key[0], rrtype), None)
            self._types.setdefault(key[0], set()).add(key[1])
            self._known[key] = known

    def put_delegation(self, servers: Records, glue: Records) -> Delegation:
        """Remember (and return) a zone's NS records and the addresses that came with them."""
        addresses: dict[str, list[str]] = {}
        for record in glue:
            addresses.setdefault(record.key, []).append(record.data)
        pairs = [(ns.data, address) for ns in servers for address in addresses.get(key_of(ns.data), [""])]
        expires = self._clock.now() + min(_sane(record.ttl) for record in (*servers, *glue))
        delegation = Delegation(servers[0].name, tuple(pairs), expires)
        self._delegations[servers[0].key] = delegation
        return delegation

    # -- failures and servers ----

    def put_failure(self, name: str, rrtype: str, problem: str) -> None:
        """Remember shortly that nobody answered in time (RFC 9520 §3.2), so that not everyone waits as long again."""
        self._failures[key_of(name), rrtype] = (problem, self._clock.now() + FAILURE_HOLDS)

    def failure(self, name: str, rrtype: str) -> str:
        """The problem of a look-up that has just timed out, or ""."""
        if not self._failures:
            return ""
        problem, until = self._failures.get((key_of(name), rrtype), ("", 0.0))
        return problem if until > self._clock.now() else ""

    def note_silence(self, address: str) -> None:
        """The server at that address did not answer in time: others are asked before it, for a while."""
        self._silent[address] = self._clock.now() + SERVER_HOLDS

    def note_answer(self, address: str) -> None:
        self._silent.pop(address, None)

    def is_silent(self, address: str) -> bool:
        return self._silent.get(address, 0.0) > self._clock.now()

    def note_plain(self, address: str) -> None:
        """The server at that address does not know EDNS: it is asked without, for a while (RFC 6891 §6.2.2)."""
        self._plain[address] = self._clock.now() + SERVER_HOLDS

    def is_plain(self, address: str) -> bool:
        return self._plain.get(address, 0.0) > self._clock.now()

    # -- forgetting ----

    def flush(self, name: str | None = None) -> None:
        """Forget everything, or what is known of ``name`` and all names below it."""
        zone = "" if name is None else key_of(name)
        self._known = {key: known for key, known in self._known.items() if not is_within(key[0], zone)}
        self._types = {name: types for name, types in self._types.items() if not is_within(name, zone)}
        self._delegations = {key: found for key, found in self._delegations.items() if not is_within(key, zone)}
        self._failures = {key: found for key, found in self._failures.items() if not is_within(key[0], zone)}
        if not zone:
            self._silent, self._plain = {}, {}
        self.memo = {}


def capped(record: Record) -> Record:
    """The record with the TTL that it may be kept for."""
    return record._replace(ttl=_sane(record.ttl))


def _sane(ttl: int) -> int:
    """The TTL, at most a week; one with the highest bit set counts as 0 (RFC 2181 §8)."""
    return min(ttl, LONGEST) if 0 <= ttl < 2**31 else 0


def _with_ttl(records: Records, ttl: int) -> Records:
    return tuple(Record(record.name, record.rrtype, ttl, record.data) for record in records)
