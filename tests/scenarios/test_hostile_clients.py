"""Clients that say what no client should: each gets whole lines or a clean end, and the next client is served as ever."""

import imaplib
import poplib
import re
import socket
from collections.abc import Iterator

import pytest

from mailharness import Domain, Host, World
from tests.corpus.hostile import IMAP, POP3
from tests.imap.test_fuzz import is_whole

SECONDS = 20


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    gmail = Domain("g.test", users=["bob"], host=Host(imap="gmail"))
    with World(Domain("b.test", users=["bob"]), gmail) as world:
        for name in ("b.test", "g.test"):
            world.user(f"bob@{name}").send(to=f"bob@{name}", subject="Hello").trace.assert_delivered()
        yield world


def conversation(endpoint: tuple[str, int], opening: bytes, octets: bytes) -> bytes:
    """All that a server says to these octets, until it hangs up on who says no more."""
    with socket.create_connection(endpoint, timeout=SECONDS) as client:
        client.sendall(opening + octets)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize("name", IMAP)
@pytest.mark.parametrize("domain", ["b.test", "g.test"])
def test_imap_goes_on(world: World, domain: str, name: str) -> None:
    said = conversation(world[domain].imap, b"o1 LOGIN bob secret\r\no2 SELECT INBOX\r\n", IMAP[name])
    assert b"\r\no2 OK" in said
    assert is_whole(said) or name == "COMPRESS and plain text"
    answers = re.findall(rb"\r\na ([A-Z]+)", said)
    assert set(answers) <= {b"BAD", b"NO"} or name in TAKEN
    client = imaplib.IMAP4(*world[domain].imap, timeout=SECONDS)
    assert client.login("bob", "secret")[0] == "OK"
    assert client.select("INBOX") == ("OK", [b"1"])
    client.logout()


TAKEN = (
    "AUTHENTICATE and no answer",  # the LOGOUT before it is answered
    "COMPRESS and plain text",
    "a set of the whole world",
    "line ends of all kinds",
)
"""Where something is as it should be."""


@pytest.mark.parametrize("name", POP3)
def test_pop3_goes_on(world: World, name: str) -> None:
    said = conversation(world["b.test"].pop3, b"USER bob\r\nPASS secret\r\n", POP3[name])
    assert said.endswith(b"\r\n")
    lines = said.split(b"\r\n")[3:-1]
    assert all(line.startswith((b"-ERR", b"+ ")) for line in lines) or name in TAKEN
    client = poplib.POP3(*world["b.test"].pop3, timeout=SECONDS)
    client.user("bob")
    client.pass_("secret")
    assert client.stat()[0] == 1
    client.quit()
