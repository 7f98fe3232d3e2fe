"""Pictures: boxes, lines, arrows and text on one sheet, written as SVG that stands alone.

What is drawn last lies on top. Colours are named by what they mean, and are light or dark as the reader has it.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from mailharness.drawing.lettering import width
from mailharness.drawing.markup import element

TEXT = 12.0
"""The usual size of letters, in units, which are pixels at 100 %."""
SMALL = 11.0
LEADING = 1.3
"""From one line of text to the next, in sizes of a letter."""


class Tone(StrEnum):
    """What something means to who looks for what went wrong."""

    PLAIN = "plain"
    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"
    SOFT = "soft"


_LIGHT = {
    Tone.PLAIN: ("#1d4ed8", "#eff4ff"),
    Tone.GOOD: ("#15803d", "#ecfdf3"),
    Tone.WAIT: ("#92400e", "#fff7e6"),
    Tone.BAD: ("#b91c1c", "#fef1f1"),
    Tone.SOFT: ("#52606d", "#f5f7fa"),
}
"""For each tone the colour of edges and text, and that of a box."""
_DARK = {
    Tone.PLAIN: ("#7aa2f7", "#1b2436"),
    Tone.GOOD: ("#4ade80", "#14271c"),
    Tone.WAIT: ("#fbbf24", "#2b2413"),
    Tone.BAD: ("#f87171", "#331a1c"),
    Tone.SOFT: ("#a3adb8", "#1d232a"),
}


def _rules(paper: str, ink: str, tones: Mapping[Tone, tuple[str, str]]) -> str:
    # No variables: not everything that draws SVG knows them.
    rules = [f".paper{{fill:{paper}}}text{{fill:{ink}}}.halo{{stroke:{paper}}}"]
    for tone, (strong, faint) in tones.items():
        rules.append(f".box.{tone}{{stroke:{strong};fill:{faint}}}.line.{tone}{{stroke:{strong}}}")
        rules.append(f"text.{tone}{{fill:{strong}}}.tip.{tone}{{fill:{strong}}}")
    return "".join(rules)


_STYLE = (
    "text{font-family:system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif;white-space:pre}"
    ".strong{font-weight:600}.line{fill:none;stroke-width:1.4}.box{stroke-width:1.2}"
    ".dashed{stroke-dasharray:5 4}.faint{stroke-opacity:.45;stroke-width:1}"
    ".halo{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}" + _rules("#ffffff", "#1f2933", _LIGHT)
)
_DARKER = f"@media (prefers-color-scheme:dark){{{_rules('#14181d', '#e4e7eb', _DARK)}}}"


class Picture:
    """A sheet that grows with what is drawn on it; all places are in units from its upper left corner."""

    def __init__(self, title: str, description: str = "") -> None:
        self.title = title
        self.description = description
        self.right = self.bottom = 0.0
        self._drawn: list[str] = []

    def _cover(self, right: float, bottom: float) -> None:
        self.right, self.bottom = max(self.right, right), max(self.bottom, bottom)

    def box(self, x: float, y: float, wide: float, high: float, tone: Tone = Tone.SOFT, *, round_: float = 6) -> None:
        """A filled box with an edge."""
        self._cover(x + wide, y + high)
        self._drawn.append(element("rect", x=x, y=y, width=wide, height=high, rx=round_, class_=f"box {tone}"))

    def line(self, points: Iterable[tuple[float, float]], tone: Tone = Tone.SOFT, *, style: str = "") -> None:
        """A line through all ``points``; ``style`` is "dashed", "faint" or both."""
        points = list(points)
        self._cover(max(x for x, _ in points), max(y for _, y in points))
        where = " ".join(f"{x:g},{y:g}" for x, y in points)
        self._drawn.append(element("polyline", points=where, class_=f"line {tone} {style}".rstrip()))

    def arrow(self, points: Iterable[tuple[float, float]], tone: Tone = Tone.PLAIN, *, style: str = "") -> None:
        """A line whose last part, across or down, ends in a tip."""
        points = list(points)
        (x0, y0), (x, y) = points[-2:]
        self.line(points, tone, style=style)
        if abs(x - x0) >= abs(y - y0):
            back = x - 8 if x > x0 else x + 8
            tip = f"{x:g},{y:g} {back:g},{y - 4:g} {back:g},{y + 4:g}"
        else:
            back = y - 8 if y > y0 else y + 8
            tip = f"{x:g},{y:g} {x - 4:g},{back:g} {x + 4:g},{back:g}"
        self._drawn.append(element("polygon", points=tip, class_=f"tip {tone}"))

    def cross(self, x: float, y: float) -> None:
        """An X: here something came to its end."""
        for dx in (-5, 5):
            self.line([(x - dx, y - 5), (x + dx, y + 5)], Tone.BAD)

    def text(
        self,
        x: float,
        y: float,
        lines: Iterable[str],
        *,
        size: float = TEXT,
        anchor: str = "start",
        tone: Tone | None = None,
        style: str = "",
        whole: str = "",
    ) -> float:
        """Lines of text below ``y``; returns where the next would begin. ``whole`` is what a pointer is shown."""
        tip = [element("title", text=whole)] if whole else []
        for number, line in enumerate(lines):
            at = y + size * (0.95 + LEADING * number)
            self._cover(x + (width(line, size) if anchor == "start" else 0), at)
            written = element("tspan", text=line)
            names = f"{tone or ''} {style}".strip() or None
            end = None if anchor == "start" else anchor
            look: dict[str, Any] = {"x": x, "y": round(at, 1), "font_size": size, "text_anchor": end, "class_": names}
            self._drawn.append(element("text", *tip, written, **look))
        return y + high(lines, size)

    def svg(self, *, margin: float = 16) -> str:
        """The picture as an SVG document, which may stand in HTML as it is."""
        wide, tall = self.right + margin, self.bottom + margin
        parts = [element("title", text=self.title, id="picture-title")]
        if self.description:
            parts.append(element("desc", text=self.description, id="picture-description"))
        parts += [f"<style>{_STYLE}{_DARKER}</style>", element("rect", width="100%", height="100%", class_="paper")]
        labels = "picture-title picture-description" if self.description else "picture-title"
        size = {"width": f"{wide:.0f}", "height": f"{tall:.0f}", "viewBox": f"0 0 {wide:.0f} {tall:.0f}"}
        return element(
            "svg", *parts, *self._drawn, xmlns="http://www.w3.org/2000/svg", role="img", aria_labelledby=labels, **size
        )


def high(lines: Iterable[str], size: float = TEXT) -> float:
    """How high so many lines of text are."""
    return size * LEADING * len(list(lines))
