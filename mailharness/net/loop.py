"""One event-loop thread a world, and the calls into it from any other thread."""

import asyncio
import concurrent.futures
import contextlib
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from mailharness.clock import Work
from mailharness.errors import MisuseError, UnsettledError, WorldStoppedError

T = TypeVar("T")


def loop_here() -> str:
    """Whose event loop runs in this very thread: "asyncio", "trio", or nobody's ("")."""
    # Trio may be a guest in a loop of asyncio's; it is loaded wherever it runs, and is no dependency of ours.
    if (trio := sys.modules.get("trio")) is not None:
        with contextlib.suppress(RuntimeError):
            trio.lowlevel.current_task()
            return "trio"
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return "asyncio"


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """What ``function`` returns, called in a thread of its own while the event loop here goes on, whoever's it is.

    Who is cancelled meanwhile does not wait for it; it goes on to its end all the same.
    """
    if loop_here() == "trio":
        import trio

        result: T = await trio.to_thread.run_sync(partial(function, *arguments), abandon_on_cancel=True)
        return result
    return await asyncio.to_thread(function, *arguments)


async def surely_in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """The same for what has to be done also where the caller has been cancelled: the end of a block."""
    if loop_here() == "trio":
        import trio

        with trio.CancelScope(shield=True):
            return await in_thread(function, *arguments)
    return await asyncio.shield(asyncio.to_thread(function, *arguments))


def refuse_inside_a_loop(verb: str, cure: str = "") -> None:
    """Raise MisuseError where an event loop runs in this very thread: a world's blocking verbs would stop it.

    ``cure`` is what to write there; unless it is given, the awaitable twin of ``verb``.
    """
    if loop_here():
        cure = cure or f"`await world.aio.{verb}` instead"
        raise MisuseError(f"{verb} blocks, and an event loop is running in this thread: write {cure}")


class LoopThread:
    """A private event loop in a daemon thread. ``patience`` is the watchdog in real seconds of each call into it."""

    def __init__(self, name: str, work: Work, patience: float) -> None:
        self.work = work
        """What is named when a call takes too long."""
        self.patience = patience
        self.loop = asyncio.new_event_loop()
        self._last: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        try:
            self._thread.start()
        except BaseException:
            self.loop.close()
            raise

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    @property
    def is_here(self) -> bool:
        """Whether the caller is the loop's own thread."""
        return threading.current_thread() is self._thread

    def call(self, coroutine: Coroutine[Any, Any, T], *, patience: float | None = None) -> T:
        """Run ``coroutine`` on the loop and wait for it.

        Raises UnsettledError, naming the work that is held, when it takes more than ``patience`` real seconds.
        """
        if not self._thread.is_alive():
            coroutine.close()
            raise WorldStoppedError("the world is stopped; make a new World(...)")
        seconds = self.patience if patience is None else patience
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(seconds)
        except concurrent.futures.TimeoutError:
            if future.done():
                raise
            future.cancel()
            held = ", ".join(self.work.held) or "nothing is counted"
            raise UnsettledError(f"the world did not settle in {seconds:g} s; still in flight: {held}") from None

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call ``function`` on the loop's thread and wait for what it returns; there already, it is just called."""
        if self.is_here:
            return function(*arguments)

        async def calling() -> T:
            return function(*arguments)

        return self.call(calling())

    def soon(self, function: Callable[..., object], *arguments: object) -> None:
        """Call ``function`` on the loop's thread, ahead of all that comes in after this; without waiting for it."""
        self.loop.call_soon_threadsafe(function, *arguments)

    def stop(self, ending: Coroutine[Any, Any, None] | None = None) -> None:
        """Wait for ``ending``, end every other task, close the loop and join the thread.

        All of it is done even where ``ending`` fails; what it raised is raised afterwards.
        """
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._wind_up, ending)
            self._thread.join(self.patience)
        elif ending is not None:
            ending.close()
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            raise TimeoutError(f"tasks of the world did not end in {self.patience:g} s")
        self.loop.close()
        if self._last is not None:
            last, self._last = self._last, None
            last.result()

    def _wind_up(self, ending: Coroutine[Any, Any, None] | None) -> None:
        """The loop ends with its last task: to wait for the one and then tell the other would take two turns of threads."""
        self._last = self.loop.create_task(self._end_tasks() if ending is None else self.cleared(ending))
        self._last.add_done_callback(lambda _ended: self.loop.stop())

    async def cleared(self, ending: Coroutine[Any, Any, None]) -> None:
        """Wait for ``ending``, and then end every other task, as ``stop`` does; the loop goes on."""
        try:
            await ending
        finally:
            await self._end_tasks()

    async def _end_tasks(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
        # Transports close their sockets in the turn after they were told to.
        turn: asyncio.Future[None] = self.loop.create_future()
        self.loop.call_soon(turn.set_result, None)
        await turn
