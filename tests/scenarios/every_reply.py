"""Every reply that the code makes, as a pattern, found by reading the code: what a table of replies must not leave out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import mailharness

_ROOT = Path(mailharness.__file__).parent
_ENHANCED = 3
"""How many arguments a Reply has that bears an enhanced code."""


class Made(NamedTuple):
    """One reply: where it is made, and what its text looks like, ``.*`` standing for what is put into it."""

    where: str
    pattern: str

    def is_said_by(self, text: str) -> bool:
        """Whether a reply whose lines are joined by ``\\n`` is one of these."""
        return re.fullmatch(self.pattern, re.sub(r"(?m)^(\d{3})-", r"\1 ", text), re.DOTALL) is not None


def replies_made(*folders: str) -> Iterator[Made]:
    """The replies that are made in these folders of the library: by ``Reply(...)``, or by an error that carries one."""
    for folder in folders:
        for path in sorted((_ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    pattern = _pattern(node.func.id, node.args)
                    if pattern:
                        yield Made(f"{path.relative_to(_ROOT)}:{node.lineno}", pattern)


def _pattern(name: str, arguments: list[ast.expr]) -> str:
    match name, arguments:
        case "Reply", [ast.Constant(), text, *status]:
            return " ".join(map(_written, [arguments[0], *status, text]))
        case "RemoteProtocolError", [_, text]:
            return _written(text)
    return ""


def _written(node: ast.expr) -> str:
    match node:
        case ast.Constant(value):
            return re.escape(str(value))
        case ast.JoinedStr(values):
            return "".join(_written(value) for value in values)
    return ".*"
