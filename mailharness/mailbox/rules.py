"""Rules: what an account does with a letter on its way into its mailbox, as descriptions or functions of a test's own.

    Account("bob", filters=[
        rules.file_into("Lists/team", when=rules.header("List-Id", contains="team")),
        rules.flag("\\\\Flagged", when=rules.sender(is_="boss@acme.test")),
        rules.discard(when=rules.header("X-Spam", is_="yes")),
    ])

All rules are asked, in order. A letter stays in INBOX unless one files, forwards or discards it, as in Sieve (RFC 5228
§2.10.2). A function ``(message, envelope)`` may return a rule, several, or None.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from typing import TypeAlias

from mailharness.errors import MisuseError
from mailharness.mail import Address, Envelope, Message
from mailharness.mailbox.conditions import (
    Condition,
    Test,
    all_of,
    any_of,
    header,
    larger_than,
    recipient,
    sender,
)
from mailharness.mailbox.errors import CannotError
from mailharness.mailbox.mailbox import SYSTEM_FLAGS
from mailharness.mailbox.names import INBOX, checked
from mailharness.mailbox.reactions import WEEK

__all__ = [
    "Condition",
    "Rule",
    "all_of",
    "any_of",
    "discard",
    "file_into",
    "flag",
    "forward",
    "header",
    "keep",
    "larger_than",
    "recipient",
    "sender",
    "stop",
    "vacation",
]

_KEYWORD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")
_SYSTEM = {flag.lower(): flag for flag in SYSTEM_FLAGS}


@dataclass(frozen=True, slots=True)
class FileInto:
    """Into this mailbox, which is made where it is missing (RFC 5228 §4.1, RFC 5490 §3.2)."""

    mailbox: str

    def __str__(self) -> str:
        return f"file into {self.mailbox}"


@dataclass(frozen=True, slots=True)
class Flag:
    """With these flags, wherever it comes to lie (RFC 5232)."""

    flags: tuple[str, ...]

    def __str__(self) -> str:
        return f"flag {' '.join(self.flags)}"


@dataclass(frozen=True, slots=True)
class Forward:
    """On to others (RFC 5228 §4.2)."""

    to: tuple[Address, ...]

    def __str__(self) -> str:
        return f"forward to {', '.join(map(str, self.to))}"


@dataclass(frozen=True, slots=True)
class Discard:
    """Nowhere, unless another rule says where (RFC 5228 §4.4)."""

    def __str__(self) -> str:
        return "discard"


@dataclass(frozen=True, slots=True)
class Stop:
    """No further rule is asked (RFC 5228 §3.3)."""

    def __str__(self) -> str:
        return "stop"


@dataclass(frozen=True, slots=True)
class Vacation:
    """The sender is answered with ``text``, once in ``every`` seconds of the world's clock (RFC 5230, RFC 3834)."""

    text: str
    every: float

    def __str__(self) -> str:
        return "vacation"


