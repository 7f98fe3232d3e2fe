"""The same letters by other ways: through a gateway, over TLS, and by the programs that a world's own users have."""

from collections.abc import Iterator
from typing import Literal

import pytest

from mailharness import Domain, Gateway, World
from tests import corpus
from tests.interop.trace_header import below_the_trace

PLAIN = [name for name in corpus.NAMES if name not in ("no_final_crlf", "international")]
"""Letters that a user of an ASCII name can send as they are."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    gateway = Gateway(max_size=40_000_000, words=["casino"], deceptive_links=True)
    domains = (
        Domain("exampleA.tst", users=["userA"]),
        Domain("exampleB.tst", users=PLAIN),
        Domain("exampleC.tst", users=PLAIN, gateway=gateway),
    )
    with World(*domains) as world:
        yield world
        world.assert_conserved()


@pytest.mark.parametrize("name", PLAIN)
def test_a_gateway_that_lets_a_letter_through_changes_no_octet(world: World, name: str) -> None:
    user = world.user(f"{name}@exampleC.tst")
    letter = world.user("userA@exampleA.tst").send(to=user, message=corpus.read(name))
    letter.trace.assert_delivered(via="gateway.exampleC.tst")
    (message,) = user.inbox
    assert below_the_trace(bytes(message), hosts=3) == corpus.read(name)


@pytest.mark.parametrize("name", PLAIN)
def test_a_worlds_own_programs_change_no_octet_over_tls(world: World, name: str) -> None:
    user = world.user(f"{name}@exampleB.tst")
    world.user("userA@exampleA.tst").send(to=user, message=corpus.read(name), tls=True, login=True)
    world.settle()
    ways: tuple[Literal["imap", "pop3"], ...] = ("imap", "pop3")
    for via in ways:
        (message,) = user.fetch(via=via, tls=True)
        assert below_the_trace(bytes(message)) == corpus.read(name)
