"""What a test costs in pytest: runs in processes of their own, of files written for the purpose."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from tests.benchmarks.measuring import MS, environment
from tests.benchmarks.table import Figure, Line

TESTS, ROUNDS, PAIRS = 50, 5, 21

_HEAD = """
import smtplib

import pytest

LETTER = b"From: a@exampleA.tst\\r\\nTo: userB@exampleB.tst\\r\\nSubject: Hello\\r\\n\\r\\nHow are you?\\r\\n"


def send(host, port):
    with smtplib.SMTP(host, port, local_hostname="client.bench") as smtp:
        smtp.sendmail("userA@exampleA.tst", ["userB@exampleB.tst"], LETTER)

"""

_BODIES = {
    "ours": """
@pytest.mark.parametrize("n", range({tests}))
def test_letter(mailworld, n):
    send(*mailworld["exampleA.tst"].submission)
    assert mailworld.user("userB@exampleB.tst").inbox.subjects == ["Hello"]
""",
    "smtpdfix": """
@pytest.mark.parametrize("n", range({tests}))
def test_letter(smtpd, n):
    send(smtpd.hostname, smtpd.port)
    assert [message["Subject"] for message in smtpd.messages] == ["Hello"]
""",
    "pytest-localserver": """
@pytest.mark.parametrize("n", range({tests}))
def test_letter(smtpserver, n):
    send(*smtpserver.addr)
    assert [message["Subject"] for message in smtpserver.outbox] == ["Hello"]
""",
}

_CONFTEST = """
import json, os

spent = {}

def pytest_runtest_logreport(report):
    spent[report.nodeid] = spent.get(report.nodeid, 0) + report.duration

def pytest_sessionfinish(session):
    with open(os.environ["SPENT"], "w") as file:
        json.dump(list(spent.values()), file)
"""

_NEEDED = {"ours": "mailharness", "smtpdfix": "smtpdfix", "pytest-localserver": "pytest_localserver"}


def a_test_with_a_letter() -> Iterator[Line]:
    """Set-up, call and tear-down of a test that sends one letter by smtplib and looks at it; the first test is left out."""
    samples: dict[str, list[float]] = {name: [] for name, module in _NEEDED.items() if find_spec(module)}
    for _ in range(ROUNDS):
        for name, medians in samples.items():
            medians.append(_median_test(name) * MS)
    figures = {name: Figure(tuple(medians), "ms") for name, medians in samples.items()}
    mine = figures.pop("ours")
    budget = figures["smtpdfix"].value if "smtpdfix" in figures else 8
    note = f"median of {TESTS} tests, {ROUNDS} runs; two servers against one"
    yield Line("a pytest test with a fresh world and a letter", mine, budget, references=tuple(figures.items()), note=note)


def _median_test(name: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        (where / "conftest.py").write_text(_CONFTEST)
        (where / "test_letter.py").write_text(_HEAD + _BODIES[name].format(tests=TESTS))
        _pytest(where, SPENT=str(where / "spent.json"))
        spent = json.loads((where / "spent.json").read_text())
    assert len(spent) == TESTS
    return median(spent[1:])


def the_plugin_unused() -> Iterator[Line]:
    """A run of one test that asks for no world, with the plugin and without, by turns."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        (where / "test_nothing.py").write_text("def test_nothing():\n    assert True\n")
        pairs = [(_pytest(where), _pytest(where, "-p", "no:mailharness")) for _ in range(PAIRS + 1)][1:]
    walls = Figure(tuple((used[0] - unused[0]) * MS for used, unused in pairs), "ms")
    costs = Figure(tuple((used[1] - unused[1]) * MS for used, unused in pairs), "ms")
    without = Figure(tuple(unused[1] * MS for _, unused in pairs), "ms")
    note = f"CPU; median of {PAIRS} paired differences; on the wall {walls}; pytest alone {without}"
    yield Line("the plugin in a run that does not use it", costs, 5, note=note)


def _pytest(where: Path, *options: str, **variables: str) -> tuple[float, float]:
    """Seconds of one run: on the wall, and of the processor."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(where),
        *options,
        str(where),
    ]
    before, start = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=where, env={**environment(), **variables}, capture_output=True, text=True)
    taken, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
