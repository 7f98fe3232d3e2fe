"""What a built-in filter does with what it finds: refuse the letter, hold it, or tag it and let it go on."""

from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

from mailharness.agents.filters.verdict import FilterVerdict, Quarantine, Refuse, Tag
from mailharness.errors import MisuseError

Action: TypeAlias = Literal["refuse", "quarantine", "tag"]
TAG_HEADER = "X-Filter"
"""The field that the built-in filters tag with; its value is ``<name of the filter>; <reason>``."""


def take(action: Action, name: str, reason: str, reply: str) -> FilterVerdict:
    """The verdict of the filter ``name`` that found ``reason``; ``reply`` is for the peer where it refuses."""
    match action:
        case "refuse":
            return Refuse(reply, reason)
        case "quarantine":
            return Quarantine(reason)
        case "tag":
            return Tag(TAG_HEADER, "".join(letter if letter.isprintable() else "?" for letter in f"{name}; {reason}"))


def checked_action(name: str, action: object) -> Action:
    """``action`` if it is one; raises MisuseError, with the name of the filter, if not."""
    for known in get_args(Action):
        if action == known:
            return known  # type: ignore[no-any-return]  # one of the literals, which get_args hides
    raise MisuseError.unknown(f"action for {name}:", action, get_args(Action))


def checked_strings(name: str, argument: str, given: Iterable[str]) -> tuple[str, ...]:
    """``given`` as a tuple; raises MisuseError unless it is some strings, none of them blank."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise MisuseError(f"{name}({argument}={given!r}): give a list of strings, even for one")
    strings = tuple(given)
    if not strings or not all(isinstance(each, str) and each.strip() for each in strings):
        raise MisuseError(f"{name}({argument}={list(strings)!r}): give at least one string, and no blank ones")
    return strings
