"""Every block of the README runs as it stands there.

A ``python`` block with a test in it is a test file in an empty folder; the other ``python`` blocks run in order and share
their names; of ``console`` blocks the ``$ mailharness`` lines run, and output shown below one is what comes (``...`` for
what differs from run to run). A block that cannot run says why: ``console no-run: needs root``.
"""

import doctest
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.plugin.inside import OURS_ALONE
from tests.readme.blocks import Block, blocks

README = ROOT / "README.md"
ALL = blocks(README.read_text(encoding="utf-8"))
RUN = tuple(block for block in ALL if block.reason is None)
COMMANDS = [
    pytest.param(command, output, id=f"line{block.line}-{command}")
    for block in RUN
    if block.is_shell
    for command, output in block.commands
    if shlex.split(command)[0] == "mailharness"
]
SECONDS = 60


def at_line(block: Block) -> str:
    return f"line{block.line}"


def same(want: str, got: str) -> bool:
    return doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)


def installed(program: str) -> str:
    path = shutil.which(program, path=sysconfig.get_path("scripts")) or shutil.which(program)
    assert path is not None, f"{program} is not installed in this environment: pip install -e ."
    return path


@pytest.mark.parametrize("block", [block for block in RUN if block.is_test], ids=at_line)
def test_a_block_with_a_test_passes_in_an_empty_folder(pytester: pytest.Pytester, block: Block) -> None:
    pytester.makepyfile(test_readme_block=block.text)
    result = pytester.runpytest_subprocess("-W", "error", *OURS_ALONE, timeout=SECONDS)
    result.assert_outcomes(passed=result.parseoutcomes().get("passed", 0))
    assert result.ret == pytest.ExitCode.OK


def test_the_other_python_blocks_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "readme"}
    told = [block for block in RUN if block.language == "python" and not block.is_test]
    for block in told:
        lines_before = "\n" * (block.line - 1)
        exec(compile(lines_before + block.text, str(README), "exec"), names)
    assert not told or len(names) > 1, "blocks that name nothing show nothing"


@pytest.mark.parametrize(("command", "output"), COMMANDS)
def test_a_command_runs_and_prints_what_is_shown(tmp_path: Path, command: str, output: str) -> None:
    program, *arguments = shlex.split(command)
    run = subprocess.run(
        [installed(program), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert not output.strip() or same(output, run.stdout), run.stdout


def test_a_block_that_is_not_run_says_why() -> None:
    assert [block.line for block in ALL if block.reason == ""] == []


def test_python_blocks_are_marked_as_such() -> None:
    assert [block.line for block in ALL if block.language in {"", "py", "python3", "pycon"}] == []
