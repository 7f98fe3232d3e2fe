"""The words of a master file: plain ones, quoted strings, escapes, durations (RFC 1035 §5.1)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BARE = rf'(?:[^\s"\\]|\\.)+(?:(?<==){_QUOTED})?(?!["\\])'
_WORD = re.compile(rf"\s*(?:({_QUOTED})|({_BARE}))", re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:([0-9]{3})|(.))", re.DOTALL)
_NO_OCTET = re.compile(r"(?<!\\)(?:\\\\)*\\(?:25[6-9]|2[6-9][0-9]|[3-9][0-9]{2})")
_DURATION = re.compile(r"(?:[0-9]+[wdhms])*[0-9]+[wdhms]?", re.IGNORECASE)
_PART = re.compile(r"([0-9]+)([wdhms]?)")
_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1, "": 1}


class MalformedError(ValueError):
    """Text or octets that are not what they should be; the message is a whole complaint, or empty."""


class Word(NamedTuple):
    """One word: its text without the quotes, escapes kept."""

    text: str
    quoted: bool = False

    @property
    def octets(self) -> bytes:
        """The character string that it stands for (RFC 1035 §3.3); raises MalformedError."""
        if not self.quoted and '"' in self.text:
            raise MalformedError
        return unescaped(self.text)


def unescaped(text: str) -> bytes:
    """The octets of ``text``, ``\\DDD`` and ``\\X`` resolved; raises MalformedError for a ``\\DDD`` over 255."""
    if "\\" not in text:
        return text.encode("utf-8")
    if _NO_OCTET.search(text):
        raise MalformedError(f"{text!r} escapes an octet over 255 (RFC 1035 §5.1)")
    return _ESCAPE.sub(lambda found: bytes((int(found[1]),)) if found[1] else found[2], text.encode("utf-8"))


def words_of(text: str) -> Iterator[Word]:
    """The words of one record's data; raises MalformedError for blanks around it and for a quote that is not closed."""
    at = 0
    if text != text.strip():
        raise MalformedError
    while at < len(text):
        found = _WORD.match(text, at)
        if found is None:
            raise MalformedError
        yield Word(found[1][1:-1], quoted=True) if found[1] else Word(found[2])
        at = found.end()


def strings_of(data: str) -> tuple[bytes, ...]:
    """The character strings of a TXT's data: ``"v=spf1 -all"`` is one, bare words are one each (RFC 1035 §5.1)."""
    return tuple(word.octets for word in words_of(data))


def quoted(text: str | bytes) -> str:
    """Any text as TXT data: strings of up to 255 octets, quoted and escaped (RFC 1035 §3.3.14)."""
    octets = text.encode("utf-8") if isinstance(text, str) else text
    return " ".join(quoted_once(octets[start : start + 255]) for start in range(0, len(octets) or 1, 255))


def quoted_once(octets: bytes) -> str:
    """The octets as one quoted string, however long."""
    return '"' + "".join(map(_QUOTABLE.__getitem__, octets)) + '"'


_QUOTABLE = tuple(
    f"\\{octet:03d}" if not 0x20 <= octet < 0x7F else "\\" + chr(octet) if chr(octet) in '"\\' else chr(octet)
    for octet in range(256)
)


def seconds_of(text: str) -> int | None:
    """A duration such as ``3600``, ``1h`` or ``1W2d30m`` in seconds, as BIND and NSD have it; None if it is none."""
    if not _DURATION.fullmatch(text):
        return None
    return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text.lower()))
