"""Checks: a behaviour that cannot be is refused at the call, with what to write instead."""

import math
from collections.abc import Iterable, Mapping

from mailharness.errors import MisuseError
from mailharness.mail import Reply


def seconds(call: str, name: str, value: object, *, least: float = 0, above: float | None = None) -> float:
    """``value`` as seconds of the world's clock. Raises MisuseError below ``least``, not above ``above``, or no number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise MisuseError(f"{call}({name}={value!r}): write a finite number of seconds, as in {name}=300")
    if value < least or (above is not None and value <= above):
        bound = f"{least:g} or more" if above is None else f"more than {above:g}"
        raise MisuseError(f"{call}({name}={value!r}): write {bound} seconds")
    return value


def whole(call: str, name: str, value: object, *, least: int = 1, most: float = math.inf) -> int:
    """``value`` as a whole number within bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        upper = f" to {most}" if most < math.inf else " or more"
        raise MisuseError(f"{call}({name}={value!r}): write a whole number, {least}{upper}")
    return value


def refusal(call: str, reply: str | Reply) -> Reply:
    """``reply`` as a Reply that refuses. Raises MisuseError for what is no reply, or none of 400 to 599."""
    parsed = Reply.parse(reply)
    if parsed.code < 400:
        raise MisuseError(f"{call}(reply={str(reply)!r}): a refusal is 400 to 599, as in reply='451 4.7.1 Try again later'")
    return parsed


def patterns(call: str, name: str, value: object) -> tuple[str, ...]:
    """``value`` as patterns in lower case. Raises MisuseError for a single text, or for what is no text."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise MisuseError(f"{call}({name}={value!r}): write a list, as in {name}=[{value!r}]")
    every = tuple(value)
    for one in every:
        if not isinstance(one, str) or not one.strip():
            raise MisuseError(f"{call}({name}=[{one!r}]): write patterns as text, as in {name}=['*@spam.test']")
    return tuple(one.strip().lower() for one in every)
