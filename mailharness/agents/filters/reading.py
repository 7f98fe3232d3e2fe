"""What a reader sees of a letter: its subject and every text in it, HTML without its markup."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from mailharness.mail.mime import Part
from mailharness.mail.page import Link, read_page
from mailharness.mail.words import decode_value

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_HTML_NAME = re.compile(r".*\.x?html?", re.IGNORECASE | re.DOTALL)
_TEXT_NAME = re.compile(r".*\.(?:txt|csv|tsv|md|log|json|xml|eml|ics|vcf)", re.IGNORECASE | re.DOTALL)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point, nearly: the soft hyphen, joiners, marks of direction, variation selectors."""


class Reading(NamedTuple):
    """One text in normal form (NFKC, no invisible letters); ``where`` it stands: "the subject", "the file 'a.txt'"."""

    where: str
    text: str
    links: tuple[Link, ...] = ()
    base: str = ""
    """The href of the page's ``<base>``."""


def plain(text: str) -> str:
    """``text`` in Unicode's NFKC, without letters that nobody sees, such as the soft hyphen and zero-width blanks."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))


def read(root: Part) -> Iterator[Reading]:
    """The subject first, then all texts in order, each forwarded message's subject before its own texts."""
    yield _subject("the subject", root)
    for part in root.walk():
        if part.embedded:
            yield _subject("a forwarded subject", part.embedded)
        elif _is_html(part):
            page = read_page(part.text())
            links = tuple(Link(link.href, plain(link.text)) for link in page.links)
            yield Reading(_where(part, "the HTML text"), plain(page.text), links, page.base)
        elif _is_text(part):
            yield Reading(_where(part, "the text"), plain(part.text()))


def _subject(where: str, part: Part) -> Reading:
    return Reading(where, plain(decode_value(part.raw(b"subject") or b"")))


def _where(part: Part, otherwise: str) -> str:
    return f"the file {part.filename!r}" if part.filename else otherwise


def _is_html(part: Part) -> bool:
    return part.media_type in _HTML or bool(_HTML_NAME.fullmatch(part.filename))


def _is_text(part: Part) -> bool:
    """Also what was sent as a file of another type but is named as a text, and a multipart that has no parts."""
    return part.content_type.type == "text" or bool(_TEXT_NAME.fullmatch(part.filename)) or _is_broken(part)


def _is_broken(part: Part) -> bool:
    return (part.is_multipart or part.is_message) and not part.children
