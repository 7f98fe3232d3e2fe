"""The entries of a master file: its lines, or more of them within parentheses, without comments (RFC 1035 §5.1)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mailharness.dns.strings import MalformedError, Word

_LEXEME = re.compile(
    r"""[ \t\r\f]* (?:;[^\n]*)? (?:
        (?P<bare>(?:[^\s"();\\]|\\[^\n])+ (?:(?<==)"(?:[^"\\\n]|\\[^\n])*")?) (?!")
      | "(?P<quoted>(?:[^"\\\n]|\\[^\n])*)"
      | (?P<newline>\n|\Z) | (?P<open>\() | (?P<close>\)) )""",
    re.VERBOSE,
)


class Entry(NamedTuple):
    """One entry: the line where it begins, whether with a blank, and its words."""

    line: int
    indented: bool
    words: list[Word]


class UnreadableError(MalformedError):
    """No more can be read, from this line on."""

    def __init__(self, line: int, complaint: str) -> None:
        super().__init__(complaint)
        self.line = line


def entries_of(text: str) -> Iterator[Entry]:
    """The entries of a file in their order; raises UnreadableError."""
    entry = Entry(1, text[:1] in (" ", "\t"), [])
    opened = 0
    for kind, lexeme, line, indented in _lexemes(text):
        if kind in ("quoted", "bare"):
            entry.words.append(Word(lexeme, quoted=kind == "quoted"))
        elif kind in ("open", "close"):
            if (kind == "open") is bool(opened):
                raise UnreadableError(line, "parentheses come in pairs and do not nest (RFC 1035 §5.1)")
            opened = line if kind == "open" else 0
        elif kind == "newline" and not opened:
            if entry.words:
                yield entry
            entry = Entry(line, indented, [])
    if opened:
        raise UnreadableError(opened, "this parenthesis is not closed (RFC 1035 §5.1)")


def _lexemes(text: str) -> Iterator[tuple[str, str, int, bool]]:
    """Each lexeme with its kind and its line (of a newline: the next), and whether a blank follows; a newline ends all."""
    at, line = 0, 1
    while at < len(text):
        found = _LEXEME.match(text, at)
        if found is None:
            raise UnreadableError(line, "a quote that is not closed, or a backslash at the end of a line (RFC 1035 §5.1)")
        at = found.end()
        kind = str(found.lastgroup)
        line += kind == "newline"
        yield kind, found[kind], line, text[at : at + 1] in (" ", "\t")
    yield "newline", "", line, False
