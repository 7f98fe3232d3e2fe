"""Lanes keep the order of letters, and let nobody wait behind one that waits for the clock."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from mailharness.agents.lane import Lane
from mailharness.clock import Token, VirtualClock, Work


def play(story: Callable[[Lane, Work, VirtualClock], Awaitable[list[str]]]) -> list[str]:
    async def tell() -> list[str]:
        work = Work()
        return await asyncio.wait_for(story(Lane(2), work, VirtualClock(work, start=0)), 5)

    return asyncio.run(tell())


def test_work_is_done_in_the_order_it_came() -> None:
    async def story(lane: Lane, work: Work, clock: VirtualClock) -> list[str]:
        done: list[str] = []
        for number, turns in enumerate((5, 0, 3, 1)):
            lane.enter(work.take(str(number)), lambda n=number, t=turns: step(done, n, t))
        await work.settled()
        return done

    async def step(done: list[str], number: int, turns: int) -> None:
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


async def pausing(done: list[str], what: str, token: Token, clock: VirtualClock, seconds: float) -> None:
    """A piece of work that waits for the clock in between."""
    done.append(f"{what} begins")
    token.suspend()
    await clock.sleep(seconds)
    token.resume()
    done.append(f"{what} ends")


def test_work_that_waits_for_the_clock_steps_aside() -> None:
    async def story(lane: Lane, work: Work, clock: VirtualClock) -> list[str]:
        done: list[str] = []

        async def quick() -> None:
            done.append("quick")

        token = work.take("slow")
        lane.enter(token, lambda: pausing(done, "slow", token, clock, 60))
        lane.enter(work.take("quick"), quick)
        await work.settled()
        assert done == ["slow begins", "quick"]
        await clock.advance(60)
        return done

    assert play(story) == ["slow begins", "quick", "slow ends"]


def test_when_as_many_wait_as_may_be_under_way_the_next_waits_its_turn() -> None:
    """Four pieces of work where two may be under way: the clock is all that any of them waits for, and order is kept."""

    async def story(lane: Lane, work: Work, clock: VirtualClock) -> list[str]:
        done: list[str] = []
        for number, seconds in enumerate((60, 30, 10, 5)):
            token = work.take(str(number))
            enter = partial(pausing, done, str(number), token, clock, seconds)
            lane.enter(token, enter, lambda n=number: done.append(f"{n} rests"))
        await asyncio.wait_for(work.settled(), 1)
        assert done == ["0 begins", "1 begins", "2 rests", "3 rests"]
        await clock.advance(100)
        assert work.idle
        return done[4:]

    assert play(story) == ["1 ends", "2 begins", "2 ends", "3 begins", "3 ends", "0 ends"]


def test_what_is_under_way_can_be_ended_also_where_it_waits() -> None:
    async def story(lane: Lane, work: Work, clock: VirtualClock) -> list[str]:
        done: list[str] = []
        for name in ("a", "b"):
            token = work.take(name)
            lane.enter(token, partial(pausing, done, name, token, clock, 60))
        await work.settled()
        lane.interrupt(lambda task: task.cancel())
        assert work.held == ("a", "b")
        await work.settled()
        return done

    assert play(story) == ["a begins", "b begins"]


def test_work_that_fails_does_not_block_the_lane() -> None:
    async def story(lane: Lane, work: Work, clock: VirtualClock) -> list[str]:
        done: list[str] = []

        async def fails() -> None:
            raise ZeroDivisionError

        async def works() -> None:
            done.append("worked")

        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        lane.enter(work.take("fails"), fails)
        lane.enter(work.take("works"), works)
        await work.settled()
        return done

    assert play(story) == ["worked"]
