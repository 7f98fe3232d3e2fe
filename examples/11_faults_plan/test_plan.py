"""A night of faults, described in plan.toml beside this file: kept with a bug's report, replayed until it is mended.

``faults.to_toml`` writes such a plan from the faults of a test, seeds included.
"""

from pathlib import Path

import pytest

from mailharness import Domain, MisuseError, faults

PLAN = Path(__file__).with_name("plan.toml")


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"], mx=["mx1", "mx2"]))


def night(world):
    """Ten letters in the night; what arrives, in order."""
    alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")
    with world.fault(*faults.read_plan(PLAN)):
        for number in range(10):
            alice.send(to=bob, subject=f"Letter {number}")
            world.clock.advance(minutes=20)
        world.clock.advance(days=1)
    return bob.inbox.subjects


def test_nothing_is_lost_in_the_night(world):
    arrived = night(world)

    assert set(arrived) == {f"Letter {number}" for number in range(10)}
    assert len(arrived) == 11  # one came twice: its reply was lost
    world.assert_conserved()


def test_the_night_can_be_told_again():
    plan = faults.read_plan(PLAN)

    assert [str(fault) for fault in faults.from_toml(faults.to_toml(plan))] == [str(fault) for fault in plan]


def test_a_slip_in_a_plan_is_told_where_it_stands(tmp_path):
    slipped = tmp_path / "plan.toml"
    slipped.write_text(PLAN.read_text().replace("lose_reply", "loose_reply"))

    with pytest.raises(MisuseError, match=r"fault 2: 'smtp\.loose_reply'; did you mean 'smtp\.lose_reply'\?"):
        faults.read_plan(slipped)
