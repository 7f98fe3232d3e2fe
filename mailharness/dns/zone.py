"""A zone: the records of one part of the name space, checked as they are declared, and changed under way (RFC 1034 §4.2).

Whoever remembers answers made from a zone watches it, and forgets them when it changes.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import copy

from mailharness.dns.masterfile import written
from mailharness.dns.message import Records, negative_ttl
from mailharness.dns.name import checked, is_within, key_of
from mailharness.dns.record import Record, check
from mailharness.dns.rules import verify
from mailharness.dns.strings import quoted
from mailharness.dns.tree import Found, Kind, Place, Tree
from mailharness.errors import MisuseError

__all__ = ["Found", "Kind", "Zone", "apex", "delegation", "txt"]


class Zone:
    """The records at and below ``origin`` that this zone is the authority for, and its delegations with their glue.

    ``records`` must hold one SOA, at the origin, and a name server (``apex`` makes them); ``serial`` overrides the SOA's
    own. Raises MisuseError, naming the rule, for a record that is malformed or outside the zone, and for what the RFCs
    forbid: an MX that names an address or an alias, data beside a CNAME or behind a delegation, two TTLs in one RRset.
    With ``strict=False`` all is admitted that can stand in a packet. Records that are ``sound`` by the way they were
    made are not looked through again.
    """

    def __init__(
        self,
        origin: str,
        records: Iterable[Record] = (),
        *,
        serial: int | None = None,
        strict: bool = True,
        sound: bool = False,
    ) -> None:
        self.origin = checked(origin)
        self.key = key_of(self.origin)
        self.strict = strict
        self._tree = Tree(self.key)
        self._is_shared = False
        self._watchers: list[Callable[[], object]] = []
        for record in records:
            key, kept = (record.key, record) if sound else self._checked(record, strict=strict)
            self._tree.insert(key, (kept,))
        self._verify(
            [] if sound else [(key, rrtype) for key, node in self._tree.nodes.items() for rrtype in node], strict=strict
        )
        self.serial = _serial_of(self.soa) if serial is None else serial
        self._stamp()

    def twin(self) -> "Zone":
        """Another zone that holds the same; what becomes of the one changes nothing of the other."""
        twin = copy(self)
        self._is_shared = twin._is_shared = True
        twin._watchers = []
        return twin

    @property
    def is_as_made(self) -> bool:
        """Whether it is a twin, or has one, and neither was changed."""
        return self._is_shared

    # -- what it holds ----

    @property
    def records(self) -> Records:
        """All records in the order of declaration, names grouped."""
        return tuple(record for node in self._tree.nodes.values() for rrset in node.values() for record in rrset)

    @property
    def soa(self) -> Record:
        return next(iter(self._tree.nodes[self.key]["SOA"]))

    @property
    def negative_soa(self) -> Record:
        """The SOA as negative answers carry it (RFC 2308 §3)."""
        return self.soa._replace(ttl=negative_ttl(self.soa))

    def find(self, name: str, rrtype: str) -> Found:
        """What this zone knows of ``name``, which must be at or below its origin (RFC 1034 §4.3.2 step 3)."""
        return self._tree.find(name, rrtype)

    def addresses(self, name: str, *, glue: bool = False) -> Records:
        """The A and AAAA records of ``name``; those beneath a delegation only as ``glue`` (RFC 1034 §4.2.1)."""
        key = key_of(name)
        node = self._tree.nodes.get(key)
        if not node or (not glue and self._tree.cut_above(key) is not None):
            return ()
        return tuple(record for rrtype in ("A", "AAAA") for record in node.get(rrtype, ()))

    def is_cut(self, key: str) -> bool:
        """Whether this zone is the one that delegates the name with this key, or would."""
        return is_within(key, self.key) and self._tree.cut_above(key) in (None, key)

    def to_master_file(self) -> str:
        """The zone as text that NSD and BIND load, and ``parse_master_file`` reads (RFC 1035 §5)."""
        return written(self.origin, self.records)

    # -- change ----

    def watch(self, changed: Callable[[], object]) -> None:
        """Call ``changed`` after every change of the zone."""
        self._watchers.append(changed)

    def replace(self, name: str, rrtype: str, records: Iterable[Record], *, strict: bool = True) -> None:
        """Let ``records`` (none: remove it) be all of that name and type; raises MisuseError as the zone does.

        With ``strict=False`` the zone is not strict from now on.
        """
        rrset: list[Record] = []
        key = key_of(checked(name))
        for record in records:
            place, kept = self._checked(record, strict=strict and self.strict)
            if (place, kept.rrtype) != (key, rrtype):
                raise MisuseError(f"{record} is no {rrtype} record of {name}")
            rrset.append(kept)
        self._exchange({(key, rrtype): rrset}, strict=strict)

    def add(self, *records: Record, strict: bool = True) -> None:
        """Add records, such as one more delegation with its glue; raises MisuseError as the zone does.

        With ``strict=False`` the zone is not strict from now on.
        """
        rrsets: dict[Place, list[Record]] = {}
        for record in records:
            key, kept = self._checked(record, strict=strict and self.strict)
            place = key, kept.rrtype
            if place not in rrsets:
                rrsets[place] = list(self._tree.nodes.get(key, {}).get(kept.rrtype, ()))
            rrsets[place].append(kept)
        self._exchange(rrsets, strict=strict)

    def load(self, records: Iterable[Record], *, strict: bool = True) -> None:
        """Let ``records``, as of a master file, be all of the zone; raises MisuseError as the zone does.

        With ``strict=False`` the zone is not strict from now on.
        """
        rrsets: dict[Place, list[Record]] = {(key, rrtype): [] for key, node in self._tree.nodes.items() for rrtype in node}
        for record in records:
            key, kept = self._checked(record, strict=strict and self.strict)
            rrsets.setdefault((key, record.rrtype), []).append(kept)
        self._exchange(rrsets, strict=strict)

    def remove(self, name: str, rrtype: str | None = None) -> None:
        """Remove all records of ``name``, or those of one type; raises MisuseError if there are none, or it is the SOA."""
        key = key_of(checked(name))
        there = self._tree.nodes.get(key, {})
        if rrtype is not None and there and rrtype not in there:
            raise MisuseError.unknown(f"record of {name} of the type", rrtype, there)
        if not there:
            raise MisuseError.unknown("name in the zone", name, self._tree.nodes)
        self._exchange({(key, each): [] for each in ([rrtype] if rrtype else there)}, strict=True)

    def _exchange(self, rrsets: Mapping[Place, list[Record]], *, strict: bool) -> None:
        """Put whole RRsets in the place of what was there; all of them or, if one is refused, none."""
        self._part()
        before = {place: self._tree.remove(place) for place in rrsets}
        try:
            self._insert_all(rrsets)
            self._verify(rrsets, strict=strict and self.strict)
        except MisuseError:
            for place in rrsets:
                self._tree.remove(place)
            self._insert_all(before)
            raise
        self.strict = self.strict and strict
        self._changed()

    def _part(self) -> None:
        """Have a tree of our own from now on, and nobody remember what is made from it for the others."""
        if self._is_shared:
            self._tell()
            self._tree, self._is_shared = self._tree.copy(), False

    def _insert_all(self, rrsets: Mapping[Place, Iterable[Record]]) -> None:
        for (key, _), rrset in rrsets.items():
            self._tree.insert(key, rrset)

    def _verify(self, places: Iterable[Place], *, strict: bool) -> None:
        if strict:
            verify(self._tree, places)
        apex = self._tree.nodes.get(self.key, {})
        if len(apex.get("SOA", ())) != 1:
            raise MisuseError(f"the zone {self.origin} needs exactly one SOA at its origin, as of apex() (RFC 1035 §5.2)")
        if strict and "NS" not in apex:
            raise MisuseError(f"the zone {self.origin} needs an NS at its origin, as of apex() (RFC 1034 §4.2.1)")

    def _changed(self) -> None:
        """A SOA with a later serial sets it, and any other change makes it the next (RFC 1982 §3)."""
        declared = _serial_of(self.soa)
        is_later = 0 < (declared - self.serial) % 2**32 < 2**31
        self.serial = declared if is_later else (self.serial + 1) % 2**32
        self._stamp()
        self._tell()

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher()

    def _stamp(self) -> None:
        fields = self.soa.data.split()
        if int(fields[2]) == self.serial:
            return
        fields[2] = str(self.serial)
        self._tree.nodes[self.key]["SOA"] = {self.soa._replace(data=" ".join(fields)): None}

    def _checked(self, record: Record, *, strict: bool) -> tuple[str, Record]:
        """The key of the record's name, and the record as it is kept."""
        kept = check(record, strict=strict)
        key = key_of(record.name)
        if not is_within(key, self.key):
            raise MisuseError(f"{record} is outside of the zone {self.origin} (RFC 1035 §5.2)")
        if kept.rrtype == "SOA" and (key != self.key or kept.data.startswith(r"\#")):
            raise MisuseError(f"{record}: the SOA stands at the origin, {self.origin}, and is a whole one (RFC 1035 §5.2)")
        return key, kept


def _serial_of(soa: Record) -> int:
    return int(soa.data.split()[2])


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
