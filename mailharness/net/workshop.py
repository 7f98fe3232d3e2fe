"""The workshop: runs code that a user wrote away from the loop, counted by whoever waits for it, and timed."""

import asyncio
import concurrent.futures
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class ThreadWorkshop:
    """Implements ``agents.ports.Workshop`` on threads of its own; ``patience`` is in real seconds a piece of work."""

    def __init__(self, name: str, patience: float) -> None:
        self._name = name
        self._patience = patience
        self._threads: ThreadPoolExecutor | None = None

    async def run(self, what: str, function: Callable[[], T]) -> T:
        """What ``function`` returns. Raises TimeoutError, naming ``what``, when it overruns, and whatever it raises.

        What would end more than the piece of work itself, as SystemExit does, is a RuntimeError here.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix=f"{self._name}-filters")
        future = asyncio.get_running_loop().run_in_executor(self._threads, _contained, what, function)
        try:
            return await asyncio.wait_for(future, self._patience)
        except TimeoutError:
            if future.done() and not future.cancelled():
                raise
            raise TimeoutError(f"{what} did not come to an end in {self._patience:g} s") from None

    def close(self) -> None:
        """Let go of the threads; one that hangs in a user's code is left behind, not waited for."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


_UNCARRIED = (StopIteration, concurrent.futures.CancelledError)
"""Exceptions that a future cannot hand on as what they are."""


def _contained(what: str, function: Callable[[], T]) -> T:
    try:
        return function()
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, _UNCARRIED):
            raise
        raise RuntimeError(f"{what} raised {type(error).__name__}: {error}") from error
