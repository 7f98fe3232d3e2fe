"""The data of records by type, from master-file text to octets and back; one line of the table a type.

A type that is not in the table, and data that is not as its type wants it, stand as ``\\# length hex`` (RFC 3597 §5).
"""

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

import dnslib

from mailharness.dns.buffer import Octets, plain_name
from mailharness.dns.fields import (
    BASE64,
    HEX,
    HOST,
    IPV4,
    IPV6,
    STRING,
    STRINGS,
    TAG,
    TARGET,
    TIME,
    U8,
    U16,
    U32,
    VALUE,
    Field,
    Name,
    Piece,
    Spell,
    Words,
)
from mailharness.dns.name import name_of
from mailharness.dns.services import PARAMETERS
from mailharness.dns.strings import MalformedError, Word, words_of
from mailharness.errors import MisuseError

_TYPE = re.compile(r"TYPE(0|[1-9][0-9]{0,4})")
MAX_DATA = 0xFFFF
_MUCH = 60_000
"""Data with less octets beside its names is not over the limit."""


class Layout(NamedTuple):
    """A type's number, its fields, what they are in words, and the source."""

    number: int
    fields: tuple[Field, ...]
    what: str
    source: str


def _take_type(words: Words) -> list[Piece]:
    try:
        return [type_number(words.plain()).to_bytes(2, "big")]
    except MisuseError:
        raise MalformedError from None


_COVERED = Field(_take_type, lambda packet, _end, _spell: type_name(int.from_bytes(packet.get(2), "big")))
_A_NAME = "a domain name"
_STRINGS = "one or more strings"
_DIGEST = "a key tag, an algorithm, a digest type and the digest in hexadecimal"
_KEY = "flags, the protocol 3, an algorithm and a key in base64"
_SERVICE = "a priority, a target and parameters, as in '1 . alpn=h2 port=8443'"
_ASSOCIATION = "three numbers (0-255) and the certificate's data in hexadecimal, as in '3 1 1 c0ffee...'"

