"""The names of a zone and what stands at each, and the look-up of a name (RFC 1034 §4.3.2 step 3).

Names are found by dictionary look-ups, label by label, so a zone of ten thousand delegations answers as fast as a small
one.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from mailharness.dns.message import Records
from mailharness.dns.name import ancestors, key_of
from mailharness.dns.record import POINTERS, Record

Rrset = dict[Record, None]
"""A set that keeps the order of declaration (RFC 2181 §5)."""
Node = dict[str, Rrset]
Place = tuple[str, str]
"""Where an RRset stands: the key of its name, and its type."""


class Kind(Enum):
    """How the look-up of a name in a zone can end."""

    ANSWER = auto()
    ALIAS = auto()
    SUBSTITUTION = auto()
    DELEGATION = auto()
    NODATA = auto()
    NXDOMAIN = auto()


class Found(NamedTuple):
    """The end of a look-up: the RRset, the CNAME, the DNAME, or the NS of the cut; nothing for the two kinds of "no"."""

    kind: Kind
    records: Records = ()
    synthesized: bool = False


class Tree:
    """The nodes at and below the name with the key ``origin``."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.nodes: dict[str, Node] = {}
        # The names right below a name: they tell the empty non-terminals (RFC 4592 §2.2.2).
        self._children: dict[str, set[str]] = {}
        self._pointers: dict[str, int] = {}
        self._dnames: set[str] = set()

    def copy(self) -> "Tree":
        """Another tree of the same records."""
        tree = Tree(self.origin)
        tree.nodes = {key: {rrtype: dict(rrset) for rrtype, rrset in node.items()} for key, node in self.nodes.items()}
        tree._children = {key: set(names) for key, names in self._children.items()}
        tree._pointers, tree._dnames = dict(self._pointers), set(self._dnames)
        return tree

    # -- looking up ----

    def find(self, name: str, rrtype: str) -> Found:
        """What stands at ``name``, which must be at or below the origin."""
        key = key_of(name)
        cut = self.cut_above(key)
        if cut is not None and (rrtype != "DS" or cut != key):  # RFC 4035 §3.1.4.1: the parent answers for DS
            return Found(Kind.DELEGATION, tuple(self.nodes[cut]["NS"]))
        dname = self._dname_above(key) if self._dnames else None
        if dname is not None:
            return Found(Kind.SUBSTITUTION, tuple(self.nodes[dname]["DNAME"]))
        node = self.nodes.get(key)
        if node is not None:
            return _found_at(node, rrtype)
        if key in self._children:
            return Found(Kind.NODATA)
        return self._find_wildcard(name, key, rrtype)

    def cut_above(self, key: str) -> str | None:
        """The delegation nearest to the origin at or above the name: what lies beneath it is another zone's."""
        cut = None
        for above in ancestors(key):
            if above == self.origin:
                break
            if "NS" in self.nodes.get(above, ()):
                cut = above
        return cut

    def _dname_above(self, key: str) -> str | None:
        """The name nearest to the origin whose DNAME moves what is below it elsewhere (RFC 6672 §3.2)."""
        above = [each for each in ancestors(key) if each in self._dnames and each != key]
        return above[-1] if above else None

    def _find_wildcard(self, name: str, key: str, rrtype: str) -> Found:
        # RFC 4592 §3.3.1: only the wildcard right beneath the closest encloser counts.
        encloser = next(above for above in ancestors(key) if self._exists(above))
        source = f"*.{encloser}" if encloser else "*"
        node = self.nodes.get(source)
        if node is None:
            return Found(Kind.NODATA if source in self._children else Kind.NXDOMAIN)
        kind, records, _ = _found_at(node, rrtype)
        return Found(kind, tuple(record._replace(name=name) for record in records), synthesized=True)

    def _exists(self, key: str) -> bool:
        return key in self.nodes or key in self._children or key == self.origin

    def below(self, key: str) -> Iterator[str]:
        """The keys of all nodes below the name."""
        for child in self._children.get(key, ()):
            if child in self.nodes:
                yield child
            yield from self.below(child)

    def is_pointed_at(self, key: str) -> bool:
        """Whether an MX, NS or SRV names the host with this key."""
        return key in self._pointers

    # -- change ----

    def insert(self, key: str, records: Iterable[Record]) -> None:
        """Let the records stand at the name too; what is there already is there once."""
        for record in records:
            node = self.nodes.get(key)
            if node is None:
                node = self.nodes[key] = {}
                self._attach(key)
            if record.rrtype == "DNAME":
                self._dnames.add(key)
            rrset = node.setdefault(record.rrtype, {})
            before = len(rrset)
            rrset.setdefault(record)
            self._point(record, len(rrset) - before)

    def remove(self, place: Place) -> Rrset:
        """Take an RRset away, and the names above it that nothing else needs; returns it."""
        key, rrtype = place
        node = self.nodes.get(key, {})
        rrset = node.pop(rrtype, {})
        if rrtype == "DNAME":
            self._dnames.discard(key)
        for record in rrset:
            self._point(record, -1)
        if rrset and not node:
            del self.nodes[key]
            self._detach(key)
        return rrset

    def _attach(self, key: str) -> None:
        while key != self.origin:
            parent = key.partition(".")[2]
            siblings = self._children.setdefault(parent, set())
            siblings.add(key)
            if len(siblings) > 1 or parent in self.nodes:
                return
            key = parent

    def _detach(self, key: str) -> None:
        while key != self.origin and key not in self.nodes and key not in self._children:
            parent = key.partition(".")[2]
            self._children[parent].discard(key)
            if self._children[parent]:
                return
            del self._children[parent]
            key = parent

    def _point(self, record: Record, change: int) -> None:
        if not change or record.rrtype not in POINTERS:
            return
        target = key_of(record.target)
        count = self._pointers.get(target, 0) + change
        if count:
            self._pointers[target] = count
        else:
            del self._pointers[target]


def _found_at(node: Node, rrtype: str) -> Found:
    if rrtype == "ANY":
        return Found(Kind.ANSWER, tuple(record for rrset in node.values() for record in rrset))
    if rrtype in node:
        return Found(Kind.ANSWER, tuple(node[rrtype]))
    if "CNAME" in node:
        return Found(Kind.ALIAS, tuple(node["CNAME"]))
    return Found(Kind.NODATA)
