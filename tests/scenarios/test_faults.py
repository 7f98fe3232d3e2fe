"""Faults as a test arms them: scopes, a reply at every step of SMTP, and sessions that stall, vanish or break off."""

import smtplib
from collections.abc import Callable

import pytest

from mailharness import MisuseError, UnusedFaultError, faults
from mailharness.faults import Cut, Delay, Drop, Fault, Pass, Verdict
from mailharness.trace.events import SMTP, Commanded, DataEnded, Event, Greeted, Replied
from tests.scenarios.stage import ACME, GLOBEX, GLOBEX_TWO_MX, cast, playing, whenever

MX = "mail.globex.test"


@pytest.mark.parametrize(
    ("phase", "text", "outcome", "via"),
    [
        ("CONNECT", "421 4.3.2 closing", "queued", "mx2"),
        ("CONNECT", "554 5.3.2 no service here", "bounced", ""),
        ("EHLO", "421 4.3.2 closing", "queued", "mx2"),
        ("EHLO", "451 4.3.0 not now", "delivered", "mx1"),
        ("EHLO", "502 5.5.1 what?", "delivered", "mx1"),
        ("STARTTLS", "454 4.7.0 not now", "delivered", "mx1"),
        ("STARTTLS", "502 5.5.1 what?", "delivered", "mx1"),
        ("MAIL", "421 4.3.2 closing", "queued", "mx2"),
        ("MAIL", "451 4.3.0 not now", "queued", "mx2"),
        ("MAIL", "550 5.7.1 not from you", "bounced", ""),
        ("RCPT", "421 4.3.2 closing", "queued", "mx2"),
        ("RCPT", "450 4.2.1 busy", "queued", "mx2"),
        ("RCPT", "550 5.1.1 unknown", "bounced", ""),
        ("DATA", "421 4.3.2 closing", "queued", "mx2"),
        ("DATA", "451 4.3.0 not now", "queued", "mx2"),
        ("DATA", "554 5.7.1 no", "bounced", ""),
        ("EOD", "421 4.3.2 closing", "queued", "mx2"),
        ("EOD", "452 4.3.1 disk full", "queued", "mx2"),
        ("EOD", "554 5.6.0 bad content", "bounced", ""),
    ],
)
def test_a_reply_at_each_step_has_its_outcome(phase: str, text: str, outcome: str, via: str) -> None:
    """With one MX the letter ends as the table says; with two it goes ``via`` that one, or the first's word is the last."""
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply(MX, phase, text)):
            letter = alice.send(to=bob)
            assert letter.trace.status == {"bob@globex.test": outcome}
        assert bob.inbox.subjects == ([""] if outcome == "delivered" else [])
    with playing(ACME, GLOBEX_TWO_MX) as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mx1.globex.test", phase, text)):
            letter = alice.send(to=bob)
            assert letter.trace.status == {"bob@globex.test": "delivered" if via else "bounced"}
        if via:
            letter.trace.assert_delivered(via=f"{via}.globex.test", attempts=1)


@pytest.mark.parametrize(
    ("phase", "text"),
    [
        *(
            (phase, text)
            for phase in ("CONNECT", "MAIL", "RCPT", "DATA", "EOD")
            for text in ("421 4.3.2 no", "554 5.3.2 no")
        ),
        ("EHLO", "421 4.3.2 no"),
    ],
)
def test_a_refusal_at_each_step_of_a_submission_is_the_letters_and_no_error(phase: str, text: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mail.acme.test", phase, text)):
            letter = alice.send(to=bob)
            assert {to: str(reply) for to, reply in letter.refused.items()} == {str(bob): text}
        assert bob.inbox.subjects == []


@pytest.mark.parametrize("text", ["421 4.3.2 closing", "550 5.0.0 stay"])
def test_a_refused_quit_harms_no_letter(text: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mail.acme.test", "QUIT", text)):
            alice.send(to=bob, subject="goodbye").trace.assert_delivered()


def test_a_fault_ends_with_its_block() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply(MX, "MAIL", "451 4.3.0 not now")) as (armed,):
            alice.send(to=bob).trace.assert_queued()
        assert armed.fired == 1
        alice.send(to=bob, subject="afterwards").trace.assert_delivered(attempts=1)
        world.clock.advance(minutes=15)
        assert bob.inbox.subjects == ["afterwards", ""]


def test_times_bounds_how_often_a_fault_fires() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply(MX, "RCPT", "451 4.7.1 later", times=2)) as (armed,):
            letter = alice.send(to=bob)
            world.clock.advance(hours=2)
            letter.trace.assert_delivered(attempts=3)
            assert (armed.fired, armed.spent) == (2, True)


