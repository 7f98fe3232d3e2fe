"""One resource record as a master file would say it (RFC 1035 §5.1), and what each type demands of its data."""

import functools
import ipaddress
import re
from collections.abc import Callable
from typing import NamedTuple

from mailharness.dns.name import complaint_about, key_of
from mailharness.errors import MisuseError

MAX_TTL = 2**31 - 1  # RFC 2181 §8
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_NUMBER = re.compile(r"[0-9]{1,10}")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)', re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:([0-9]{3})|(.))", re.DOTALL)


class Record(NamedTuple):
    """A record: absolute ``name``, ``rrtype`` such as "MX", ``ttl`` in seconds, ``data`` as master-file text.

    Shown as declared, compared without case (RFC 1034 §3.1), but for the strings of a TXT.
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
        """The domain name that the data of an MX, NS, CNAME or PTR ends in."""
        return self.data.split()[-1]

    @property
    def identity(self) -> tuple[str, str, int, str]:
        """What two equal records have in common."""
        data = self.data if self.rrtype == "TXT" else " ".join(map(key_of, self.data.split()))
        return self.key, self.rrtype, self.ttl, data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self.identity == other.identity

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.identity)

    def __str__(self) -> str:
        return f"{self.name} {self.ttl} IN {self.rrtype} {self.data}"


def strings_of(data: str) -> tuple[bytes, ...]:
    """The character strings of a TXT's data: ``"v=spf1 -all"`` is one, bare words are one each (RFC 1035 §5.1)."""
    return tuple(_unescaped(quoted or bare) for quoted, bare in _STRING.findall(data))


def _unescaped(text: str) -> bytes:
    def octet(found: re.Match[bytes]) -> bytes:
        return bytes((int(found[1]) & 0xFF,)) if found[1] else found[2]

    return _ESCAPE.sub(octet, text.encode("utf-8"))


def quoted(text: str | bytes) -> str:
    """Any text as TXT data: strings of up to 255 octets, quoted and escaped (RFC 1035 §3.3.14)."""
    octets = text.encode("utf-8") if isinstance(text, str) else text
    return " ".join(_quoted(octets[start : start + 255]) for start in range(0, len(octets) or 1, 255))


def _quoted(octets: bytes) -> str:
    return '"' + "".join(map(_TXT_OCTETS.__getitem__, octets)) + '"'


_TXT_OCTETS = tuple(
    f"\\{octet:03d}" if not 0x20 <= octet < 0x7F else "\\" + chr(octet) if chr(octet) in '"\\' else chr(octet)
    for octet in range(256)
)


def _about_a(data: str) -> str:
    return "" if _IPV4.fullmatch(data) else f"{data!r} is not an IPv4 address (RFC 1035 §3.4.1)"


def _about_aaaa(data: str) -> str:
    try:
        ipaddress.IPv6Address(data)
    except ValueError:
        return f"{data!r} is not an IPv6 address (RFC 3596 §2.2)"
    return ""


def _about_mx(data: str) -> str:
    preference, _, exchange = data.partition(" ")
    if not _NUMBER.fullmatch(preference) or int(preference) > 0xFFFF or not exchange.strip():
        return f"{data!r} is not a preference (0-65535) and a host, as in '10 mail.acme.test' (RFC 1035 §3.3.9)"
    return complaint_about(exchange.strip())


def _about_soa(data: str) -> str:
    fields = data.split()
    if len(fields) != 7 or not all(_NUMBER.fullmatch(field) and int(field) < 2**32 for field in fields[2:]):
        return f"{data!r} is not two names and five numbers (RFC 1035 §3.3.13)"
    return complaint_about(fields[0]) or complaint_about(fields[1])


def _about_txt(data: str) -> str:
    strings = strings_of(data)
    if not strings or _STRING.sub("", data).strip():
        return f"{data!r} is not one or more strings (RFC 1035 §3.3.14)"
    if max(map(len, strings)) > 255:
        return "a string of a TXT is over 255 octets; split it, as quoted() does (RFC 1035 §3.3)"
    return ""


_DEMANDS: dict[str, Callable[[str], str]] = {
    "A": _about_a,
    "AAAA": _about_aaaa,
    "MX": _about_mx,
    "NS": complaint_about,
    "SOA": _about_soa,
    "TXT": _about_txt,
    "CNAME": complaint_about,
    "PTR": complaint_about,
}
TYPES = frozenset(_DEMANDS)
"""The record types that a zone may hold."""


@functools.lru_cache(maxsize=4096)
def _complaint(rrtype: str, data: str) -> str:
    return _DEMANDS[rrtype](data)


def check(record: Record) -> None:
    """Raise MisuseError if the record could not stand in a zone, naming the rule that it breaks."""
    if record.rrtype not in _DEMANDS:
        raise MisuseError.unknown("record type", record.rrtype, _DEMANDS)
    complaint = _complaint(record.rrtype, record.data) or complaint_about(record.name)
    if not complaint and not 0 <= record.ttl <= MAX_TTL:
        complaint = f"the TTL {record.ttl} is not within 0 to {MAX_TTL} seconds (RFC 2181 §8)"
    if complaint:
        raise MisuseError(f"{record.name} {record.rrtype}: {complaint}")
