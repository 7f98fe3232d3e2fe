"""The map of a world: a card for each domain, mail going from left to right in it, and lanes between the cards."""

from collections.abc import Iterable, Sequence

from mailharness.drawing import Picture, Tone, fit, shorten, width
from mailharness.drawing.svg import SMALL, TEXT, high
from mailharness.world.blueprint import Domain
from mailharness.world.topology import Card, Machine, Remark, cards
from mailharness.world.zones import ROOT_SERVER

DOMAINS = 40
"""How many domains have a card."""
_EDGE, _PAD, _GAP = 20.0, 14.0, 34.0
_BOX = 208.0
_LANE, _LANES = 12.0, 24


def topology_svg(domains: Sequence[Domain]) -> str:
    """The domains as an SVG document; of very many the first, and how many are left out."""
    title = "1 domain" if len(domains) == 1 else f"{len(domains):,} domains"
    return _Map(title, cards(domains[:DOMAINS]), len(domains) - DOMAINS, domains).svg()


class _Map:
    def __init__(self, title: str, told: list[Card], left_out: int, domains: Iterable[Domain]) -> None:
        names = ", ".join(card.name for card in told)
        self._picture = Picture(f"A world of {title}", names + (f" and {left_out:,} more" if left_out > 0 else ""))
        self._cards = told
        self._left_out = max(left_out, 0)
        self._tops = list(dict.fromkeys(domain.name.rpartition(".")[2].lower() for domain in domains))
        columns = max((len(card.stages) for card in told), default=0) + 1
        self._wide = max(2 * _PAD + columns * _BOX + (columns - 1) * _GAP, 480.0)
        self._doors: dict[str, float] = {}
        """Where on its right edge a card is entered, by the domain's name."""
        self._ways: list[tuple[float, Remark]] = []
        """What leaves a card on its right edge, and where."""

    def svg(self) -> str:
        y = self._picture.text(_EDGE, _EDGE, [self._picture.title], size=16, style="strong") + 10
        y = self._names(y) + 18
        for card in self._cards:
            y = self._card(y, card) + 18
        if self._left_out:
            text = f"{self._left_out:,} domains more are left out"
            self._picture.text(_EDGE, y, [text], tone=Tone.SOFT)
        self._links()
        return self._picture.svg(margin=_EDGE)

    def _names(self, y: float) -> float:
        """The root's name server, and those of the top-level domains."""
        tops = [f"{top}: ns.nic.{top}" for top in self._tops[:6]] + ["…"] * (len(self._tops) > 6)
        text = f"name servers of the root: {ROOT_SERVER}; of {', of '.join(tops)}"
        return self._picture.text(_EDGE, y, fit(text, self._wide, SMALL, 4), size=SMALL, tone=Tone.SOFT, whole=text)

    # -- one domain ----

    def _card(self, y: float, card: Card) -> float:
        drawn = Picture("")  # once to know how high it is
        tall = self._inside(drawn, y, card) - y
        self._picture.box(_EDGE, y, self._wide, tall, Tone.SOFT, round_=10)
        self._ways = [way for way in self._ways if way[0] < y]
        self._inside(self._picture, y, card)
        return y + tall

    def _inside(self, picture: Picture, y: float, card: Card) -> float:
        left = _EDGE + _PAD
        name = shorten(card.name, self._wide - 2 * _PAD, 14)
        self._doors[card.name] = y + _PAD + 7
        top = picture.text(left, y + _PAD - 2, [name], size=14, style="strong", whole=card.name) + 8
        ends = []
        for number, stage in enumerate((*card.stages, ())):
            x = left + number * (_BOX + _GAP)
            ends.append(self._stage(picture, x, top, stage) if stage else self._people(picture, x, top, card.people))
            if number:
                picture.arrow([(x - _GAP + 4, top + 20), (x - 4, top + 20)], Tone.PLAIN)
        y = max(ends) + 8
        for remark in card.remarks:
            y = self._remark(picture, left, y, remark)
        return y + _PAD - 6

    def _stage(self, picture: Picture, x: float, y: float, machines: Iterable[Machine]) -> float:
        for machine in machines:
            name = fit(machine.name, _BOX - 18, TEXT, lines=3)
            does = fit(machine.does, _BOX - 18, SMALL, lines=3)
            tall = max(high(name) + high(does, SMALL) + 10, 40)
            picture.box(x, y, _BOX, tall, Tone.WAIT if machine.guards else Tone.PLAIN)
            at = picture.text(x + 9, y + 5, name, style="strong", whole=machine.name)
            picture.text(x + 9, at, does, size=SMALL, tone=Tone.SOFT, whole=machine.does)
            y += tall + 8
        return y

    def _people(self, picture: Picture, x: float, y: float, people: Iterable[str]) -> float:
        lines = [line for name in people for line in fit(name, _BOX - 26, SMALL, lines=2)] or ["nobody"]
        tall = max(high(lines, SMALL) + 14, 40)
        picture.box(x, y, _BOX, tall, Tone.GOOD, round_=14)
        picture.text(x + 13, y + 7, lines, size=SMALL)
        return y + tall + 8

    def _remark(self, picture: Picture, x: float, y: float, remark: Remark) -> float:
        line = shorten(remark.text, self._wide - 2 * _PAD - 30, SMALL)
        after = picture.text(x, y, [line], size=SMALL, tone=Tone.WAIT if remark.waits else Tone.SOFT, whole=remark.text)
        if remark.to:
            middle = (y + after) / 2
            self._ways.append((middle, remark))
            right = _EDGE + self._wide
            picture.line([(x + width(line, SMALL) + 8, middle), (right, middle)], _tone(remark), style="faint")
        return after

    # -- between domains ----

    def _links(self) -> None:
        """Each way in a lane of its own as far as it goes, beside the cards; where there is no lane its words must do."""
        right = _EDGE + self._wide
        taken: list[list[tuple[float, float]]] = [[] for _ in range(_LANES)]
        for start, remark in self._ways:
            end = self._doors.get(remark.to, start)
            low, high_ = min(start, end) - 4, max(start, end) + 4
            free = (n for n, spans in enumerate(taken) if all(high_ < a or b < low for a, b in spans))
            lane = next(free, None)
            if end != start and lane is not None:
                taken[lane].append((low, high_))
                x = right + 18 + lane * _LANE
                self._picture.arrow([(right, start), (x, start), (x, end), (right + 2, end)], _tone(remark))


def _tone(remark: Remark) -> Tone:
    return Tone.WAIT if remark.waits else Tone.PLAIN
