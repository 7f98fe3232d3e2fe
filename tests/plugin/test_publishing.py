"""The mail trace reaches the reports that people and CI read: terminal, JUnit, pytest-html, Allure, also out of workers."""

import json
from collections.abc import Iterable
from xml.etree import ElementTree

import pytest

from tests.plugin.inside import run, run_alone

TWO = """
def send(world, to):
    letter = world.user("userA@exampleA.tst").send(to=to, subject="Hello")
    world.settle()
    return letter

def test_arrives(mailworld):
    send(mailworld, "userB@exampleB.tst")

def test_stops(mailworld):
    send(mailworld, "nobody@exampleB.tst").trace.assert_delivered()
"""
STOPPED = "letter 1 stopped at mail.exampleB.tst, RCPT: 550 5.1.1 No such user here"
XDIST = ["-p", "xdist", "-n", "2"]
WAYS = pytest.mark.parametrize("workers", [[], XDIST], ids=["here", "xdist"])


def told(text: str, names: Iterable[str] = ("test_arrives", "test_stops")) -> dict[str, int]:
    return {name: text.count(f"pytest test_it.py::{name} --mailharness-seed=0") for name in names}


@pytest.fixture
def file(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_it=TWO)
    return pytester


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        (["--mailharness-trace=never"], {"test_arrives": 0, "test_stops": 0}),
        ([], {"test_arrives": 0, "test_stops": 1}),
        (["--mailharness-trace=failed", "-rA"], {"test_arrives": 0, "test_stops": 1}),
        (["--mailharness-trace=always"], {"test_arrives": 1, "test_stops": 1}),
        (["--mailharness-trace=always", "-rA", "-q"], {"test_arrives": 1, "test_stops": 1}),
        (["-o", "mailharness_trace=always", "--tb=short"], {"test_arrives": 1, "test_stops": 1}),
    ],
)
@WAYS
def test_the_terminal_tells_of_those_that_were_asked_for(file: pytest.Pytester, workers, arguments, counts) -> None:
    result = run_alone(file, "", *arguments, *workers, "test_it.py")
    result.assert_outcomes(passed=1, failed=1)
    assert told(result.stdout.str()) == counts


@WAYS
def test_a_junit_file_has_where_it_stopped_and_the_seed(file: pytest.Pytester, workers) -> None:
    run_alone(file, "", "--junitxml=junit.xml", "--mailharness-seed=7", *workers, "test_it.py")
    cases = {case.attrib["name"]: case for case in ElementTree.parse(file.path / "junit.xml").iter("testcase")}
    found = {
        name: {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")} for name, case in cases.items()
    }
    assert found["test_arrives"] == {}
    assert found["test_stops"]["mailharness_seed"] == "7"
    assert found["test_stops"]["mailharness_stopped"].startswith(STOPPED)


@WAYS
def test_a_page_of_pytest_html_has_the_section(file: pytest.Pytester, workers) -> None:
    plugins = ["-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin"]
    run_alone(file, "", *plugins, "--html=page.html", "--self-contained-html", *workers, "test_it.py")
    page = (file.path / "page.html").read_text()
    assert "mail trace" in page
    assert "550 5.1.1 No such user here" in page


@WAYS
def test_allure_is_given_the_trace_as_an_attachment(file: pytest.Pytester, workers) -> None:
    run_alone(file, "", "-p", "allure_pytest.plugin", "--alluredir=allure", *workers, "test_it.py")
    results = [json.loads(path.read_text()) for path in (file.path / "allure").glob("*-result.json")]
    attached = {one["name"]: one.get("attachments", []) for one in results}
    assert sorted(attached) == ["test_arrives", "test_stops"]
    assert attached["test_arrives"] == []
    ((name, source),) = [(one["name"], one["source"]) for one in attached["test_stops"]]
    assert name == "mail trace"
    assert told((file.path / "allure" / source).read_text())["test_stops"] == 1


SURPRISES = """
from mailharness import faults

def test_it(mailworld):
    alice, bob = mailworld.user("userA@exampleA.tst"), mailworld.user("userB@exampleB.tst")
    alice.send(to=bob, subject="arrives")
    alice.send(to="nobody@exampleB.tst", subject="bounces")
    mailworld.settle()
    with mailworld.fault(faults.reply("mail.exampleB.tst", "RCPT", "451 4.7.1 later")):
        alice.send(to=bob, subject="waits")
        seen = alice.send(to=bob, subject="waits, and was asked about")
    seen.trace.assert_queued()
    assert False
"""


def test_what_nobody_asked_about_and_did_not_arrive_is_listed(pytester: pytest.Pytester) -> None:
    lines = run(pytester, SURPRISES).outlines
    start = lines.index("whose trace nobody has looked at, and which did not arrive:") + 1
    listed = lines[start : lines.index("", start)]
    assert [line.partition(";")[0].split(" -> ")[1] for line in listed] == [
        "nobody@exampleB.tst: bounced",
        "userB@exampleB.tst: queued",
    ]
    assert all("stopped at mail.exampleB.tst, RCPT: " in line for line in listed)


PLANNED = """
import pathlib
from mailharness import faults
from mailharness.faults import Fault

def test_it(mailworld):
    with mailworld.fault(
        faults.reply("mail.exampleB.tst", "RCPT", "451 4.7.1 later", probability=0.5, optional=True),
        Fault("of my own", lambda event: faults.PASS, optional=True),
    ):
        mailworld.user("userA@exampleA.tst").send(to="userB@exampleB.tst")
    pathlib.Path("plan.toml").write_text(mailworld.fault_plan())
    assert False
"""


def test_the_faults_are_printed_as_a_plan_that_can_be_read_again(pytester: pytest.Pytester) -> None:
    from mailharness import faults

    lines = run(pytester, PLANNED, "--mailharness-seed=7").outlines
    start = lines.index("the faults as a plan (faults.from_toml):") + 1
    plan = "\n".join(lines[start : next(n for n, line in enumerate(lines) if line.startswith("to repeat it:"))])
    (read,) = faults.from_toml(plan)
    assert 'seed = "7/1"' in plan
    assert "# 'of my own' has a judge of its own" in plan
    assert (pytester.path / "plan.toml").read_text().strip() == plan.strip()
    assert str(read) == "reply at mail.exampleB.tst to RCPT: 451 4.7.1 later, probability=0.5"
