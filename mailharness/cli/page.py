"""The page that a story is told on: columns of a terminal, colours where there is someone to see them."""

import os
import textwrap
from collections.abc import Mapping
from typing import TextIO

WIDTH = 100
_TIME, _LABEL = 11, 12
_LEFT = _TIME + 2 + _LABEL
_COLOURS = {"bold": "1", "good": "32", "bad": "31", "dim": "2", "label": "36"}


def wants_colour(out: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Colours are for terminals whose owner has not set NO_COLOR (https://no-color.org)."""
    return out.isatty() and not environment.get("NO_COLOR")


def milliseconds(seconds: float) -> str:
    """How long a step took: ``1.23 ms``."""
    return f"{max(0.0, seconds) * 1000:.2f} ms"


class Page:
    """Writes to ``out``: headings, steps with their time at the left, and finer steps below them."""

    def __init__(self, out: TextIO, *, colour: bool) -> None:
        self._out = out
        self._colour = colour

    def _painted(self, text: str, colour: str) -> str:
        return f"\033[{_COLOURS[colour]}m{text}\033[0m" if self._colour and colour else text

    def line(self, text: str = "", colour: str = "") -> None:
        """One paragraph over the whole width."""
        for row in textwrap.wrap(text, WIDTH, break_on_hyphens=False) or [""]:
            self._write(self._painted(row, colour))

    def heading(self, text: str) -> None:
        self.line()
        self.line(text, "bold")
        self.line()

    def step(self, label: str, text: str, seconds: float | None = None, colour: str = "") -> None:
        """One step: how long it took, what it is called, what happened."""
        self._row(seconds, f"{label:<{_LABEL}}", text, colour, indent=_LEFT)

    def detail(self, text: str, seconds: float | None = None, colour: str = "dim") -> None:
        """A finer step below the last one."""
        self._row(seconds, " " * (_LABEL + 2), text, colour, indent=_LEFT + 2)

    def _row(self, seconds: float | None, label: str, text: str, colour: str, indent: int) -> None:
        first, *more = textwrap.wrap(text, WIDTH - indent, break_on_hyphens=False) or [""]
        time = "" if seconds is None else milliseconds(seconds)
        self._write(f"{time:>{_TIME}}  {self._painted(label, 'label')}{self._painted(first, colour)}".rstrip())
        for row in more:
            self._write(" " * indent + self._painted(row, colour))

    def _write(self, row: str) -> None:
        print(row, file=self._out, flush=True)
