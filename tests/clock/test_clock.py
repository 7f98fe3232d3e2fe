"""Time moves only when told to, and the world settles at each step of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mailharness.clock import VirtualClock, WallClock, Work, monotonic, real_now
from mailharness.errors import MisuseError

START = 1_000.0


def run(story: Callable[[VirtualClock], Awaitable[Any]]) -> Any:
    """One story in a loop of its own, on a clock that stands at START."""

    async def tell() -> Any:
        return await asyncio.wait_for(story(VirtualClock(Work(), start=START)), 5)

    return asyncio.run(tell())


def test_a_virtual_clock_stands_still_at_its_start() -> None:
    clock = VirtualClock(Work(), start=START)
    assert (clock.now(), clock.now()) == (START, START)
    assert VirtualClock(Work()).now() == int(VirtualClock(Work()).now())


def test_timers_fire_in_due_order_and_equals_in_the_order_they_were_asked_for() -> None:
    async def story(clock: VirtualClock) -> list[tuple[str, float]]:
        fired: list[tuple[str, float]] = []
        for name, delay in (("late", 9), ("first of two", 5), ("second of two", 5), ("early", 1), ("too late", 11)):
            clock.call_later(delay, lambda name=name: fired.append((name, clock.now() - START)))
        await clock.advance(10)
        assert clock.now() == START + 10
        return fired

    assert run(story) == [("early", 1), ("first of two", 5), ("second of two", 5), ("late", 9)]


def test_a_timer_set_by_a_timer_fires_in_the_same_advance_if_it_is_due() -> None:
    async def story(clock: VirtualClock) -> list[float]:
        fired: list[float] = []

        def again() -> None:
            fired.append(clock.now() - START)
            clock.call_later(15, again)

        clock.call_later(15, again)
        await clock.advance(50)
        return fired

    assert run(story) == [15, 30, 45]


def test_the_world_settles_before_the_first_timer_and_after_each() -> None:
    async def story(clock: VirtualClock) -> list[str]:
        told: list[str] = []

        def begin(name: str) -> None:
            token = clock.work.take(name)

            def end() -> None:
                told.append(f"{name} done at {clock.now() - START:g}")
                token.give_back()

            # Three turns of the loop later: only settling waits for it.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, loop.call_soon, end)

        begin("submission")
        clock.call_later(1, lambda: begin("first attempt"))
        clock.call_later(2, lambda: begin("second attempt"))
        await clock.advance(2)
        return told

    assert run(story) == ["submission done at 0", "first attempt done at 1", "second attempt done at 2"]


def test_a_sleeper_wakes_at_its_moment_and_has_acted_before_time_goes_on() -> None:
    async def story(clock: VirtualClock) -> list[float]:
        woke: list[float] = []

        async def sleeper(delay: float) -> None:
            await clock.sleep(delay)
            woke.append(clock.now() - START)

        tasks = [asyncio.ensure_future(sleeper(delay)) for delay in (3, 1, 2)]
        await asyncio.wait({asyncio.ensure_future(clock.sleep(0))}, timeout=0)
        await clock.advance(10)
        await asyncio.gather(*tasks)
        return woke

    assert run(story) == [1, 2, 3]


def test_a_sleeper_that_is_cancelled_leaves_no_timer() -> None:
    async def story(clock: VirtualClock) -> float | None:
        task = asyncio.ensure_future(clock.sleep(60))
        await asyncio.wait({task}, timeout=0)
        assert clock.next_due() == START + 60
        task.cancel()
        await asyncio.wait({task})
        return clock.next_due()

    assert run(story) is None


def test_a_cancelled_timer_does_not_fire() -> None:
    async def story(clock: VirtualClock) -> list[str]:
        fired: list[str] = []
        timer = clock.call_later(1, lambda: fired.append("cancelled"))
        clock.call_later(1, lambda: fired.append("kept"))
        timer.cancel()
        timer.cancel()
        await clock.advance(1)
        return fired

    assert run(story) == ["kept"]


def test_cancelled_timers_are_swept_and_the_living_keep_their_order() -> None:
    clock = VirtualClock(Work(), start=START)
    living = [clock.call_later(delay, lambda: None) for delay in (500, 400)]
    for timer in [clock.call_later(delay, lambda: None) for delay in range(1000)]:
        timer.cancel()
    assert len(clock._timers) < 100
    assert clock.next_due() == living[1].when


@pytest.mark.parametrize("seconds", [-1, -0.001, float("inf"), float("nan")])
def test_time_does_not_move_backwards_or_for_ever(seconds) -> None:
    async def story(clock: VirtualClock) -> None:
        with pytest.raises(MisuseError, match="time moves forward"):
            await clock.advance(seconds)
        assert clock.now() == START

    run(story)


def test_advancing_by_nothing_fires_what_is_due_now() -> None:
    async def story(clock: VirtualClock) -> list[str]:
        fired: list[str] = []
        clock.call_at(START - 5, lambda: fired.append("overdue"))
        await clock.advance(0)
        assert clock.now() == START
        return fired

    assert run(story) == ["overdue"]


def test_a_wall_clock_moves_by_its_offset_and_costs_no_waiting() -> None:
    async def story() -> list[str]:
        clock = WallClock(Work(), start=START)
        assert START <= clock.now() < START + 5
        fired: list[str] = []
        clock.call_later(86_400, lambda: fired.append("tomorrow"))
        clock.call_later(3_600, lambda: fired.append("in an hour"))
        began = monotonic()
        await clock.advance(90_000)
        assert monotonic() - began < 5
        assert START + 90_000 <= clock.now() < START + 90_010
        return fired

    assert asyncio.run(story()) == ["in an hour", "tomorrow"]


def test_a_wall_clock_fires_what_is_due_by_itself() -> None:
    async def story() -> None:
        clock = WallClock(Work())
        fired: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        later = clock.call_later(3_600, lambda: fired.set_exception(AssertionError("an hour early")))
        clock.call_later(0, lambda: fired.set_result("now"))
        assert await asyncio.wait_for(fired, 5) == "now"
        later.cancel()

    asyncio.run(story())


def test_a_wall_clock_that_was_advanced_fires_so_much_earlier_by_itself() -> None:
    async def story() -> None:
        clock = WallClock(Work())
        fired: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        clock.call_later(3_600.01, lambda: fired.set_result("soon"))
        await clock.advance(3_600)
        assert await asyncio.wait_for(fired, 5) == "soon"

    asyncio.run(story())


def test_a_wall_clock_starts_with_the_machines() -> None:
    assert abs(WallClock(Work()).now() - real_now()) < 5
