"""The awaitable twins: the story told from inside a running event loop, which is never held up."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mailharness import Domain, ExpectationError, MisuseError, UnusedFaultError, World, faults

DOMAINS = (Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"], mx=["mx1", "mx2"]))


def tell(story: Callable[[World], Awaitable[None]]) -> World:
    """One story in a loop of its own, with a world that is started and stopped from it."""

    async def whole() -> World:
        async with World(*DOMAINS) as world:
            await story(world)
            await world.aio.assert_conserved()
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
        assert (await world.aio.wait_for(to=bob)).number == letter.number
        async with world.aio.expect(to=alice) as answer:
            await bob.send(to=[alice], cc=bob, bcc=(bob,), subject="Hello yourself")
        await world.aio.settle()
        assert sorted(answer.trace.status) == ["alice@acme.test", "bob@globex.test"]

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


def test_machines_are_switched_and_look_ups_explained() -> None:
    async def story(world: World) -> None:
        await world.aio.switch_off("globex.test")
        assert "unreachable" in await world.aio.explain("globex.test", "MX")
        await world.aio.switch_on("globex.test")
        await world.aio.advance(minutes=15)
        assert "10 mx1.globex.test" in await world.aio.explain("globex.test", "MX")

    tell(story)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("clock", r"no 'clock': write `await world\.aio\.advance\(minutes=30\)`"),
        ("resolver", r"no 'resolver': write `await world\.aio\.lookup\(\.\.\.\)`"),
        ("setle", r"no 'setle': there is start, stop, reset, settle, advance, wait_for, lookup, explain, switch_off"),
    ],
)
def test_what_has_no_twin_of_its_name_says_what_there_is(name: str, says: str) -> None:
    with pytest.raises(AttributeError, match=says):
        getattr(World(*DOMAINS).aio, name)


def test_a_block_is_entered_in_one_way_only() -> None:
    async def story(world: World) -> None:
        with pytest.raises(MisuseError, match=r"`async with world\.aio\.fault\(\.\.\.\):`"):
            await world.aio.fault(faults.refuse("mx1.globex.test"))
        with pytest.raises(MisuseError, match=r"`async with world\.aio\.expect\(\.\.\.\) as letter:`"):
            world.aio.expect(subject="Welcome").__enter__()

    assert tell(story).letters == []


def test_a_world_may_be_started_and_stopped_as_anywhere_else() -> None:
    async def story() -> list[int]:
        with World(*DOMAINS) as world:
            letter = await world.aio.user("alice@acme.test").send(to="bob@globex.test")
            await world.aio.settle()
            letter.trace.assert_delivered()
        return world.journal.letters

    assert asyncio.run(story()) == [1]
