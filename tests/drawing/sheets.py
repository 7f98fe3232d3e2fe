"""What a reader of a picture sees: its texts and boxes with their places, read back from the SVG."""

from dataclasses import dataclass
from itertools import combinations
from xml.etree import ElementTree

from mailharness.drawing import width

_NS = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Area:
    """What one thing covers, and what it says."""

    left: float
    top: float
    right: float
    bottom: float
    says: str = ""

    def overlaps(self, other: "Area") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


class Sheet:
    """One SVG document; reading it fails where it is no XML."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)
        self.wide, self.high = float(self.root.attrib["width"]), float(self.root.attrib["height"])
        self.texts = [_text(one) for one in self.root.iter(f"{_NS}text")]

    @property
    def says(self) -> str:
        return " ".join(text.says for text in self.texts)

    @property
    def overlapping(self) -> list[tuple[str, str]]:
        """Lines of text of which one covers another."""
        return [(one.says, other.says) for one, other in combinations(self.texts, 2) if one.overlaps(other)]

    @property
    def beyond(self) -> list[str]:
        """Lines of text that leave the sheet."""
        inside = Area(0, 0, self.wide, self.high)
        return [one.says for one in self.texts if _leaves(one, inside)]

    def of_tone(self, tone: str) -> str:
        found = [one for one in self.root.iter(f"{_NS}text") if tone in one.get("class", "").split()]
        return " ".join(_text(one).says for one in found)


def _text(element: ElementTree.Element) -> Area:
    says = "".join(one.text or "" for one in element.iter(f"{_NS}tspan"))
    x, y, size = (float(element.attrib[name]) for name in ("x", "y", "font-size"))
    wide = width(says, size)
    left = x - wide / 2 if element.get("text-anchor") == "middle" else x
    return Area(left, y - 0.75 * size, left + wide, y + 0.2 * size, says)


def _leaves(one: Area, sheet: Area) -> bool:
    return one.left < sheet.left or one.right > sheet.right or one.top < sheet.top or one.bottom > sheet.bottom
