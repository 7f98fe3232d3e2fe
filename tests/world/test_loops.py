"""The awaitable twins in the loops that people have: asyncio's and trio's, by way of anyio, which runs on either."""

import threading
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

from mailharness import Domain, MisuseError, World, faults

DOMAINS = (Domain("acme.test", users=["ann"]), Domain("globex.test", users=["bob"]))
Story = Callable[[World], Awaitable[None]]


@pytest.fixture(params=["asyncio", "trio"])
def tell(request: pytest.FixtureRequest) -> Callable[[Story], None]:
    """Tells a story in a loop of that kind, with a world that is started and stopped in it."""

    def run(story: Story) -> None:
        async def whole() -> None:
            async with World(*DOMAINS) as world:
                await story(world)

        anyio.run(whole, backend=request.param)

    return run


def test_a_letter_from_end_to_end(tell) -> None:
    async def story(world: World) -> None:
        ann, bob = world.aio.user("ann@acme.test"), world.aio.user("bob@globex.test")
        async with world.aio.expect(to=bob, subject="Hello") as expected:
            letter = await ann.send(to=bob, subject="Hello")
        assert expected.number == letter.number == (await world.aio.wait_for(to=bob)).number
        assert letter.trace.path == ("ann@acme.test", "mail.acme.test", "mail.globex.test", "bob@globex.test")
        for via in ("imap", "pop3"):
            assert [message.subject for message in await bob.fetch(via=via)] == ["Hello"]
        phone = bob.mua("phone")
        await phone.sync()
        assert phone.subjects == (await bob.inbox()).subjects == ["Hello"]
        assert "mail.globex.test" in str(await world.aio.lookup("globex.test", "MX"))
        assert len(await bob.mailbox().contents()) == 1

    tell(story)


def test_faults_time_and_queues(tell) -> None:
    async def story(world: World) -> None:
        ann = world.aio.user("ann@acme.test")
        async with world.aio.fault(faults.reply("mail.globex.test", "RCPT", "451 4.7.1 later", times=1)):
            letter = await ann.send(to="bob@globex.test")
            await world.aio.settle()
        letter.trace.assert_queued(reply=451)
        queue = world.aio.queue("acme.test")
        assert [entry.letter for entry in await queue.entries()] == [letter.number]
        await world.aio.advance(minutes=30)
        letter.trace.assert_delivered(attempts=2)
        await world.aio.switch_off("mail.globex.test")
        await ann.send(to="bob@globex.test")
        await world.aio.switch_on("mail.globex.test")
        await queue.flush()
        assert await queue.entries() == ()
        await world.aio.assert_conserved()

    tell(story)


def test_many_at_once(tell) -> None:
    async def story(world: World) -> None:
        ann, bob = world.aio.user("ann@acme.test"), world.aio.user("bob@globex.test")

        async def send(number: int) -> None:
            await ann.send(to=bob, subject=str(number))

        async with anyio.create_task_group() as sending:
            for number in range(5):
                sending.start_soon(send, number)
        assert sorted((await bob.inbox()).subjects) == list("01234")

    tell(story)


def test_the_loop_goes_on_while_a_letter_is_waited_for(tell) -> None:
    async def story(world: World) -> None:
        bob, came = world.aio.user("bob@globex.test"), []

        async def wait() -> None:
            came.append(await world.aio.wait_for(to=bob, timeout=20))

        async with anyio.create_task_group() as waiting:
            waiting.start_soon(wait)
            await anyio.lowlevel.checkpoint()
            await world.aio.user("ann@acme.test").send(to=bob, subject="Hello")
        await world.aio.settle()
        assert [letter.subject for letter in came] == ["Hello"]

    tell(story)


def test_a_fault_is_disarmed_where_its_block_is_cancelled(tell) -> None:
    async def story(world: World) -> None:
        with anyio.CancelScope() as scope:
            async with world.aio.fault(faults.refuse("mail.globex.test")):
                scope.cancel()
                await anyio.lowlevel.checkpoint()
        assert scope.cancelled_caught
        await world.aio.settle()
        letter = await world.aio.user("ann@acme.test").send(to="bob@globex.test")
        await world.aio.settle()
        letter.trace.assert_delivered()

    tell(story)


BLOCKING: dict[str, Callable[[World], object]] = {
    "world.aio.settle": lambda world: world.settle(),
    "world.aio.advance": lambda world: world.clock.advance(minutes=1),
    "world.aio.user": lambda world: world.user("ann@acme.test").send(to="bob@globex.test"),
    "world.aio.wait_for": lambda world: world.wait_for(to="bob@globex.test"),
    "world.aio.fault": lambda world: world.fault(faults.refuse("mail.acme.test")).__enter__(),
}


@pytest.mark.parametrize("twin", BLOCKING)
def test_what_would_stop_the_loop_names_the_await(tell, twin: str) -> None:
    async def story(world: World) -> None:
        with pytest.raises(MisuseError, match=f"blocks, and an event loop is running in this thread: .*{twin}"):
            BLOCKING[twin](world)

    tell(story)


def worlds() -> set[threading.Thread]:
    """The threads of those that run; a loop has others, and keeps them for a while."""
    return {thread for thread in threading.enumerate() if thread.name == "mailharness"}


def test_nothing_is_left_of_a_world_that_was_cancelled(tell) -> None:
    async def story(world: World) -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            async with World() as inner:
                await inner.aio.settle()
        assert scope.cancelled_caught

    before = worlds()
    tell(story)
    assert worlds() == before
