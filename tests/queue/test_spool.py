"""Letters that wait on the clock, and leave it in due order."""

import asyncio
from collections.abc import Callable

from mailharness import Address, Message
from mailharness.clock import VirtualClock, Work
from mailharness.mail import Copy, Envelope
from mailharness.queue import Entry, Spool

ANN, BEN = Address.parse("ann@a.test"), Address.parse("ben@b.test")


def entry(number: int) -> Entry:
    return Entry(Copy(number, number), Envelope(ANN, (BEN, ANN), eight_bit=True), Message(b"\r\n"), "b.test", 0.0)


def on_time(
    story: Callable[[Spool, VirtualClock, list[tuple[int, float]]], None], advance: float
) -> list[tuple[int, float]]:
    """What leaves a spool, and when, after the story has put letters into it."""

    async def play() -> list[tuple[int, float]]:
        clock = VirtualClock(Work(), start=0)
        left: list[tuple[int, float]] = []
        spool = Spool(clock, lambda due: left.append((due.copy.letter, clock.now())))
        story(spool, clock, left)
        await clock.advance(advance)
        return left

    return asyncio.run(play())


def test_letters_leave_when_they_are_due() -> None:
    def story(spool: Spool, clock: VirtualClock, left: list[tuple[int, float]]) -> None:
        for number, due in ((1, 30), (2, 10), (3, 90), (4, 10)):
            spool.wait(entry(number), due)

    assert on_time(story, 60) == [(2, 10), (4, 10), (1, 30)]


def test_a_letter_that_has_left_may_wait_again() -> None:
    def story(spool: Spool, clock: VirtualClock, left: list[tuple[int, float]]) -> None:
        again = entry(7)
        spool.wait(again, 10)
        clock.call_at(20, lambda: spool.wait(again, 50))

    assert on_time(story, 60) == [(7, 10), (7, 50)]


def test_what_falls_due_while_the_host_is_off_leaves_when_it_is_on_again() -> None:
    def story(spool: Spool, clock: VirtualClock, left: list[tuple[int, float]]) -> None:
        for number, due in ((1, 30), (2, 10), (3, 90)):
            spool.wait(entry(number), due)
        clock.call_at(5, lambda: spool.switch(False))
        clock.call_at(40, lambda: spool.switch(True))

    assert on_time(story, 100) == [(2, 40), (1, 40), (3, 90)]


def test_an_entry_goes_on_with_those_who_are_still_to_be_served() -> None:
    waiting = entry(1)
    waiting.keep((BEN,))
    assert waiting.envelope == Envelope(ANN, (BEN,), eight_bit=True)
