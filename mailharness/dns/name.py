"""Domain names: shown as they were declared, compared without case, kept inside their limits (RFC 1034 §3.1).

All names are absolute; a final dot may be written and is not kept. The root is shown as ``.``. A name's *key* is its
lower-case form without the final dot (the root's is empty): the one thing that dictionaries here are looked up by.
Octets that are no plain characters stand as ``\\DDD`` (RFC 1035 §5.1), so a dot always ends a label.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mailharness.errors import MisuseError

_OCTET = "(?:[01][0-9]{2}|2[0-4][0-9]|25[0-5])"
_LABEL = rf"(?:[!#-\-/-\[\]-~]|\\{_OCTET})+"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ORDINARY = re.compile(r"(?=.{1,253}\.?\Z)[A-Za-z0-9_*-]{1,63}(?:\.[A-Za-z0-9_*-]{1,63})*\.?")
_ESCAPED = re.compile(rf"\\({_OCTET})".encode())
_ESCAPE = re.compile(r"\\(?:([0-9]{3})|(.))", re.DOTALL)
_PLAIN = frozenset(range(0x21, 0x7F)) - frozenset(b'."\\')
_PLAIN_IN_MASTER_FILES = _PLAIN - frozenset(b";()@$")


def shown(name: str) -> str:
    """The name without its final dot, its case kept; ``.`` for the root."""
    return name.removesuffix(".") or "."


@lru_cache(maxsize=4096)
def key_of(name: str) -> str:
    """What the name is looked up by; an internationalised name by its A-labels (RFC 5890 §2.3.2.1)."""
    plain = name if name.isascii() else name.encode("idna").decode("ascii")
    if "\\" in plain:
        plain = name_of(labels_of(plain))  # so that \\097 is an a
    return plain.lower().removesuffix(".")


def ancestors(key: str) -> Iterator[str]:
    """The key itself, its parent, and so on up to the root's empty key."""
    while key:
        yield key
        key = key.partition(".")[2]
    yield ""


def is_within(key: str, zone: str) -> bool:
    """Whether the name with this key is at or below the one with the key ``zone``."""
    return key == zone or not zone or key.endswith("." + zone)


def labels_of(name: str) -> tuple[bytes, ...]:
    """The labels as octets, most specific first, case kept; none for the root."""
    plain = name.encode("ascii" if name.isascii() else "idna").removesuffix(b".")
    if not plain:
        return ()
    labels = plain.split(b".")
    return tuple(map(_unescape, labels)) if b"\\" in plain else tuple(labels)


def _unescape(label: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes((int(found[1]),)), label)


def name_of(labels: Iterable[bytes]) -> str:
    """The shown name of labels that came over the wire."""
    return ".".join(map(_label_text, labels)) or "."


def _label_text(label: bytes, plain: frozenset[int] = _PLAIN) -> str:
    if plain.issuperset(label):
        return label.decode("ascii")
    return "".join(chr(octet) if octet in plain else f"\\{octet:03d}" for octet in label)


def spelled_out(labels: Iterable[bytes]) -> str:
    """The absolute name as a master file has it: with the final dot, and with an escape for what is special there."""
    return "".join(_label_text(label, _PLAIN_IN_MASTER_FILES) + "." for label in labels) or "."


def completed(text: str, origin: str) -> str:
    """The shown name that ``text`` of a master file stands for below ``origin`` (RFC 1035 §5.1); it may be a bad one."""
    if text == "@":
        return origin
    plain = _ESCAPE.sub(_plain_escape, text) if "\\" in text else text
    if plain.endswith(".") or origin == ".":
        return shown(plain)
    return f"{plain}.{origin}"


def _plain_escape(found: re.Match[str]) -> str:
    """``\\.`` and ``\\046`` as ``\\046``, ``\\a`` and ``\\097`` as ``a``; what is no octet stays, to be refused."""
    octet = int(found[1]) if found[1] else ord(found[2])
    return _label_text(bytes((octet,))) if octet < 256 else found[0]


def complaint_about(name: str) -> str:
    """What is wrong with the name, with the rule that it breaks; empty for a good one."""
    if _ORDINARY.fullmatch(name) or name == ".":
        return ""
    try:
        plain = shown(name if name.isascii() else name.encode("idna").decode("ascii"))
        labels = labels_of(plain)
    except (UnicodeError, ValueError):
        return f"{name!r} is not a domain name (RFC 1035 §2.3.1)"
    if not _NAME.fullmatch(plain):
        return f"{name!r} is not a domain name (RFC 1035 §2.3.1)"
    if max(map(len, labels)) > 63:
        return f"{name!r} has a label over 63 octets (RFC 1035 §2.3.4)"
    if sum(map(len, labels)) + len(labels) > 254:
        return f"{name!r} is over 255 octets (RFC 1035 §2.3.4)"
    return ""


def checked(name: str) -> str:
    """The shown name; raises MisuseError naming the rule it breaks."""
    complaint = complaint_about(name)
    if complaint:
        raise MisuseError(complaint)
    return shown(name)
