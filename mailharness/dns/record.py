"""One resource record as a master file would say it (RFC 1035 §5.1), and what its type demands of it."""

from collections.abc import Callable
from typing import NamedTuple

from mailharness.dns.fields import Name, ipv4
from mailharness.dns.name import complaint_about, key_of
from mailharness.dns.rdata import LAYOUTS, canonical, normal, pieces_of, type_name, type_number
from mailharness.dns.strings import MalformedError
from mailharness.errors import MisuseError

MAX_TTL = 2**31 - 1  # RFC 2181 §8
META_TYPES = range(128, 256)  # RFC 6895 §3.1
POINTERS = frozenset({"MX", "NS", "SRV"})
"""The types whose target is a host, with addresses of its own."""
_LAST_WORD_TELLS = frozenset({"A", "CNAME", "MX", "NS", "PTR"})
"""The types whose data need not be parsed to tell most of them apart."""
_OPT = 41


class Record(NamedTuple):
    """A record: absolute ``name``, ``rrtype`` such as "MX", ``ttl`` in seconds, ``data`` as master-file text.

    Names in the data are absolute too. Shown as declared, compared by what it means: names without case (RFC 1034 §3.1).
    """

    name: str
    rrtype: str
    ttl: int
    data: str

    @property
    def key(self) -> str:
        return key_of(self.name)

    @property
    def target(self) -> str:
        """The domain name that the data of an MX, NS, CNAME, PTR or SRV ends in."""
        return self.data.split()[-1]

    @property
    def identity(self) -> tuple[str, str, int, object]:
        """What two equal records have in common."""
        return self.key, self.rrtype, self.ttl, canonical(self.rrtype, self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self.identity == other.identity

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        data = normal(self.rrtype, self.data)
        if self.rrtype not in _LAST_WORD_TELLS:
            return hash((self.key, self.rrtype, canonical(self.rrtype, data)))
        return hash((self.key, self.rrtype, key_of((data.split() or [data])[-1])))

    def __str__(self) -> str:
        return f"{self.name} {self.ttl} IN {self.rrtype} {self.data}"


def check(record: Record, *, strict: bool = True) -> Record:
    """The record as a zone keeps it; raises MisuseError, naming the rule, if it could not stand in a zone.

    Where it is not ``strict`` only what could not stand in a packet is refused.
    """
    complaint = _complaint_in_packets(record)
    if complaint:
        raise MisuseError(f"{record.name} {record.rrtype}: {complaint}")
    kept = _undisguised(record) if "\\#" in record.data or "TYPE" in record.rrtype else record
    complaint = _complaint(kept) if strict else ""
    if complaint:
        raise MisuseError(f"{record.name} {record.rrtype}: {complaint}; strict=False admits it")
    return kept


def _undisguised(record: Record) -> Record:
    """``TYPE1`` as A, and generic data as its type has it (RFC 3597 §5)."""
    rrtype = type_name(type_number(record.rrtype))
    return record._replace(rrtype=rrtype, data=normal(rrtype, record.data))


def _complaint_in_packets(record: Record) -> str:
    number = type_number(record.rrtype)
    if number in META_TYPES or number in (0, _OPT):
        return "is a type of questions and messages, not of records in a zone (RFC 6895 §3.1)"
    try:
        pieces_of(record.rrtype, record.data)
    except MalformedError as complaint:
        return str(complaint)
    if not 0 <= record.ttl < 2**32:
        return f"the TTL {record.ttl} is not within 0 to {MAX_TTL} seconds (RFC 2181 §8)"
    return complaint_about(record.name)


# -- what a type demands beyond its form ----


def _complaint(record: Record) -> str:
    if record.ttl > MAX_TTL:
        return f"the TTL {record.ttl} is not within 0 to {MAX_TTL} seconds (RFC 2181 §8)"
    if record.data.startswith(r"\#") and record.rrtype in LAYOUTS:
        layout = LAYOUTS[record.rrtype]
        return f"the octets of {record.data!r} are not {layout.what} ({layout.source})"
    demand = _DEMANDS.get(record.rrtype)
    return demand(record) if demand else ""


def _about_host(record: Record) -> str:
    target = record.target.removesuffix(".")
    try:
        ipv4(target)
    except MalformedError:
        return ""
    return f"{target!r} is an address, not the name of a host that has an A record ({_HOST_SOURCES[record.rrtype]})"


_HOST_SOURCES = {
    "MX": "RFC 5321 §5.1",
    "NS": "RFC 1035 §3.3.11",
    "CNAME": "RFC 1035 §3.3.1",
    "SRV": "RFC 2782",
}


def _about_mx(record: Record) -> str:
    preference, exchange = record.data.split()
    if exchange == "." and int(preference):
        return f"{record.data!r} is no null MX, which is '0 .' (RFC 7505 §3)"
    return _about_host(record)


def _about_digest(record: Record) -> str:
    """The length of a digest is that of its kind."""
    at, lengths, source = _DIGESTS[record.rrtype]
    fields = pieces_of(record.rrtype, record.data)
    kind, digest = fields[at], fields[-1]
    assert not isinstance(kind, Name)
    wanted = lengths.get(kind[0])
    if wanted is None or len(digest) == wanted:
        return ""
    return f"a digest of type {kind[0]} has {wanted} octets, not {len(digest)} ({source})"


_DIGESTS = {
    "DS": (2, {1: 20, 2: 32, 4: 48}, "RFC 4034 §5.1.4"),
    "CDS": (2, {1: 20, 2: 32, 4: 48}, "RFC 4034 §5.1.4"),
    "SSHFP": (1, {1: 20, 2: 32}, "RFC 4255 §3.1.3"),
    "TLSA": (2, {1: 32, 2: 64}, "RFC 6698 §2.1.3"),
    "SMIMEA": (2, {1: 32, 2: 64}, "RFC 6698 §2.1.3"),
}


def _about_key(record: Record) -> str:
    protocol = record.data.split()[1]
    return "" if protocol == "3" else f"the protocol of a key is 3, not {protocol} (RFC 4034 §2.1.2)"


_DEMANDS: dict[str, Callable[[Record], str]] = dict.fromkeys(_HOST_SOURCES, _about_host)
_DEMANDS |= dict.fromkeys(_DIGESTS, _about_digest) | dict.fromkeys(("DNSKEY", "CDNSKEY"), _about_key)
_DEMANDS["MX"] = _about_mx
