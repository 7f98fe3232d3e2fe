"""A test that runs an event loop of its own, by ``asyncio.run`` or a plugin, awaits the twins of all that blocks."""

import pytest

from tests.plugin.inside import run

PREAMBLE = """
import asyncio
import pytest
from mailharness import MisuseError, faults

def alice_and_bob(world):
    return world.user("userA@exampleA.tst"), world.user("userB@exampleB.tst")
"""
STORIES = {
    "send, settle and read": """
def test_it(mailworld):
    async def story():
        alice, bob = alice_and_bob(mailworld.aio)
        letter = await alice.send(to=bob, subject="Hello")
        await mailworld.aio.settle()
        assert letter.trace.delivered
        assert (await bob.inbox()).subjects == ["Hello"]
        assert [message.subject for message in await bob.fetch(via="pop3")] == ["Hello"]

    asyncio.run(story())
""",
    "expect and wait_for": """
def test_it(mailworld):
    async def story():
        alice, bob = alice_and_bob(mailworld.aio)
        async with mailworld.aio.expect(to=bob.address, subject="Welcome") as letter:
            await alice.send(to=bob, subject="Welcome")
        same = await mailworld.aio.wait_for(to=bob.address)
        assert same.number == letter.number

    asyncio.run(story())
""",
    "fault and advance": """
def test_it(mailworld):
    async def story():
        alice, bob = alice_and_bob(mailworld.aio)
        async with mailworld.aio.fault(faults.reply("mail.exampleB.tst", "RCPT", "451 4.7.1 later", times=1)) as (armed,):
            letter = await alice.send(to=bob, subject="Hello")
            await mailworld.aio.settle()
            letter.trace.assert_queued(at="mail.exampleA.tst", reply=451)
            await mailworld.aio.advance(minutes=30)
            letter.trace.assert_delivered(attempts=2)
        assert armed.fired == 1

    asyncio.run(story())
""",
    "a world made in the loop": """
def test_it(mailworld_factory):
    async def story():
        alice, bob = alice_and_bob(mailworld_factory(seed=2).aio)
        await alice.send(to=bob, subject="Hello")
        assert (await bob.inbox()).subjects == ["Hello"]

    asyncio.run(story())
""",
    "letters side by side": """
def test_it(mailworld):
    async def story():
        alice, bob = alice_and_bob(mailworld.aio)
        await asyncio.gather(*(alice.send(to=bob, subject=str(number)) for number in range(5)))
        assert sorted((await bob.inbox()).subjects) == list("01234")

    asyncio.run(story())
""",
}
BLOCKING = {
    "mailworld.settle()": "await world.aio.settle()",
    "mailworld.clock.advance(minutes=1)": "await world.aio.advance(...)",
    "mailworld.wait_for(to=bob.address)": "await world.aio.wait_for(...)",
    "mailworld.fault(faults.refuse('mail.exampleB.tst')).__enter__()": "world.aio.fault(...)",
    "alice.send(to=bob)": "await world.aio.user(...).send(...)",
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_in_a_loop_of_its_own(pytester: pytest.Pytester, name: str) -> None:
    run(pytester, PREAMBLE + STORIES[name], "-W", "error").assert_outcomes(passed=1)


@pytest.mark.parametrize("call", BLOCKING)
def test_what_would_stop_the_loop_names_the_await(pytester: pytest.Pytester, call: str) -> None:
    source = f"""
def test_it(mailworld):
    alice, bob = alice_and_bob(mailworld)

    async def story():
        {call}

    with pytest.raises(MisuseError) as told:
        asyncio.run(story())
    assert {BLOCKING[call]!r} in str(told.value)
"""
    run(pytester, PREAMBLE + source, "-W", "error").assert_outcomes(passed=1)


def test_the_report_of_a_failure_in_a_loop_tells_the_letter(pytester: pytest.Pytester) -> None:
    source = """
def test_it(mailworld):
    async def story():
        alice, bob = alice_and_bob(mailworld.aio)
        await alice.send(to=bob, subject="Hello")
        await mailworld.aio.settle()
        assert (await bob.inbox()).subjects == ["Goodbye"]

    asyncio.run(story())
"""
    result = run(pytester, PREAMBLE + source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- mail trace -*", "letter 1: userA@exampleA.tst -> userB@exampleB.tst: delivered"])