Action: TypeAlias = FileInto | Flag | Forward | Discard | Stop | Vacation


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with a letter, and when: always, by a condition, or by a function ``(message, envelope) -> bool``."""

    actions: tuple[Action, ...]
    when: Test | None = None
    _: KW_ONLY
    name: str = ""

    def __post_init__(self) -> None:
        if self.when is not None and not callable(self.when):
            cure = "write a condition, as in when=rules.header('Subject', contains='offer'), or a function"
            raise MisuseError(f"rules.{self}: when={self.when!r}: {cure} of message and envelope")
        if not isinstance(self.name, str):
            raise MisuseError(f"rules.{self}: name={self.name!r}: write text")

    def __str__(self) -> str:
        return self.name or ", ".join(map(str, self.actions))

    @property
    def runs_code(self) -> bool:
        """Whether asking it runs code, or a pattern, that a user wrote."""
        return self.when is not None and not (isinstance(self.when, Condition) and self.when.is_ours)


Filter: TypeAlias = Rule | Callable[[Message, Envelope], Rule | Iterable[Rule] | None]


def file_into(mailbox: str, *, when: Test | None = None, copy: bool = False, name: str = "") -> Rule:
    """Put the letter into ``mailbox`` ("Lists/team"), made where it is missing, instead of INBOX; with ``copy`` into both.

    Raises MisuseError for a name that no mailbox can have.
    """
    _check(isinstance(mailbox, str), "file_into", mailbox, "write the name of a mailbox, as in 'Lists/team'")
    try:
        into = FileInto(checked(mailbox))
    except CannotError as error:
        raise MisuseError(f"rules.file_into({mailbox!r}): {error.text}") from None
    return Rule((into, FileInto(INBOX)) if copy else (into,), when, name=name)


def keep(*, when: Test | None = None, name: str = "") -> Rule:
    """Put the letter into INBOX, whatever other rules do with it besides."""
    return Rule((FileInto(INBOX),), when, name=name)


def flag(*flags: str, when: Test | None = None, name: str = "") -> Rule:
    """Give the letter these flags ("\\\\Flagged", "\\\\Seen", ...) or keywords ("$Junk").

    Raises MisuseError for what is neither.
    """
    cure = f"write one or more of {', '.join(SYSTEM_FLAGS)}, or keywords of letters and digits, as in '$Junk'"
    _check(bool(flags) and all(map(_is_flag, flags)), "flag", flags, cure)
    return Rule((Flag(tuple(_SYSTEM.get(one.lower(), one) for one in flags)),), when, name=name)


def discard(*, when: Test | None = None, name: str = "") -> Rule:
    """Throw the letter away, unless another rule says where it goes; the trace tells by which rule."""
    return Rule((Discard(),), when, name=name)


def forward(*to: str, when: Test | None = None, keep: bool = False, name: str = "") -> Rule:
    """Send the letter on to these addresses instead of INBOX, under its own sender; with ``keep`` to both.

    One that has been here before is not sent on again. Raises MisuseError for what is no address.
    """
    _check(bool(to) and all(isinstance(one, str) for one in to), "forward", to, "write an address, as in 'x@y.test'")
    onward = Forward(tuple(map(Address.parse, to)))
    return Rule((onward, FileInto(INBOX)) if keep else (onward,), when, name=name)


def vacation(text: str, *, every: float = WEEK, when: Test | None = None, name: str = "") -> Rule:
    """Answer the sender with ``text``, once in ``every`` seconds; the letter itself stays where it is (RFC 3834 §2)."""
    _check(isinstance(text, str) and bool(text), "vacation", text, "write the text of the answer")
    known = isinstance(every, int | float) and not isinstance(every, bool) and 0 <= every < float("inf")
    _check(known, "vacation", every, "write every= as 0 or more seconds of the world's clock")
    return Rule((Vacation(text, float(every)),), when, name=name)


def stop(*, when: Test | None = None, name: str = "") -> Rule:
    """Ask no further rule."""
    return Rule((Stop(),), when, name=name)


def check_filters(filters: object) -> tuple[Filter, ...]:
    """``filters`` as a tuple, for whoever declares an account. Raises MisuseError for what cannot be asked."""
    if isinstance(filters, Rule | str) or callable(filters) or not isinstance(filters, Iterable):
        raise MisuseError(f"filters={filters!r}: give a list, even for one rule, as in filters=[rules.file_into('Spam')]")
    known = tuple(filters)
    for one in known:
        if one in _MAKERS:
            raise MisuseError(f"filters=: {one.__name__} makes a rule when it is called: write rules.{one.__name__}(...)")
        if isinstance(one, Condition) or not (isinstance(one, Rule) or callable(one)):
            raise MisuseError(
                f"filters=: {one!r} is no rule: write rules.file_into(...), flag, forward, discard, vacation, keep or "
                "stop, or a function of message and envelope that returns one of them"
            )
    return known


_MAKERS = (file_into, keep, flag, discard, forward, vacation, stop)


def _check(holds: bool, call: str, given: object, cure: str) -> None:
    if not holds:
        raise MisuseError(f"rules.{call}({given!r}): {cure}")


def _is_flag(given: object) -> bool:
    return isinstance(given, str) and (given.lower() in _SYSTEM or _KEYWORD.fullmatch(given) is not None)
