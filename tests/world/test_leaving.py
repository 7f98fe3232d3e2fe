"""Nothing of a redirected process leaves its world, and nothing that tries to goes unheard."""

import asyncio
import contextlib
import smtplib
import socket
from collections.abc import Iterator

import dns.resolver
import imapclient
import pytest

from mailharness import Domain, EgressError, MisuseError, World
from mailharness.net.redirect import Redirection


@pytest.fixture
def world() -> Iterator[World]:
    with World(Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"])) as running:
        yield running


@pytest.fixture
def inside(world: World) -> Iterator[Redirection]:
    with world.redirected() as redirection:
        yield redirection


def ask_dnspython() -> None:
    dns.resolver.resolve("far.example", "MX")


def send_a_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"hello", ("192.0.2.1", 514))


def send_a_datagram_in_parts() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendmsg([b"hel", b"lo"], [], 0, ("192.0.2.1", 514))


def connect_without_an_error() -> None:
    with socket.socket() as sock:
        sock.connect_ex(("192.0.2.1", 443))


LEAVING = [
    (lambda: smtplib.SMTP("smtp.far.example", 587), "smtp.far.example", 587),
    (lambda: imapclient.IMAPClient("192.0.2.1"), "192.0.2.1", 993),
    (lambda: socket.create_connection(("mail.acme.tset", 25)), "mail.acme.tset", 25),
    (lambda: socket.gethostbyname("far.example"), "far.example", None),
    (lambda: socket.gethostbyaddr("192.0.2.1"), "192.0.2.1", None),
    (lambda: asyncio.run(asyncio.open_connection("far.example", 25)), "far.example", 25),
    (send_a_datagram, "192.0.2.1", 514),
    (send_a_datagram_in_parts, "192.0.2.1", 514),
    (connect_without_an_error, "192.0.2.1", 443),
    (ask_dnspython, "far.example", None),
]


@pytest.mark.parametrize(("leave", "host", "port"), LEAVING)
def test_what_leaves_raises_there_and_at_the_end_if_it_was_swallowed(world, leave, host, port) -> None:
    redirected = world.redirected()
    redirection = redirected.__enter__()
    with pytest.raises(Exception, match="is not in this world, and nothing may leave it"):
        leave()
    with pytest.raises(EgressError, match="this was tried") as unheard:
        redirected.__exit__(None, None, None)
    (attempt,) = redirection.attempts
    assert (attempt.host, attempt.port) == (host, port)
    assert str(attempt) in str(unheard.value)


def swallowed_and_then_another() -> None:
    with contextlib.suppress(OSError):
        smtplib.SMTP("far.example")
    raise KeyError("something else")


def test_what_the_block_failed_by_is_told_once_and_the_rest_beside_it(world: World) -> None:
    with pytest.raises(EgressError, match=r"far\.example port 25") as caught, world.redirected():
        smtplib.SMTP("far.example")
    assert not hasattr(caught.value, "__notes__")

    with pytest.raises(KeyError) as other, world.redirected():
        swallowed_and_then_another()
    assert "far.example port 25" in other.value.__notes__[0]


def test_attempts_can_be_forgiven(world: World) -> None:
    with world.redirected() as redirection:
        with pytest.raises(EgressError):
            smtplib.SMTP("far.example")
        redirection.attempts.clear()
    assert redirection.attempts == []


def test_what_is_allowed_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    there = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.9", 5432))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest: there if host == "db.far.example" else real(host, *rest))
    connected: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _sock, address: connected.append(address), raising=False)
    with world.redirected(allow=["db.far.example", "198.51.100.0/24"]) as redirection:
        socket.create_connection(("db.far.example", 5432)).close()
        socket.create_connection(("198.51.100.7", 443)).close()
    assert connected == [("192.0.2.9", 5432), ("198.51.100.7", 443)]
    assert redirection.attempts == []


@pytest.mark.parametrize("allow", ["db.test", [1], [""], ["db.test:5432"], 3])
def test_what_cannot_be_allowed_is_refused_at_the_call(world: World, allow: object) -> None:
    with pytest.raises(MisuseError, match="allow"), world.redirected(allow=allow):  # type: ignore[arg-type]
        pass
    assert Redirection.current is None


def test_loopback_and_local_sockets_are_untouched(inside: Redirection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("localhost", "127.0.0.1"):
            with socket.create_connection((host, server.getsockname()[1])) as client:
                assert client.getpeername() == server.getsockname()
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        one.sendall(b"x")
        assert other.recvfrom(1) == (b"x", None)
    assert inside.attempts == []


def test_endpoints_of_the_world_are_reached_as_ever(world: World, inside: Redirection) -> None:
    with smtplib.SMTP(*world["acme.test"].submission) as smtp:
        smtp.sendmail("alice@acme.test", ["bob@globex.test"], "Subject: Hello\r\n\r\nHello\r\n")
    assert world.user("bob@globex.test").fetch(via="imap")[0].subject == "Hello"
    assert inside.attempts == []
