"""Our IMAP server and Dovecot tell the same stories; where they differ, the story says whose answer it is, and why."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailharness import Domain, World
from tests.conformance import dovecot
from tests.conformance.dialogue import Session
from tests.conformance.stories import Story, read, tell
from tests.pop3.conformance import LETTERS, TABLE, hold, stable_unique_ids

FILES = sorted((Path(__file__).parent / "imap").glob("*.txt"))
STORIES = {f"{file.stem}: {story.title}": story for file in FILES for story in read(file)}
PEOPLE = 1 + len(STORIES) + len(TABLE) + 1
"""One more than there are tests of a server."""


@pytest.fixture(scope="module", params=["mailharness", "dovecot"])
def server(request: pytest.FixtureRequest, program: Callable[[str], str]) -> Iterator[tuple[str, dovecot.Doors]]:
    if request.param == "mailharness":
        with World(Domain("b.test", users=[f"user{number}" for number in range(PEOPLE)])) as world:
            yield request.param, dovecot.Doors(world["b.test"].imap, world["b.test"].pop3)
            world.assert_conserved()
    else:
        with dovecot.running(program("dovecot")) as doors:
            yield request.param, doors


@pytest.fixture(scope="module")
def numbers(server: tuple[str, dovecot.Doors]) -> Iterator[int]:
    return itertools.count()


@pytest.fixture
def user(numbers: Iterator[int]) -> str:
    """Somebody whom nobody has been before."""
    return f"user{next(numbers)}"


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_story(server: tuple[str, dovecot.Doors], user: str, story: Story) -> None:
    kind, doors = server
    told = tell(story, doors.imap, user)
    heard = [answer for step, answer in zip(story.steps, told, strict=True) if step.counts(kind)]
    assert heard == [step.answer for step in story.steps if step.counts(kind)]
    assert all(
        answer[-1].startswith(("OK", "+")) for step, answer in zip(story.steps, told, strict=True) if step.must_succeed
    )


def test_there_are_enough_stories() -> None:
    """Sixty and more of two sessions, and a hundred and more of one."""
    crowds = [len({step.who for step in story.steps}) for story in STORIES.values()]
    assert len([size for size in crowds if size > 1]) >= 60
    assert len(STORIES) >= 160


@pytest.fixture
def reader(server: tuple[str, dovecot.Doors], user: str) -> str:
    """Somebody with two letters to be had by POP3."""
    with contextlib.closing(Session(server[1].imap, user)) as session:
        for letter in LETTERS:
            text = letter.decode().replace("\r\n", "|")
            session.say(f"APPEND INBOX {{{len(letter)}+}}|{text}")
        assert "2 EXISTS" in str(session.say("SELECT INBOX"))
    return user


@pytest.mark.parametrize("conversation", TABLE.values(), ids=TABLE.keys())
def test_pop3(server: tuple[str, dovecot.Doors], reader: str, conversation: tuple[str, ...]) -> None:
    assert hold(conversation, server[1].pop3, reader, "secret") == []


def test_unique_ids_are_stable(server: tuple[str, dovecot.Doors], reader: str) -> None:
    first, second = stable_unique_ids(server[1].pop3, reader, "secret")
    assert (first, len({line.split()[1] for line in first})) == (second, 2)
