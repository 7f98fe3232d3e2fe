"""What every test may ask for: a pytest inside pytest, and the programs of others."""

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import settings

# The same examples on every machine and every day; "--hypothesis-profile default" looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """``program("swaks")`` is the path of a foreign program; without it the test is skipped, but fails in CI."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("MAILHARNESS_CI"):
            pytest.fail(f"{name} is not installed, and CI promises it (.ci/packages.txt)")
        if path is None:
            pytest.skip(f"{name} is not installed")
        return path

    return find
