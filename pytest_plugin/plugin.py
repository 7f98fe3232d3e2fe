"""The plugin's door: what pytest calls. Until a world is asked for, nothing but pytest and stdlib is imported."""

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from .fixtures import MARKER_LINE, mailworld, mailworld_factory, mailworld_session
from .lives import begin_run, lives
from .settings import again, declare, header, read, setting
from .shortening import shorten

if TYPE_CHECKING:
    from mailharness import World

SECTION = "mail trace"
__all__ = ["mailworld", "mailworld_factory", "mailworld_session"]


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
    if _is_wanted(item, report, call.when) and (worlds := _worlds_of(item)):
        told = str(call.excinfo.value) if call.excinfo else ""
        report.sections.append((SECTION, _mail_trace(item, worlds, told)))
    if call.when == "teardown":
        lives(item.config).forget()
    return report


def _is_wanted(item: pytest.Item, report: pytest.TestReport, when: str) -> bool:
    trace = setting(item.config, "trace", "failed")
    return trace != "never" and (report.failed or (trace == "always" and when == "call"))


def _worlds_of(item: pytest.Item) -> "dict[World, int]":
    """Those that our fixtures started for the item, then those that fixtures of its own have given it, each with the
    serial of the last event before the test."""
    worlds = {life.world: life.seen for life in lives(item.config).of(item)}
    if loaded := sys.modules.get("mailharness.world"):
        given = [one for one in getattr(item, "funcargs", {}).values() if isinstance(one, loaded.World)]
        worlds |= {one: 0 for one in given if one not in worlds}  # several fixtures may give the same one
    return worlds


def _mail_trace(item: pytest.Item, worlds: "dict[World, int]", told: str) -> str:
    try:
        from .story import mail_trace

        return "\n\n".join([mail_trace(worlds, told), again(item)])
    except Exception as error:  # noqa: BLE001 - a report must not fail for what it would have liked to add
        return f"(the mail trace could not be told: {type(error).__name__}: {error})"
