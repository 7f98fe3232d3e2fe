"""What a reader of an HTML part sees: its text, and its links with the text that stands on them.

Written for deceit rather than for beauty: the markup is read as a mail program's renderer would, broken or not.
"""

import re
from html.parser import HTMLParser
from typing import NamedTuple

_UNSEEN = frozenset({"script", "style", "template"})
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike strong sub sup tt u var "
    "wbr".split()
)
"""Elements that do not end a word; all others do."""
_LONG_REFERENCE = re.compile(r"&#([0-9]{8,})")
"""A number at which ``int()`` may refuse; no character has one of eight digits."""
_EMPTY_COMMENT = re.compile(r"<!---?>")
_OPENING = re.compile(r"<[A-Za-z/!?]")


class Link(NamedTuple):
    """One ``<a href>``: its target as written, and the text that is seen, in one line."""

    href: str
    text: str


class Page(NamedTuple):
    """``base`` is the href of the first ``<base>`` that has one, else empty."""

    text: str
    links: tuple[Link, ...]
    base: str


def read_page(html: str) -> Page:
    """The page that ``html`` shows. Never raises: what is no markup is text."""
    reader = _Reader()
    reader.feed(_bearable(html))
    reader.close()
    reader.end_link()
    return Page(one_line(reader.seen), tuple(reader.links), reader.base)


def _bearable(html: str) -> str:
    """``html`` without what the parser raises at, takes quadratic time for, or reads otherwise than browsers do."""
    html = _LONG_REFERENCE.sub(lambda match: f"&#{match[1].lstrip('0')[:8] or '0'}", html)
    html = _EMPTY_COMMENT.sub("<!-- -->", html).replace("--!>", "-->")
    last_comment = html.rfind("-->") + 1
    html = html[:last_comment] + html[last_comment:].replace("<!--", "<!-")
    unfinished = _OPENING.search(html, html.rfind(">") + 1)
    return html[: unfinished.start()] if unfinished else html


def one_line(pieces: list[str]) -> str:
    """The pieces joined, with each run of white space as one blank: so a renderer shows them."""
    return " ".join("".join(pieces).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self.links: list[Link] = []
        self.base = ""
        self._unseen = 0
        self._href: str | None = None
        self._link_starts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        if tag not in _INLINE:
            self.seen.append(" ")
        href = next((value for name, value in attrs if name == "href"), None)
        if tag == "a":
            self._start_link(href)
        elif tag == "base":
            self.base = self.base or href or ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # HTML knows no <a/>: the slash is ignored

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        if tag not in _INLINE:
            self.seen.append(" ")
        if tag == "a":
            self.end_link()

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.seen.append(data)

    def parse_html_declaration(self, i: int) -> int:
        if self.rawdata.startswith("<![", i):
            return self.parse_bogus_comment(i)  # <![if !mso]> and its like, at some of which the parser raises
        return super().parse_html_declaration(i)

    def _start_link(self, href: str | None) -> None:
        self.end_link()  # links do not nest
        self._href, self._link_starts = href, len(self.seen)

    def end_link(self) -> None:
        if self._href is not None:
            self.links.append(Link(self._href, one_line(self.seen[self._link_starts :])))
        self._href = None
