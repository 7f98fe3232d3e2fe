"""A user's code away from the loop: its result, its error, its hanging."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import CancelledError
from typing import Any

import pytest

from mailharness.net.workshop import ThreadWorkshop


def run(function: Any, *, patience: float = 5.0) -> Any:
    return asyncio.run(ThreadWorkshop("test", patience).run("filter odd", function))


def test_a_result_comes_back_from_another_thread() -> None:
    assert run(threading.current_thread).name.startswith("test-filters")


@pytest.mark.parametrize("error", [KeyError("x"), TimeoutError("its own"), OSError(2, "gone")])
def test_an_error_comes_back_as_it_is(error: Exception) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        run(fails)
    assert raised.value.args == error.args


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), StopIteration(3), CancelledError(), GeneratorExit()])
def test_what_a_loop_could_not_carry_comes_back_as_an_error_that_names_it(error: BaseException) -> None:
    def ends() -> None:
        raise error

    with pytest.raises(RuntimeError, match=f"filter odd raised {type(error).__name__}") as raised:
        run(ends)
    assert raised.value.__cause__ is error


def test_an_overrun_is_named_and_not_waited_for() -> None:
    free = threading.Event()
    with pytest.raises(TimeoutError, match=r"filter odd did not come to an end in 0\.01 s"):
        run(free.wait, patience=0.01)
    free.set()


def test_many_that_hang_take_nobody_elses_place() -> None:
    free = threading.Event()

    async def play() -> int:
        workshop = ThreadWorkshop("test", 1)
        hung = asyncio.gather(*(workshop.run("filter odd", free.wait) for _ in range(20)), return_exceptions=True)
        try:
            return await workshop.run("filter fine", lambda: 7)
        finally:
            free.set()
            await hung

    try:
        assert asyncio.run(play()) == 7
    finally:
        free.set()


def test_a_filter_that_hangs_for_good_keeps_no_process_from_ending() -> None:
    program = """
import asyncio, threading
from mailharness.net.workshop import ThreadWorkshop
try:
    asyncio.run(ThreadWorkshop("test", 0.01).run("filter odd", threading.Event().wait))
except TimeoutError as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "filter odd did not come to an end in 0.01 s\n"


def test_what_ends_after_its_loop_is_told_to_nobody() -> None:
    free, ended = threading.Event(), threading.Event()

    def slow() -> None:
        free.wait()
        ended.set()

    with pytest.raises(TimeoutError):
        run(slow, patience=0.01)
    free.set()
    assert ended.wait(5)
