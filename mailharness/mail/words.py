"""Encoded words: what a header says in another charset than ASCII (RFC 2047), in a language maybe (RFC 2231 §5)."""

import re

from mailharness.mail.charset import codec_of, to_text
from mailharness.mail.header import unfolded
from mailharness.mail.transfer import decode_base64, decode_q

_WORD = re.compile(r"=\?([!->@-~]+)\?([bBqQ])\?([ ->@-~]*)\?=")


def decode_words(text: str) -> str:
    """``text``, on one line, with its encoded words decoded; one in a charset nobody knows stays as it is. Never raises."""
    pieces: list[str] = []
    run: list[bytes] = []
    charset, position = "", 0
    for word in _WORD.finditer(text):
        between = text[position : word.start()]
        found, octets = _read(word)
        if charset != found or between.strip(" \t"):
            pieces.append(_spoken(run, charset))
            run = []
        # RFC 2047 §6.2: blanks between two encoded words are no part of the text.
        if not (charset and found) or between.strip(" \t"):
            pieces.append(between)
        if found:
            run.append(octets)
        else:
            pieces.append(word[0])
        charset, position = found, word.end()
    return "".join([*pieces, _spoken(run, charset), text[position:]])


def _read(word: re.Match[str]) -> tuple[str, bytes]:
    """The word's charset as Python calls it, and its octets; no charset for a word that cannot be read."""
    charset, encoding, encoded = word[1].partition("*")[0], word[2], word[3].encode("ascii")
    octets = decode_q(encoded) if encoding in "qQ" else decode_base64(encoded)[0]
    return (codec_of(charset) if octets or not encoded else ""), octets


def _spoken(run: list[bytes], charset: str) -> str:
    """Words of one charset in a row, joined first: some mailers cut a character in two."""
    return to_text(b"".join(run), charset)[0]


def decode_value(raw: bytes) -> str:
    """A header value as text: unfolded, UTF-8 (RFC 6532) or else Latin-1, encoded words decoded; never raises."""
    text, _problems = to_text(unfolded(raw), "utf-8")
    return decode_words(text) if "=?" in text else text
