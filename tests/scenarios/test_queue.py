"""The queue as a postmaster sees it: what waits and why, and what can be done about it by hand."""

import asyncio
import smtplib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailharness import Account, Domain, Letter, MisuseError, Reply, Schedule, World, faults
from mailharness.world.running_queue import RunningQueue
from tests.scenarios.stage import ACME, GLOBEX, cast, playing

INITECH = Domain("initech.test", users=["erin"])
BUSY = "450 4.2.1 busy"
QUARTER = 15 * 60


@pytest.fixture
def world() -> Iterator[World]:
    """Three domains, of which two are too busy to take a letter."""
    busy = (faults.reply(f"mail.{name}.test", "RCPT", BUSY, optional=True) for name in ("globex", "initech"))
    with playing(ACME, GLOBEX, INITECH) as world, world.fault(*busy):
        yield world


def write(world: World, *to: str, subject: str = "") -> Letter:
    return world.user("alice@acme.test").send(to=list(to) or ["bob@globex.test"], subject=subject)


def test_what_waits_is_told_as_it_is(world: World) -> None:
    letter, start = write(world), world.clock.now()
    (waiting,) = queue = world["acme.test"].queue
    assert (waiting.letter, waiting.host, waiting.domain) == (letter.number, "mail.acme.test", "globex.test")
    assert (str(waiting.sender), [*map(str, waiting.recipients)]) == ("alice@acme.test", ["bob@globex.test"])
    assert (waiting.attempts, waiting.queued_at, waiting.due) == (1, start, start + QUARTER)
    assert waiting.reply == Reply.parse(BUSY)
    assert set(waiting.hosts.values()) == {"mail.globex.test"}
    assert str(waiting) == str(queue) == "letter 1 at mail.acme.test for bob@globex.test"
    world.clock.advance(minutes=15)
    assert (queue[0].attempts, queue[0].queued_at, queue[0].due) == (2, start, start + 3 * QUARTER)
    assert (waiting.attempts, repr(queue)) == (1, "<queue of acme.test>")


def test_a_queue_is_live_and_in_the_order_of_arrival(world: World) -> None:
    queue = world.host("mail.acme.test").queue
    assert (len(queue), list(queue), str(queue)) == (0, [], "")
    letters = [write(world, to) for to in ("bob@globex.test", "erin@initech.test", "dave@globex.test")]
    assert [entry.letter for entry in queue] == [letter.number for letter in letters]
    assert [str(one.recipients[0]) for one in queue[1:]] == ["erin@initech.test", "dave@globex.test"]
    assert len(world["globex.test"].queue) == 0


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 1, 2]),
        ({"letter": 1}, [1, 1]),
        ({"domain": "Globex.test"}, [1, 2]),
        ({"recipient": "DAVE@globex.test"}, [1]),
        ({"letter": 2, "domain": "initech.test"}, []),
    ],
)
def test_entries_are_found_by_letter_recipient_and_domain(world: World, wanted: dict[str, Any], found: list[int]) -> None:
    write(world, "bob@globex.test", "dave@globex.test", "erin@initech.test")
    write(world, "bob@globex.test")
    assert [entry.letter for entry in world["acme.test"].queue.entries(**wanted)] == found


def test_recipients_of_one_domain_have_answers_of_their_own() -> None:
    with playing() as world, world.fault(faults.reply("mail.globex.test", "RCPT", "451 4.7.1 greylisted", times=1)):
        letter = write(world, "bob@globex.test", "dave@globex.test")
        (waiting,) = world["acme.test"].queue
        assert [*map(str, waiting.recipients)] == ["bob@globex.test"]
        assert letter.trace.status["dave@globex.test"] == "delivered"


def test_a_letter_that_waits_for_room_in_a_mailbox_is_in_the_queue_too() -> None:
    with playing(ACME, Domain("globex.test", users=[Account("bob", quota=1000), "dave"])) as world:
        queue, bob = world["globex.test"].queue, world.user("bob@globex.test")
        for _ in range(2):
            world.user("dave@globex.test").send(to="dave@globex.test", subject="no trouble")
            submit(world, "bob@globex.test", "dave@globex.test")
        (waiting,) = queue
        assert (waiting.domain, waiting.reply and waiting.reply.status) == ("globex.test", "4.2.2")
        bob.fetch(via="pop3", keep=False)
        queue.flush()
        assert (len(queue), len(bob.inbox)) == (0, 1)


def submit(world: World, *to: str) -> None:
    """A letter whose size nobody has announced."""
    with smtplib.SMTP(*world["globex.test"].smtp) as smtp:
        smtp.helo("x.test")
        smtp.sendmail("alice@acme.test", to, b"Subject: big\r\n\r\n" + b"x" * 500)


