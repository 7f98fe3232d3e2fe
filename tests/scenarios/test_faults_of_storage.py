"""Storage that fails before or after the 250: who keeps the letter, for how long, and who is told."""

import smtplib

import pytest

from mailharness import faults
from mailharness.trace.events import Delivered, Storing
from tests.scenarios.stage import cast, playing

HOST = "mail.globex.test"
STORAGE = faults.storage


def test_a_disk_that_is_full_before_the_250_leaves_the_letter_with_its_sender() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(STORAGE.disk_full(HOST)):
            letter = alice.send(to=bob)
            letter.trace.assert_queued(at="mail.acme.test", reply="452 4.3.1")
            world.clock.advance(days=6)
        letter.trace.assert_bounced(status="4.3.1")
        assert (len(bob.inbox), alice.inbox.subjects[1:]) == (0, ["Undelivered Mail Returned to Sender"])


def test_a_disk_that_is_full_after_the_250_keeps_the_letter_waiting_there() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(STORAGE.disk_full(HOST, "after")):
            letter = alice.send(to=bob)
            letter.trace.assert_queued(at=HOST, reply="452 4.3.1")
            world.clock.advance(days=1)
        world.clock.advance(hours=4)
        letter.trace.assert_delivered()
        assert (len(bob.inbox), alice.inbox.subjects) == (1, ["Delayed Mail (still being retried)"])


def test_a_disk_that_stays_full_is_reported_in_the_end() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(STORAGE.disk_full(HOST, "after")):
            letter = alice.send(to=bob)
            world.clock.advance(days=6)
        letter.trace.assert_bounced(status="4.3.1")
        assert (len(bob.inbox), alice.inbox.subjects[1:]) == (0, ["Undelivered Mail Returned to Sender"])


def test_one_mailbox_is_locked_and_the_other_is_not() -> None:
    with playing() as world:
        alice, bob = cast(world)
        dave = world.user("dave@globex.test")
        with world.fault(STORAGE.mailbox_locked("bob@globex.test", times=1)):
            letter = alice.send(to=[bob, dave])
            assert letter.trace.status == {str(bob): "queued", str(dave): "delivered"}
            world.clock.advance(minutes=15)
        assert (len(bob.inbox), len(dave.inbox)) == (1, 1)


def test_a_mailbox_that_is_gone_is_told_to_the_sender() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(STORAGE.mailbox_missing("bob@globex.test", times=1)):
            letter = alice.send(to=bob)
        letter.trace.assert_bounced(status="5.1.1")
        assert len(alice.inbox) == 1


def test_slow_storage_delivers_later_and_says_250_at_once() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(STORAGE.slow(HOST, 30, sender="alice@acme.test")):
            letter = alice.send(to=bob)
            assert (letter.trace.status[str(bob)], len(bob.inbox)) == ("in transit", 0)
            world.clock.advance(seconds=29)
            assert len(bob.inbox) == 0
            world.clock.advance(seconds=1)
        (storing,), (delivered,) = world.journal.of_kind(Storing), world.journal.of_kind(Delivered)
        assert delivered.at - storing.at == 30
        letter.trace.assert_delivered(attempts=1)


def test_where_no_fault_of_storage_is_armed_nothing_is_told_of_storing() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply(HOST, "RCPT", "451 4.7.1 later", times=1)):
            alice.send(to=bob)
            world.clock.advance(hours=1)
        assert world.journal.of_kind(Storing) == []
        assert len(bob.inbox) == 1


def test_a_letter_that_waits_for_one_mailbox_is_no_less_accounted_for_when_it_went_on_to_another() -> None:
    with playing() as world:
        alice, bob = cast(world)
        carol = world.user("carol@acme.test")
        with world.fault(STORAGE.slow("mail.acme.test", 60)):
            letter = alice.send(to=[carol, bob])
            assert letter.trace.status == {str(carol): "in transit", str(bob): "delivered"}
            world.assert_conserved()
            world.clock.advance(minutes=1)
        assert (len(carol.inbox), len(bob.inbox)) == (1, 1)


def test_lmtp_is_told_that_the_disk_is_full_when_the_letter_shall_be_stored() -> None:
    with playing() as world:
        _, bob = cast(world)
        full = STORAGE.disk_full(HOST, "after")
        with world.fault(full), smtplib.LMTP(*world["globex.test"].lmtp) as lmtp:
            with pytest.raises(smtplib.SMTPDataError) as refusal:
                lmtp.sendmail("x@y.test", ["bob@globex.test"], b"Subject: x\r\n\r\n")
            assert refusal.value.smtp_code == 452
        assert bob.inbox.subjects == []
