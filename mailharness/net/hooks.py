"""Hooks: code of the test's own that wants an event loop, and gets one that is not the world's."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 5.0
"""Real seconds that one hook may take."""


class HookThread:
    """One event loop in a daemon thread, begun when it is first asked for; implements ``agents.handed.Hooks``.

    A hook that blocks holds up those behind it, as it would in a server of its own, but none for longer than ``patience``
    real seconds. One that blocks for ever is left behind.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._hangs = False

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that the hooks run in."""
        if self._loop is None:
            ready = threading.Event()
            self._thread = threading.Thread(target=self._serve, args=(ready,), name="mailharness-hooks", daemon=True)
            self._thread.start()
            ready.wait()
        assert self._loop is not None
        return self._loop

    def _serve(self, ready: threading.Event) -> None:
        async def until_the_end() -> None:
            self._loop = asyncio.get_running_loop()
            ready.set()
            await self._end.wait()

        asyncio.run(until_the_end())

    async def run(self, what: str, hook: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What ``hook`` returns. Raises TimeoutError, naming ``what``, when it overruns, and whatever it raises."""
        future = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(hook(), self.loop))
        done, _ = await asyncio.wait([future], timeout=self._patience)
        self._hangs = not done
        if not done:
            future.cancel()
            raise TimeoutError(f"{what} did not come to an end in {self._patience:g} s")
        return future.result()

    def stop(self) -> None:
        """End what is under way, and the thread; what blocks is not waited for."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._end.set)
        if not self._hangs:
            self._thread.join(self._patience)
