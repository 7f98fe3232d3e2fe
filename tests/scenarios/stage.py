"""The stage of the stories: worlds whose books are checked when the curtain falls, and the usual cast."""

import contextlib
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from mailharness import Domain, Message, User, World
from mailharness.faults import PASS, Fault, Verdict
from mailharness.trace.events import Event

ACME = Domain("acme.test", users=["alice", "carol"])
GLOBEX = Domain("globex.test", users=["bob", "dave"])
GLOBEX_TWO_MX = Domain("globex.test", users=["bob", "dave"], mx=["mx1", "mx2"])


@contextlib.contextmanager
def playing(*domains: Domain, **more: Any) -> Iterator[World]:
    """A world of ACME and GLOBEX unless told otherwise; every letter is accounted for when its story has ended."""
    with World(*(domains or (ACME, GLOBEX)), **more) as world:
        yield world
        world.assert_conserved()


def cast(world: World) -> tuple[User, User]:
    """The one who writes, and the one who is written to."""
    return world.user("alice@acme.test"), world.user("bob@globex.test")


def whenever(matches: Callable[[Event], bool], verdict: Verdict, *, times: int | None = 1) -> Fault:
    """A fault of the story's own: ``verdict`` for the events that match."""
    return Fault(f"the story's own {verdict}", lambda event: verdict if matches(event) else PASS, times)


def as_email(message: Message) -> EmailMessage:
    """A message as the standard library reads it."""
    parsed = message_from_bytes(bytes(message), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed
