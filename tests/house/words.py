"""One word, one thing: files say what they are for, names say what a thing is, and the project speaks of itself only."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.house.tree import Source

VAGUE = frozenset(
    "util utils helper helpers common core base manager managers engine mock mocks misc config handler handlers".split()
)
VAGUE_VERBS = re.compile(r"process|do_[a-z]\w*|_?wait_seconds")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

WORKPLACE = {
    re.compile(r"(?<![\w.-])/(?:root/|home/\w|Users/\w|work/|tmp/\w)"): "a path of one machine",
    re.compile(r"\b(?:issue|ticket|PR) ?#?\d+", re.IGNORECASE): "a number that only a tracker can explain",
    re.compile(r"--(?:extra-)?index-url|--find-links"): "a registry's address",
    re.compile(r"\bhelpers?\b", re.IGNORECASE): "a word that says nothing of what a thing does",
}


def uncaptioned(source: Source) -> list[str]:
    """A file without a docstring that says what it is for."""
    caption = ast.get_docstring(source.tree) or ""
    return [] if len(caption.split()) >= 3 else [f"{source.path}: opens without a caption"]


def vague_file(source: Source) -> list[str]:
    names = [PurePosixPath(part).stem for part in PurePosixPath(source.path).parts]
    return [f"{source.path}: {name!r} says nothing" for name in names if VAGUE & set(_words(name))]


def vague_names(source: Source) -> list[str]:
    """Classes named by a vague word, and functions that only "process" or wait for so many seconds."""
    return [f"{source.path}:{node.lineno}: {node.name!r} says nothing" for node in _definitions(source) if _is_vague(node)]


def _definitions(source: Source) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    return (
        node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _is_vague(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if isinstance(node, ast.ClassDef):
        return bool(VAGUE & set(_words(node.name)))
    waits = node.name == "wait" and any(argument.arg == "seconds" for argument in node.args.args)
    return waits or VAGUE_VERBS.fullmatch(node.name) is not None


def _words(name: str) -> list[str]:
    return [word.lower() for word in WORD.findall(name)]


def of_a_workplace(path: str, text: str) -> list[str]:
    return [
        f"{path}:{number}: {match[0]!r} is {why}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, why in WORKPLACE.items()
        if (match := pattern.search(line))
    ]
