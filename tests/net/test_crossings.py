"""What two ends of one connection know of each other, beside the bytes."""

from mailharness.clock import Work
from mailharness.mail import NO_COPY, Cause, Copy, Numbering
from mailharness.net.crossings import Crossings

PAIR = (("127.0.0.2", 40_000), ("127.0.0.3", 12_016))


def test_a_relayed_copy_becomes_a_child_of_what_the_dialer_sent() -> None:
    crossings = Crossings(Numbering())
    dialed = crossings.open(PAIR, "mail.a.test")
    dialed.copy = Copy(5, 9)
    assert crossings.arrive(PAIR, session=3) is dialed
    here = crossings.identify(3)
    assert (here.letter, here.parent, here.cause) == (5, 9, Cause.RELAY)
    assert (dialed.session, dialed.copy_there) == (3, here.copy)


def test_a_submission_is_the_letter_that_was_announced_once_and_then_a_new_one() -> None:
    numbering = Numbering()
    crossings = Crossings(numbering)
    crossings.open(PAIR, "alice@a.test").copy = Copy(numbering.letter(), 0)
    crossings.arrive(PAIR, session=1)
    first, second = crossings.identify(1), crossings.identify(1)
    assert (first.letter, first.cause, second.letter) == (1, Cause.SUBMISSION, 2)
    assert first.copy != second.copy


def test_a_foreign_client_brings_a_new_letter_each_time() -> None:
    crossings = Crossings(Numbering())
    assert crossings.arrive(PAIR, session=1) is None
    assert [crossings.identify(1).letter for _ in range(2)] == [1, 2]


def test_a_crossing_that_was_closed_is_forgotten() -> None:
    crossings = Crossings(Numbering())
    dialed = crossings.open(PAIR, "mail.a.test")
    dialed.copy = Copy(5, 9)
    crossings.arrive(PAIR, session=3)
    crossings.close(dialed)
    crossings.close(dialed)
    assert crossings.arrive(PAIR, session=4) is None
    assert crossings.identify(3).parent == NO_COPY.copy


def test_the_dialing_end_rests_while_the_accepting_one_waits() -> None:
    work, crossings = Work(), Crossings(Numbering())
    dialed = crossings.open(PAIR, "mail.a.test")
    crossings.arrive(PAIR, session=3)
    crossings.rest(3, True)
    dialed.work = work.take("a relay")
    for resting in (True, True, False, False):
        crossings.rest(3, resting)
        assert work.idle == resting
    crossings.rest(99, True)
    assert work.held == ("a relay",)
