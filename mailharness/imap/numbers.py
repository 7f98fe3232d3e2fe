"""Sequence sets (RFC 3501 §9): which messages a command means, by number or by UID."""

import re
from collections.abc import Iterable
from typing import NamedTuple

STAR = 0
"""What ``*`` is until it is known: the highest number there is."""
MAX_NUMBER = 0xFFFF_FFFF
_ITEM = re.compile(rb"([1-9]\d{0,9}|\*)(?::([1-9]\d{0,9}|\*))?")


class SequenceSet(NamedTuple):
    """Ranges as they were written, ``(first, last)`` with STAR for ``*``."""

    ranges: tuple[tuple[int, int], ...]

    @property
    def is_saved(self) -> bool:
        """Whether it is ``$``: what the last search saved (RFC 5182 §2.1)."""
        return not self.ranges

    @classmethod
    def parse(cls, text: bytes) -> "SequenceSet | None":
        """``1:4,7,9:*`` as a set; None for what is none."""
        if text == b"$":
            return cls(())
        ranges = []
        for item in text.split(b","):
            match = _ITEM.fullmatch(item)
            if match is None:
                return None
            first, last = _number(match[1]), _number(match[2] or match[1])
            if max(first, last) > MAX_NUMBER:
                return None
            ranges.append((first, last))
        return cls(tuple(ranges))

    def __str__(self) -> str:
        return ",".join(
            _shown(first) if first == last else f"{_shown(first)}:{_shown(last)}" for first, last in self.ranges
        )

    def bounds(self, highest: int) -> list[tuple[int, int]]:
        """Ascending, merged ranges where ``*`` is ``highest``; ``9:*`` holds ``*`` even if it is 3 (RFC 3501 §6.4.8)."""
        known = sorted(_ordered(first or highest, last or highest) for first, last in self.ranges)
        merged: list[tuple[int, int]] = []
        for first, last in known:
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return merged


def compact(numbers: Iterable[int]) -> str:
    """Numbers in the order given, runs of ascending ones as ranges: ``5:7,2``."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return str(SequenceSet(tuple(runs)))


def _number(text: bytes) -> int:
    return STAR if text == b"*" else int(text)


def _ordered(first: int, last: int) -> tuple[int, int]:
    return (first, last) if first <= last else (last, first)


def _shown(number: int) -> str:
    return "*" if number == STAR else str(number)
