"""Lettering: how much room a text may need, and how it is broken into lines that fit.

Nobody knows which font a reader has. The widths are those of the widest of the usual ones, so that a box that is made
for a text holds it everywhere.
"""

import re
import unicodedata
from collections.abc import Iterator

_NARROW, _SLIM, _BROAD = frozenset("iljI.,:;'|!"), frozenset('ftr()[]{}-/\\ "`'), frozenset("mwMW@%&")
_BREAKS = re.compile(r"(?<=[.@\-_/,;:=+&?])")
"""After these a long word may go on in the next line."""
ELLIPSIS = "…"
_LONGEST = 4_000
"""Letters of a text that are looked at; no box has room for more."""


def width(text: str, size: float) -> float:
    """At most so many units wide is ``text`` in letters of ``size``, in the usual fonts without serifs."""
    return size * sum(map(_share, text))


def _share(letter: str) -> float:
    if letter in _NARROW:
        return 0.40
    if letter in _SLIM:
        return 0.46
    if letter in _BROAD:
        return 1.0
    if letter < "\x7f":
        return 0.78 if letter.isupper() else 0.65
    if unicodedata.combining(letter):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(letter) in "WF" else 0.85


def shorten(text: str, room: float, size: float) -> str:
    """``text``, or as much of its beginning as has ``room`` before an ellipsis."""
    if width(text, size) <= room:
        return text
    left = room - width(ELLIPSIS, size)
    for end, letter in enumerate(text):
        left -= size * _share(letter)
        if left < 0:
            return text[:end].rstrip() + ELLIPSIS
    return text


def fit(text: str, room: float, size: float, lines: int = 3) -> list[str]:
    """``text`` in lines that have ``room``: broken between words, else after punctuation, else anywhere. The last of so
    many ``lines`` ends with an ellipsis where more was to say."""
    found = [""]
    for gap, piece in _pieces(text[:_LONGEST], room, size):
        if found[-1] and width(found[-1] + gap + piece, size) > room:
            if len(found) == lines:
                found[-1] = shorten(found[-1] + ELLIPSIS, room, size)
                break
            found.append("")
        found[-1] += gap + piece if found[-1] else piece
    return found


def _pieces(text: str, room: float, size: float) -> Iterator[tuple[str, str]]:
    """The words, each with the gap before it; a word that has no room comes in pieces that have."""
    for word in text.split():
        gap = " "
        for part in [word] if width(word, size) <= room else filter(None, _BREAKS.split(word)):
            for piece in _chopped(part, room, size):
                yield gap, piece
                gap = ""


def _chopped(part: str, room: float, size: float) -> Iterator[str]:
    start, wide = 0, 0.0
    for end, letter in enumerate(part):
        share = size * _share(letter)
        if wide + share > room and end > start:
            yield part[start:end]
            start, wide = end, 0.0
        wide += share
    yield part[start:]
