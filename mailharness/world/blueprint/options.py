"""A world's own options: its clock, its seed, its patience."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mailharness.errors import MisuseError

_OPTIONS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "start": (
        lambda start: start is None or (isinstance(start, int | float) and 0 <= start < 250e9),
        "a start in seconds since the epoch, as in datetime(2030, 1, 31, tzinfo=UTC).timestamp()",
    ),
    "seed": (lambda seed: isinstance(seed, int), "a seed that is a whole number"),
    "timeout": (
        lambda timeout: isinstance(timeout, int | float) and 0 < timeout < 1e9,
        "more than 0 seconds to settle, and a finite number of them",
    ),
    "keep_letters": (
        lambda letters: letters is None or (isinstance(letters, int) and letters > 0),
        "at least 1 letter to keep, or None for all",
    ),
    "spool": (lambda path: path is None or isinstance(path, str | Path), "the path of a file, or None"),
    "store": (lambda path: path is None or isinstance(path, str | Path), "the path of a file, or None"),
}


def check_options(clock: object, **options: object) -> None:
    """Raise MisuseError for an option of a world that cannot be."""
    if clock not in ("virtual", "wall"):
        raise MisuseError.unknown("clock", clock, ("virtual", "wall"))
    for name, value in options.items():
        is_right, right = _OPTIONS[name]
        if not is_right(value):
            raise MisuseError(f"{name}={value!r}: give the world {right}")
