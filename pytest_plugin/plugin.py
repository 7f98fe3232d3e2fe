"""The plugin's door: what pytest calls. Until a world is asked for, nothing but pytest and stdlib is imported."""

import contextlib
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .fixtures import MARKER_LINE, mailworld, mailworld_factory, mailworld_session, redirected
from .lives import begin_run, lives
from .settings import again, declare, header, read, setting
from .shortening import shorten

if TYPE_CHECKING:
    from mailharness import World

SECTION = "mail trace"
__all__ = ["mailworld", "mailworld_factory", "mailworld_session", "redirected"]


def pytest_addoption(parser: pytest.Parser) -> None:
    declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER_LINE)
    begin_run(config)
    read(config)  # a wrong value is told before any test runs


def pytest_report_header(config: pytest.Config) -> str:
    return header(config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None, Any, Any]:
    with lives(request.config).setting_up(fixturedef):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    lives(item.config).begin(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    lives(item.config).end()


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    if op != "==" or "mailharness.world" not in sys.modules:
        return None
    try:
        from .comparing import explain

        return explain(left, right, lives(config).worlds())
    except Exception:  # noqa: BLE001 - pytest's own explanation is better than none
        return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.excinfo and not item.config.getoption("fulltrace"):
        shorten(call.excinfo)
    if call.excinfo and (redirection := getattr(item, "funcargs", {}).get("redirected")):
        redirection.heard(call.excinfo.value)
    report = yield
    worlds = lives(item.config).worlds(item)
    if worlds and _is_wanted(item, report, call.when):
        told = str(call.excinfo.value) if call.excinfo else ""
        trace = _mail_trace(item, worlds, told)
        report.sections.append((SECTION, trace))
        _publish(item, trace, worlds)
    if worlds and report.failed and (folder := setting(item.config, "artifacts")):
        report.sections.append(("mail artifacts", _artifacts(folder, item, report, worlds)))
    if call.when == "teardown":
        lives(item.config).forget()
    return report


def _is_wanted(item: pytest.Item, report: pytest.TestReport, when: str) -> bool:
    trace = setting(item.config, "trace", "failed")
    return trace != "never" and (report.failed or (trace == "always" and when == "call"))


def _mail_trace(item: pytest.Item, worlds: "dict[World, int]", told: str) -> str:
    try:
        from .story import mail_trace

        return "\n\n".join([mail_trace(worlds, told), again(item)])
    except Exception as error:  # noqa: BLE001 - a report must not fail for what it would have liked to add
        return f"(the mail trace could not be told: {type(error).__name__}: {error})"


def _publish(item: pytest.Item, trace: str, worlds: "dict[World, int]") -> None:
    with contextlib.suppress(Exception):  # as above
        from .publishing import publish

        publish(item, SECTION, trace, worlds)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell of the tests that passed, where that was asked for; pytest shows their sections itself for ``-rP``."""
    if setting(config, "trace") != "always" or (config.getoption("reportchars") and "P" in terminalreporter.reportchars):
        return
    for report in terminalreporter.stats.get("passed", ()):
        for name, trace in report.sections:
            if name == SECTION:
                terminalreporter.section(f"{SECTION} of {report.nodeid}", "-")
                terminalreporter.write_line(trace)


def _artifacts(folder: Path, item: pytest.Item, report: pytest.TestReport, worlds: "dict[World, int]") -> str:
    try:
        from .artifacts import Failure

        return str(Failure(item.nodeid, report.longreprtext, again(item)).leave(folder, worlds))
    except Exception as error:  # noqa: BLE001 - as above
        return f"(they could not be written: {type(error).__name__}: {error})"
