"""When a letter is tried again, and that this always ends."""

import itertools
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness import MisuseError, Schedule, SendingLimits

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


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, 1e-9, True, "60", None])
@pytest.mark.parametrize("field", ["steps", "every", "give_up"])
def test_a_pause_that_never_ends_a_schedule_is_refused(field: str, wrong: float) -> None:
    with pytest.raises(MisuseError, match=rf"Schedule\({field}=.*must be more than 0 seconds.*write {field}="):
        Schedule(**{field: (60, wrong) if field == "steps" else wrong})


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        ({"steps": [1] * 100_001}, "as good as never ends"),
        ({"every": 1}, "as good as never ends; wait longer between them, or give up sooner"),
        ({"give_up": 1e12}, "as good as never ends"),
        ({"steps": 60}, r"write a list of seconds, as in steps=\(60, 300\)"),
        ({"steps": "60"}, "write a list of seconds"),
        ({"warn": 0}, "or None for no warning"),
        ({"warn": True}, "or None for no warning"),
        ({"jitter": 1.5}, "write a share of each pause, as in jitter=0.1"),
        ({"jitter": -0.1}, "write a share of each pause"),
    ],
)
def test_other_numbers_that_make_no_schedule(wrong: dict[str, Any], cure: str) -> None:
    with pytest.raises(MisuseError, match=cure):
        Schedule(**wrong)


def test_a_list_of_steps_is_as_good_as_a_tuple() -> None:
    assert Schedule(steps=[60, 120]) == Schedule(steps=(60, 120))  # type: ignore[arg-type]


@pytest.mark.parametrize(("warn", "told"), [(3600, START + 3600), (None, None), (86400, None), (90000, None)])
def test_when_a_sender_is_told_of_a_delay(warn: float | None, told: float | None) -> None:
    assert Schedule(warn=warn, give_up=86400).warns_at(START) == told


@given(st.integers(), st.floats(min_value=0, max_value=1))
def test_a_jitter_lengthens_a_pause_by_its_share_at_most_and_the_same_with_the_same_seed(seed: int, share: float) -> None:
    schedule = Schedule(steps=(100,), jitter=share)
    due = [schedule.next_attempt(1, START, START, random.Random(seed)) for _ in range(2)]
    assert due[0] == due[1] is not None
    assert 100 <= due[0] - START <= 100 * (1 + share) + 1e-3


@pytest.mark.parametrize("wrong", [{"connections": 0}, {"connections": None}, {"letters": 0}, {"letters": True}])
def test_limits_that_let_nothing_through_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MisuseError, match="write a whole number from 1 on"):
        SendingLimits(**wrong)
