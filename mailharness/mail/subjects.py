"""Base subjects: what is left of a subject without ``Re:``, ``Fwd:``, ``[list]`` and ``(fwd)`` (RFC 5256 §2.1)."""

import re
from functools import lru_cache
from typing import NamedTuple

_BLOBS = r"(?:\[[^\[\]]*\]\s*)*"
_REPLY = re.compile(rf"{_BLOBS}(?:re|fwd?)\s*(?:\[[^\[\]]*\]\s*)?:\s*", re.IGNORECASE)
_BLOB = re.compile(r"\[[^\[\]]*\]\s*")
_TRAILER = re.compile(r"(?:\(fwd\)|\s)+\Z", re.IGNORECASE)
_WRAPPED = re.compile(r"\[fwd:(.*)\]\Z", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(r"\s+")


class Subject(NamedTuple):
    """A base subject ready to be compared, and whether something showed that the message answers or passes on another."""

    base: str
    is_reply: bool


@lru_cache(maxsize=4096)
def base_subject(subject: str) -> Subject:
    """``Re: [list] Fwd: Hello (fwd)`` as ``Hello``, in upper case for comparing (RFC 4790 §9.2, i;ascii-casemap)."""
    text, is_reply = _BLANKS.sub(" ", subject).strip(), False
    while True:
        bare = _TRAILER.sub("", text)
        is_reply |= "(fwd)" in text[len(bare) :].lower()
        text, replied = _without_leaders(bare)
        is_reply |= replied
        wrapped = _WRAPPED.match(text)
        if wrapped is None:
            return Subject(text.upper(), is_reply)
        text, is_reply = wrapped[1].strip(), True


def _without_leaders(text: str) -> tuple[str, bool]:
    """Without the leaders; and whether one of them was that of a reply or of a letter passed on."""
    replied = False
    while True:
        leader = _REPLY.match(text)
        if leader is not None:
            text, replied = text[leader.end() :], True
            continue
        blob = _BLOB.match(text)
        if blob is None or blob.end() == len(text):
            return text, replied
        text = text[blob.end() :]
