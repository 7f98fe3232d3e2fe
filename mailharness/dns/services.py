"""The parameters of SVCB and HTTPS records, in both directions (RFC 9460 §2.1, §2.2)."""

import base64
import binascii
import ipaddress
import re
import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple

from mailharness.dns.buffer import Octets
from mailharness.dns.fields import Field, Piece, Spell, Words, character_string, ipv4, ipv6
from mailharness.dns.strings import MalformedError, quoted_once, unescaped

_KEYS = {"mandatory": 0, "alpn": 1, "no-default-alpn": 2, "port": 3, "ipv4hint": 4, "ech": 5, "ipv6hint": 6}
_NAMES = {number: key for key, number in _KEYS.items()}
_NUMBERED = re.compile(r"key(0|[1-9][0-9]{0,4})")
_MANDATORY = 0
_ITEM = re.compile(rb"(?:[^,\\]|\\.)+", re.DOTALL)


class Value(NamedTuple):
    """How a key's value is read from text, and shown."""

    read: Callable[[bytes], bytes]
    show: Callable[[bytes], str]


def _key_number(key: str) -> int:
    numbered = _NUMBERED.fullmatch(key)
    number = int(numbered[1]) if numbered else _KEYS.get(key, -1)
    if not 0 <= number < 0xFFFF:
        raise MalformedError(
            f"{key!r} is no key of a service parameter; write key667 for one without a name (RFC 9460 §2.1)"
        )
    return number


def _key_name(number: int) -> str:
    return _NAMES.get(number, f"key{number}")


def _listed(octets: bytes) -> list[bytes]:
    """The items of a list that commas part, a comma within one behind a backslash (RFC 9460 appendix A.1)."""
    items = [re.sub(rb"\\(.)", rb"\1", item, flags=re.DOTALL) for item in _ITEM.findall(octets)]
    if not items or octets.startswith(b",") or octets.endswith(b",") or b",," in octets:
        raise MalformedError
    return items


def _read_mandatory(octets: bytes) -> bytes:
    keys = sorted(_key_number(item.decode("latin-1")) for item in _listed(octets))
    if len(set(keys)) < len(keys) or _MANDATORY in keys:
        raise MalformedError("mandatory names each key once, and not itself (RFC 9460 §8)")
    return struct.pack(f"!{len(keys)}H", *keys)


def _read_port(octets: bytes) -> bytes:
    if not octets.isdigit() or int(octets) > 0xFFFF:
        raise MalformedError
    return struct.pack("!H", int(octets))


def _read_alpn(octets: bytes) -> bytes:
    return b"".join(map(character_string, _listed(octets)))


def _show_alpn(octets: bytes) -> str:
    items, at = [], 0
    while at < len(octets):
        items.append(octets[at + 1 : at + 1 + octets[at]])
        at += 1 + octets[at]
    if at != len(octets) or not all(items):
        raise MalformedError
    return quoted_once(b",".join(re.sub(rb"([,\\])", rb"\\\1", item) for item in items))


def _numbers(octets: bytes) -> Iterable[int]:
    return struct.unpack(f"!{len(octets) // 2}H", octets)


def _read_ech(octets: bytes) -> bytes:
    try:
        return base64.b64decode(octets, validate=True)
    except binascii.Error:
        raise MalformedError from None


def _addresses(read: Callable[[str], bytes], size: int) -> Value:
    def show(octets: bytes) -> str:
        starts = range(0, len(octets), size)
        return ",".join(str(ipaddress.ip_address(octets[start : start + size])) for start in starts)

    return Value(lambda octets: b"".join(read(item.decode("latin-1")) for item in _listed(octets)), show)


_VALUES = {
    0: Value(_read_mandatory, lambda octets: ",".join(map(_key_name, _numbers(octets)))),
    1: Value(_read_alpn, _show_alpn),
    3: Value(_read_port, lambda octets: str(*_numbers(octets))),
    4: _addresses(ipv4, 4),
    5: Value(_read_ech, lambda octets: base64.b64encode(octets).decode()),
    6: _addresses(ipv6, 16),
}


def _take(words: Words) -> list[Piece]:
    values: dict[int, bytes] = {}
    while words:
        key, equals, text = words.plain().partition("=")
        number = _key_number(key)
        if number in values:
            raise MalformedError(f"the service parameter {key} stands twice (RFC 9460 §2.1)")
        values[number] = _read_value(number, bool(equals), text[1:-1] if text.startswith('"') else text)
    _check_mandatory(values)
    return [struct.pack("!HH", number, len(value)) + value for number, value in sorted(values.items())]


def _read_value(number: int, given: bool, text: str) -> bytes:
    octets = unescaped(text)
    if number not in _VALUES:
        if number == _KEYS["no-default-alpn"] and given:
            raise MalformedError("no-default-alpn takes no value (RFC 9460 §7.1.1)")
        return octets
    if not octets:
        raise MalformedError
    return _VALUES[number].read(octets)


def _check_mandatory(values: dict[int, bytes]) -> None:
    for number in _numbers(values.get(_MANDATORY, b"")):
        if number not in values:
            raise MalformedError(f"{_key_name(number)} is mandatory and is not there (RFC 9460 §8)")


def _show(packet: Octets, end: int, _spell: Spell) -> str:
    shown = []
    last = -1
    while packet.offset < end:
        number, size = packet.unpack("!HH")
        if number <= last:
            raise MalformedError
        last = number
        shown.append(_show_parameter(number, packet.get(size)))
    return " ".join(shown)


def _show_parameter(number: int, octets: bytes) -> str:
    if number in _VALUES:
        return f"{_key_name(number)}={_VALUES[number].show(octets)}"
    return _key_name(number) + (f"={quoted_once(octets)}" if octets else "")


PARAMETERS = Field(_take, _show)
"""Service parameters up to the end, none or more."""
