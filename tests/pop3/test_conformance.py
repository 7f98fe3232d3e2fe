"""The table of conformance against our server, said line by line and all at once.

Dovecot gives the same answers to the whole table (tests/conformance). Beside it, the two differ so: Dovecot has neither
UTF8 nor LANG, takes arguments where a command has none (``NOOP now``), an empty ``USER``, lines of more than 255 octets;
it waits for seconds after a failed login. ``IMPLEMENTATION``, ``EXPIRE`` and ``LOGIN-DELAY`` it does not announce.
"""

import imaplib
from collections.abc import Iterator

import pytest

from mailharness import Domain, World
from tests.pop3.conformance import LETTERS, TABLE, apop, hold, stable_unique_ids

BOB = ("bob", "secret")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(Domain("b.test", users=["bob"])) as world:
        with imaplib.IMAP4(*world["b.test"].imap, timeout=10) as client:
            client.login(*BOB)
            for letter in LETTERS:
                client.append("INBOX", "", "", letter)
        yield world
        world.assert_conserved()


@pytest.mark.parametrize("pipelined", [False, True])
@pytest.mark.parametrize("conversation", TABLE.values(), ids=TABLE.keys())
def test_conversation(world: World, conversation: tuple[str, ...], pipelined: bool) -> None:
    assert hold(conversation, world["b.test"].pop3, *BOB, pipelined=pipelined) == []
    world.settle()


def test_unique_ids_are_stable(world: World) -> None:
    first, second = stable_unique_ids(world["b.test"].pop3, *BOB)
    assert (first, len({line.split()[1] for line in first})) == (second, 2)


def test_apop(world: World) -> None:
    assert apop(world["b.test"].pop3, *BOB).startswith("+OK")