LAYOUTS = {
    "A": Layout(1, (IPV4,), "an IPv4 address", "RFC 1035 §3.4.1"),
    "NS": Layout(2, (HOST,), _A_NAME, "RFC 1035 §3.3.11"),
    "CNAME": Layout(5, (HOST,), _A_NAME, "RFC 1035 §3.3.1"),
    "SOA": Layout(6, (HOST, HOST, U32, U32, U32, U32, U32), "two names and five numbers", "RFC 1035 §3.3.13"),
    "PTR": Layout(12, (HOST,), _A_NAME, "RFC 1035 §3.3.12"),
    "HINFO": Layout(13, (STRING, STRING), "two strings", "RFC 1035 §3.3.2"),
    "MX": Layout(15, (U16, HOST), "a preference (0-65535) and a host, as in '10 mail.acme.test'", "RFC 1035 §3.3.9"),
    "TXT": Layout(16, (STRINGS,), _STRINGS, "RFC 1035 §3.3.14"),
    "RP": Layout(17, (TARGET, TARGET), "two names", "RFC 1183 §2.2"),
    "AFSDB": Layout(18, (U16, TARGET), "a subtype and a host", "RFC 1183 §1"),
    "AAAA": Layout(28, (IPV6,), "an IPv6 address", "RFC 3596 §2.2"),
    "SRV": Layout(
        33,
        (U16, U16, U16, TARGET),
        "a priority, a weight, a port (0-65535 each) and a host, as in '0 1 143 imap.acme.test'",
        "RFC 2782",
    ),
    "NAPTR": Layout(
        35,
        (U16, U16, STRING, STRING, STRING, TARGET),
        """an order, a preference, three strings and a name, as in '100 10 "S" "SIP+D2U" "" _sip._udp.acme.test'""",
        "RFC 3403 §4.1",
    ),
    "KX": Layout(36, (U16, TARGET), "a preference and a host", "RFC 2230 §3.1"),
    "CERT": Layout(37, (U16, U16, U8, BASE64), "three numbers and a certificate in base64", "RFC 4398 §2.2"),
    "DNAME": Layout(39, (TARGET,), _A_NAME, "RFC 6672 §2.1"),
    "DS": Layout(43, (U16, U8, U8, HEX), _DIGEST, "RFC 4034 §5.3"),
    "SSHFP": Layout(44, (U8, U8, HEX), "an algorithm, a type and the fingerprint in hexadecimal", "RFC 4255 §3.2"),
    "RRSIG": Layout(
        46,
        (_COVERED, U8, U8, U32, TIME, TIME, U16, TARGET, BASE64),
        "the type covered, algorithm, labels, TTL, expiration, inception, key tag, signer and signature",
        "RFC 4034 §3.2",
    ),
    "DNSKEY": Layout(48, (U16, U8, U8, BASE64), _KEY, "RFC 4034 §2.2"),
    "TLSA": Layout(52, (U8, U8, U8, HEX), _ASSOCIATION, "RFC 6698 §2.2"),
    "SMIMEA": Layout(53, (U8, U8, U8, HEX), _ASSOCIATION, "RFC 8162 §2"),
    "CDS": Layout(59, (U16, U8, U8, HEX), _DIGEST, "RFC 7344 §3.1"),
    "CDNSKEY": Layout(60, (U16, U8, U8, BASE64), _KEY, "RFC 7344 §3.2"),
    "OPENPGPKEY": Layout(61, (BASE64,), "a key in base64", "RFC 7929 §2.3"),
    "SVCB": Layout(64, (U16, TARGET, PARAMETERS), _SERVICE, "RFC 9460 §2.1"),
    "HTTPS": Layout(65, (U16, TARGET, PARAMETERS), _SERVICE, "RFC 9460 §2.1"),
    "SPF": Layout(99, (STRINGS,), _STRINGS, "RFC 7208 §3.1"),
    "URI": Layout(256, (U16, U16, VALUE), "a priority, a weight and a quoted URI", "RFC 7553 §4.4"),
    "CAA": Layout(
        257, (U8, TAG, VALUE), """flags (0-255), a tag and a value, as in '0 issue "ca.acme.test"'""", "RFC 8659 §4.1"
    ),
}
TYPES = frozenset(LAYOUTS)
"""The record types whose data is known here; any other is written TYPE65280, with generic data."""
_GENERIC = Layout(0, (), r"generic data, as in '\# 3 c0ffee'", "RFC 3597 §5")
_NUMBERS: dict[str, int] = dict(dnslib.QTYPE.reverse) | {"NSEC3PARAM": 51, "HIP": 55, "MAILB": 253, "MAILA": 254}
_NUMBERS |= {rrtype: layout.number for rrtype, layout in LAYOUTS.items()}
_NAMES = {number: rrtype for rrtype, number in _NUMBERS.items()}
_STRICT_ON_THE_WIRE = frozenset({"A", "AAAA", "CNAME", "HINFO", "MX", "NS", "PTR", "SOA", "TXT"})


def type_number(rrtype: str) -> int:
    """The number of a record type by its name, ``TYPE123`` included (RFC 3597 §5); raises MisuseError for no type."""
    number = _NUMBERS.get(rrtype)
    if number is None:
        unknown = _TYPE.fullmatch(rrtype)
        number = int(unknown[1]) if unknown else -1
    if not 0 <= number <= 0xFFFF:
        raise MisuseError.unknown("record type", rrtype, LAYOUTS)
    return number


def type_name(number: int) -> str:
    """What the type is called, ``TYPE123`` if nothing better."""
    return _NAMES.get(number) or f"TYPE{number}"


# -- from text ----


@functools.lru_cache(maxsize=8192)
def pieces_of(rrtype: str, data: str) -> tuple[Piece, ...]:
    """The data's pieces as they go on the wire; raises MalformedError, with a whole complaint."""
    return read_data(rrtype, words_of(data))


