"""Small rooms: no function over 40 lines, no file over 400, and half of each far below. Run me to see the figures."""

import ast
from collections.abc import Iterable, Iterator
from statistics import median

from tests.house.tree import EVERYTHING, LIBRARY, Source, sources

FUNCTION, FILE = 40, 400
MEDIAN_FUNCTION, MEDIAN_FILE = 8, 150

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(source: Source) -> Iterator[Function]:
    return (node for node in ast.walk(source.tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from ``def`` to the last one, the docstring not counted."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def file_length(source: Source) -> int:
    return len(source.text.splitlines())


def too_long(source: Source) -> list[str]:
    found = [
        f"{source.path}:{function.lineno}: {function.name} has {length(function)} lines, more than {FUNCTION}"
        for function in functions(source)
        if length(function) > FUNCTION
    ]
    if file_length(source) > FILE:
        found.append(f"{source.path}: {file_length(source)} lines, more than {FILE}")
    return found


def medians(files: Iterable[Source]) -> tuple[float, float]:
    """The median length of a function and of a file; a file of only a caption is no room yet."""
    rooms = [source for source in files if len(source.tree.body) > 1]
    lengths = [length(function) for source in rooms for function in functions(source)]
    return median(lengths or [0]), median([file_length(source) for source in rooms] or [0])


def main() -> None:
    for name, files in (("library", sources(*LIBRARY)), ("everything", sources(*EVERYTHING))):
        function, file = medians(files)
        print(f"{name}: {len(files)} files, median function {function:g} lines, median file {file:g} lines")


if __name__ == "__main__":
    main()
