"""The fenced blocks of a Markdown file, told apart by what can be done with them."""

import re
from dataclasses import dataclass
from functools import cached_property

FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)
SHELLS = frozenset({"console", "shell", "sh", "bash"})


@dataclass(frozen=True)
class Block:
    """One fenced block: ``line`` is its first line of text in the file, counted from 1."""

    language: str
    info: str
    text: str
    line: int

    @cached_property
    def reason(self) -> str | None:
        """Why the block is not run (``python no-run: needs a name server``); None where it is run."""
        mark, _, reason = self.info.partition("no-run")
        return None if mark == self.info else reason.strip(" :")

    @property
    def is_test(self) -> bool:
        return self.language == "python" and re.search(r"^\s*(?:async )?def test_", self.text, re.MULTILINE) is not None

    @property
    def is_shell(self) -> bool:
        return self.language in SHELLS

    @property
    def commands(self) -> tuple[tuple[str, str], ...]:
        """Each ``$ command`` with the lines of output shown below it; a backslash continues a command."""
        _, *parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        found = []
        for part in parts:
            command, _, output = part.replace("\\\n", " ").partition("\n")
            found.append((command.strip(), output))
        return tuple(found)


def blocks(markdown: str) -> tuple[Block, ...]:
    """The fenced blocks of a text, in order. The language is the first word of the info string."""
    found = []
    for match in FENCE.finditer(markdown):
        language, _, info = match["info"].strip().partition(" ")
        found.append(Block(language, info.strip(), match["text"], markdown.count("\n", 0, match.start("text")) + 1))
    return tuple(found)
