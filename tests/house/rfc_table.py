"""Which RFCs the code enforces, collected from its comments and docstrings into the README's table.

Run me to write the table anew: ``python -m tests.house.rfc_table``.
"""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.house.titles import TITLES
from tests.house.tree import LIBRARY, ROOT, Source, sources

README = ROOT / "README.md"
START, END = "<!-- rfc-table:start -->", "<!-- rfc-table:end -->"

SECTION = r"§(?:\d+|[A-Z](?=\.))(?:\.\d+)*"
CITATION = re.compile(rf"\bRFC (\d{{3,5}})\b((?:(?:,| and|, and)? {SECTION})*)")
MISQUOTED = re.compile(
    r"\bRFC[-#]?(?!822\b)\d{3,5}\b|\brfc ?\d{3,5}\b|\bRFC \d{3,5},? (?:[Ss]ection|[Ss]ec\.|§ )|\bRFC \d{3,5},? \d+\.\d"
)


def remarks(source: Source) -> Iterator[tuple[int, str]]:
    """The comments and docstrings of a file with their lines, a docstring's line breaks undone."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, " ".join(node.value.value.split())


def citations(source: Source) -> set[tuple[int, str]]:
    """(5321, "4.1.2") for each section cited, (5321, "") where the whole RFC is meant."""
    found = set()
    for _, text in remarks(source):
        for match in CITATION.finditer(text):
            sections = re.findall(SECTION, match[2])
            found |= {(int(match[1]), section.removeprefix("§")) for section in sections or ["§"]}
    return found


def misquoted(source: Source) -> list[str]:
    """Citations in a form that nobody collects; the form is ``RFC 5321 §4.1.2``, and ``RFC822`` is an item of FETCH."""
    return [f"{source.path}:{line}: {match[0]!r}" for line, text in remarks(source) for match in MISQUOTED.finditer(text)]


def room(source: Source) -> str:
    """``mailharness/smtp/receiver.py`` lies in the room ``smtp``, ``mailharness/clock.py`` in ``clock``."""
    folder, *rest = source.path.removesuffix(".py").split("/")
    return rest[0] if folder == "mailharness" else folder


def render(files: Iterable[Source]) -> str:
    """The table, one row an RFC."""
    sections, rooms = defaultdict(set), defaultdict(set)
    for source in files:
        for number, section in citations(source):
            sections[number] |= {section} - {""}
            rooms[number].add(room(source))
    rows = [_row(number, sections[number], rooms[number]) for number in sorted(rooms)]
    return "\n".join(["| RFC | about | sections cited | rooms |", "|---|---|---|---|", *rows])


def _row(number: int, sections: set[str], rooms: set[str]) -> str:
    cited = ", ".join(f"§{section}" for section in sorted(sections, key=_order))
    link = f"[{number}](https://www.rfc-editor.org/rfc/rfc{number})"
    return f"| {link} | {TITLES.get(number, '')} | {cited} | {', '.join(sorted(rooms))} |"


def _order(section: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (1 << 16, part) for part in section.split(".")]


def between_markers(text: str) -> str:
    """What stands between the markers, or ValueError where they are not both there, in order, once."""
    _, table, _ = _split(text)
    return table.strip()


def replaced(text: str, table: str) -> str:
    before, _, after = _split(text)
    return f"{before}{START}\n{table}\n{END}{after}"


def _split(text: str) -> tuple[str, str, str]:
    before, rest = text.split(START)
    table, after = rest.split(END)
    return before, table, after


def main() -> None:
    text = README.read_text(encoding="utf-8")
    README.write_text(replaced(text, render(sources(*LIBRARY))), encoding="utf-8")


if __name__ == "__main__":
    main()
