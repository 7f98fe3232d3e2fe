"""Each example runs alone, copied out of the house, as a reader would run it."""

import re
import shutil
from pathlib import Path

import pytest

from mailharness.cli import main
from tests.house.tree import ROOT
from tests.plugin.inside import OURS_ALONE

EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir() and path.name[0].isdigit())
SECONDS = 60


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_it_passes_in_an_empty_folder(pytester: pytest.Pytester, example: Path) -> None:
    shutil.copytree(example, pytester.path / example.name, ignore=shutil.ignore_patterns("__pycache__"))
    result = pytester.runpytest_subprocess("-W", "error", *OURS_ALONE, example.name, timeout=SECONDS)
    outcomes = result.parseoutcomes()
    passed, skipped = outcomes.get("passed", 0), outcomes.get("skipped", 0)
    assert passed or skipped
    assert not skipped or "pytest.skip(" in "".join(path.read_text(encoding="utf-8") for path in example.glob("*.py"))
    result.assert_outcomes(passed=passed, skipped=skipped)


def test_they_are_numbered_without_a_gap() -> None:
    assert [path.name[:3] for path in EXAMPLES] == [f"{number:02}_" for number in range(1, len(EXAMPLES) + 1)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_it_finds_its_application_from_wherever_it_is_run(example: Path) -> None:
    beside = [path.name for path in example.glob("*.py") if not path.name.startswith(("test_", "conftest"))]
    settings = example / "pytest.ini"
    assert (settings.read_text(encoding="utf-8") if settings.exists() else "") == "[pytest]\npythonpath = .\n" * bool(
        beside
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_readme_points_to_it(example: Path) -> None:
    assert re.search(rf"\(examples/{example.name}\)", (ROOT / "README.md").read_text(encoding="utf-8"))


def test_the_scenario_file_is_one_for_the_shell_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    scenario = (ROOT / "examples/05_scenario_file/scenario.toml").read_text(encoding="utf-8")
    broken = tmp_path / "scenario.toml"
    broken.write_text(scenario.replace("gateway =", "gatewy ="))
    assert main(["up", str(broken)]) == 2
    assert "'gatewy'; did you mean 'gateway'?" in capsys.readouterr().err
