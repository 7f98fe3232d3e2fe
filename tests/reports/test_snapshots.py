"""What pytest says of tests that fail is kept, readable, in the folder snapshots: the first line names the culprit.

``make snapshots`` writes them anew. What differs from run to run is levelled: addresses, ports, octets, moments.
"""

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.inside import OURS_ALONE

HERE = Path(__file__).parent
SNAPSHOTS = HERE / "snapshots"
ANEW = os.environ.get("SNAPSHOTS") == "anew"
LEVELLED = (
    (r"127\.\d+\.\d+\.(\d+)\b(?<!127\.0\.0\.1)", r"127.x.x.\1"),
    (r"(127\.(?:0\.0|x\.x)\.\d+):\d+", r"\1:PORT"),
    (r"\b\d[\d,]* octets", "N octets"),
    (r"\b(SIZE|size)=\d+", r"\1=N"),
    (r"-> mail from:", "-> mail FROM:"),  # as smtplib writes it from Python 3.13 on
    (r"-> rcpt to:", "-> rcpt TO:"),
    (r"<\d+\.\d+@", "<N.MOMENT@"),
    (r" \(_ssl\.c:\d+\)", ""),
    (r"(\w+\.py):\d+", r"\1:LINE"),
    (r"^-{5,} (.*?) -{5,}$", r"----- \1 -----"),
    (r"^_{5,} (.*?) _{5,}$", r"_____ \1 _____"),
    (r"with cipher \S+", "with cipher CIPHER"),
)


@functools.cache
def reports() -> dict[str, str]:
    """The report of each failing test, by its name."""
    command = [sys.executable, "-m", "pytest", *OURS_ALONE, "-p", "no:xdist", "--tb=short", "-c", os.devnull]
    environment = {key: value for key, value in os.environ.items() if key not in ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS")}
    told = subprocess.run(
        [*command, "--rootdir", str(HERE), str(HERE / "failing.py")],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment | {"COLUMNS": "100"},
        check=False,
    ).stdout
    told = told.partition("= FAILURES =")[2].partition("short test summary info")[0].partition("\n")[2]
    parts = re.split(r"^_{3,} (test_\w+) _{3,}\n", told, flags=re.MULTILINE)
    return {name: level(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def level(text: str) -> str:
    """The report without what differs from run to run, and from its first line on: frames are told by each Python in
    its own way."""
    text = re.split(r"^(?:During|The above) .*exception.*:$", text, flags=re.MULTILINE)[-1]
    text = text[re.search(r"^E ", text, re.MULTILINE).start() :]  # type: ignore[union-attr]
    for pattern, instead in LEVELLED:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip("=\n ") + "\n"


CULPRITS = dict(
    re.findall(r'^def (test_\w+)\(\w*\):\n    """(.*)"""$', (HERE / "failing.py").read_text("utf-8"), re.MULTILINE)
)
"""What has to stand in the first line of each."""


@pytest.mark.parametrize("name", CULPRITS)
def test_a_failing_test_says(name: str) -> None:
    kept = SNAPSHOTS / f"{name.removeprefix('test_')}.txt"
    if ANEW:
        kept.write_text(reports()[name], encoding="utf-8")
    assert reports()[name] == kept.read_text(encoding="utf-8")
    first, second = reports()[name].splitlines()[:2]
    assert CULPRITS[name] in (first if "mailharness.errors" in first else first + second)


def test_every_failing_test_is_kept_and_no_other() -> None:
    assert set(reports()) == set(CULPRITS)
    assert len(CULPRITS) >= 30
    assert {f"test_{path.stem}" for path in SNAPSHOTS.iterdir()} == set(CULPRITS)
