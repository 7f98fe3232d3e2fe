"""Which files the rules speak of, read once and parsed once."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ("mailharness", "pytest_plugin")
EVERYTHING = (*LIBRARY, "tests", "examples")


@dataclass(frozen=True)
class Source:
    """One Python file: ``path`` is relative to the root, with slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files below ``folders``, in order of path."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


@cache
def tracked() -> tuple[str, ...]:
    """The paths under version control; none where this is not a checkout."""
    if not (ROOT / ".git").exists():
        return ()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(path for path in listed.stdout.split("\0") if path)
