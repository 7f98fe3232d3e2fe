"""What a resolver remembers: answers, "no"s and delegations, each until its TTL has passed (RFC 1035 §7.4, RFC 2308 §5).

TTLs are compared with the world's clock when something is read; nothing here is a timer. What a parent says of a zone's
name servers is kept apart from what the zone says of itself, so that a referral never answers a question (RFC 2181 §5.4.1).
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from mailharness.clock import Clock
from mailharness.dns.message import Records, negative_ttl
from mailharness.dns.name import ancestors, is_within, key_of
from mailharness.dns.record import Record


class Known(NamedTuple):
    """One thing that is remembered: records and rcode "NOERROR", or a "no" with its SOA (if any) in ``records``."""

    name: str
    rrtype: str
    rcode: str
    records: Records
    negative: bool
    expires: float


class Delegation(NamedTuple):
    """The name servers of ``zone``: ``(name, address)`` pairs, the address "" where the parent gave none."""

    zone: str
    servers: tuple[tuple[str, str], ...]
    expires: float = math.inf


class Cache:
    """One resolver's memory, read at ``clock.now()``. ``len`` counts what still holds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], Known] = {}
        self._delegations: dict[str, Delegation] = {}
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
        left = known.expires - self._clock.now()
        if left <= 0:
            del self._known[key]
            return None
        return known._replace(records=tuple(record._replace(ttl=math.ceil(left)) for record in known.records))

    def delegation(self, name: str) -> Delegation | None:
        """The delegation that is known nearest above ``name`` (RFC 1034 §5.3.3 step 2), or None."""
        now = self._clock.now()
        known = (self._delegations.get(key) for key in ancestors(key_of(name)))
        return next((delegation for delegation in known if delegation and delegation.expires > now), None)

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

    # -- writing ----

    def put(self, records: Iterable[Record]) -> None:
        """Remember one RRset, for as long as its shortest TTL (RFC 2181 §5.2)."""
        rrset = tuple(records)
        first = rrset[0]
        self._known.pop((first.key, ""), None)
        expires = self._clock.now() + min(record.ttl for record in rrset)
        self._known[first.key, first.rrtype] = Known(first.name, first.rrtype, "NOERROR", rrset, False, expires)
        self.memo = {}

    def put_negative(self, name: str, rrtype: str, rcode: str, soa: Record) -> None:
        """Remember that the name does not exist (NXDOMAIN) or has no such records (NOERROR), as ``soa`` allows."""
        expires = self._clock.now() + negative_ttl(soa)
        key = (key_of(name), "" if rcode == "NXDOMAIN" else rrtype)
        self._known[key] = Known(name, rrtype, rcode, (soa,), True, expires)
        self.memo = {}

    def put_delegation(self, servers: Records, glue: Records) -> Delegation:
        """Remember (and return) a zone's NS records and the addresses that came with them."""
        addresses: dict[str, list[str]] = {}
        for record in glue:
            addresses.setdefault(record.key, []).append(record.data)
        pairs = [(ns.data, address) for ns in servers for address in addresses.get(key_of(ns.data), [""])]
        expires = self._clock.now() + min(record.ttl for record in (*servers, *glue))
        delegation = Delegation(servers[0].name, tuple(pairs), expires)
        self._delegations[servers[0].key] = delegation
        return delegation

    def flush(self, name: str | None = None) -> None:
        """Forget everything, or what is known of ``name`` and all names below it."""
        zone = "" if name is None else key_of(name)
        self._known = {key: known for key, known in self._known.items() if not is_within(key[0], zone)}
        self._delegations = {key: found for key, found in self._delegations.items() if not is_within(key, zone)}
        self.memo = {}
