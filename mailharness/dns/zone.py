"""A zone: the records of one part of the name space, and the look-up of a name in it (RFC 1034 §4.3.2).

Names are found by dictionary look-ups, label by label, so a zone of ten thousand delegations answers as fast as a small
one. Whoever remembers answers made from a zone watches it, and forgets them when it changes.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import NamedTuple

from mailharness.dns.message import Records, negative_ttl
from mailharness.dns.name import ancestors, checked, is_within, key_of
from mailharness.dns.record import Record, check, quoted
from mailharness.errors import MisuseError

Node = dict[str, list[Record]]
Place = tuple[str, str]


class Kind(Enum):
    """How the look-up of a name in a zone can end."""

    ANSWER = auto()
    ALIAS = auto()
    DELEGATION = auto()
    NODATA = auto()
    NXDOMAIN = auto()


class Found(NamedTuple):
    """The end of a look-up: the RRset, the CNAME, or the NS of the cut; nothing for the two kinds of "no"."""

    kind: Kind
    records: Records = ()
    synthesized: bool = False


class Zone:
    """The records at and below ``origin`` that this zone is the authority for, and its delegations with their glue.

    ``records`` must hold one SOA, at the origin (``apex`` makes it); ``serial`` overrides the SOA's own. Raises
    MisuseError, naming the rule, for a record that is malformed, outside the zone, or beside a CNAME.
    """

    def __init__(self, origin: str, records: Iterable[Record] = (), *, serial: int | None = None) -> None:
        self.origin = checked(origin)
        self.key = key_of(self.origin)
        self._nodes: dict[str, Node] = {}
        # How many nodes there are beneath a name: it tells the empty non-terminals (RFC 4592 §2.2.2).
        self._below: dict[str, int] = {}
        self._watchers: list[Callable[[], object]] = []
        for record in records:
            self._insert(self._checked_key(record), record)
        self._check_apex()
        self.serial = int(self.soa.data.split()[2]) if serial is None else serial
        self._stamp()

    # -- what it holds ----

    @property
    def records(self) -> Records:
        """All records in the order of declaration, names grouped."""
        return tuple(record for node in self._nodes.values() for rrset in node.values() for record in rrset)

    @property
    def soa(self) -> Record:
        return self._nodes[self.key]["SOA"][0]

    @property
    def negative_soa(self) -> Record:
        """The SOA as negative answers carry it (RFC 2308 §3)."""
        return self.soa._replace(ttl=negative_ttl(self.soa))

    def addresses(self, name: str, *, glue: bool = False) -> Records:
        """The A and AAAA records of ``name``; those beneath a delegation only as ``glue`` (RFC 1034 §4.2.1)."""
        key = key_of(name)
        node = self._nodes.get(key)
        if not node or (not glue and self._cut_above(key) is not None):
            return ()
        return tuple(record for rrtype in ("A", "AAAA") for record in node.get(rrtype, ()))

    # -- the look-up ----

    def find(self, name: str, rrtype: str) -> Found:
        """What this zone knows of ``name``, which must be at or below its origin (RFC 1034 §4.3.2 step 3)."""
        key = key_of(name)
        cut = self._cut_above(key)
        if cut is not None:
            return Found(Kind.DELEGATION, tuple(self._nodes[cut]["NS"]))
        node = self._nodes.get(key)
        if node is not None:
            return _found_at(node, rrtype)
        if key in self._below:
            return Found(Kind.NODATA)
        return self._find_wildcard(name, key, rrtype)

    def _cut_above(self, key: str) -> str | None:
        """The delegation nearest to the origin at or above the name: what lies beneath it is another zone's."""
        cut = None
        for above in ancestors(key):
            if above == self.key:
                break
            if "NS" in self._nodes.get(above, ()):
                cut = above
        return cut

    def _find_wildcard(self, name: str, key: str, rrtype: str) -> Found:
        # RFC 4592 §3.3.1: only the wildcard right beneath the closest encloser counts.
        encloser = next(
            above for above in ancestors(key) if above in self._nodes or above in self._below or above == self.key
        )
        node = self._nodes.get(f"*.{encloser}" if encloser else "*")
        if node is None:
            return Found(Kind.NXDOMAIN)
        kind, records, _ = _found_at(node, rrtype)
        return Found(kind, tuple(record._replace(name=name) for record in records), synthesized=True)

    # -- change ----

    def watch(self, changed: Callable[[], object]) -> None:
        """Call ``changed`` after every change of the zone."""
        self._watchers.append(changed)

    def replace(self, name: str, rrtype: str, records: Iterable[Record]) -> None:
        """Let ``records`` (none: remove it) be all of that name and type; raises MisuseError as the zone does."""
        rrset, key = list(records), key_of(checked(name))
        for record in rrset:
            if (self._checked_key(record), record.rrtype) != (key, rrtype):
                raise MisuseError(f"{record} is no {rrtype} record of {name}")
        self._exchange({(key, rrtype): rrset})

    def add(self, *records: Record) -> None:
        """Add records, such as one more delegation with its glue; raises MisuseError as the zone does."""
        rrsets: dict[Place, list[Record]] = {}
        for record in records:
            place = self._checked_key(record), record.rrtype
            if place not in rrsets:
                rrsets[place] = self._nodes.get(place[0], {}).get(record.rrtype, [])[:]
            rrsets[place].append(record)
        self._exchange(rrsets)

    def _exchange(self, rrsets: Mapping[Place, list[Record]]) -> None:
        """Put whole RRsets in the place of what was there; all of them or, if one is refused, none."""
        before = {place: self._remove(*place) for place in rrsets}
        try:
            self._insert_all(rrsets)
            self._check_apex()
        except MisuseError:
            for place in rrsets:
                self._remove(*place)
            self._insert_all(before)
            raise
        self._changed()

    def _insert_all(self, rrsets: Mapping[Place, list[Record]]) -> None:
        for (key, _), rrset in rrsets.items():
            for record in rrset:
                self._insert(key, record)

    def _check_apex(self) -> None:
        if len(self._nodes.get(self.key, {}).get("SOA", ())) != 1:
            raise MisuseError(f"the zone {self.origin} needs exactly one SOA at its origin, as of apex() (RFC 1035 §5.2)")

    def _changed(self) -> None:
        self.serial = (self.serial + 1) % 2**32  # RFC 1982 §3.1
        self._stamp()
        for watcher in self._watchers:
            watcher()

    def _stamp(self) -> None:
        fields = self.soa.data.split()
        fields[2] = str(self.serial)
        self._nodes[self.key]["SOA"][0] = self.soa._replace(data=" ".join(fields))

    def _checked_key(self, record: Record) -> str:
        check(record)
        key = key_of(record.name)
        if not is_within(key, self.key):
            raise MisuseError(f"{record} is outside of the zone {self.origin} (RFC 1035 §5.2)")
        if record.rrtype == "SOA" and key != self.key:
            raise MisuseError(f"{record}: the SOA stands at the origin, {self.origin} (RFC 1035 §5.2)")
        return key

    def _insert(self, key: str, record: Record) -> None:
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = {}
            self._count(key, 1)
        elif node and ("CNAME" in node or record.rrtype == "CNAME") and record not in node.get("CNAME", ()):
            raise MisuseError(f"{record}: a CNAME stands alone at its name (RFC 1034 §3.6.2)")
        rrset = node.setdefault(record.rrtype, [])
        if record not in rrset:  # RFC 2181 §5: an RRset is a set
            rrset.append(record)

    def _remove(self, key: str, rrtype: str) -> list[Record]:
        node = self._nodes.get(key, {})
        rrset = node.pop(rrtype, [])
        if rrset and not node:
            del self._nodes[key]
            self._count(key, -1)
        return rrset

    def _count(self, key: str, change: int) -> None:
        for above in ancestors(key):
            if above == self.key:
                break
            parent = above.partition(".")[2]
            count = self._below.get(parent, 0) + change
            if count:
                self._below[parent] = count
            else:
                del self._below[parent]