def read_data(rrtype: str, words: Iterable[Word], origin: str | None = None) -> tuple[Piece, ...]:
    """The pieces of data in words, a master file's if there is an ``origin``; raises MalformedError, a whole complaint."""
    layout = LAYOUTS.get(rrtype, _GENERIC)
    left: list[Word] = []
    try:
        left = list(words)
        pieces = _read_generic(left) if _is_generic(left) else _read_fields(layout, Words(left, origin))
    except MalformedError as complaint:
        shown = " ".join(word.text for word in left)
        raise MalformedError(str(complaint) or f"{shown!r} is not {layout.what} ({layout.source})") from None
    if sum(map(len, pieces)) > _MUCH and sum(map(len, map(_octets, pieces))) > MAX_DATA:
        raise MalformedError(f"its data is over {MAX_DATA} octets (RFC 1035 §3.2.1)")
    return pieces


def _is_generic(words: list[Word]) -> bool:
    return bool(words) and words[0] == (r"\#", False)


def _read_generic(words: list[Word]) -> tuple[Piece, ...]:
    try:
        length, octets = int(words[1].text), bytes.fromhex("".join(word.text for word in words[2:]))
    except (ValueError, IndexError):
        length, octets = -1, b""
    if length != len(octets):
        raise MalformedError(r"generic data is '\# length hex', as in '\# 3 c0ffee', the length in octets (RFC 3597 §5)")
    return (octets,)


def _read_fields(layout: Layout, words: Words) -> tuple[Piece, ...]:
    if not layout.fields:
        raise MalformedError
    pieces = tuple(piece for field in layout.fields for piece in field.take(words))
    if words:
        raise MalformedError
    return pieces


def _octets(piece: Piece) -> bytes:
    return plain_name(piece.labels) if isinstance(piece, Name) else piece


# -- from octets ----


def text_of(rrtype: str, pieces: Iterable[Piece], spell: Spell = name_of) -> str:
    """The pieces as text, generic where they are not as the type wants them."""
    packet = Octets(b"".join(map(_octets, pieces)))
    try:
        return _show_fields(rrtype, packet, len(packet.data), spell)
    except (dnslib.BufferError, ValueError):
        return _generic(bytes(packet.data))


def show_data(rrtype: str, packet: Octets, size: int) -> str:
    """The next ``size`` octets as text; raises ValueError or dnslib's BufferError where a resolver would not read on."""
    start = packet.offset
    try:
        return _show_fields(rrtype, packet, start + size, name_of)
    except (dnslib.BufferError, ValueError):
        if rrtype in _STRICT_ON_THE_WIRE:
            raise
    packet.offset = start
    return _generic(packet.get(size))


def _show_fields(rrtype: str, packet: Octets, end: int, spell: Spell) -> str:
    if rrtype not in LAYOUTS:
        return _generic(packet.get(end - packet.offset))
    shown = " ".join(field.show(packet, end, spell) for field in LAYOUTS[rrtype].fields).rstrip(" ")
    if packet.offset != end:
        raise MalformedError(f"the data of a {rrtype} ends elsewhere than it says")
    return shown


def _generic(octets: bytes) -> str:
    return rf"\# {len(octets)} {octets.hex()}".rstrip()


def normal(rrtype: str, data: str) -> str:
    """The data without the disguise of RFC 3597 §5, where it is what its type wants."""
    return text_of(rrtype, pieces_of(rrtype, data)) if data.startswith(r"\#") else data


@functools.lru_cache(maxsize=8192)
def canonical(rrtype: str, data: str) -> object:
    """What equal data has in common: its octets, names without case (RFC 4034 §6.2); else the text."""
    try:
        pieces = pieces_of(rrtype, normal(rrtype, data))
    except MalformedError:
        return data
    return tuple(tuple(label.lower() for label in piece.labels) if isinstance(piece, Name) else piece for piece in pieces)
