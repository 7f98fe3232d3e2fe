"""What a failing test leaves: a folder of its own with all that is needed to look at it and to run it again."""

import email
import json
from pathlib import Path

import jsonschema
import pytest
from pytest_mailharness.artifacts import folder_name

from mailharness import World, faults, read_toml
from tests.plugin.inside import run, run_alone
from tests.trace.test_showing import SCHEMA

FAILING = """
import pytest
from mailharness import Domain, faults

def test_that_passes(mailworld):
    pass

@pytest.mark.parametrize("name", ["a/b", "../c", "<d>"])
@pytest.mark.mailworld(Domain("acme.test", users=["ann"]), Domain("b.test", users=["bob"]), seed=5)
def test_that_fails(mailworld, name):
    busy = faults.reply("mail.b.test", "RCPT", "450 4.2.1 busy", probability=1.0)
    with mailworld.fault(busy):
        mailworld.user("ann@acme.test").send(to="bob@b.test", subject="Hello").trace.assert_delivered()
"""
TWO_WORLDS = """
def test_of_two(mailworld, mailworld_factory):
    other = mailworld_factory()
    assert mailworld is other
"""
FILES = [
    "faults.toml",
    "index.html",
    "journal.jsonl",
    "letter-1.eml",
    "letter-1.html",
    "letter-1.json",
    "letter-1.svg",
    "scenario.toml",
    "world.svg",
]


def left(folder: Path) -> dict[str, list[str]]:
    return {one.name: sorted(file.name for file in one.iterdir()) for one in sorted(folder.iterdir())}


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["here", "xdist"])
def test_each_failing_test_has_a_folder_and_no_other_has_one(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    result = run_alone(pytester, FAILING, "--mailharness-artifacts=kept/mail", *workers)
    result.assert_outcomes(passed=1, failed=3)
    folders = left(pytester.path / "kept/mail")
    assert list(folders.values()) == [FILES] * 3
    result.stdout.fnmatch_lines(["*mail artifacts*", "*kept/mail/*/index.html"])


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Path:
    """What one failing test has left."""
    run(pytester, FAILING, "--mailharness-artifacts=kept", "-k", "a/b").assert_outcomes(failed=1)
    (only,) = (pytester.path / "kept").iterdir()
    return only


def test_the_world_and_its_faults_can_be_made_again(folder: Path) -> None:
    plan = faults.read_plan(folder / "faults.toml")
    with World(*read_toml(folder / "scenario.toml"), seed=5) as world, world.fault(*plan):
        letter = world.user("ann@acme.test").send(to="bob@b.test")
        letter.trace.assert_queued(at="mail.acme.test", reply="450 4.2.1 busy")


def test_the_files_are_what_they_are_called(folder: Path) -> None:
    jsonschema.validate(json.loads((folder / "letter-1.json").read_text()), SCHEMA)
    assert email.message_from_bytes((folder / "letter-1.eml").read_bytes())["Subject"] == "Hello"
    events = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert [event["serial"] for event in events] == list(range(1, len(events) + 1))
    assert {"Accepted", "Attempted", "FaultArmed", "Judged", "Queued"} <= {event["event"] for event in events}


def test_the_page_says_what_failed_where_it_stopped_and_how_to_run_it_again(folder: Path) -> None:
    told = (folder / "index.html").read_text()
    wanted = [
        "test_that_fails[a/b]",
        "ExpectationError",
        "stopped at mail.b.test, RCPT: 450 4.2.1 busy",
        "--mailharness-seed=0",
    ]
    assert [
        one for one in (*wanted, *(f'href="{name}"' for name in ("letter-1.svg", "journal.jsonl"))) if one not in told
    ] == []


def test_of_several_worlds_each_has_a_folder(pytester: pytest.Pytester) -> None:
    run(pytester, TWO_WORLDS, "--mailharness-artifacts=kept").assert_outcomes(failed=1)
    (names,) = left(pytester.path / "kept").values()
    assert names == ["index.html", "world-1", "world-2"]


def test_a_folder_that_cannot_be_written_changes_no_outcome(pytester: pytest.Pytester) -> None:
    (pytester.path / "kept").mkdir()
    (
        pytester.path / "kept" / folder_name("test_a_folder_that_cannot_be_written_changes_no_outcome.py::test_of_two")
    ).touch()
    result = run(pytester, TWO_WORLDS, "--mailharness-artifacts=kept")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["(they could not be written: *"])


def test_a_file_is_no_folder(pytester: pytest.Pytester) -> None:
    (pytester.path / "kept").touch()
    result = run(pytester, TWO_WORLDS, "--mailharness-artifacts=kept")
    result.stderr.fnmatch_lines(["*--mailharness-artifacts = kept: must be the path of a folder"])


@pytest.mark.parametrize("test", ["a.py::t[x/../../y]", "a.py::t[" + "z" * 300 + "]", "a.py::t[日本]", "a.py::t[.]", "::"])
def test_any_test_s_name_is_a_folder_s_name(test: str) -> None:
    name = folder_name(test)
    assert len(name) <= 100
    assert not set(name) & set('/\\\\:*?"<>| ')
    assert name not in {folder_name(f"{test} "), folder_name(test.upper() + "x")}