def test_an_attempt_now_is_made_now_and_counts(world: World) -> None:
    letter, other = write(world), write(world, "erin@initech.test")
    queue = world["acme.test"].queue
    queue.attempt(letter)
    assert [entry.attempts for entry in queue] == [2, 1]
    assert queue[0].due == world.clock.now() + 2 * QUARTER
    assert [attempt.attempt for attempt in letter.trace.attempts] == [1, 2]
    assert len(other.trace.attempts) == 1


def test_a_flush_attempts_all_that_is_not_held_in_order(world: World) -> None:
    letters = [write(world, to) for to in ("bob@globex.test", "dave@globex.test", "bob@globex.test")]
    queue = world["acme.test"].queue
    queue.hold(letters[1])
    queue.flush()
    assert [entry.attempts for entry in queue] == [2, 1, 2]
    again = [event for one in letters for event in one.trace.attempts if event.attempt == 2]
    assert [event.letter for event in sorted(again, key=lambda event: event.serial)] == [1, 3]
    world["globex.test"].queue.flush()


def test_what_is_held_stays_and_goes_on_when_it_is_released() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mail.globex.test", "RCPT", BUSY, times=2)):
            held, free = alice.send(to=bob, subject="held"), alice.send(to=bob, subject="free")
        queue = world["acme.test"].queue
        queue.hold(held)
        assert [entry.held for entry in queue] == [True, False]
        assert str(queue[0]) == "letter 1 at mail.acme.test for bob@globex.test, held"
        assert held.trace.stop.endswith("; attempt 1, held until it is released")
        world.clock.advance(days=1)
        free.trace.assert_delivered(attempts=2)
        assert (queue[0].held, queue[0].attempts) == (True, 1)
        queue.release(recipient=bob)
        held.trace.assert_delivered(attempts=2)
        assert bob.inbox.subjects == ["free", "held"]
        assert [hop.kind for hop in held.trace.hops if hop.kind in ("held", "released")] == ["held", "released"]


def test_what_is_released_before_it_is_due_waits_until_then(world: World) -> None:
    letter, queue = write(world), world["acme.test"].queue
    queue.hold(letter)
    world.clock.advance(minutes=10)
    queue.release(letter)
    assert (queue[0].attempts, queue[0].due - world.clock.now()) == (1, 300)
    world.clock.advance(minutes=5)
    assert queue[0].attempts == 2


def test_one_recipient_of_two_can_be_held_alone(world: World) -> None:
    letter = write(world, "bob@globex.test", "dave@globex.test")
    queue = world["acme.test"].queue
    queue.hold(letter, recipient="dave@globex.test")
    assert [(str(entry.recipients[0]), entry.held) for entry in queue] == [
        ("bob@globex.test", False),
        ("dave@globex.test", True),
    ]
    world.clock.advance(hours=1)
    assert [entry.attempts for entry in queue] == [3, 1]
    queue.delete(queue[0])
    queue.release(letter)
    assert [(str(entry.recipients[0]), entry.attempts) for entry in queue] == [("dave@globex.test", 2)]


def test_what_is_deleted_is_gone_and_nobody_is_told(world: World) -> None:
    letter = write(world, "bob@globex.test", "erin@initech.test")
    queue = world["acme.test"].queue
    queue.delete(domain="globex.test")
    assert letter.trace.status == {"bob@globex.test": "discarded", "erin@initech.test": "queued"}
    assert "discarded by deleted from the queue" in letter.trace.stop
    world.clock.advance(hours=3)
    assert (len(queue), world.user("alice@acme.test").inbox.subjects) == (1, [])


def test_what_is_deleted_with_a_bounce_is_reported(world: World) -> None:
    letter = write(world)
    world["acme.test"].queue.delete(letter, bounce=True)
    letter.trace.assert_bounced(status="5.7.1")
    assert "deleted from the queue" in world.user("alice@acme.test").inbox[0].text
    world.clock.advance(days=6)
    assert len(letter.trace.attempts) == 1


MISUSES: dict[str, tuple[Callable[[RunningQueue], object], str]] = {
    "an unknown letter": (
        lambda q: q.hold(7),
        r"hold\(letter=7\): nothing of the kind waits at acme\.test \(waiting: ",
    ),
    "a letter that is elsewhere": (
        lambda q: q.delete(1, domain="x.test"),
        r"letter=1, domain=x\.test\): nothing of",
    ),
    "an unknown recipient": (lambda q: q.attempt(recipient="dave@globex.test"), r"recipient=dave@globex\.test\): nothing"),
    "no address": (lambda q: q.release(recipient="dave"), r"'dave' is not an address"),
    "a word for a letter": (lambda q: q.hold("1"), r"queue\(letter='1'\): write a letter, or its number"),
    "a truth for a letter": (lambda q: q.entries(True), r"queue\(letter=True\): write a letter"),
    "a number for a domain": (lambda q: q.hold(domain=3), r"queue\(domain=3\): write a domain's name"),
    "a number for a recipient": (lambda q: q.hold(recipient=3), r"queue\(recipient=3\): write an address or a user"),
    "a word for a flag": (lambda q: q.delete(1, bounce="yes"), r"delete\(bounce='yes'\): write True or False"),
    "what is held": (lambda q: (q.hold(), q.attempt(1)), r"attempt\(\.\.\.\): letter 1 .*, held: release\(\) it first"),
}


