"""Checks: an argument that cannot be is refused at the call, by its name, with what to write instead."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from mailharness.errors import MisuseError
from mailharness.faults import Fault

_SHOWN = 80
"""Characters of a wrong value that are shown."""


class Rule(NamedTuple):
    """What an argument must be: ``holds`` says whether it is, ``cure`` what to write."""

    holds: Callable[[Any], bool]
    cure: str


def check(call: str, rules: Mapping[str, Rule], **given: object) -> None:
    """Raise MisuseError for the first of the ``given`` arguments that breaks its rule.

    ``send(subject=3): write text, as in subject='Hello'``; a ``call`` that is named with arguments gets one more.
    """
    for name, value in given.items():
        if not rules[name].holds(value):
            shown = repr(value)
            shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
            opening = f"{call[:-1]}, " if call.endswith(")") else f"{call}("
            raise MisuseError(f"{opening}{name}={shown}): {rules[name].cure}")


def kind(*kinds: type, cure: str) -> Rule:
    """Only what is of one of these types; True and False are no numbers."""
    return Rule(lambda value: isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds), f"write {cure}")


def listed(*kinds: type, cure: str) -> Rule:
    """Only a list, or the like, of what is of one of these types."""
    return Rule(lambda value: is_list(value) and all(isinstance(one, kinds) for one in value), f"write {cure}")


def is_list(value: object) -> bool:
    """Whether it can be gone through again and again; text, octets and tables are single things."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping) and iter(value) is not value


def is_number(value: object) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


NAMES = {
    "domain": kind(str, cure="a domain's name, as in world['acme.test']"),
    "name": kind(str, cure="a name, as in 'mail.acme.test'"),
}
"""What domains and hosts are asked for by."""
FAULTS = {
    "faults": Rule(
        lambda faults: bool(faults) and all(isinstance(one, Fault) for one in faults),
        "give what mailharness.faults makes, one after the other, as in world.fault(faults.refuse('mx1.acme.test'))",
    )
}
"""What ``World.fault`` takes."""
FLAG = kind(bool, cure="True or False")
