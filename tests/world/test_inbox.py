"""An inbox is searched by what a person would say of a message, and says what lies there when it cannot be found."""

import re
from collections.abc import Iterator

import pytest

from mailharness import ExpectationError, MisuseError, World
from mailharness.world import Inbox
from tests.scenarios.stage import cast, playing


@pytest.fixture
def world() -> Iterator[World]:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="Welcome, Bob", text="Your code is 123 456: https://acme.test/c?x=1")
        world.settle()
        alice.send(to=bob, subject="Invoice 7", html="<p>Pay <a href='https://acme.test/pay'>here</a></p>")
        world.settle()
        world.user("dave@globex.test").send(to=bob, subject="Lunch?")
        yield world


@pytest.fixture
def inbox(world: World) -> Inbox:
    return world.user("bob@globex.test").inbox


FOUND = [
    ({"subject": "Invoice 7"}, ["Invoice 7"]),
    ({"subject": re.compile("^(Invoice|Lunch)")}, ["Invoice 7", "Lunch?"]),
    ({"subject": "Invoice"}, []),
    ({"body": "code is"}, ["Welcome, Bob"]),
    ({"body": re.compile(r"\d{3} \d{3}")}, ["Welcome, Bob"]),
    ({"sender": "ALICE@acme.test", "subject": re.compile("o")}, ["Welcome, Bob", "Invoice 7"]),
    ({}, ["Welcome, Bob", "Invoice 7", "Lunch?"]),
]


@pytest.mark.parametrize(("description", "subjects"), FOUND)
def test_matching(inbox: Inbox, description: dict[str, object], subjects: list[str]) -> None:
    assert inbox.matching(**description).subjects == subjects


def test_only(world: World, inbox: Inbox) -> None:
    assert inbox.only(sender=world.user("dave@globex.test")).subject == "Lunch?"
    welcome = inbox.only(subject=re.compile("Welcome"))
    assert (welcome.codes, welcome.links) == (["123456"], ["https://acme.test/c?x=1"])
    assert inbox.only(subject="Invoice 7").links == ["https://acme.test/pay"]


def test_what_is_not_the_only_one_is_told_with_all_that_lies_there(world: World, inbox: Inbox) -> None:
    with pytest.raises(ExpectationError) as none:
        inbox.only(subject="Welcome")
    assert str(none.value).splitlines() == [
        "expected exactly one message (subject='Welcome') in the inbox of bob@globex.test; 0 of 3 fit:",
        "  from alice@acme.test, subject 'Welcome, Bob'",
        "  from alice@acme.test, subject 'Invoice 7'",
        "  from dave@globex.test, subject 'Lunch?'",
    ]
    with pytest.raises(ExpectationError, match=r"in the inbox of bob@globex\.test; 3 fit:"):
        inbox.only()
    with pytest.raises(ExpectationError, match=r"in the inbox of alice@acme\.test; 0 fit:\n  it is empty"):
        world.user("alice@acme.test").inbox.only()


@pytest.mark.parametrize("wrong", [{"subject": 7}, {"body": b"bytes"}, {"sender": "nobody"}])
def test_what_describes_no_message_is_refused(inbox: Inbox, wrong: dict[str, object]) -> None:
    with pytest.raises(MisuseError):
        inbox.only(**wrong)


def test_the_nearest_of_what_came_is_told_first(world: World) -> None:
    with pytest.raises(ExpectationError) as late:
        world.wait_for(to="bob@globex.test", sender="dave@globex.test", subject="Dinner?", timeout=0.01)
    first, *came = str(late.value).splitlines()
    assert first.endswith("came within 0.01 s; what came, the nearest first:")
    assert came[0] == "  letter 3: dave@globex.test -> bob@globex.test, subject 'Lunch?' (another subject)"
    assert came[1].endswith("subject 'Welcome, Bob' (another sender and subject)")
