"""Base subjects: what is left of a subject without ``Re:``, ``Fwd:``, ``[list]`` and ``(fwd)`` (RFC 5256 §2.1)."""

import re
from functools import lru_cache
from typing import NamedTuple

_REPLY = re.compile(r"(?:re|fwd?)\s*(?:\[[^\[\]]*\]\s*)?:\s*", re.IGNORECASE)
_BLOB = re.compile(r"\[[^\[\]]*\]\s*")
_WRAP = re.compile(r"\[fwd:\s*", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")
_TRAILER = "(fwd)"


class Subject(NamedTuple):
    """A base subject ready to be compared, and whether something showed that the message answers or passes on another."""

    base: str
    is_reply: bool


@lru_cache(maxsize=4096)
def base_subject(subject: str) -> Subject:
    """``Re: [list] Fwd: Hello (fwd)`` as ``Hello``, in upper case for comparing (RFC 4790 §9.2, i;ascii-casemap).

    Every step moves one of the two ends inwards, so that a subject of any make costs no more than its length.
    """
    text, is_reply = _BLANKS.sub(" ", subject).strip(), False
    start, end = 0, len(text)
    while True:
        end, passed_on = _before_trailers(text, start, end)
        start, replied = _after_leaders(text, start, end)
        is_reply |= passed_on or replied
        wrap = _WRAP.match(text, start, end)
        if wrap is None or not text.endswith("]", wrap.end(), end):
            return Subject(text[start:end].upper(), is_reply)
        start, end, is_reply = wrap.end(), end - 1, True


def _before_trailers(text: str, start: int, end: int) -> tuple[int, bool]:
    """Where the text ends without the trailers; and whether one of them was "(fwd)"."""
    passed_on = False
    while True:
        if text.endswith(" ", start, end):
            end -= 1
        elif text[max(start, end - len(_TRAILER)) : end].lower() == _TRAILER:
            end, passed_on = end - len(_TRAILER), True
        else:
            return end, passed_on


def _after_leaders(text: str, start: int, end: int) -> tuple[int, bool]:
    """Where the text begins without the leaders; and whether one of them was that of a reply or of a letter passed on.
    What is in brackets goes, unless nothing would be left."""
    replied = False
    while True:
        last = at = start
        while (blob := _BLOB.match(text, at, end)) is not None:
            last, at = at, blob.end()
        leader = _REPLY.match(text, at, end)
        if leader is None:
            return last if at == end else at, replied
        start, replied = leader.end(), True
