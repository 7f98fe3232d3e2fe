"""The awaitable twins: the story told from inside a running event loop, which is never held up."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mailharness import Domain, ExpectationError, UnusedFaultError, World, faults

DOMAINS = (Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"], mx=["mx1", "mx2"]))


def tell(story: Callable[[World], Awaitable[None]]) -> World:
    """One story in a loop of its own, with a world that is started and stopped from it."""

    async def whole() -> World:
        world = await World(*DOMAINS).aio.start()
        try:
            await story(world)
            await world.aio.assert_conserved()
        finally:
            await world.aio.stop()
        return world

    return asyncio.run(whole())


def test_a_letter_is_sent_read_and_awaited() -> None:
    async def story(world: World) -> None:
        alice, bob = world.aio.user("alice@acme.test"), world.aio.user("bob@globex.test")
        letter = await alice.send(to=bob, subject="Hello")
        assert (await bob.inbox()).subjects == ["Hello"]
        assert letter.trace.path[-1] == "bob@globex.test"
        assert [message.subject for message in await bob.fetch(via="pop3")] == ["Hello"]
        phone = bob.mua("phone")
        await phone.sync()
        assert (phone.subjects, len(phone.messages)) == (["Hello"], 1)
        assert (await world.aio.lookup("globex.test", "MX")).data[0].endswith("mx1.globex.test")
        assert (await world.aio.wait_for(to="bob@globex.test")).number == letter.number

    assert repr(tell(story)).endswith("not running>")


def test_two_letters_are_sent_at_once() -> None:
    async def story(world: World) -> None:
        alice, bob = world.aio.user("alice@acme.test"), world.aio.user("bob@globex.test")
        await asyncio.gather(*(alice.send(to=bob, subject=str(number)) for number in range(5)))
        assert sorted((await bob.inbox()).subjects) == list("01234")

    assert sorted(tell(story).journal.letters) == [1, 2, 3, 4, 5]


def test_faults_and_time() -> None:
    async def story(world: World) -> None:
        alice, bob = world.aio.user("alice@acme.test"), world.aio.user("bob@globex.test")
        async with world.aio.fault(faults.refuse("mx1.globex.test"), faults.refuse("mx2.globex.test")) as armed:
            letter = await alice.send(to=bob)
            await world.aio.settle()
            letter.trace.assert_queued()
        assert [one.fired for one in armed] == [1, 1]
        await world.aio.advance(minutes=15)
        letter.trace.assert_delivered(attempts=2)
        with pytest.raises(UnusedFaultError):
            async with world.aio.fault(faults.refuse("mx1.globex.test")):
                pass

    tell(story)


def test_a_block_that_must_bring_a_letter() -> None:
    async def story(world: World) -> None:
        alice = world.aio.user("alice@acme.test")
        async with world.aio.expect(subject="Welcome") as letter:
            await alice.send(to="bob@globex.test", subject="Welcome")
        assert letter.subject == "Welcome"
        with pytest.raises(ExpectationError):
            async with world.aio.expect(subject="Welcome"):
                pass
        with pytest.raises(ZeroDivisionError):
            async with world.aio.expect(subject="Welcome"):
                _ = 1 // 0
        with pytest.raises(ExpectationError):
            await world.aio.wait_for(subject="never", timeout=0.01)

    assert tell(story).journal.letters == [1]
