"""Letters that must wait: greylisting, hosts that are away, full mailboxes, and how long a queue is patient."""

import smtplib

import pytest

from mailharness import Account, Domain, Schedule, World, faults
from tests.scenarios.stage import ACME, GLOBEX, cast, playing

DELAYED, UNDELIVERED = "Delayed Mail (still being retried)", "Undelivered Mail Returned to Sender"


def test_greylisting_costs_one_attempt() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mail.globex.test", "RCPT", "451 4.7.1 greylisted", times=1)):
            letter = alice.send(to=bob, subject="later")
            letter.trace.assert_queued(at="mail.acme.test", reply="451 4.7.1")
            assert bob.inbox.subjects == []
            world.clock.advance(minutes=14)
            letter.trace.assert_queued()
            world.clock.advance(minutes=1)
            letter.trace.assert_delivered(attempts=2)
        assert bob.inbox.subjects == ["later"]


def test_one_of_two_recipients_is_greylisted_and_the_other_is_not_served_twice() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mail.globex.test", "RCPT", "450 4.2.1 busy", times=1)):
            letter = alice.send(to=[bob, "dave@globex.test"], subject="both")
            assert letter.trace.status == {"bob@globex.test": "queued", "dave@globex.test": "delivered"}
            world.clock.advance(hours=1)
        letter.trace.assert_delivered()
        assert [world.user(f"{name}@globex.test").inbox.subjects for name in ("bob", "dave")] == [["both"], ["both"]]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.refuse("mail.globex.test"), "4.4.1"),
        (faults.reply("mail.globex.test", "RCPT", "450 4.2.1 busy"), "4.2.1"),
        (faults.reply("mail.globex.test", "EOD", "452 4.3.1 disk full"), "4.3.1"),
        (faults.reply("mail.globex.test", "CONNECT", "421 4.3.2 closing"), "4.3.2"),
    ],
    ids=lambda value: str(value),
)
def test_after_five_days_a_letter_is_given_up_with_its_last_cause(fault: faults.Fault, status: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(fault):
            letter = alice.send(to=bob, subject="hope")
            world.clock.advance(days=5, seconds=-1)
            letter.trace.assert_queued(at="mail.acme.test")
            assert alice.inbox.subjects == [DELAYED]
            world.clock.advance(seconds=1)
            letter.trace.assert_bounced(status=status)
        attempts = len({attempt.attempt for attempt in letter.trace.attempts})
        world.clock.advance(days=30)
        assert attempts == len({attempt.attempt for attempt in letter.trace.attempts}) == 35
        assert [(one.action, one.status) for one in letter.trace.bounces] == [("delayed", status), ("failed", status)]
        assert alice.inbox.subjects == [DELAYED, UNDELIVERED]
        assert bob.inbox.subjects == []


def test_a_domain_has_a_schedule_of_its_own() -> None:
    hasty = Domain("acme.test", users=["alice"], retry=Schedule(steps=(60,), every=120, give_up=600))
    with playing(hasty, GLOBEX) as world:
        alice, bob = cast(world)
        with world.fault(faults.refuse("mail.globex.test")):
            letter = alice.send(to=bob)
            start = world.clock.now()
            world.clock.advance(minutes=10)
        assert [attempt.at - start for attempt in letter.trace.attempts] == [0, 60, 180, 300, 420, 540, 600]
        letter.trace.assert_bounced()


def test_a_full_mailbox_defers_a_letter_until_there_is_room() -> None:
    with playing(ACME, Domain("globex.test", users=[Account("bob", quota=2000)])) as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="fills it", text="x" * 500)
        letter = alice.send(to=bob, subject="too much", text="x" * 800)
        letter.trace.assert_queued(at="mail.acme.test", reply="452 4.2.2")
        bob.fetch(via="pop3", keep=False)
        world.clock.advance(minutes=15)
        letter.trace.assert_delivered(attempts=2)
        assert bob.inbox.subjects == ["too much"]


def test_a_neighbour_with_a_full_mailbox_is_refused_at_submission() -> None:
    with playing(Domain("acme.test", users=["alice", Account("carol", quota=0)])) as world:
        letter = world.user("alice@acme.test").send(to="carol@acme.test", subject="no room")
        assert str(letter.refused["carol@acme.test"]).startswith("452 4.2.2")
        letter.trace.assert_refused(at="mail.acme.test", reply=452)


def submit_without_a_size(world: World, *to: str, octets: int) -> tuple[int, bytes]:
    """The reply to the final dot of a letter that no MAIL has announced the size of."""
    with smtplib.SMTP(*world["globex.test"].smtp) as smtp:
        smtp.helo("x.test")
        smtp.mail("alice@acme.test")
        assert {smtp.rcpt(one)[0] for one in to} == {250}
        return smtp.data(b"Subject: big\r\n\r\n" + b"x" * octets)


FULL = Domain("globex.test", users=[Account("bob", quota=1000), "dave"])


def test_a_letter_that_proves_too_big_for_its_only_mailbox_is_refused_at_its_end() -> None:
    with playing(ACME, FULL) as world:
        assert submit_without_a_size(world, "bob@globex.test", octets=2000)[0] == 452
        assert world.user("alice@acme.test").inbox.subjects == []


def test_a_letter_that_fits_one_mailbox_of_two_waits_for_the_other_until_it_is_given_up() -> None:
    with playing(ACME, FULL) as world:
        bob, dave, alice = (world.user(f"{name}") for name in ("bob@globex.test", "dave@globex.test", "alice@acme.test"))
        assert submit_without_a_size(world, str(bob), str(dave), octets=2000)[0] == 250
        (letter,) = world.letters
        assert letter.trace.status == {str(bob): "queued", str(dave): "delivered"}
        assert "452 4.2.2 Mailbox is full; next attempt in 15 min (virtual), 1 of 35" in letter.trace.stop
        world.clock.advance(days=6)
        assert (dave.inbox.subjects, bob.inbox.subjects) == (["big"], [])
        assert letter.trace.status[str(bob)] == "bounced"
        assert alice.inbox.subjects == [DELAYED, UNDELIVERED]


def test_a_letter_that_waits_for_room_in_a_mailbox_is_delivered_when_there_is_some() -> None:
    with playing(ACME, FULL) as world:
        bob = world.user("bob@globex.test")
        assert submit_without_a_size(world, str(bob), octets=500)[0] == 250
        assert submit_without_a_size(world, str(bob), "dave@globex.test", octets=500)[0] == 250
        bob.fetch(via="pop3", keep=False)
        assert bob.inbox.subjects == []
        world.clock.advance(minutes=15)
        assert bob.inbox.subjects == ["big"]


def test_a_machine_that_is_off_sends_nothing_until_it_is_on_again() -> None:
    with playing() as world:
        alice, bob = cast(world)
        world.switch_off("mail.globex.test")
        letter = alice.send(to=bob, subject="overnight")
        letter.trace.assert_queued()
        world.switch_off("mail.acme.test")
        world.switch_on("mail.globex.test")
        world.clock.advance(hours=8)
        letter.trace.assert_queued(at="mail.acme.test")
        world.switch_on("mail.acme.test")
        letter.trace.assert_delivered(attempts=2)
        assert bob.inbox.subjects == ["overnight"]


def test_letters_for_one_domain_leave_in_the_order_they_came() -> None:
    with playing() as world:
        alice, bob = cast(world)
        subjects = [f"letter {number}" for number in range(20)]
        for subject in subjects:
            alice.send(to=bob, subject=subject)
        assert bob.inbox.subjects == subjects
