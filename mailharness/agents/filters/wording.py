"""A filter for words that a letter must not say, or that it shall be marked for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from mailharness.agents.filters.action import Action, checked_action, checked_strings, take
from mailharness.agents.filters.arrival import Arrival
from mailharness.agents.filters.reading import plain
from mailharness.agents.filters.verdict import FilterVerdict
from mailharness.errors import MisuseError

_REPLY = "550 5.7.1 The message says what may not be sent"
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts that write no blanks between words: Thai, Lao, Burmese, Khmer, kana, Han."""


@dataclass(frozen=True, slots=True)
class Words:
    """Finds ``words`` in what a letter says."""

    name: ClassVar[str] = "words"
    words: tuple[str, ...]
    action: Action

    def __call__(self, arrival: Arrival) -> FilterVerdict | None:
        pattern = _pattern(self.words)
        for reading in arrival.readings:
            match = pattern.search(folded(reading.text))
            if match:
                return take(self.action, self.name, f"{reading.where} says {self._as_given(match[0])!r}", _REPLY)
        return None

    def _as_given(self, found: str) -> str:
        return next(word for word in self.words if folded(word).split() == found.split())


def words(words: Iterable[str], action: Action = "tag") -> Words:
    """A filter for any of ``words``, as whole words and without regard to case, in the subject or the text of a letter.

    A word may be a phrase; any white space parts it. In scripts without blanks it is found inside of others.
    Raises MisuseError where there are no words, or blank ones.
    """
    checked = checked_strings("words", "words", words)
    for word in checked:
        if not folded(word).strip():
            raise MisuseError(f"words([{word!r}]): there is nothing to be seen in this word")
    return Words(checked, checked_action("words", action))


def folded(text: str) -> str:
    """``text`` for comparing without case: Unicode's NFKC_Casefold."""
    return plain(plain(text).casefold())


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_whole_word, words)))


def _whole_word(word: str) -> str:
    parts = folded(word).split()
    before = "" if _UNSPACED.match(parts[0]) else r"(?<!\w)"
    after = "" if _UNSPACED.match(parts[-1][-1]) else r"(?!\w)"
    return before + r"\s+".join(map(re.escape, parts)) + after