@pytest.mark.parametrize("name", MISUSES)
def test_what_cannot_be_asked_of_a_queue(world: World, name: str) -> None:
    write(world)
    act, cure = MISUSES[name]
    with pytest.raises(MisuseError, match=cure):
        act(world["acme.test"].queue)
    assert [entry.attempts for entry in world["acme.test"].queue] == [1]


def test_a_machine_that_is_off_attempts_nothing_by_hand(world: World) -> None:
    letter, queue = write(world), world["acme.test"].queue
    world.switch_off("mail.acme.test")
    for act in (queue.flush, lambda: queue.attempt(letter)):
        with pytest.raises(MisuseError, match=r"mail\.acme\.test is switched off: world\.switch_on\('mail\.acme\.test'\)"):
            act()
    queue.hold(letter)
    world.switch_on("mail.acme.test")
    assert (queue[0].held, queue[0].attempts) == (True, 1)


def test_a_name_server_has_no_queue(world: World) -> None:
    with pytest.raises(MisuseError, match=r"ns\.acme\.test has no queue"):
        _ = world.host("ns.acme.test").queue


def test_each_verb_has_an_awaitable_twin() -> None:
    async def story() -> None:
        async with World(ACME, GLOBEX) as world:
            alice, queue = world.aio.user("alice@acme.test"), world.aio.queue("acme.test")
            async with world.aio.fault(faults.reply("mail.globex.test", "RCPT", BUSY)):
                letter = await alice.send(to="bob@globex.test")
                await alice.send(to="dave@globex.test")
                await queue.hold(letter)
                await queue.flush()
                assert [entry.attempts for entry in await queue.entries()] == [1, 2]
                with pytest.raises(MisuseError, match=r"`await world\.aio\.queue\('acme\.test'\)\.release\(\.\.\.\)`"):
                    world["acme.test"].queue.release(letter)
                await queue.release(letter)
                await queue.attempt(recipient="bob@globex.test")
                await queue.delete(domain="globex.test", recipient="dave@globex.test")
            assert [entry.attempts for entry in await world.aio.queue("Mail.acme.test").entries()] == [2]
            await world.aio.assert_conserved()

    asyncio.run(story())


def test_a_sender_is_told_of_a_delay_after_the_time_of_the_schedule() -> None:
    hasty = Domain("acme.test", users=["alice"], retry=Schedule(steps=(60,), every=600, give_up=7200, warn=1000))
    with playing(hasty, GLOBEX) as world:
        alice, bob = cast(world)
        with world.fault(faults.refuse("mail.globex.test")):
            letter = alice.send(to=[bob, "dave@globex.test"])
            world.clock.advance(seconds=999)
            assert alice.inbox.subjects == []
            world.clock.advance(seconds=1)
            assert len(alice.inbox) == 1
            world.clock.advance(seconds=6100)
        assert [(one.recipient, one.action) for one in letter.trace.bounces] == [
            ("bob@globex.test", "delayed"),
            ("dave@globex.test", "delayed"),
        ]
        assert len(alice.inbox) == 1
        letter.trace.assert_queued()


@pytest.mark.parametrize("schedule", [Schedule(warn=None), Schedule(warn=6 * 86400)])
def test_a_schedule_without_a_warning_tells_of_none(schedule: Schedule) -> None:
    with playing(Domain("acme.test", users=["alice"], retry=schedule), GLOBEX) as world:
        alice, bob = cast(world)
        with world.fault(faults.refuse("mail.globex.test")):
            letter = alice.send(to=bob)
            world.clock.advance(days=6)
        assert [one.action for one in letter.trace.bounces] == ["failed"]


def test_a_jitter_is_the_seeds() -> None:
    def moments(seed: int) -> list[float]:
        shaky = Domain("acme.test", users=["alice"], retry=Schedule(steps=(60, 60), give_up=7200, jitter=1))
        with playing(shaky, GLOBEX, seed=seed, start=0) as world, world.fault(faults.refuse("mail.globex.test")):
            alice, bob = cast(world)
            letter = alice.send(to=bob)
            world.clock.advance(hours=3)
            return [attempt.at for attempt in letter.trace.attempts]

    assert moments(1) == moments(1) != moments(2)
    assert 60 < moments(1)[1] < 120
