"""The table: one line for each budget, and how it is written."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in ``unit``: the median of ``samples``."""

    samples: tuple[float, ...]
    unit: str

    @property
    def value(self) -> float:
        return median(self.samples)

    def __str__(self) -> str:
        return _number(self.value, self.unit)


@dataclass(frozen=True, slots=True)
class Line:
    """One budget: at most ``budget`` is allowed, or at least where ``more_is_better``; None: told, not judged."""

    what: str
    figure: Figure
    budget: float | None = None
    more_is_better: bool = False
    references: tuple[tuple[str, Figure], ...] = ()
    """Peers in the same run."""
    absent: tuple[str, ...] = ()
    """Peers that could not run, and why."""
    note: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        references = "; ".join([*(f"{name} {figure}" for name, figure in self.references), *self.absent]) or "-"
        return (self.what, self._budget(), references, str(self.figure), self._verdict(), self.note)

    def _budget(self) -> str:
        if self.budget is None:
            return "-"
        return f"{'>=' if self.more_is_better else '<='} {_number(self.budget, self.figure.unit)}"

    def _verdict(self) -> str:
        if self.budget is None:
            return "-"
        value = self.figure.value
        share = value / self.budget
        met = share >= 1 if self.more_is_better else share <= 1
        return f"{share:.2f}x {'meets' if met else 'MISSES'}"


_HEAD = ("what", "budget", "beside it", "measured", "of budget", "remarks")


def write(lines: Iterable[Line]) -> str:
    """The table as text, one aligned column for each cell."""
    rows = [_HEAD, *(line.cells for line in lines)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD))]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _number(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
