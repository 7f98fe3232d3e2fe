"""Lanes: letters for one next hop leave a host in the order they came, one at a time.

A real MTA promises no order; a test wants the same one in every run. One attempt that waits for the clock does not hold
up those behind it, until so many wait that the next hop has no connection left for another.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from mailharness.clock import Token

Work = Callable[[], Coroutine[Any, Any, None]]
Task = asyncio.Task[None]


@dataclass(slots=True, eq=False)
class _Place:
    """One place in the line; ``rest`` is told when it begins to wait for those ahead to be done with waiting."""

    token: Token
    work: Work
    rest: Callable[[], None]
    resting: bool = False


class Lane:
    """One line of work, of which ``limit`` pieces may be under way. The tokens are given back here, when all that a piece
    of work leads to has begun.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[_Place] = deque()
        self._ahead: Task | None = None
        self._under_way: dict[Task, Token] = {}

    def enter(self, token: Token, work: Work, rest: Callable[[], None] = lambda: None) -> None:
        """Start ``work`` now if nothing is ahead of it, else when that has ended or stalled."""
        self._waiting.append(_Place(token, work, rest))
        if self._ahead is None:
            self._next()

    def _next(self) -> None:
        self._ahead = None
        if self._waiting and len(self._under_way) < self._limit:
            place = self._waiting.popleft()
            token = place.token
            if place.resting:
                token.resume()
            task = self._ahead = asyncio.get_running_loop().create_task(place.work())
            self._under_way[task] = token
            token.on_suspend = lambda: self._step_aside(task)
            task.add_done_callback(self._ended)
        elif self._waiting:
            self._rest()

    def _rest(self) -> None:
        """All that are under way wait for the clock, and so do those in line."""
        awake: list[_Place] = []
        for place in reversed(self._waiting):
            if place.resting:
                break
            awake.append(place)
        for place in reversed(awake):
            place.resting = True
            place.rest()
            place.token.suspend()

    def _step_aside(self, task: Task) -> None:
        if task is self._ahead:
            self._next()

    def _ended(self, task: Task) -> None:
        token = self._under_way.pop(task)
        if task is self._ahead or self._ahead is None:
            self._next()
        token.give_back()

    def close(self) -> None:
        """Let nobody follow what is under way."""
        self._waiting.clear()

    def interrupt(self, how: Callable[[Task], object]) -> None:
        """End what is under way by ``how``, also what waits for the clock."""
        for task, token in list(self._under_way.items()):
            token.resume()
            how(task)
