"""The plugin's door: what pytest calls. Until a world is asked for, nothing but pytest and stdlib is imported."""

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .fixtures import MARKER_LINE, mailworld, mailworld_factory
from .lives import begin_run, lives
from .settings import declare, header, read, setting
from .shortening import shorten

if TYPE_CHECKING:
    from mailharness import World

__all__ = ["mailworld", "mailworld_factory"]


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.excinfo and not item.config.getoption("fulltrace"):
        shorten(call.excinfo)
    report = yield
    if report.failed and (worlds := _worlds_of(item)):
        told = str(call.excinfo.value) if call.excinfo else ""
        report.sections.append(("mail trace", _mail_trace(worlds, told)))
        if folder := setting(item.config, "artifacts"):
            report.sections.append(("mail artifacts", _artifacts(folder, report, worlds)))
    if call.when == "teardown":
        lives(item.config).forget()
    return report


def _worlds_of(item: pytest.Item) -> list["World"]:
    """Those that our fixtures started for the item, then those that fixtures of its own have given it."""
    worlds = [life.world for life in lives(item.config).of(item)]
    if loaded := sys.modules.get("mailharness.world"):
        given = [one for one in getattr(item, "funcargs", {}).values() if isinstance(one, loaded.World)]
        worlds = list(dict.fromkeys([*worlds, *given]))  # several fixtures may give the same one
    return worlds


def _mail_trace(worlds: list["World"], told: str) -> str:
    try:
        from .story import mail_trace

        return mail_trace(worlds, told)
    except Exception as error:  # noqa: BLE001 - a report must not fail for what it would have liked to add
        return f"(the mail trace could not be told: {type(error).__name__}: {error})"


def _artifacts(folder: Path, report: pytest.TestReport, worlds: list["World"]) -> str:
    try:
        from .artifacts import leave

        return str(leave(folder, report.nodeid, report.longreprtext, worlds))
    except Exception as error:  # noqa: BLE001 - as above
        return f"(they could not be written: {type(error).__name__}: {error})"
