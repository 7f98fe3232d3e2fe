"""The worlds that programs of others visit: one a module, since each test has users or mailboxes of its own."""

from collections.abc import Iterator

import pytest

from mailharness import Domain, World
from mailharness.world import Site


@pytest.fixture(scope="module")
def story() -> Iterator[World]:
    """Two domains, as in the story; more than one test may write and read in them."""
    users = ("userA", "jürgen"), ("userB", "李")
    with World(Domain("exampleA.tst", users=users[0]), Domain("exampleB.tst", users=users[1])) as world:
        yield world
        world.assert_conserved()


@pytest.fixture(scope="module")
def site(story: World) -> Site:
    """Where userB reads."""
    return story["exampleB.tst"]
