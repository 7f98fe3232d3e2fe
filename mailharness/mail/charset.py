"""Charsets: octets as text, whatever they are called and whatever they are."""

import codecs
from functools import lru_cache

# Codecs of Python that are no charsets of mail, and warn or take quadratic time on hostile input.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})


@lru_cache(maxsize=256)
def codec_of(charset: str) -> str:
    """Python's name for ``charset``, which is in any case; empty where there is no such charset."""
    try:
        name = codecs.lookup(charset).name
        b"-".decode(name, "replace")  # a LookupError for what makes no text of octets
    except (LookupError, ValueError):
        return ""
    return "" if name.replace("-", "_") in _NO_CHARSETS else name


def to_text(octets: bytes, charset: str) -> tuple[str, list[str]]:
    """``octets`` in ``charset`` as text; where that fails as UTF-8 or Latin-1, with a word on what was wrong."""
    codec = codec_of(charset or "us-ascii")
    problems = [] if codec else [f"unknown charset {charset!r}"]
    for attempt in (codec, "utf-8") if codec else ("utf-8",):
        try:
            return _without_surrogates(octets.decode(attempt), attempt), problems
        except ValueError:
            problems = problems or [f"octets that are not {charset!r}"]
    return octets.decode("latin-1"), problems


def _without_surrogates(text: str, codec: str) -> str:
    """UTF-7 lets half a character through, which nothing could print or send."""
    return text if codec == "utf-8" or text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
