"""The sequence: a letter's story as a drawing, a column for each person and machine, time going down."""

from dataclasses import dataclass

from mailharness.drawing import Picture, Tone, fit
from mailharness.drawing.svg import SMALL, TEXT, high
from mailharness.trace.scenes import Message, Note, Pause, Place, Play

_EDGE = 20.0
_COLUMN = 204.0
"""From the middle of one column to the middle of the next."""
_HEAD = 180.0
_NOTE = 192.0
_GAP = 12.0
_NAMED = {"person": "person", "host": "", "outside": "not ours to follow", "others": "no room for each"}


def sequence(play: Play, description: str = "", *, headed: bool = True) -> str:
    """The play as an SVG document, ``headed`` by its title in large letters."""
    return _Sequence(Picture(play.title, description), play).svg(headed=headed)


@dataclass(slots=True)
class _Sequence:
    picture: Picture
    play: Play

    @property
    def _right(self) -> float:
        return _EDGE * 2 + max(_COLUMN * len(self.play.places), 560)

    def _middle(self, column: int) -> float:
        return _EDGE + _COLUMN * (column + 0.5)

    def svg(self, *, headed: bool) -> str:
        room = self._right - 2 * _EDGE
        title = fit(self.play.title, room, 16, lines=4) if headed else []
        y = self._heads(self.picture.text(_EDGE, _EDGE, title, size=16, style="strong", whole=self.play.title) + 12)
        body = _Sequence(Picture(""), self.play)._body(y)  # once to know how long the lifelines are
        for column in range(len(self.play.places)):
            x = self._middle(column)
            self.picture.line([(x, y), (x, body)], Tone.SOFT, style="faint")
        y = self._body(y)
        if body > 900:
            y = self._heads(y)
        for stop in self.play.stops:
            y = self._stop(y + _GAP, stop, room)
        self.picture.box(self._right - 1, y, 0, 0)  # the sheet is as wide as its columns
        return self.picture.svg(margin=_EDGE)

    # -- who is there ----

    def _heads(self, y: float) -> float:
        named = [fit(place.name, _HEAD - 16, TEXT, lines=4) for place in self.play.places]
        tall = max((high(lines) for lines in named), default=0) + 24
        for column, (place, lines) in enumerate(zip(self.play.places, named, strict=True)):
            self._head(self._middle(column), y, tall, place, lines)
        return y + tall

    def _head(self, x: float, y: float, tall: float, place: Place, lines: list[str]) -> None:
        person = place.kind == "person"
        tone = Tone.PLAIN if person else Tone.SOFT
        self.picture.box(x - _HEAD / 2, y, _HEAD, tall, tone, round_=tall / 2 if person else 4)
        kind = _NAMED[place.kind]
        used = high(lines) + (high([kind], SMALL) if kind else 0)
        at = y + (tall - used) / 2
        at = self.picture.text(x, at, lines, anchor="middle", style="strong", whole=place.name)
        if kind:
            self.picture.text(x, at, [kind], size=SMALL, anchor="middle", tone=Tone.SOFT)

    # -- what happens ----

    def _body(self, y: float) -> float:
        y += _GAP
        for scene in self.play.scenes:
            match scene:
                case Message():
                    y = self._message(y, scene) + _GAP
                case Note():
                    y = self._note(y, scene) + _GAP
                case Pause():
                    y = self._pause(y, scene) + _GAP
        return y

    def _message(self, y: float, scene: Message) -> float:
        a, b = self._middle(scene.source), self._middle(scene.target)
        toward = 1 if b > a else -1
        y = self._label(y, scene.text, a, b, Tone.SOFT) + 3
        if scene.lost:
            end = b - toward * 26
            self.picture.line([(a, y), (end, y)], Tone.BAD)
            self.picture.cross(end, y)
            return self._label(y + 6, scene.answer, a, b, Tone.BAD)
        self.picture.arrow([(a, y), (b - toward * 2, y)], Tone.PLAIN if scene.answer else scene.tone)
        if scene.answer:
            y = self._label(y + 6, scene.answer, a, b, scene.tone) + 3
            self.picture.arrow([(b, y), (a + toward * 2, y)], scene.tone, style="dashed")
        return y + 4

    def _label(self, y: float, text: str, a: float, b: float, tone: Tone) -> float:
        lines = fit(text, abs(b - a) - 30, SMALL, lines=5)
        style = "halo strong" if tone is Tone.BAD else "halo"
        return self.picture.text((a + b) / 2, y, lines, size=SMALL, anchor="middle", tone=tone, style=style, whole=text)

    def _note(self, y: float, scene: Note) -> float:
        x = self._middle(scene.at)
        lines = fit(scene.text, _NOTE - 18, SMALL, lines=6)
        self.picture.box(x - _NOTE / 2, y, _NOTE, high([""], SMALL) + high(lines, SMALL) + 12, scene.tone)
        left, whole = x - _NOTE / 2 + 9, "\n".join([scene.text, *scene.more])
        at = self.picture.text(left, y + 5, [scene.kind], size=SMALL, tone=scene.tone, style="strong")
        at = self.picture.text(left, at, lines, size=SMALL, whole=whole)
        return at + 7

    def _pause(self, y: float, scene: Pause) -> float:
        right = self._right - _EDGE
        self.picture.line([(_EDGE, y + 9), (right, y + 9)], Tone.SOFT, style="dashed faint")
        middle, tall = (_EDGE + right) / 2, high([""], SMALL) + 4
        self.picture.box(middle - 74, y, 148, tall, Tone.SOFT, round_=tall / 2)
        self.picture.text(middle, y + 2, [scene.text], size=SMALL, anchor="middle", tone=Tone.SOFT)
        return y + tall

    def _stop(self, y: float, text: str, room: float) -> float:
        lines = fit(text, room - 44, TEXT, lines=8)
        self.picture.box(_EDGE, y, room, high(lines) + 16, Tone.BAD)
        self.picture.cross(_EDGE + 18, y + 8 + TEXT * 0.65)
        self.picture.text(_EDGE + 34, y + 8, lines, tone=Tone.BAD, style="strong", whole=text)
        return y + high(lines) + 16
