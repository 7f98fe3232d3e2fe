"""When a letter is tried again, and that this always ends."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness import MisuseError, Schedule

PAUSE = st.floats(min_value=1, max_value=1e6)
SCHEDULES = st.builds(
    Schedule,
    steps=st.lists(PAUSE, max_size=6).map(tuple),
    every=st.floats(min_value=60, max_value=1e6),
    give_up=st.floats(min_value=1, max_value=1e6),
)
START = 1_700_000_000.0


def moments(schedule: Schedule, queued_at: float) -> list[float]:
    """Every moment at which a letter is tried that nobody ever takes."""
    found, now = [], queued_at
    for attempts in itertools.count(1):
        due = schedule.next_attempt(attempts, queued_at, now)
        if due is None:
            return found
        found.append(due)
        now = due
    raise AssertionError("a schedule has an end")


@given(SCHEDULES)
def test_every_pause_is_positive_and_the_last_attempt_is_at_the_age_of_giving_up(schedule: Schedule) -> None:
    found = moments(schedule, START)
    assert all(earlier < later for earlier, later in itertools.pairwise([START, *found]))
    assert found[-1] == START + schedule.give_up
    assert len(found) <= len(schedule.steps) + schedule.give_up / schedule.every + 2


@given(SCHEDULES, st.floats(min_value=0, max_value=1e7))
def test_an_attempt_is_never_due_before_now_nor_after_the_end(schedule: Schedule, late: float) -> None:
    due = schedule.next_attempt(1, START, START + late)
    assert (due is None) == (START + late >= START + schedule.give_up)
    assert due is None or START + late < due <= START + schedule.give_up


def test_the_schedule_of_a_domain_that_says_nothing() -> None:
    hours = [(moment - START) / 3600 for moment in moments(Schedule(), START)]
    assert hours[:7] == [0.25, 0.75, 1.75, 3.75, 7.75, 11.75, 15.75]
    assert (hours[-1], len(hours)) == (120, 34)


@pytest.mark.parametrize("wrong", [0, -1, math.nan])
@pytest.mark.parametrize("field", ["steps", "every", "give_up"])
def test_a_pause_that_never_ends_a_schedule_is_refused(field: str, wrong: float) -> None:
    with pytest.raises(MisuseError, match="must be more than 0 seconds"):
        Schedule(**{field: (60, wrong) if field == "steps" else wrong})
