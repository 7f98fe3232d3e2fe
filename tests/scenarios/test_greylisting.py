"""Greylisting, told from the outside: who is new has to come again, and a real queue does."""

import smtplib

import pytest

from mailharness import Domain, Host, behaviours
from mailharness.trace.events import Refused
from tests.scenarios.stage import ACME, cast, playing

DAY = 86400


def greylisted(**more: object) -> Domain:
    """GLOBEX behind a greylist."""
    host = Host(behaviours=[behaviours.greylisting(**more)])  # type: ignore[arg-type]
    return Domain("globex.test", users=["bob", "dave"], host=host)


def test_a_greylisted_letter_is_delivered_at_the_second_attempt() -> None:
    with playing(ACME, greylisted(delay=300)) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, subject="first")
        letter.trace.assert_queued(at="mail.acme.test", reply="451 4.7.1")
        why = "stopped at mail.globex.test, RCPT: 451 4.7.1 Greylisted, try again later (by greylisting)"
        assert letter.trace.stop.startswith(why)
        (refusal,) = [event for event in world.journal.events if isinstance(event, Refused)]
        assert (refusal.host, refusal.by, str(refusal.recipient)) == ("mail.globex.test", "greylisting", "bob@globex.test")
        world.clock.advance(minutes=15)
        letter.trace.assert_delivered(attempts=2)


def test_who_is_known_does_not_wait_again_until_forgotten() -> None:
    with playing(ACME, greylisted(remember=36 * DAY)) as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="first")
        world.clock.advance(minutes=15)
        for subject in ("second", "a month later"):
            alice.send(to=bob, subject=subject).trace.assert_delivered(attempts=1)
            world.clock.advance(days=36)
        world.clock.advance(seconds=1)
        alice.send(to=bob, subject="too late").trace.assert_queued()


def test_another_sender_and_another_recipient_are_greylisted_anew() -> None:
    with playing(ACME, greylisted()) as world:
        alice, bob = cast(world)
        alice.send(to=bob)
        world.clock.advance(minutes=15)
        both = alice.send(to=[bob, "dave@globex.test"])
        assert both.trace.status == {"bob@globex.test": "delivered", "dave@globex.test": "queued"}
        world.user("carol@acme.test").send(to=bob).trace.assert_queued()


def test_a_retry_inside_the_delay_is_refused_again_and_changes_nothing() -> None:
    with playing(ACME, greylisted(delay=45 * 60)) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        world.clock.advance(minutes=15)
        letter.trace.assert_queued()
        world.clock.advance(minutes=30)
        letter.trace.assert_delivered(attempts=3)


def test_a_retry_after_the_window_is_a_first_attempt_again() -> None:
    with playing(ACME, greylisted(delay=60, window=600)) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        world.clock.advance(days=5)
        letter.trace.assert_bounced(status="4.7.1")
        assert bob.inbox.subjects == []


def test_two_hosts_of_a_pool_have_memories_of_their_own() -> None:
    shy = Host(behaviours=[behaviours.greylisting(delay=60)])
    pool = Domain("globex.test", users=["bob"], mx=["mx1", "mx2"], host=shy)
    with playing(ACME, pool) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        letter.trace.assert_queued()
        assert [len(world.host(f"{name}.globex.test").behaviours) for name in ("mx1", "mx2")] == [1, 1]
        assert repr(world.host("mx1.globex.test").behaviours) == "<behaviours: greylisting>"
        world.host("mx1.globex.test").behaviours.forget()
        assert [len(world.host(f"{name}.globex.test").behaviours) for name in ("mx1", "mx2")] == [0, 1]
        world.clock.advance(minutes=15)
        letter.trace.assert_delivered(via="mx2.globex.test")


def test_what_is_remembered_can_be_read_and_forgotten() -> None:
    with playing(ACME, greylisted(delay=300, window=3600, remember=7200, network=32)) as world:
        alice, bob = cast(world)
        greylist = world.host("mail.globex.test").behaviours
        assert (greylist.names, list(greylist)) == (("greylisting",), [])
        alice.send(to=bob)
        client = world.host("mail.acme.test").address
        triplet = f"greylisting: {client} alice@acme.test -> bob@globex.test"
        assert str(greylist) == f"{triplet}: has to wait 300 s more"
        world.clock.advance(minutes=14)
        assert str(greylist) == f"{triplet}: may pass"
        world.clock.advance(minutes=1)
        assert str(greylist) == f"{triplet}: is known for 7200 s more"
        greylist.forget("greylisting")
        assert len(greylist) == 0
        alice.send(to=bob).trace.assert_queued()


def test_ones_own_users_are_not_greylisted_and_strangers_at_the_same_door_are() -> None:
    with playing(ACME, greylisted()) as world:
        bob = world.user("bob@globex.test")
        bob.send(to="dave@globex.test").trace.assert_delivered()
        with smtplib.SMTP(*world["globex.test"].smtp) as smtp:
            smtp.helo("x.test")
            smtp.mail("someone@else.test")
            assert smtp.rcpt("bob@globex.test") == (451, b"4.7.1 Greylisted, try again later")


def test_a_stranger_has_to_wait_whoever_it_writes_to() -> None:
    host = Host(behaviours=[behaviours.first_contact(delay=600)])
    with playing(ACME, Domain("globex.test", users=["bob", "dave"], host=host)) as world:
        alice, bob = cast(world)
        letters = [alice.send(to=bob), alice.send(to="dave@globex.test")]
        for letter in letters:
            letter.trace.assert_queued(reply="451 4.7.1")
            assert "MAIL: 451 4.7.1 We have not met before, try again later (by first_contact)" in letter.trace.stop
        world.clock.advance(minutes=15)
        for letter in [*letters, alice.send(to="dave@globex.test")]:
            letter.trace.assert_delivered()


@pytest.mark.parametrize("mail", ["", "postmaster@else.test"])
def test_the_null_sender_is_greylisted_as_any_other(mail: str) -> None:
    with playing(ACME, greylisted()) as world, smtplib.SMTP(*world["globex.test"].smtp) as smtp:
        for minutes, code in ((5, 451), (0, 250)):
            smtp.ehlo("x.test")
            smtp.mail(mail)
            assert smtp.rcpt("bob@globex.test")[0] == code
            smtp.rset()
            world.clock.advance(minutes=minutes)


def test_the_null_sender_is_no_stranger() -> None:
    host = Host(behaviours=[behaviours.first_contact()])
    globex = Domain("globex.test", users=["bob"], host=host)
    with playing(ACME, globex) as world, smtplib.SMTP(*world["globex.test"].smtp) as smtp:
        smtp.helo("x.test")
        assert (smtp.mail("")[0], smtp.rset()[0]) == (250, 250)
        assert smtp.mail("someone@else.test")[0] == 451
