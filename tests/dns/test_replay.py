"""Every story of ``tests/dns/replay_stories.py``, and that a replay can fail."""

import pytest

from tests.dns.replay import Replay, stories
from tests.dns.replay_stories import STORIES

TALES = stories(STORIES)


@pytest.mark.parametrize("story", TALES)
def test_story(story: str) -> None:
    replay = Replay()
    for line in TALES[story]:
        replay.play(line.replace("LONG", "x" * 200))
    assert replay.last.question.name


def test_there_are_stories_enough() -> None:
    assert len(TALES) >= 25


@pytest.mark.parametrize(
    "line", ["ask w.b.tst A -> 127.9.0.2", "ask w.b.tst A -> NXDOMAIN", "asked nobody", "ttl 1", "took 1", "knows it"]
)
def test_a_replay_fails_where_it_is_not_so(line: str) -> None:
    replay = Replay()
    for step in ("has b.tst: w.b.tst A 300 127.9.0.1", "ask w.b.tst A -> 127.9.0.1"):
        replay.play(step)
    with pytest.raises(AssertionError):
        replay.play(line)


def test_what_is_no_step_is_refused() -> None:
    with pytest.raises(ValueError, match="no step"):
        Replay().play("ask nicely")
