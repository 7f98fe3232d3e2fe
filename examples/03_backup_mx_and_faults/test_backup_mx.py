"""The first MX is down, and then it asks for patience: what the Internet does, without waiting for it.

A fault breaks the world for as long as its ``with`` block lasts; one that never fired fails the test. Time is virtual:
``world.clock.advance(minutes=30)`` costs no half hour.
"""

import pytest

from mailharness import Domain, faults


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"], mx=["mx1", "mx2"]))


def test_the_second_mx_takes_over(world):
    alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")

    with world.fault(faults.refuse("mx1.globex.test")):
        letter = alice.send(to=bob, subject="Still there?")

    letter.trace.assert_delivered(via="mx2.globex.test")
    assert [attempt.to for attempt in letter.trace.attempts] == ["mx1.globex.test", "mx2.globex.test"]


def test_greylisting_delays_and_does_not_lose(world):
    alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")
    patience = "451 4.7.1 Greylisted, try again later"

    with world.fault(
        faults.reply("mx1.globex.test", "RCPT", patience, times=1),
        faults.reply("mx2.globex.test", "RCPT", patience, times=1),
    ):
        letter = alice.send(to=bob, subject="Patience")
        letter.trace.assert_queued(at="mail.acme.test", reply=451)
        assert len(bob.inbox) == 0

        world.clock.advance(minutes=30)

    letter.trace.assert_delivered()
    assert bob.inbox.subjects == ["Patience"]


def test_after_five_days_the_sender_is_told(world):
    alice = world.user("alice@acme.test")

    with world.fault(faults.refuse("mx1.globex.test"), faults.refuse("mx2.globex.test")):
        letter = alice.send(to="bob@globex.test", subject="Anybody?")
        world.clock.advance(days=6)

    letter.trace.assert_bounced()
    assert alice.inbox.subjects[-1] == "Undelivered Mail Returned to Sender"
    world.assert_conserved()  # every letter that a server took is in exactly one place
