"""A test asserts something, waits for no clock, and lies in a folder that is a package."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.house.tree import Source

Function = ast.FunctionDef | ast.AsyncFunctionDef
CLAIM = re.compile(r"_?(?:assert|check|expect)(?:_\w+)?|raises|warns|fail|re_match_lines|(?:no_)?fnmatch_lines?")
CLOCKS = frozenset({"time", "asyncio", "trio", "anyio"})


def asserting_nothing(source: Source) -> list[str]:
    return [
        f"{source.path}:{test.lineno}: {test.name} asserts nothing"
        for test in ast.walk(source.tree)
        if isinstance(test, Function) and test.name.startswith("test_") and not any(map(_claims, ast.walk(test)))
    ]


def _claims(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    return isinstance(node, ast.Call) and CLAIM.fullmatch(_name(node.func)) is not None


def sleeping(source: Source) -> list[str]:
    """Calls that wait for real time; the world's own clock may sleep, it stands still."""
    return [f"{source.path}:{call.lineno}: sleeps; wait for state, or on the world's clock" for call in _sleeps(source)]


def _sleeps(source: Source) -> Iterator[ast.Call]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _name(node.func) == "sleep":
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if owner is None or (isinstance(owner, ast.Name) and owner.id in CLOCKS):
                yield node


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def unpackaged(paths: Iterable[str]) -> list[str]:
    """Folders of Python files that are no package: there a test folder may shadow a library (tests/queue, queue)."""
    files = {PurePosixPath(path) for path in paths if path.endswith(".py")}
    folders = {parent for file in files for parent in file.parents if parent.name}
    return sorted(f"{folder}: no __init__.py" for folder in folders if folder / "__init__.py" not in files)


def unexpected(paths: Iterable[str], allowed: frozenset[str]) -> list[str]:
    """Entries of the top level that nobody has agreed to."""
    return sorted({path.split("/", 1)[0] for path in paths} - allowed)
