"""The floors are held by import-linter; here it is shown that they are held, and that it would notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

LINT = (
    "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The library in a folder of its own, to be spoiled."""
    shutil.copytree(ROOT / "mailharness", tmp_path / "mailharness", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_floors_hold() -> None:
    linted = lint(ROOT)
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("utils/__init__.py", "", "utils"),
        ("mail/upward.py", "import mailharness.world", "mailharness.mail is not allowed to import mailharness.world"),
        ("pop3/sideways.py", "import mailharness.imap", "mailharness.pop3 is not allowed to import mailharness.imap"),
        ("imap/dialling.py", "import socket", "mailharness.imap is not allowed to import socket"),
        ("smtp/threading_.py", "import threading", "mailharness.smtp is not allowed to import threading"),
        ("world/plugin.py", "import pytest_mailharness", "mailharness is not allowed to import pytest_mailharness"),
    ],
)
def test_a_wrong_import_is_noticed(copy: Path, path: str, text: str, complaint: str) -> None:
    wrong = copy / "mailharness" / path
    wrong.parent.mkdir(exist_ok=True)
    wrong.write_text(f'"""Wrong."""\n{text}\n')
    linted = lint(copy)
    assert linted.returncode != 0
    assert complaint in linted.stdout
