"""Conditions: what a rule asks about a letter and its envelope. Text is compared without case."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from mailharness.errors import MisuseError
from mailharness.mail import Address, Envelope, Message


class Condition(ABC):
    """Something that is so or not. ``one & other``, ``one | other`` and ``~one`` make others of them."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, message: Message, envelope: Envelope) -> bool:
        """Whether it is so of ``message``, under the envelope of one recipient."""

    @property
    def is_ours(self) -> bool:
        """Whether no pattern or function of a user's own is asked."""
        return True

    def __and__(self, other: "Test") -> "Condition":
        return AllOf((self, other))

    def __or__(self, other: "Test") -> "Condition":
        return AnyOf((self, other))

    def __invert__(self) -> "Condition":
        return Not(self)


Test: TypeAlias = Condition | Callable[[Message, Envelope], bool]


@dataclass(frozen=True, slots=True)
class Text:
    """What a text must be, hold, or be like; nothing said: it must be there."""

    is_: str | None = None
    contains: str | None = None
    matches: str | None = None

    def __post_init__(self) -> None:
        for name in ("is_", "contains", "matches"):
            given = getattr(self, name)
            if given is not None and not isinstance(given, str):
                raise MisuseError(f"rules: {name}={given!r}: write text, as in contains='offer'")
        try:
            re.compile(self.matches or "")
        except re.error as error:
            raise MisuseError(f"rules: matches={self.matches!r} is no regular expression: {error}") from None

    def fits(self, text: str) -> bool:
        low = text.strip().lower()
        return (
            (self.is_ is None or low == self.is_.lower())
            and (self.contains is None or self.contains.lower() in low)
            and (self.matches is None or re.search(self.matches, text, re.IGNORECASE) is not None)
        )


@dataclass(frozen=True, slots=True)
class Header(Condition):
    """A field of that name is like that (RFC 5228 §5.7)."""

    name: str
    text: Text

    def __call__(self, message: Message, envelope: Envelope) -> bool:  # noqa: ARG002 - a Condition's signature
        return any(map(self.text.fits, message.headers(self.name)))

    @property
    def is_ours(self) -> bool:
        return self.text.matches is None


@dataclass(frozen=True, slots=True)
class Party(Condition):
    """The sender of the envelope, or its recipient, is like that (RFC 5228 §5.4)."""

    part: str
    text: Text

    def __call__(self, message: Message, envelope: Envelope) -> bool:  # noqa: ARG002 - a Condition's signature
        who: tuple[Address | None, ...] = (envelope.sender,) if self.part == "sender" else envelope.recipients
        return any(self.text.fits(str(one or "")) for one in who)

    @property
    def is_ours(self) -> bool:
        return self.text.matches is None


@dataclass(frozen=True, slots=True)
class LargerThan(Condition):
    """It has more than so many octets (RFC 5228 §5.9)."""

    octets: int

    def __call__(self, message: Message, envelope: Envelope) -> bool:  # noqa: ARG002 - a Condition's signature
        return len(message) > self.octets


@dataclass(frozen=True, slots=True)
class AllOf(Condition):
    """Each of them is so."""

    parts: tuple[Test, ...]

    def __call__(self, message: Message, envelope: Envelope) -> bool:
        return all(part(message, envelope) for part in self.parts)

    @property
    def is_ours(self) -> bool:
        return all(isinstance(part, Condition) and part.is_ours for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """One of them is so."""

    parts: tuple[Test, ...]

    def __call__(self, message: Message, envelope: Envelope) -> bool:
        return any(part(message, envelope) for part in self.parts)

    @property
    def is_ours(self) -> bool:
        return all(isinstance(part, Condition) and part.is_ours for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """It is not so."""

    part: Test

    def __call__(self, message: Message, envelope: Envelope) -> bool:
        return not self.part(message, envelope)

    @property
    def is_ours(self) -> bool:
        return isinstance(self.part, Condition) and self.part.is_ours


def header(name: str, *, is_: str | None = None, contains: str | None = None, matches: str | None = None) -> Condition:
    """A field called ``name`` is ``is_``, has ``contains`` in it, fits the pattern ``matches``; or just is there.

    Values are unfolded and decoded (RFC 2047). Raises MisuseError for what is no field name, text or pattern.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[!-9;-~]+", name):
        raise MisuseError(f"rules.header({name!r}): write the name of a header field, as in 'List-Id'")
    return Header(name, Text(is_, contains, matches))


def sender(*, is_: str | None = None, contains: str | None = None, matches: str | None = None) -> Condition:
    """The sender of the envelope is like that; the null sender is the empty text."""
    return Party("sender", Text(is_, contains, matches))


def recipient(*, is_: str | None = None, contains: str | None = None, matches: str | None = None) -> Condition:
    """The address that the letter came by is like that, as in ``recipient(contains="+lists@")``."""
    return Party("recipient", Text(is_, contains, matches))


def larger_than(octets: int) -> Condition:
    """The letter has more than so many octets."""
    if not isinstance(octets, int) or isinstance(octets, bool) or octets < 0:
        raise MisuseError(f"rules.larger_than({octets!r}): write a number of octets")
    return LargerThan(octets)


def all_of(*conditions: Test) -> Condition:
    """Each of them is so; also written ``one & other``."""
    return AllOf(_tests(conditions))


def any_of(*conditions: Test) -> Condition:
    """One of them is so; also written ``one | other``."""
    return AnyOf(_tests(conditions))


def _tests(given: tuple[Test, ...]) -> tuple[Test, ...]:
    if not given or not all(map(callable, given)):
        raise MisuseError(f"rules: {given!r}: give conditions, or functions of message and envelope")
    return given
