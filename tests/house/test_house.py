"""The house keeps its rules."""

import tomllib
from collections.abc import Callable, Iterable

import pytest

from tests.house import honesty, sizes, words
from tests.house.tree import EVERYTHING, LIBRARY, ROOT, Source, sources, tracked

TOP_LEVEL = frozenset(
    ".ci .gitignore CHANGELOG.md LICENSE Makefile README.md examples mailharness pyproject.toml pytest_plugin tests".split()
)
PROSE = (".cfg", ".md", ".py", ".toml", ".txt", ".yaml", ".yml", "Makefile", "run")
RULES = (sizes.too_long, words.uncaptioned, words.vague_file, words.vague_names, honesty.asserting_nothing)


def check_nothing(findings: Iterable[str]) -> None:
    found = list(findings)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps(rule: Callable[[Source], list[str]]) -> None:
    check_nothing(finding for source in sources(*EVERYTHING) for finding in rule(source))


def test_no_test_sleeps() -> None:
    check_nothing(finding for source in sources("tests", "examples") for finding in honesty.sleeping(source))


def test_rooms_are_small() -> None:
    function, file = sizes.medians(sources(*LIBRARY))
    assert function <= sizes.MEDIAN_FUNCTION
    assert file <= sizes.MEDIAN_FILE


def test_every_test_folder_is_a_package() -> None:
    check_nothing(honesty.unpackaged(source.path for source in sources("tests")))


def test_the_top_level_is_tidy() -> None:
    if not tracked():
        pytest.skip("not a checkout: build directories cannot be told from sources")
    check_nothing(honesty.unexpected(tracked(), TOP_LEVEL))


def test_the_project_speaks_of_itself_only() -> None:
    if not tracked():
        pytest.skip("not a checkout: which files belong to the project is not known")
    told = [
        path for path in tracked() if path.endswith(PROSE) and not path.startswith("tests/house/")
    ]  # names what it forbids
    prose = [ROOT / path for path in told if (ROOT / path).is_file()]
    texts = [(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace")) for path in prose]
    check_nothing(finding for path, text in texts for finding in words.of_a_workplace(path, text))


def test_every_package_is_installed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    rooms = {
        source.path.removesuffix("/__init__.py")
        for source in sources("mailharness")
        if source.path.endswith("/__init__.py")
    }
    assert set(listed) == {room.replace("/", ".") for room in rooms} | {"pytest_mailharness"}
