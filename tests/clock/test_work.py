"""Rest is counted: a world is settled when nobody holds a token."""

import asyncio

import pytest

from mailharness.clock import Work


def test_held_work_is_named_in_words() -> None:
    work = Work()
    assert (work.idle, work.held) == (True, ())
    relay, look_up = work.take("relay to mx1.b.test"), work.take("look-up of b.test MX")
    assert (work.idle, work.held) == (False, ("look-up of b.test MX", "relay to mx1.b.test"))
    relay.give_back()
    assert work.held == ("look-up of b.test MX",)
    look_up.give_back()
    assert work.idle


def test_a_token_given_back_twice_releases_nobody_elses() -> None:
    work = Work()
    one, _other = work.take("a delivery"), work.take("a delivery")
    one.give_back()
    one.give_back()
    assert work.held == ("a delivery",)


def test_a_token_is_given_back_when_its_block_fails() -> None:
    work = Work()
    with pytest.raises(OSError, match="no route"), work.take("a dial"):
        raise OSError("no route")
    assert work.idle


def test_suspended_work_is_at_rest_until_it_is_resumed() -> None:
    work = Work()
    token = work.take("a stalled session")
    token.suspend()
    assert work.idle
    token.resume()
    assert work.held == ("a stalled session",)
    token.give_back()
    token.resume()
    token.suspend()
    assert work.idle


def test_settling_waits_for_the_last_token_and_for_work_that_was_taken_meanwhile() -> None:
    async def story() -> list[str]:
        work, told = Work(), []
        first = work.take("first")

        def hand_over() -> None:
            second = work.take("second")
            first.give_back()
            told.append("handed over")
            loop.call_soon(finish, second)

        def finish(token) -> None:
            told.append("finished")
            token.give_back()

        loop = asyncio.get_running_loop()
        loop.call_soon(hand_over)
        await asyncio.wait_for(asyncio.gather(work.settled(), work.settled()), 5)
        told.append("settled")
        return told

    assert asyncio.run(story()) == ["handed over", "finished", "settled"]


def test_settling_starts_over_if_work_began_before_the_waiter_woke() -> None:
    async def story() -> bool:
        work = Work()
        token = work.take("first")
        settled = asyncio.ensure_future(work.settled())
        await asyncio.wait({settled}, timeout=0)
        token.give_back()
        again = work.take("again")
        await asyncio.wait({settled}, timeout=0)
        early = settled.done()
        again.give_back()
        await asyncio.wait_for(settled, 5)
        return early

    assert asyncio.run(story()) is False


def test_a_waiter_that_gave_up_is_no_hindrance() -> None:
    async def story() -> None:
        work = Work()
        token = work.take("slow")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work.settled(), 0)
        waiting = asyncio.ensure_future(work.settled())
        await asyncio.wait({waiting}, timeout=0)
        waiting.cancel()
        await asyncio.wait({waiting})
        token.give_back()
        await asyncio.wait_for(work.settled(), 5)

    asyncio.run(story())
