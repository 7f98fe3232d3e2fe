"""imaplib and poplib as bob's mail programs, in a world where two letters wait for him."""

import contextlib
import imaplib
import poplib
import socket
from collections.abc import Callable, Iterator
from typing import Any

from mailharness import World
from tests.scenarios.stage import cast, playing

HOST, BOB = "mail.globex.test", "bob@globex.test"


@contextlib.contextmanager
def two_letters() -> Iterator[World]:
    """bob has two letters; every letter is accounted for when the story has ended."""
    with playing() as world:
        alice, bob = cast(world)
        for subject in ("first", "second"):
            alice.send(to=bob, subject=subject, text="Hello Bob, this is all.")
        world.settle()
        yield world
        world.settle()


def experience(call: Callable[[], Any]) -> str:
    """What a call returns, or the exception that it raises, as text."""
    try:
        return str(call())
    except (OSError, imaplib.IMAP4.error, poplib.error_proto, EOFError) as error:
        return f"{type(error).__name__} {error}"


def imap(world: World, *, login: bool = True, select: bool = True, timeout: float = 10) -> imaplib.IMAP4:
    client = imaplib.IMAP4(*world["globex.test"].imap, timeout=timeout)
    if login:
        client.login("bob", "secret")
    if login and select:
        client.select()
    return client


class Tidy(poplib.POP3):
    """poplib, but for the socket that it forgets where the greeting is none."""

    def _create_socket(self, timeout: float) -> socket.socket:
        self.made: socket.socket = super()._create_socket(timeout)  # type: ignore[misc]
        return self.made

    def _getresp(self) -> bytes:
        try:
            return super()._getresp()  # type: ignore[misc,no-any-return]
        except (OSError, poplib.error_proto):
            if not hasattr(self, "welcome"):
                self.made.close()
            raise


def pop3(world: World, *, login: bool = True, timeout: float = 10) -> poplib.POP3:
    client = Tidy(*world["globex.test"].pop3, timeout=timeout)
    if login:
        client.user("bob")
        client.pass_("secret")
    return client
