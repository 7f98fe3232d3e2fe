"""Lanes keep the order of letters, and let nobody wait behind one that waits for the clock."""

import asyncio
from collections.abc import Awaitable, Callable

from mailharness.agents.lane import Lane
from mailharness.clock import VirtualClock, Work


def play(story: Callable[[Lane, Work, VirtualClock], Awaitable[list[str]]]) -> list[str]:
    async def tell() -> list[str]:
        work = Work()
        return await asyncio.wait_for(story(Lane(), work, VirtualClock(work, start=0)), 5)

    return asyncio.run(tell())


def test_work_is_done_in_the_order_it_came() -> None:
    async def story(lane: Lane, work: Work, clock: VirtualClock) -> list[str]:
        done: list[str] = []
        for number, turns in enumerate((5, 0, 3, 1)):
            lane.enter(token := work.take(str(number)), lambda n=number, t=turns, token=token: step(done, n, t, token))
        await work.settled()
        return done

    async def step(done: list[str], number: int, turns: int, token) -> None:
        with token:
            done.append(f"{number} begins")
            for _ in range(turns):
                await turn()
            done.append(f"{number} ends")

    assert play(story) == [f"{number} {what}" for number in range(4) for what in ("begins", "ends")]


async def turn() -> None:
    """One turn of the loop."""
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, None)
    await future


def test_work_that_waits_for_the_clock_steps_aside() -> None:
    async def story(lane: Lane, work: Work, clock: VirtualClock) -> list[str]:
        done: list[str] = []

        async def slow(token) -> None:
            with token:
                token.suspend()
                await clock.sleep(60)
                token.resume()
                done.append("slow")

        async def quick(token) -> None:
            with token:
                done.append("quick")

        for what in (slow, quick, slow, quick):
            token = work.take("a letter")
            lane.enter(token, lambda what=what, token=token: what(token))
        await work.settled()
        assert done == ["quick", "quick"]
        await clock.advance(60)
        return done

    assert play(story) == ["quick", "quick", "slow", "slow"]


def test_work_that_fails_does_not_block_the_lane() -> None:
    async def story(lane: Lane, work: Work, clock: VirtualClock) -> list[str]:
        done: list[str] = []

        async def fails() -> None:
            raise ZeroDivisionError

        async def works(token) -> None:
            with token:
                done.append("worked")

        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        with work.take("fails") as first:
            lane.enter(first, fails)
            second = work.take("works")
            lane.enter(second, lambda: works(second))
        await work.settled()
        return done

    assert play(story) == ["worked"]
