"""The data of records, from master-file text to dnslib's objects and back; one line of the table a type."""

from collections.abc import Callable
from typing import Any

import dnslib

from mailharness.dns.buffer import Uncompressed
from mailharness.dns.name import labels_of, name_of
from mailharness.dns.record import Record, quoted, strings_of


def label(name: str) -> dnslib.DNSLabel:
    return dnslib.DNSLabel(labels_of(name))


def _mx(data: str) -> Any:
    preference, exchange = data.split()
    return dnslib.MX(label(exchange), int(preference))


def _soa(data: str) -> Any:
    server, mailbox, *times = data.split()
    return dnslib.SOA(label(server), label(mailbox), tuple(map(int, times)))


def _mx_text(rdata: Any) -> str:
    return f"{rdata.preference} {name_of(rdata.label.label)}"


def _soa_text(rdata: Any) -> str:
    return f"{name_of(rdata.mname.label)} {name_of(rdata.rname.label)} {' '.join(map(str, rdata.times))}"


def _target_text(rdata: Any) -> str:
    return name_of(rdata.label.label)


def _strings_text(rdata: Any) -> str:
    return " ".join(map(quoted, rdata.data))


def _unknown_text(rdata: Any) -> str:
    """The data of a type that is not in the table, as octets (RFC 3597 §5)."""
    buffer = Uncompressed()
    rdata.pack(buffer)
    return rf"\# {len(buffer.data)} {buffer.data.hex()}"


def _unknown(data: str) -> Any:
    return dnslib.RD(bytes.fromhex(data.split()[2]))


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "A": dnslib.A,
    "AAAA": dnslib.AAAA,
    "MX": _mx,
    "NS": lambda data: dnslib.NS(label(data)),
    "SOA": _soa,
    "TXT": lambda data: dnslib.TXT(strings_of(data)),
    "CNAME": lambda data: dnslib.CNAME(label(data)),
    "PTR": lambda data: dnslib.PTR(label(data)),
}
_TO_TEXT: dict[str, Callable[[Any], str]] = {
    "A": str,
    "AAAA": str,
    "MX": _mx_text,
    "NS": _target_text,
    "SOA": _soa_text,
    "TXT": _strings_text,
    "CNAME": _target_text,
    "PTR": _target_text,
}


def resource_record(record: Record) -> Any:
    """The record as dnslib packs it."""
    rdata = _FROM_TEXT.get(record.rrtype, _unknown)(record.data)
    return dnslib.RR(label(record.name), getattr(dnslib.QTYPE, record.rrtype), ttl=record.ttl, rdata=rdata)


def record_of(rr: Any) -> Record:
    """The record that dnslib parsed; a TTL with its top bit set counts as zero (RFC 2181 §8)."""
    rrtype = dnslib.QTYPE[rr.rtype]
    data = _TO_TEXT.get(rrtype, _unknown_text)(rr.rdata)
    return Record(name_of(rr.rname.label), rrtype, rr.ttl if rr.ttl < 2**31 else 0, data)
