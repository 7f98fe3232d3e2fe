"""A pytest inside pytest, with our plugin and without those of others."""

import pytest

import mailharness.world  # noqa: F401 - loaded once here, not anew by every run inside

OTHERS = "hypothesispytest cacheprovider randomly asyncio anyio html metadata allure_pytest"
OURS_ALONE = tuple(word for name in OTHERS.split() for word in ("-p", f"no:{name}"))


def run(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """Run ``source`` as a user's only test file, in this process."""
    pytester.makepyfile(source)
    return pytester.runpytest_inprocess(*OURS_ALONE, *arguments)


def run_alone(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """The same in a process of its own, where nothing has been imported before."""
    pytester.makepyfile(source)
    return pytester.runpytest_subprocess(*OURS_ALONE, *arguments, timeout=60)
