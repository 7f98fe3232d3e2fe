"""What a stranger types first."""

import subprocess
import sys
from pathlib import Path

import pytest

from mailharness import __version__
from mailharness.cli import main


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"mailharness {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--help"], ["fake mail Internet", "mailharness demo --without tst", "mailharness up", "mailharness draw"]),
        (
            ["demo", "--help"],
            ["--without NAME", "--over-quota", "--html FILE", "--plain", "exit code: 0", "mail.exampleB.tst"],
        ),
        (["up", "--help"], ["SCENARIO.toml", "--seed N", "--json", "[[domain]]", "exit code: 0"]),
    ],
)
def test_help_says_what_there_is(capsys: pytest.CaptureFixture[str], arguments: list[str], wanted: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    told = capsys.readouterr().out
    assert [one for one in wanted if one not in told] == []
    assert max(map(len, told.splitlines())) <= 100


def test_the_scenario_in_the_help_is_one(tmp_path: Path) -> None:
    from mailharness.cli.arguments import UP_END
    from mailharness.world import read_toml

    scenario = tmp_path / "help.toml"
    scenario.write_text("\n".join(line.strip() for line in UP_END.partition("TOML file:\n")[2].splitlines()))
    assert [domain.name for domain in read_toml(scenario)] == ["acme.test", "globex.test"]


def test_nothing_typed_shows_the_help_and_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "first steps:" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["dmeo"], ["demo", "--witout", "tst"], ["up", "--seed", "x"]])
def test_what_is_not_known_is_an_error(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: mailharness" in capsys.readouterr().err


def test_help_imports_nothing_that_runs_mail() -> None:
    code = "import sys\nfrom mailharness.cli.arguments import parser\nparser().format_help()\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert not loaded & {"asyncio", "aiosmtpd", "aiosmtplib", "dnslib", "imapclient", "ssl", "trustme"}


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m mailharness demo | head -1"
    run = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.count("\n") == 1