def _found_at(node: Node, rrtype: str) -> Found:
    if rrtype == "ANY":
        return Found(Kind.ANSWER, tuple(record for rrset in node.values() for record in rrset))
    if rrtype in node:
        return Found(Kind.ANSWER, tuple(node[rrtype]))
    if "CNAME" in node:
        return Found(Kind.ALIAS, tuple(node["CNAME"]))
    return Found(Kind.NODATA)


# -- builders ----


def apex(origin: str, servers: Iterable[str], *, ttl: int = 3600, serial: int = 1, negative_ttl: int = 300) -> list[Record]:
    """The SOA and NS records of a zone whose name servers are called ``servers`` (at least one)."""
    names = list(servers)
    if not names:
        raise MisuseError(f"the zone {origin} needs a name server (RFC 1034 §4.1)")
    mailbox = f"hostmaster.{origin}".rstrip(".")
    soa = Record(origin, "SOA", ttl, f"{names[0]} {mailbox} {serial} 7200 900 1209600 {negative_ttl}")
    return [soa, *(Record(origin, "NS", ttl, name) for name in names)]


def delegation(zone: str, servers: Mapping[str, str], *, ttl: int = 3600) -> list[Record]:
    """What a parent holds of ``zone``: NS records and, from ``{name: IPv4 address}``, their glue ("": none is needed)."""
    glue = [Record(name, "A", ttl, address) for name, address in servers.items() if address]
    return [*(Record(zone, "NS", ttl, name) for name in servers), *glue]


def txt(name: str, text: str, *, ttl: int = 3600) -> Record:
    """A TXT record of any length, split into strings of 255 octets (RFC 1035 §3.3.14)."""
    return Record(name, "TXT", ttl, quoted(text))
