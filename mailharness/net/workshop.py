"""The workshop: runs code that a user wrote away from the loop, counted by whoever waits for it, and timed."""

import asyncio
import concurrent.futures
import contextlib
import itertools
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class ThreadWorkshop:
    """Implements ``agents.ports.Workshop``, a thread for each piece of work; ``patience`` is in real seconds for one.

    One that hangs is left behind and takes nobody's place; being a daemon, it keeps no process from ending.
    """

    def __init__(self, name: str, patience: float) -> None:
        self._name = name
        self._patience = patience
        self._numbers = itertools.count()

    async def run(self, what: str, function: Callable[[], T]) -> T:
        """What ``function`` returns. Raises TimeoutError, naming ``what``, when it overruns, and whatever it raises.

        What would end more than the piece of work itself, as SystemExit does, is a RuntimeError here.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            settle = _outcome(what, function)
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(_unless_done, future, settle)

        threading.Thread(target=work, name=f"{self._name}-filters-{next(self._numbers)}", daemon=True).start()
        try:
            return await asyncio.wait_for(future, self._patience)
        except TimeoutError:
            if future.done() and not future.cancelled():
                raise
            raise TimeoutError(f"{what} did not come to an end in {self._patience:g} s") from None


_UNCARRIED = (StopIteration, concurrent.futures.CancelledError)
"""Exceptions that a future cannot hand on as what they are."""


def _outcome(what: str, function: Callable[[], T]) -> "Callable[[asyncio.Future[T]], None]":
    """Run ``function``; what it came to is for a future to be told."""
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - whatever ends a user's code is its caller's to hear of
        return _failure(what, error)
    return lambda future: future.set_result(result)


def _failure(what: str, error: BaseException) -> "Callable[[asyncio.Future[T]], None]":
    told = error
    if not isinstance(error, Exception) or isinstance(error, _UNCARRIED):
        told = RuntimeError(f"{what} raised {type(error).__name__}: {error}")
        told.__cause__ = error
    return lambda future: future.set_exception(told)


def _unless_done(future: "asyncio.Future[T]", settle: "Callable[[asyncio.Future[T]], None]") -> None:
    if not future.done():
        settle(future)
