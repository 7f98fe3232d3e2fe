"""The worlds that a run has started: each lives as long as the fixture that asked for it, or else as its test.

One factory serves fixtures of every scope, because pytest tells us which fixture is being set up. A world is known here
until the reports of its last test have been made.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mailharness import World

SESSION = "mailworld_session"
"""The fixture whose world is made as new before each test that asks for it."""
_LIVES: "pytest.StashKey[Lives]" = pytest.StashKey()


class Life:
    """One ``world``, started for its ``owner``: the name of a fixture, or the id of a test."""

    def __init__(self, world: "World", owner: str) -> None:
        self.world = world
        self.owner = owner
        self.is_over = False
        self.seen = 0
        """The serial of the last event there was before the test that runs now."""


class Lives:
    """The worlds of one process's run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._setting_up: list[pytest.FixtureDef[Any]] = []
        self._item: pytest.Item | None = None
        self._lives: list[Life] = []

    # -- what pytest is doing ----

    @contextmanager
    def setting_up(self, fixture: pytest.FixtureDef[Any]) -> Iterator[None]:
        """What is started meanwhile belongs to ``fixture``."""
        self._setting_up.append(fixture)
        try:
            yield
        finally:
            self._setting_up.remove(fixture)

    def begin(self, item: pytest.Item) -> None:
        """A test begins: what its shared worlds have seen so far is none of its story, and the session's is made as new."""
        self._item = item
        for life in self._lives:
            if life.owner == SESSION and _asks_for(item, SESSION):
                life.world.reset()
            life.seen = life.world.journal.serial

    def end(self) -> None:
        """The test is over, and its fixtures end: what is started from now on can belong to neither."""
        self._item = None

    def forget(self) -> None:
        """The last report of a test was made: a run must not keep the letters of all its tests."""
        self._lives = [life for life in self._lives if not life.is_over]

    # -- worlds ----

    def start(self, world: "World") -> "World":
        """Start ``world``; it is stopped when its owner ends, of one owner's the last one first."""
        fixture = self._setting_up[-1] if self._setting_up else None
        life = Life(world, fixture.argname if fixture else self._item.nodeid if self._item else "")
        world.start()
        self._lives.append(life)
        at_the_end = partial(_end, life)
        if fixture or self._item:
            (fixture or self._item).addfinalizer(at_the_end)  # type: ignore[union-attr]
        else:
            self._config.add_cleanup(at_the_end)
        return world

    def worlds(self, item: pytest.Item | None = None) -> "dict[World, int]":
        """Those that ``item``, or the test that runs, has to do with, each with the serial of the last event before it:
        first those that we started for it, in order, then those that fixtures of its own have given it."""
        item = item or self._item
        if item is None:
            return {}
        mine = (life for life in self._lives if life.owner == item.nodeid or _asks_for(item, life.owner))
        worlds = {life.world: life.seen for life in mine}
        if loaded := sys.modules.get("mailharness.world"):
            given = [one for one in getattr(item, "funcargs", {}).values() if isinstance(one, loaded.World)]
            worlds |= {one: 0 for one in given if one not in worlds}  # several fixtures may give the same one
        return worlds


def _end(life: Life) -> None:
    life.is_over = True
    life.world.stop()


def _asks_for(item: pytest.Item, fixture: str) -> bool:
    return fixture in getattr(item, "fixturenames", ())


def begin_run(config: pytest.Config) -> None:
    config.stash[_LIVES] = Lives(config)


def lives(config: pytest.Config) -> Lives:
    return config.stash[_LIVES]