def test_faults_stack_and_the_first_that_objects_decides() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply(MX, "RCPT", "451 4.7.1 first", times=1)):
            with world.fault(faults.reply(MX, "RCPT", "452 4.2.2 second", times=1)):
                letter = alice.send(to=bob)
                letter.trace.assert_queued(reply="451 4.7.1")
                world.clock.advance(minutes=15)
                letter.trace.assert_queued(reply="452 4.2.2")
            world.clock.advance(hours=1)
        letter.trace.assert_delivered(attempts=3)


def test_a_fault_that_never_fired_is_an_error_unless_it_is_optional() -> None:
    with playing() as world:
        unused = pytest.raises(UnusedFaultError, match=r"never fired: refuse mail\.globex\.test; the block tested nothing")
        with unused, world.fault(faults.refuse(MX)):
            pass
        with world.fault(faults.refuse(MX, optional=True)):
            pass


def test_an_error_of_the_block_itself_is_not_hidden_by_an_unused_fault() -> None:
    with playing() as world:
        with pytest.raises(KeyError), world.fault(faults.refuse(MX)):
            raise KeyError("the test's own")
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_delivered()


def test_a_fault_for_a_host_that_is_not_there_is_refused_at_once() -> None:
    unknown = pytest.raises(MisuseError, match=r"'mail\.globax\.test'; did you mean 'mail\.globex\.test'\?")
    with playing() as world, unknown, world.fault(faults.refuse("mail.globax.test")):
        pass


def test_a_refused_host_resets_a_foreign_client() -> None:
    with playing() as world:
        with world.fault(faults.refuse(MX)), pytest.raises((ConnectionError, smtplib.SMTPServerDisconnected)):
            smtplib.SMTP(*world["globex.test"].smtp)
        with smtplib.SMTP(*world["globex.test"].smtp) as smtp:
            assert smtp.noop()[0] == 250


def is_at(moment: str) -> Callable[[Event], bool]:
    """The events of one moment of a transaction at the receiving host."""

    def matches(event: Event) -> bool:
        if event.host != MX or getattr(event, "protocol", "") != SMTP:
            return False
        phase = {"CONNECT": Greeted, "EOD": DataEnded}.get(moment)
        return isinstance(event, phase) if phase else isinstance(event, Commanded) and event.verb == moment

    return matches


