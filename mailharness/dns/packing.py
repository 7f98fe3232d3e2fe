"""Whole messages as octets, both ways (RFC 1035 §4.1, RFC 6891 §6.1): header, question, records, and the OPT."""

import struct
from typing import NamedTuple

import dnslib

from mailharness.dns.buffer import Labels, Octets, plain_name
from mailharness.dns.fields import Name
from mailharness.dns.message import Question, Records
from mailharness.dns.name import labels_of, name_of
from mailharness.dns.rdata import pieces_of, show_data, type_name, type_number
from mailharness.dns.record import MAX_TTL, Record

EDNS_LIMIT = 4096  # RFC 6891 §6.2.5
_IN = 1
_OPT = 41
_DO = 0x8000


class Opt(NamedTuple):
    """What an OPT record says: the size of UDP answers its sender takes, and the DO bit (RFC 3225 §3)."""

    size: int
    version: int = 0
    rcode: int = 0
    do: bool = False
    misplaced: bool = False
    """It stands at another name than the root, or in another section than the additional."""


class Message(NamedTuple):
    """One message: ``flags`` as the header has them, the class-IN records of each section, every OPT, and what follows."""

    id: int
    flags: int
    questions: list[tuple[Labels, int, int]]
    answer: Records
    authority: Records
    additional: Records
    options: list[Opt]
    behind: int


# -- reading ----


def parse_message(packet: bytes) -> Message:
    """The message in ``packet``; raises ValueError, struct.error or dnslib.BufferError for octets that are none."""
    buffer = Octets(packet)
    number, flags, questions, *counts = buffer.unpack("!HHHHHH")
    asked = [(buffer.read_name(), *buffer.unpack("!HH")) for _ in range(questions)]
    options: list[Opt] = []
    answer, authority, additional = (_read_section(buffer, count, options, nth) for nth, count in enumerate(counts))
    return Message(number, flags, asked, answer, authority, additional, options, buffer.remaining())


def _read_section(buffer: Octets, count: int, options: list[Opt], nth: int) -> Records:
    records = []
    for _ in range(count):
        labels = buffer.read_name()
        number, rclass, ttl, size = buffer.unpack("!HHIH")
        if number == _OPT:
            _skip_options(buffer, size)
            misplaced = bool(labels) or nth < 2
            options.append(Opt(rclass, ttl >> 16 & 0xFF, ttl >> 24, bool(ttl & _DO), misplaced))
        elif rclass == _IN:
            records.append(_read_record(buffer, labels, number, ttl, size))
        else:
            buffer.get(size)
    return tuple(records)


def _skip_options(buffer: Octets, size: int) -> None:
    end = buffer.offset + size
    while buffer.offset < end:
        buffer.get(buffer.unpack("!HH")[1])
    if buffer.offset > end:
        raise dnslib.BufferError("an option of EDNS is longer than the OPT")


def _read_record(buffer: Octets, labels: Labels, number: int, ttl: int, size: int) -> Record:
    """A TTL with its top bit set counts as zero (RFC 2181 §8)."""
    if size > buffer.remaining():
        raise dnslib.BufferError("the packet ends within a record")
    rrtype = type_name(number)
    return Record(name_of(labels), rrtype, ttl if ttl <= MAX_TTL else 0, show_data(rrtype, buffer, size))


# -- writing ----


def write_question(buffer: Octets, question: Question, qclass: int = _IN) -> None:
    """The question in full; no later name points at it."""
    buffer.append(plain_name(labels_of(question.name)))
    buffer.pack("!HH", type_number(question.rrtype), qclass)


def write_record(buffer: Octets, record: Record) -> None:
    """The record; names within its data are compressed where its type allows it (RFC 3597 §4)."""
    buffer.write_name(labels_of(record.name))
    buffer.pack("!HHIH", type_number(record.rrtype), _IN, record.ttl, 0)
    start = buffer.offset
    for piece in pieces_of(record.rrtype, record.data):
        if not isinstance(piece, Name):
            buffer.append(piece)
        elif piece.compress:
            buffer.write_name(piece.labels)
        else:
            buffer.append(plain_name(piece.labels))
    buffer.update(start - 2, "!H", buffer.offset - start)


def write_opt(buffer: Octets, opt: Opt) -> None:
    ttl = opt.rcode << 24 | opt.version << 16 | (_DO if opt.do else 0)
    buffer.append(struct.pack("!BHHIH", 0, _OPT, opt.size, ttl, 0))
