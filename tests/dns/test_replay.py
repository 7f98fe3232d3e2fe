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


def test_the_whole_walk_is_told() -> None:
    replay = Replay()
    for line in """zone far at ns.far 127.1.0.9
        zone d.tst at ns.far 127.1.0.9
        has b.tst: w.b.tst CNAME 300 w.d.tst
        has d.tst: w.d.tst A 60 127.9.0.1
        ns.b.tst is late by 2
        ask w.b.tst A -> 127.9.0.1
        pass 100""".splitlines():
        replay.play(line.strip())
    assert replay.last.walk == (
        "A w.b.tst: not in the cache; from the root",
        "A w.b.tst? asked ns.root (127.1.0.1): referral to tst (ns.tst 127.1.0.2; 3600 s)",
        "A w.b.tst? asked ns.tst (127.1.0.2): referral to b.tst (ns.b.tst 127.1.0.3; 3600 s)",
        "A w.b.tst? asked ns.b.tst (127.1.0.3): timed out after 1.5 s",
        "A w.b.tst? asked ns.b.tst (127.1.0.3): CNAME w.d.tst (300 s)",
        "A w.d.tst: not in the cache; from tst, known for 3597 s more",
        "A w.d.tst? asked ns.tst (127.1.0.2): referral to d.tst (ns.far; 3600 s)",
        "the address of ns.far has to be looked up:",
        "  A ns.far: not in the cache; from the root",
        "  A ns.far? asked ns.root (127.1.0.1): referral to far (ns.far 127.1.0.9; 3600 s)",
        "  A ns.far? asked ns.far (127.1.0.9): 127.1.0.9 (3600 s)",
        "A w.d.tst? asked ns.far (127.1.0.9): 127.9.0.1 (60 s)",
    )
    replay.play("ask w.b.tst A -> 127.9.0.1")
    assert replay.last.walk == (
        "in the cache: w.b.tst CNAME: w.d.tst (200 s left)",
        "A w.d.tst: not in the cache; from d.tst, known for 3500 s more",
        "A w.d.tst? asked ns.far (127.1.0.9): 127.9.0.1 (60 s)",
    )
