"""The ini options: what a run says of all its worlds."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest


class _Option(NamedTuple):
    """One ini option: the world's option it stands for, how it is read, and what it must be, in words."""

    world: str
    read: Callable[[str], Any]
    must_be: str
    help: str


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise ValueError
    return seconds


_OPTIONS: Mapping[str, _Option] = {
    "mailharness_timeout": _Option(
        "timeout",
        _seconds,
        "a number of seconds above 0",
        "real seconds after which a world that does not settle is an error",
    ),
    "mailharness_seed": _Option("seed", int, "a whole number", "the seed of all that a world draws at random"),
}


def declare(parser: pytest.Parser) -> None:
    """Make the options known to pytest."""
    for name, option in _OPTIONS.items():
        parser.addini(name, option.help, default="")


def settings(config: pytest.Config) -> dict[str, Any]:
    """The world's options that the ini file, or ``-o``, sets. Raises pytest.UsageError for a value that cannot be."""
    texts = {name: str(config.getini(name)).strip() for name in _OPTIONS}
    return {_OPTIONS[name].world: _value(name, text) for name, text in texts.items() if text}


def _value(name: str, text: str) -> Any:
    option = _OPTIONS[name]
    try:
        return option.read(text)
    except ValueError:
        raise pytest.UsageError(f"{name} = {text}: must be {option.must_be}") from None
