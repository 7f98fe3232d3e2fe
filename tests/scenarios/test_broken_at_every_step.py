"""One letter over two hosts, broken once at every step of its relaying in every way: it arrives, and the books balance."""

import pytest

from mailharness import ConservationError, World
from mailharness.faults import PASS, Answer, Cut, Delay, Drop, Fault, Verdict
from mailharness.trace.events import Commanded, DataEnded, Dialed, Event, Greeted, Opened, Replied

MX = "mail.exampleB.tst"
STALLS = [Drop(), Delay(3600)]
ENDS = [Cut(), Answer("451 4.3.0 not now")]


def once(kind: type[Event], verdict: Verdict) -> Fault:
    """Give the first event of that kind at the receiving host the verdict; of its replies, the one to the final dot."""

    def judge(event: Event) -> Verdict:
        there = event.host == MX or (isinstance(event, Dialed) and event.to == MX)
        final = not isinstance(event, Replied) or "queued" in event.text
        return verdict if there and final and type(event) is kind else PASS

    return Fault(f"{verdict} at {kind.__name__}", judge, times=1)


def story(kind: type[Event], verdict: Verdict) -> tuple[str, str, int]:
    """The letter's status while time stands still, its status three hours later, and how often it is in the inbox."""
    with World() as world:
        alice, bob = world.user("userA@exampleA.tst"), world.user("userB@exampleB.tst")
        with world.fault(once(kind, verdict)):
            letter = alice.send(to=bob, subject="Hello")
            before = letter.trace.status[str(bob)]
            world.clock.advance(hours=3)
        after, times = letter.trace.status[str(bob)], len(bob.inbox)
        world.assert_conserved()
    return before, after, times


@pytest.mark.parametrize("kind", [Dialed, Greeted, DataEnded])
@pytest.mark.parametrize("verdict", ENDS, ids=str)
def test_a_broken_attempt_is_queued_and_tried_again(kind: type[Event], verdict: Verdict) -> None:
    assert story(kind, verdict) == ("queued", "delivered", 1)


@pytest.mark.parametrize("kind", [Dialed, Greeted, Commanded, DataEnded])
@pytest.mark.parametrize("verdict", STALLS, ids=str)
def test_a_stalled_session_is_at_rest_until_time_moves(kind: type[Event], verdict: Verdict) -> None:
    assert story(kind, verdict) == ("in transit", "delivered", 1)


@pytest.mark.parametrize("verdict", [Cut(), Drop(), Answer("451 4.3.0 not now")], ids=str)
def test_a_reply_that_is_lost_after_the_letter_was_taken_brings_it_twice(verdict: Verdict) -> None:
    assert story(Replied, verdict) == ("delivered", "delivered", 2)


def test_a_reply_that_is_only_late_brings_it_once() -> None:
    assert story(Replied, Delay(60)) == ("delivered", "delivered", 1)


def test_a_connection_that_is_cut_as_it_opens_is_tried_again() -> None:
    assert story(Opened, Cut()) == ("queued", "delivered", 1)


def test_an_ehlo_that_is_refused_is_followed_by_helo() -> None:
    assert story(Commanded, Answer("502 5.5.1 what is EHLO?")) == ("delivered", "delivered", 1)


def test_a_host_that_says_250_and_takes_nothing_is_found_by_the_books() -> None:
    with pytest.raises(ConservationError, match="which was never accepted there"):
        story(DataEnded, Answer("250 2.0.0 Ok, or so I say"))


def test_the_trace_of_a_letter_that_was_lost_names_the_host_that_lied() -> None:
    with World() as world:
        with world.fault(once(DataEnded, Answer("250 2.0.0 Ok, or so I say"))):
            letter = world.user("userA@exampleA.tst").send(to="userB@exampleB.tst", subject="Hello")
        assert letter.trace.stop == f"stopped at {MX}: 250 2.0.0 Ok, or so I say, yet nothing was accepted there"
