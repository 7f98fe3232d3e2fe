"""Pictures on the command line: the map of a scenario, and the way of the demo's letter."""

from pathlib import Path

import pytest

from mailharness.cli import main
from tests.drawing.sheets import Sheet


def test_the_map_of_a_scenario_goes_to_where_output_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = tmp_path / "world.toml"
    scenario.write_text('[[domain]]\nname = "acme.test"\nusers = ["ann"]\naliases = { info = "ann" }\n')
    assert main(["draw", str(scenario)]) == 0
    assert "info → ann" in Sheet(capsys.readouterr().out).says
    assert main(["draw", str(scenario), "--mermaid"]) == 0
    assert capsys.readouterr().out.startswith("flowchart LR\n")


def test_the_default_world_can_be_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw"]) == 0
    assert "mail.exampleB.tst" in Sheet(capsys.readouterr().out).says


def test_a_scenario_that_cannot_be_is_told_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", str(tmp_path / "none.toml")]) == 2
    assert capsys.readouterr().err.startswith("mailharness: ")


def test_the_demo_draws_its_last_letter(tmp_path: Path) -> None:
    svg, page = tmp_path / "way.svg", tmp_path / "way.html"
    assert main(["demo", "--without", "mail.exampleB.tst", "--svg", str(svg), "--html", str(page)]) == 1
    assert "stopped at mail.exampleA.tst" in Sheet(svg.read_text(encoding="utf-8")).of_tone("bad")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--svg", str(tmp_path / "none" / "way.svg")]) == 2
    assert "name a file that can be written" in capsys.readouterr().err
