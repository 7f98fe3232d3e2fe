"""PREVIEW: the first words of a message, for lists (RFC 8970)."""

import html
import re

from mailharness.imap.reading import Reading

LIMIT = 200
"""Characters (RFC 8970 §3.1)."""
_SAMPLE = 8_192
_NOT_TEXT = re.compile(r"<(script|style|head)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*>?", re.DOTALL | re.IGNORECASE)
_BLANKS = re.compile(r"[\s\x00-\x1f\u200b-\u200f\ufeff]+")


def preview(reading: Reading) -> str:
    """Plain text without line ends; "" where there is none to show."""
    plain, rich = reading.root.plain, reading.root.html
    if plain is not None:
        text = plain.text()[:_SAMPLE]
    elif rich is not None:
        text = html.unescape(_NOT_TEXT.sub(" ", rich.text()[:_SAMPLE]))
    else:
        text = ""
    return _BLANKS.sub(" ", text).strip()[:LIMIT].rstrip()
