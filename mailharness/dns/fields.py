"""The fields that records' data is made of, each in both directions: the words of a master file, and octets.

A field *takes* words and makes pieces: octets, or a name that stays apart because it may be compressed, or compared
without case. A field *shows* the octets at a packet's offset as words.
"""

import base64
import binascii
import calendar
import ipaddress
import re
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from mailharness.dns.buffer import Labels, Octets
from mailharness.dns.name import complaint_about, completed, labels_of
from mailharness.dns.strings import MalformedError, Word, quoted_once, seconds_of

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_NUMBER = re.compile(r"[0-9]{1,10}")
_TAG = re.compile(r"[A-Za-z0-9]{1,255}")
_DATE = re.compile(r"[0-9]{14}")


class Name(NamedTuple):
    """A name in a record's data; only the types of RFC 1035 compress it (RFC 3597 §4)."""

    labels: Labels
    compress: bool


Piece = bytes | Name
Spell = Callable[[Iterable[bytes]], str]


class Words:
    """The words that are still to be taken; with an ``origin`` they are a master file's, names relative to it."""

    def __init__(self, words: Iterable[Word], origin: str | None = None) -> None:
        self._words = deque(words)
        self.origin = origin

    def __len__(self) -> int:
        return len(self._words)

    def take(self) -> Word:
        """The next word; raises MalformedError at the end."""
        if not self._words:
            raise MalformedError
        return self._words.popleft()

    def plain(self) -> str:
        """The next word, which must not be quoted."""
        word = self.take()
        if word.quoted:
            raise MalformedError
        return word.text

    def rest(self) -> list[Word]:
        """All further words, at least one."""
        taken = list(self._words)
        self._words.clear()
        if not taken:
            raise MalformedError
        return taken


class Field(NamedTuple):
    """One field: ``take(words)`` makes pieces, ``show(packet, end, spell)`` makes words; both raise if it is malformed."""

    take: Callable[[Words], list[Piece]]
    show: Callable[[Octets, int, Spell], str]


def _number(size: int) -> Field:
    def take(words: Words) -> list[Piece]:
        text = words.plain()
        is_time = size == 4 and words.origin is not None  # a SOA's 1h30m
        number = int(text) if _NUMBER.fullmatch(text) else seconds_of(text) if is_time else None
        if number is None or number >= 256**size:
            raise MalformedError
        return [number.to_bytes(size, "big")]

    return Field(take, lambda packet, _end, _spell: str(int.from_bytes(packet.get(size), "big")))


def _name(*, compress: bool) -> Field:
    def take(words: Words) -> list[Piece]:
        text = words.plain()
        name = text if words.origin is None else completed(text, words.origin)
        complaint = complaint_about(name)
        if complaint:
            raise MalformedError(complaint)
        return [Name(labels_of(name), compress)]

    return Field(take, lambda packet, _end, spell: spell(packet.read_name()))


def character_string(octets: bytes) -> bytes:
    """One string behind its length; raises MalformedError if it is too long."""
    if len(octets) > 255:
        raise MalformedError("a string is over 255 octets; split it, as txt() does (RFC 1035 §3.3)")
    return bytes((len(octets),)) + octets


def _take_string(words: Words) -> list[Piece]:
    return [character_string(words.take().octets)]


def _show_string(packet: Octets, _end: int, _spell: Spell) -> str:
    return quoted_once(packet.get(packet.get(1)[0]))


def _take_strings(words: Words) -> list[Piece]:
    return [b"".join(character_string(word.octets) for word in words.rest())]


def _show_strings(packet: Octets, end: int, _spell: Spell) -> str:
    shown = [_show_string(packet, end, _spell)]
    while packet.offset < end:
        shown.append(_show_string(packet, end, _spell))
    return " ".join(shown)


def _take_tag(words: Words) -> list[Piece]:
    tag = words.plain()
    if not _TAG.fullmatch(tag):
        raise MalformedError
    return [character_string(tag.encode())]


def _show_tag(packet: Octets, _end: int, _spell: Spell) -> str:
    tag: str = packet.get(packet.get(1)[0]).decode("latin-1")
    if not _TAG.fullmatch(tag):
        raise MalformedError
    return tag


def _rest(read: Callable[[str], bytes], write: Callable[[bytes], bytes]) -> Field:
    """Octets up to the end, as hexadecimal or base64 digits that blanks may part."""

    def take(words: Words) -> list[Piece]:
        try:
            return [read("".join(word.text for word in words.rest()))]
        except (binascii.Error, ValueError):
            raise MalformedError from None

    def show(packet: Octets, end: int, _spell: Spell) -> str:
        octets = packet.get(max(end - packet.offset, 0))
        if not octets:
            raise MalformedError
        return write(octets).decode("ascii")

    return Field(take, show)


def _take_ipv4(words: Words) -> list[Piece]:
    return [ipv4(words.plain())]


def ipv4(text: str) -> bytes:
    """The four octets of a dotted quad; raises MalformedError."""
    if not _IPV4.fullmatch(text):
        raise MalformedError
    return bytes(map(int, text.split(".")))


def _take_ipv6(words: Words) -> list[Piece]:
    return [ipv6(words.plain())]


def ipv6(text: str) -> bytes:
    """The sixteen octets of an address without a zone; raises MalformedError."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise MalformedError from None
    if address.scope_id:
        raise MalformedError
    return address.packed


def _take_time(words: Words) -> list[Piece]:
    """``YYYYMMDDHHmmSS`` or seconds since 1970, modulo 2**32 (RFC 4034 §3.2)."""
    text = words.plain()
    if not _DATE.fullmatch(text):
        return U32.take(Words([Word(text)]))
    try:
        return [struct.pack("!I", calendar.timegm(time.strptime(text, "%Y%m%d%H%M%S")) % 2**32)]
    except ValueError:
        raise MalformedError from None


def _show_time(packet: Octets, _end: int, _spell: Spell) -> str:
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(int.from_bytes(packet.get(4), "big")))


U8, U16, U32 = _number(1), _number(2), _number(4)
HOST = _name(compress=True)
TARGET = _name(compress=False)
STRING = Field(_take_string, _show_string)
STRINGS = Field(_take_strings, _show_strings)
TAG = Field(_take_tag, _show_tag)
HEX = _rest(bytes.fromhex, binascii.hexlify)
BASE64 = _rest(lambda digits: base64.b64decode(digits, validate=True), base64.b64encode)
IPV4 = Field(_take_ipv4, lambda packet, _end, _spell: ".".join(map(str, packet.get(4))))
IPV6 = Field(_take_ipv6, lambda packet, _end, _spell: str(ipaddress.IPv6Address(packet.get(16))))
TIME = Field(_take_time, _show_time)
VALUE = Field(
    lambda words: [words.take().octets], lambda packet, end, _spell: quoted_once(packet.get(max(end - packet.offset, 0)))
)
"""Octets up to the end, as one quoted string without a length."""
