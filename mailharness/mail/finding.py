"""What a person would click on or type in: the links and the one-time codes of a message."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from mailharness.mail.page import read_page

if TYPE_CHECKING:
    from mailharness.mail.message import Message

_URL = re.compile(r"\b(?:(?:https?|ftp)://|mailto:)[^\s<>\"'{}|\\^`\x00-\x1f]+", re.IGNORECASE)
_CLOSING = {")": "(", "]": "["}
_CODE = re.compile(
    r"(?<![\w.,/:#@+-])"
    r"(?:[A-Z]-)?(\d{4,8}|\d{3}[ -]\d{3}|\d{2}[ -]\d{2}[ -]\d{2}|\d{4}[ -]\d{4}"
    r"|(?=[A-Z-]*\d)[A-Z0-9]{3,5}(?:-[A-Z0-9]{3,5})+|(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{5,10})"
    r"(?![\w@/#-]|[.,:]\d)"
)
_WORDS = re.compile(r"\b(?:code|pin|otp|passcode|password|token|kennwort|einmal\w*|c[oó]dig\w*)\b|code\b", re.IGNORECASE)
_NEAR = 80
"""How many characters behind such a word are looked at, and if there is none in them, before it."""


def links(message: "Message") -> Iterator[str]:
    """Every URL once: the targets of the HTML's links, made absolute by its base, then those that stand in the text."""
    found: dict[str, None] = {}
    if message.html is not None:
        page = read_page(message.html)
        found |= dict.fromkeys(_absolute(page.base, link.href.strip()) for link in page.links if link.href.strip())
    if message.part.plain is not None:
        found |= dict.fromkeys(_trimmed(match[0]) for match in _URL.finditer(message.text))
    return iter(found)


def _absolute(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:
        return href


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it."""
    while url and (url[-1] in ".,;:!?*_~" or (url[-1] in _CLOSING and url.count(url[-1]) > url.count(_CLOSING[url[-1]]))):
        url = url[:-1]
    return url


def codes(message: "Message") -> Iterator[str]:
    """One-time codes as they are typed in, blanks and hyphens between digits left out: the next to a word such as "code" or
    "PIN" in the subject or the text, and where there is no such word, those that stand on a line of their own."""
    text = f"{message.subject}\n{_readable(message)}"
    named = list(_WORDS.finditer(text))
    if named:
        found = (_next_to(text, word) for word in named)
    else:
        found = (_CODE.fullmatch(line.strip()) for line in text.splitlines())
    return iter(dict.fromkeys(_typed(match[1]) for match in found if match))


def _next_to(text: str, word: "re.Match[str]") -> "re.Match[str] | None":
    behind = _CODE.search(text, word.end(), word.end() + _NEAR)
    before = list(_CODE.finditer(text, max(0, word.start() - _NEAR), word.start()))
    return behind or (before[-1] if before else None)


def _readable(message: "Message") -> str:
    if message.part.plain is not None:
        return message.text
    return read_page(message.html).text if message.html is not None else ""


def _typed(code: str) -> str:
    return re.sub("[ -]", "", code) if not re.search("[A-Z]", code) else code
