"""A user's code away from the loop: its result, its error, its hanging."""

import asyncio
import threading
from concurrent.futures import CancelledError
from typing import Any

import pytest

from mailharness.net.workshop import ThreadWorkshop


def run(function: Any, *, patience: float = 5.0) -> Any:
    async def play() -> Any:
        workshop = ThreadWorkshop("test", patience)
        try:
            return await workshop.run("filter odd", function)
        finally:
            workshop.close()

    return asyncio.run(play())


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


def test_a_workshop_that_was_never_used_has_no_threads() -> None:
    before = threading.active_count()
    ThreadWorkshop("idle", 1).close()
    assert threading.active_count() == before
