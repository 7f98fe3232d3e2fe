"""Mermaid: any text, so that it stands in a label and means nothing there."""

import re

from mailharness.drawing.markup import legible

_PLAIN = re.compile(r"[A-Za-z0-9 .,@'/()=+*!?_-]")
_WORD = re.compile(r"\b(e)(nd)\b", re.IGNORECASE)
_LONGEST = 400


def said(text: str) -> str:
    """``text`` on one line, all that Mermaid could take for its own written as numbers (``#59;``), at most 400 letters."""
    one_line = " ".join(legible(text).split())
    cut = one_line if len(one_line) <= _LONGEST else f"{one_line[: _LONGEST - 1]}…"
    safe = "".join(letter if _PLAIN.match(letter) else f"#{ord(letter)};" for letter in cut)
    return _WORD.sub(lambda word: f"#{ord(word[1])};{word[2]}", safe) or " "
