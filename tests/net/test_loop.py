"""The loop's thread: calls into it, the watchdog, and its end."""

import asyncio
import threading

import pytest

from mailharness import MailharnessError, MisuseError, UnsettledError
from mailharness.clock import Work
from mailharness.net.loop import LoopThread, refuse_inside_a_loop


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def thread(work: Work):
    thread = LoopThread("loop", work, 5.0)
    thread.start()
    yield thread
    thread.stop()


def test_a_function_runs_on_the_loops_thread(thread: LoopThread) -> None:
    assert thread.run(threading.current_thread).name == "loop"
    assert thread.run(lambda: thread.is_here)
    assert not thread.is_here


def test_an_error_comes_back_to_the_caller(thread: LoopThread) -> None:
    with pytest.raises(KeyError, match="x"):
        thread.run({}.__getitem__, "x")


def test_what_is_to_be_done_soon_is_done_before_what_is_asked_after_it(thread: LoopThread) -> None:
    order: list[str] = []
    thread.soon(order.append, "soon")
    thread.run(order.append, "asked")
    assert order == ["soon", "asked"]


def test_the_watchdog_names_what_is_in_flight(thread: LoopThread, work: Work) -> None:
    thread.run(work.take, "a letter to b.test")
    with pytest.raises(UnsettledError, match=r"did not settle in 0\.01 s; still in flight: a letter to b\.test"):
        thread.call(work.settled(), patience=0.01)


def test_a_time_out_of_the_coroutine_itself_is_its_own(thread: LoopThread) -> None:
    async def overruns() -> None:
        await asyncio.wait_for(asyncio.get_running_loop().create_future(), 0.01)

    with pytest.raises(TimeoutError):
        thread.call(overruns())


def test_the_end_cancels_every_task_and_closes_the_loop() -> None:
    thread = LoopThread("loop", Work(), 5.0)
    thread.start()
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("cancelled")

    async def start() -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(endless())
        turn = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turn.set_result, None)
        await turn
        return task

    task = thread.call(start())
    thread.stop()
    assert (ended, task.cancelled(), thread.loop.is_closed()) == (["cancelled"], True, True)
    with pytest.raises(MailharnessError, match="the world is stopped"):
        thread.run(print)


def test_blocking_is_refused_only_where_a_loop_runs_in_this_thread() -> None:
    async def inside() -> None:
        refuse_inside_a_loop("settle()")

    refuse_inside_a_loop("settle()")
    with pytest.raises(MisuseError, match=r"write `await world\.aio\.settle\(\)` instead"):
        asyncio.run(inside())
