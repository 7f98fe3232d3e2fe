"""Postfix's smtp-source as a client in a hurry: every letter that it was told of as taken is there, once.

It knows no PIPELINING; what pipelines towards us is Postfix itself, and swaks.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mailharness import Domain, World
from mailharness.trace.events import Closed, Opened
from tests.interop.nameservers import find_server
from tests.interop.running import run

LETTERS, SESSIONS = 1_000, 10
USERS = [f"{n}bob" for n in range(LETTERS + 1)]


@pytest.fixture
def world() -> Iterator[World]:
    with World(Domain("acme.test", users=["bob", *USERS])) as world:
        yield world
        world.assert_conserved()


def source(world: World, program: Callable[[str], str], *options: object) -> None:
    """Have it send; it ends with an error at the first reply that it does not like."""
    names = ("-f", "joe@far.test", "-t", "bob@acme.test", "-M", "source.far.test", "-S", "in a hurry")
    run(find_server(program, "smtp-source"), *names, *options, "{}:{}".format(*world["acme.test"].smtp))
    world.settle()


def taken(world: World) -> Counter[str]:
    """How many letters each user has."""
    return Counter({user.address.local: n for user in world.users if (n := len(user.inbox))})


@pytest.mark.parametrize("options", [("-l", 1_000), ("-d", "-l", 1_000), ("-d",)], ids=["new", "kept", "empty"])
def test_a_thousand_letters_over_ten_sessions(world: World, program: Callable[[str], str], options: list[object]) -> None:
    source(world, program, "-s", SESSIONS, "-m", LETTERS, *options)
    assert taken(world) == {"bob": LETTERS}
    letters = {bytes(message) for message in world.user("bob@acme.test").inbox}
    assert len(letters) == LETTERS
    sessions = len(world.journal.of_kind(Opened))
    assert sessions == SESSIONS if "-d" in options else sessions == LETTERS
    assert Counter(event.how for event in world.journal.of_kind(Closed)) == {"quit": sessions}


def test_each_letter_has_a_recipient_of_its_own(world: World, program: Callable[[str], str]) -> None:
    source(world, program, "-N", "-s", SESSIONS, "-m", LETTERS)
    there = taken(world)
    assert len(there) == LETTERS
    assert set(there.values()) == {1}


def test_many_recipients_and_large_letters(world: World, program: Callable[[str], str]) -> None:
    source(world, program, "-r", 50, "-s", 5, "-m", 20, "-l", 200_000)
    there = taken(world)
    assert (len(there), set(there.values())) == (50, {20})
    assert all(len(message) > 200_000 for message in world.user("7bob@acme.test").inbox)