@pytest.mark.parametrize("moment", ["EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "EOD"])
@pytest.mark.parametrize("verdict", [Drop(), Delay(7200), Cut()], ids=str)
def test_whatever_step_fails_the_letter_arrives_once_time_has_passed(moment: str, verdict: Verdict) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(whenever(is_at(moment), verdict)):
            letter = alice.send(to=bob, subject="persistent")
            world.settle()
            assert letter.trace.status["bob@globex.test"] in ("in transit", "queued", "delivered")
            world.assert_conserved()
            world.clock.advance(hours=4)
        letter.trace.assert_delivered()
        assert bob.inbox.subjects == ["persistent"]


@pytest.mark.parametrize("moment", ["MAIL", "DATA", "EOD"])
@pytest.mark.parametrize("verdict", [Drop(), Cut()], ids=str)
def test_a_host_that_always_fails_at_a_step_is_given_up_in_the_end(moment: str, verdict: Verdict) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(whenever(is_at(moment), verdict, times=None)):
            letter = alice.send(to=bob, subject="hopeless")
            world.clock.advance(days=6)
            assert bob.inbox.subjects == []
        assert letter.trace.status["bob@globex.test"] in ("bounced", "delivered")


def test_a_stalled_session_does_not_hold_up_the_letters_behind_it() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(whenever(is_at("MAIL"), Delay(600))):
            slow = alice.send(to=bob, subject="slow")
            quick = alice.send(to=bob, subject="quick")
            quick.trace.assert_delivered()
            assert slow.trace.status["bob@globex.test"] == "in transit"
            world.clock.advance(minutes=10)
            slow.trace.assert_delivered(attempts=1)
        assert bob.inbox.subjects == ["quick", "slow"]


@pytest.mark.parametrize("verdict", [Drop(), Delay(600)], ids=str)
@pytest.mark.parametrize("moment", ["CONNECT", "EHLO", "MAIL", "EOD"])
def test_a_stall_is_named_by_the_trace_from_the_greeting_on(moment: str, verdict: Verdict) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(whenever(is_at(moment), verdict)):
            letter = alice.send(to=bob)
            assert letter.trace.stop.startswith("stopped at mail.acme.test: in transit, at mail.globex.test, held up by")
            assert [event.verdict for event in letter.trace.faults] == [str(verdict)]
            world.clock.advance(hours=4)
        letter.trace.assert_delivered()


def test_leaving_the_block_while_a_session_is_stalled_loses_nothing() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(whenever(is_at("RCPT"), Drop())):
            letter = alice.send(to=bob, subject="forgotten")
        world.assert_conserved()
        world.clock.advance(hours=4)
        letter.trace.assert_delivered()


def test_a_world_that_ends_leaves_the_story_where_it_stood() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(whenever(is_at("DATA"), Drop())):
            letter = alice.send(to=bob)
    assert letter.trace.status["bob@globex.test"] == "in transit"


@pytest.mark.parametrize("verdict", [Drop(), Cut()], ids=str)
def test_a_submission_whose_reply_is_lost_is_still_the_hosts_to_carry(verdict: Verdict) -> None:
    def final_reply(event: Event) -> bool:
        return isinstance(event, Replied) and event.host == "mail.acme.test" and "queued as" in event.text

    with playing(ACME, GLOBEX) as world:
        _, bob = cast(world)
        with world.fault(whenever(final_reply, verdict)):
            smtp = smtplib.SMTP(*world["acme.test"].submission, timeout=0.2)
            with pytest.raises((OSError, smtplib.SMTPException)):
                smtp.sendmail("alice@acme.test", ["bob@globex.test"], b"Subject: sure?\r\n\r\nyes\r\n")
            smtp.close()
        assert bob.inbox.subjects == ["sure?"]


@pytest.mark.parametrize("verdict", [Drop(), Delay(60), Cut()], ids=str)
def test_a_farewell_that_is_not_answered_holds_nobody(verdict: Verdict) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply(MX, "RCPT", "450 4.2.1 busy", times=1), whenever(is_at("QUIT"), verdict)):
            letter = alice.send(to=bob, subject="adieu")
            world.clock.advance(hours=1)
        letter.trace.assert_delivered(attempts=2)


def breaks(event: Event) -> Verdict:
    raise LookupError(f"no {type(event).__name__}")


def says_nothing(event: Event) -> Verdict:
    return None  # type: ignore[return-value]


@pytest.mark.parametrize(("judge", "says"), [(breaks, "LookupError: no Opened"), (says_nothing, "returned None")])
def test_a_judge_that_fails_harms_no_letter_and_is_told_to_its_author(judge, says: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with pytest.raises(MisuseError, match=f"the judge of 'odd' failed: .*{says}"), world.fault(Fault("odd", judge)):
            alice.send(to=bob, subject="unharmed")
        assert bob.inbox.subjects == ["unharmed"]
        with pytest.raises(KeyError) as raised, world.fault(Fault("odd", judge)):
            raise KeyError(alice.send(to=bob).number)
        assert "the judge of 'odd' failed" in raised.value.__notes__[0]


def test_a_verdict_to_pass_is_no_firing() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with pytest.raises(UnusedFaultError), world.fault(Fault("pass", lambda event: Pass())):
            alice.send(to=bob).trace.assert_delivered()
