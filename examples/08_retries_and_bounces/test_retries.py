"""A server is away for days: when its letters are tried again, what their sender hears, and a queue worked by hand.

Five days cost milliseconds, because time is virtual; each attempt is a real connection all the same.
"""

import pytest

from mailharness import Domain, Schedule

HOUR = 3600


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"]))


def test_the_sender_hears_of_the_delay_and_then_of_the_failure(world):
    alice = world.user("alice@acme.test")
    world.switch_off("mail.globex.test")

    letter = alice.send(to="bob@globex.test", subject="Anybody?")
    world.clock.advance(days=6)

    begin, *later = [attempt.at for attempt in letter.trace.attempts]
    assert [(at - begin) / HOUR for at in later[:6]] == [0.25, 0.75, 1.75, 3.75, 7.75, 11.75]
    assert (later[-1] - begin) / HOUR == 120

    delayed, failed = (message.as_dsn() for message in alice.inbox)
    assert delayed.recipients[0].action == "delayed"
    assert (delayed.arrival.timestamp(), failed.arrival.timestamp()) == (begin, begin)
    assert (failed.recipients[0].action, failed.recipients[0].status) == ("failed", "4.4.1")
    letter.trace.assert_bounced("4.4.1")


def test_a_letter_is_held_back_and_released(world):
    alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")
    world.switch_off("mail.globex.test")
    letters = [alice.send(to=bob, subject=subject) for subject in ("First", "Second", "Third")]

    queue = world["acme.test"].queue
    assert [waiting.attempts for waiting in queue] == [1, 1, 1]
    queue.hold(letters[1])
    queue.delete(letters[2], bounce=True)
    assert alice.inbox.subjects == ["Undelivered Mail Returned to Sender"]

    world.switch_on("mail.globex.test")
    queue.flush()
    assert bob.inbox.subjects == ["First"]

    queue.release(letters[1])
    world.clock.advance(minutes=15)
    assert bob.inbox.subjects == ["First", "Second"]
    assert len(queue) == 0


def test_a_domain_may_be_in_a_hurry(mailworld_factory):
    hasty = Schedule(steps=[60], every=600, give_up=HOUR, warn=None)
    world = mailworld_factory(Domain("acme.test", users=["alice"], retry=hasty), Domain("globex.test", users=["bob"]))
    world.switch_off("mail.globex.test")

    letter = world.user("alice@acme.test").send(to="bob@globex.test")
    world.clock.advance(hours=1)

    letter.trace.assert_bounced()
    assert len(letter.trace.attempts) == 8
