"""Lanes: letters for one domain leave a host in the order they came, one at a time.

A real MTA promises no order; a test wants the same one in every run. One attempt that waits for the clock does not hold
up those behind it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from mailharness.clock import Token

Work = Callable[[], Coroutine[Any, Any, None]]


class Lane:
    """One line of work. ``enter`` starts it now if nothing is ahead of it, else when that has ended or stalled."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Token, Work]] = deque()
        self._ahead: asyncio.Task[None] | None = None
        self._stalled: set[asyncio.Task[None]] = set()

    def enter(self, token: Token, work: Work) -> None:
        self._waiting.append((token, work))
        if self._ahead is None:
            self._next()

    def _next(self) -> None:
        self._ahead = None
        if self._waiting:
            token, work = self._waiting.popleft()
            task = self._ahead = asyncio.get_running_loop().create_task(work())
            token.on_suspend = lambda: self._step_aside(task)
            task.add_done_callback(self._ended)

    def _step_aside(self, task: asyncio.Task[None]) -> None:
        if task is self._ahead:
            self._stalled.add(task)
            self._next()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._stalled.discard(task)
        if task is self._ahead:
            self._next()
