"""Claims about one recipient of several: what became of the letter for whoever is meant, and for nobody else."""

import pytest

from mailharness import Domain, ExpectationError, Gateway, MisuseError, Schedule
from tests.scenarios.stage import ACME, GLOBEX, cast, playing

UNKNOWN, NOWHERE = "nobody@globex.test", "x@nowhere.test"


def test_what_bounced_for_one_did_not_bounce_for_another() -> None:
    with playing() as world:
        alice, bob = cast(world)
        trace = alice.send(to=[bob, UNKNOWN, NOWHERE]).trace
        trace.assert_delivered(to=bob)
        trace.assert_bounced(to=UNKNOWN, status="5.1.1")
        trace.assert_bounced("5.1.2", to=NOWHERE)
        trace.assert_not_delivered(to=UNKNOWN)
        with pytest.raises(ExpectationError, match=r"did not bounce for bob@globex\.test"):
            trace.assert_bounced(to=bob)
        with pytest.raises(ExpectationError, match=r"bounced with 5\.1\.1, not 5\.1\.2"):
            trace.assert_bounced("5.1.2", to=UNKNOWN)
        with pytest.raises(MisuseError, match=r"no recipient 'bop@globex\.test'; did you mean 'bob@globex\.test'\?"):
            trace.assert_bounced(to="bop@globex.test")


def test_what_was_refused_for_one_was_not_refused_for_another() -> None:
    with playing() as world:
        alice, bob = cast(world)
        trace = alice.send(to=[bob, UNKNOWN]).trace
        trace.assert_refused(at="mail.globex.test", reply="550 5.1.1", to=UNKNOWN)
        with pytest.raises(ExpectationError, match=r"was refused by nobody for bob@globex\.test"):
            trace.assert_refused(to=bob)


def test_what_the_submission_host_refused_for_one() -> None:
    with playing() as world:
        alice, bob = cast(world)
        trace = alice.send(to=[bob, "typo@acme.test"]).trace
        trace.assert_refused(at="mail.acme.test", reply=550, to="typo@acme.test")
        with pytest.raises(ExpectationError, match="was refused by nobody for bob"):
            trace.assert_refused(to=bob)


def test_what_waits_for_one_does_not_wait_for_another() -> None:
    hurried = Domain("acme.test", users=["alice", "carol"], retry=Schedule(steps=(60,), every=60, give_up=90))
    with playing(hurried, GLOBEX) as world:
        alice, bob = cast(world)
        world.switch_off("mail.globex.test")
        trace = alice.send(to=[bob, "carol@acme.test"]).trace
        trace.assert_queued(at="mail.acme.test", to=bob)
        with pytest.raises(ExpectationError, match=r"is not queued for carol@acme\.test"):
            trace.assert_queued(to="carol@acme.test")
        world.clock.advance(minutes=2)
        trace.assert_bounced(to=bob)


def test_what_is_held_for_one_is_not_held_for_another() -> None:
    guarded = Domain("globex.test", users=["bob"], gateway=Gateway(deceptive_links=True))
    with playing(ACME, guarded) as world:
        alice, bob = cast(world)
        page = '<a href="http://evil.test/">http://bank.test/</a>'
        trace = alice.send(to=[bob, "carol@acme.test"], html=page).trace
        trace.assert_quarantined(at="gateway.globex.test", to=bob)
        with pytest.raises(ExpectationError, match=r"is not in quarantine for carol@acme\.test"):
            trace.assert_quarantined(to="carol@acme.test")
