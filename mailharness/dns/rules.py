"""What a zone must not hold, though each of its records be sound: one rule a function, each with its source."""

import re
from collections.abc import Callable, Iterable

from mailharness.dns.name import is_within, key_of
from mailharness.dns.record import POINTERS, Record
from mailharness.dns.tree import Kind, Place, Tree
from mailharness.errors import MisuseError

BESIDE_CNAME = frozenset({"CNAME", "RRSIG", "NSEC", "KEY", "SIG", "NXT"})  # RFC 2181 §10.1, RFC 4035 §2.5
GLUE = frozenset({"A", "AAAA"})
AT_A_CUT = GLUE | {"NS", "DS", "RRSIG", "NSEC"}
Rule = Callable[[Tree, str, list[Record]], str]


def verify(tree: Tree, places: Iterable[Place]) -> None:
    """Raise MisuseError if an RRset at one of the places breaks a rule of zones."""
    for key, rrtype in places:
        rrset = list(tree.nodes.get(key, {}).get(rrtype, ()))
        if not rrset:
            continue
        for rule in (*_EVERY_TYPE, *_BY_TYPE.get(rrtype, ())):
            complaint = rule(tree, key, rrset)
            if complaint:
                raise MisuseError(f"{rrset[-1]}: {complaint}; strict=False admits it")


def _one_ttl(_tree: Tree, _key: str, rrset: list[Record]) -> str:
    if rrset[0].rrtype == "RRSIG" or len({record.ttl for record in rrset}) == 1:
        return ""
    return f"the records of one name and type have one TTL, not {rrset[0].ttl} and {rrset[-1].ttl} (RFC 2181 §5.2)"


def _alias_alone(tree: Tree, key: str, _rrset: list[Record]) -> str:
    node = tree.nodes[key]
    if "CNAME" not in node or (len(node["CNAME"]) == 1 and BESIDE_CNAME.issuperset(node)):
        return ""
    return "a CNAME stands alone at its name (RFC 1034 §3.6.2)"


def _nothing_occluded(tree: Tree, key: str, rrset: list[Record]) -> str:
    cut = tree.cut_above(key)
    if cut is None or rrset[0].rrtype in (AT_A_CUT if cut == key else GLUE):
        return ""
    what = "only NS, DS and addresses stand at" if cut == key else "only addresses, as glue, stand below"
    return f"{what} the delegation of {cut}; declare it in that zone (RFC 1034 §4.2.1)"


def _nothing_below_a_dname(tree: Tree, key: str, _rrset: list[Record]) -> str:
    while key != tree.origin:
        key = key.partition(".")[2]
        if "DNAME" in tree.nodes.get(key, ()):
            return f"nothing stands below the DNAME of {key} (RFC 6672 §2.4)"
    return ""


def _null_mx_alone(_tree: Tree, _key: str, rrset: list[Record]) -> str:
    if len(rrset) > 1 and any(record.target == "." for record in rrset):
        return "a null MX is the only MX of its name (RFC 7505 §3)"
    return ""


def _no_address_pointed_at(tree: Tree, _key: str, rrset: list[Record]) -> str:
    """An address without a final dot becomes a name of the zone, which nobody means."""
    for record in rrset:
        if _ADDRESS.fullmatch(key_of(record.target).removesuffix(f".{tree.origin}")):
            return f"{record.target} is an address with the zone's name behind it, and a {record.rrtype} names a host"
    return ""


def _no_alias_pointed_at(tree: Tree, _key: str, rrset: list[Record]) -> str:
    for record in rrset:
        target = key_of(record.target)
        if is_within(target, tree.origin) and tree.find(target or ".", "A").kind in _ALIASES:
            return f"{record.target} is an alias, and a {record.rrtype} names a host ({_SOURCES[record.rrtype]})"
    return ""


def _no_pointed_at_alias(tree: Tree, key: str, _rrset: list[Record]) -> str:
    if not tree.is_pointed_at(key):
        return ""
    return "an MX, NS or SRV of the zone names this host, which thus cannot be an alias (RFC 2181 §10.3, RFC 2782)"


def _no_wildcard(_tree: Tree, key: str, _rrset: list[Record]) -> str:
    return "a wildcard delegates nothing (RFC 4592 §4.2)" if key == "*" or key.startswith("*.") else ""


def _cut_above_nothing(tree: Tree, key: str, _rrset: list[Record]) -> str:
    if key == tree.origin:
        return ""
    beside = next((rrtype for rrtype in tree.nodes[key] if rrtype not in AT_A_CUT), "")
    if beside:
        return f"its {beside} would be lost behind the delegation; declare it in that zone (RFC 1034 §4.2.1)"
    for below in tree.below(key):
        hidden = next((rrtype for rrtype in tree.nodes[below] if rrtype not in GLUE), "")
        if hidden:
            return f"the {hidden} of {below} would be lost behind the delegation; declare it in that zone (RFC 1034 §4.2.1)"
    return ""


def _one_dname(tree: Tree, key: str, rrset: list[Record]) -> str:
    if len(rrset) > 1:
        return "a name has one DNAME (RFC 6672 §2.4)"
    below = next(tree.below(key), "")
    return f"nothing stands below a DNAME, yet {below} does (RFC 6672 §2.4)" if below else ""


def _not_at_the_apex(tree: Tree, key: str, _rrset: list[Record]) -> str:
    return "a DS stands in the zone above, at the delegation (RFC 4035 §2.4)" if key == tree.origin else ""


_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_ALIASES = (Kind.ALIAS, Kind.SUBSTITUTION)
_SOURCES = {"MX": "RFC 2181 §10.3", "NS": "RFC 2181 §10.3", "SRV": "RFC 2782"}
_EVERY_TYPE: tuple[Rule, ...] = (_alias_alone, _one_ttl, _nothing_occluded, _nothing_below_a_dname)
_BY_TYPE: dict[str, tuple[Rule, ...]] = dict.fromkeys(POINTERS, (_no_alias_pointed_at,))
_BY_TYPE |= {
    "MX": (_null_mx_alone, _no_address_pointed_at, _no_alias_pointed_at),
    "NS": (_no_address_pointed_at, _no_alias_pointed_at, _no_wildcard, _cut_above_nothing),
    "CNAME": (_no_pointed_at_alias,),
    "DNAME": (_one_dname,),
    "DS": (_not_at_the_apex,),
}
