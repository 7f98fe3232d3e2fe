"""Output that the README shows below a block of Python is what that block prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.readme.test_readme import ALL, README


def words(text: str) -> list[str]:
    """The words of an output; addresses differ from world to world, and with their lengths the ends of lines."""
    return [re.sub(r"127(\.\d+){3}", "127.x", word) for word in text.split() if word != "|"]


def test_what_is_shown_below_a_block_is_what_it_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "readme"}
    printed, shown = "", 0
    for block in ALL:
        if block.language == "python" and not block.is_test and block.reason is None:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(block.text, str(README), "exec"), names)
            printed = out.getvalue()
        elif block.language == "text":
            shown += 1
            assert words(block.text) == words(printed), printed
    assert shown > 0
