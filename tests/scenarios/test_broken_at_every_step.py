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


@pytest.mark.parametrize(
    ("kind", "verdict"), [(Dialed, Cut()), *((kind, verdict) for kind in (Greeted, DataEnded) for verdict in ENDS)], ids=str
)
def test_a_broken_attempt_is_queued_and_tried_again(kind: type[Event], verdict: Verdict) -> None:
    assert story(kind, verdict) == ("queued", "delivered", 1)


@pytest.mark.parametrize("kind", [Dialed, Greeted, Commanded, DataEnded])
@pytest.mark.parametrize("verdict", STALLS, ids=str)
def test_a_stalled_session_is_at_rest_until_time_moves(kind: type[Event], verdict: Verdict) -> None:
    assert story(kind, verdict) == ("in transit", "delivered", 1)


@pytest.mark.parametrize("verdict", [Cut(), Drop(), Answer("451 4.3.0 not now")], ids=str)
def test_a_reply_that_is_lost_after_the_letter_was_taken_brings_it_twice(verdict: Verdict) -> None:
    assert story(Replied, verdict) == ("delivered", "delivered", 2)


@pytest.mark.parametrize(("seconds", "times"), [(60, 1), (3600, 2)])
def test_a_late_reply_brings_it_once_and_one_that_is_too_late_brings_it_twice(seconds: float, times: int) -> None:
    """A sender waits for half an hour in all; what it then does not know, it does again (RFC 5321 §4.5.3.2.6)."""
    assert story(Replied, Delay(seconds)) == ("delivered", "delivered", times)


REPLIES = ["220 ", "250-", "250 2.1.0", "250 2.1.5", "354 "]
"""How the replies begin that come before the one to the final dot."""


def reply_that_begins(start: str, verdict: Verdict) -> Fault:
    def judge(event: Event) -> Verdict:
        mine = isinstance(event, Replied) and event.host == MX and event.text.startswith(start)
        return verdict if mine else PASS

    return Fault(f"{verdict} for {start}", judge, times=1)


@pytest.mark.parametrize("start", REPLIES)
@pytest.mark.parametrize(
    "verdict", [*STALLS, *ENDS, Delay(60), Answer("421 4.3.2 closing"), Answer("550 5.0.0 no")], ids=str
)
def test_whatever_becomes_of_an_earlier_reply_the_letter_arrives_once_or_is_reported(start: str, verdict: Verdict) -> None:
    with World() as world:
        alice, bob = world.user("userA@exampleA.tst"), world.user("userB@exampleB.tst")
        with world.fault(reply_that_begins(start, verdict)):
            letter = alice.send(to=bob, subject="Hello")
            at_rest = letter.trace.status
            assert world.thread.run(lambda: letter.trace.status) == at_rest
            world.assert_conserved()
            world.clock.advance(hours=3)
        world.assert_conserved()
        assert (len(bob.inbox), len(alice.inbox)) in ((1, 0), (0, 1))


def test_a_wrong_answer_to_data_is_an_answer_of_nobody_we_know() -> None:
    with World() as world:
        alice, bob = world.user("userA@exampleA.tst"), world.user("userB@exampleB.tst")
        with world.fault(reply_that_begins("354 ", Answer("250 2.0.0 just so"))):
            letter = alice.send(to=bob, subject="Hello")
            assert "protocol error" in letter.trace.stop
            world.clock.advance(hours=1)
        letter.trace.assert_delivered(attempts=2)
        world.assert_conserved()


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
