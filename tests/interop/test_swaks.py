"""swaks with each extension: a row for each of its options, what it needs to be announced, and what is so afterwards."""

import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from mailharness import Domain, World
from mailharness.trace.events import Accepted, Commanded, LoggedIn, Secured
from tests.interop.running import attempt, run


@dataclass(frozen=True)
class Row:
    """Options of swaks; ``needs`` a keyword, perhaps with a parameter, of our EHLO; what is then seen of the session."""

    options: str
    needs: str = ""
    protocol: str = "ESMTP"
    """As the Received field tells it (RFC 3848)."""
    door: str = "smtp"
    user: str = ""
    mechanism: str = ""
    says: str = ""
    """A command line, or the beginning of one, that we heard."""


LOGIN = "--auth-user alice@acme.test --auth-password secret"
ROWS = {
    "plain": Row(""),
    "HELO": Row("--protocol SMTP", protocol="SMTP", says="HELO desk.far.test"),
    "ESMTP": Row("--protocol ESMTP", says="EHLO desk.far.test"),
    "pipelining": Row("--pipeline", needs="PIPELINING"),
    "STARTTLS": Row("--tls", needs="STARTTLS", protocol="ESMTPS", says="STARTTLS"),
    "STARTTLS if offered": Row("--tls-optional", protocol="ESMTPS", says="STARTTLS"),
    "STARTTLS, TLS 1.2": Row("--tls --tls-protocol tlsv1_2", needs="STARTTLS", protocol="ESMTPS"),
    "pipelining behind STARTTLS": Row("--tls --pipeline", needs="PIPELINING", protocol="ESMTPS"),
    "TLS first": Row("--tls-on-connect", door="submissions", protocol="ESMTPSA", user="alice@acme.test"),
    "ESMTPS": Row("--protocol ESMTPS", needs="STARTTLS", protocol="ESMTPS"),
    "ESMTPA": Row("--protocol ESMTPA", needs="AUTH", door="submission", protocol="ESMTPA", user="alice@acme.test"),
    "ESMTPSA": Row("--protocol ESMTPSA", needs="AUTH", door="submission", protocol="ESMTPSA", user="alice@acme.test"),
    "AUTH PLAIN": Row("--auth PLAIN", "AUTH PLAIN", "ESMTPA", "submission", "alice@acme.test", "PLAIN"),
    "AUTH LOGIN": Row("--auth LOGIN", "AUTH LOGIN", "ESMTPA", "submission", "alice@acme.test", "LOGIN"),
    "AUTH CRAM-MD5": Row("--auth CRAM-MD5", "AUTH CRAM-MD5", "ESMTPA", "submission", "alice@acme.test", "CRAM-MD5"),
    "AUTH over TLS": Row("--tls --auth PLAIN", "AUTH PLAIN", "ESMTPSA", "submission", "alice@acme.test", "PLAIN"),
    "LMTP": Row("--protocol LMTP", door="lmtp", protocol="LMTP", says="LHLO"),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(Domain("acme.test", users=["alice", "bob"])) as world:
        assert world.user("alice@acme.test").password == "secret"
        yield world
        world.assert_conserved()


def announced(world: World, door: str, *, tls: bool) -> dict[str, str]:
    """Keywords and parameters of the EHLO at that door, in upper case."""
    with smtplib.SMTP(*getattr(world["acme.test"], "submission" if door != "smtp" else "smtp")) as client:
        if tls:
            client.starttls(context=world.ssl_context())
        client.ehlo("desk.far.test")
        return {keyword.upper(): parameters.upper() for keyword, parameters in client.esmtp_features.items()}


def is_offered(world: World, row: Row) -> bool:
    """Whether what the row needs is announced at its door."""
    keyword, _, parameter = row.needs.partition(" ")
    offered = announced(world, row.door, tls=bool(parameter))
    return keyword in offered and (not parameter or parameter in offered[keyword].split())


def command(world: World, program: Callable[[str], str], row: Row, *more: str) -> list[object]:
    host, port = getattr(world["acme.test"], row.door)
    login = LOGIN.split() if row.user else []
    envelope = ("--from", row.user or "joe@far.test", "--to", "bob@acme.test", "--helo", "desk.far.test")
    return [program("swaks"), "--server", host, "--port", port, *envelope, *row.options.split(), *login, *more]


@pytest.mark.parametrize("name", ROWS)
def test_a_letter_arrives_by_each_extension(world: World, program: Callable[[str], str], name: str) -> None:
    row = ROWS[name]
    assert not row.needs or is_offered(world, row)
    run(*command(world, program, row, "--header", f"Subject: by {name}"))
    letter = world.wait_for(to="bob@acme.test", subject=f"by {name}")
    letter.trace.assert_delivered()
    accepted = next(event for event in world.journal.of_letter(letter.number) if isinstance(event, Accepted))
    received = world.user("bob@acme.test").inbox[-1].header("Received") or ""
    assert f" with {row.protocol} id " in received
    events = [event for event in world.journal.events if event.session == accepted.session]
    said = [event.line for event in events if isinstance(event, Commanded)]
    assert any(line.startswith(row.says) for line in said)
    logins = [event for event in events if isinstance(event, LoggedIn)]
    assert [event.user for event in logins] == ([row.user] if row.user else [])
    assert not row.mechanism or logins[0].mechanism == row.mechanism
    assert any(isinstance(event, Secured) for event in events) == row.protocol.startswith("ESMTPS")


@pytest.mark.parametrize("quit_after", ["CONNECT", "EHLO", "MAIL", "RCPT"])
def test_one_that_leaves_early_leaves_nothing(world: World, program: Callable[[str], str], quit_after: str) -> None:
    before = len(world.user("bob@acme.test").inbox)
    run(*command(world, program, ROWS["plain"], "--quit-after", quit_after))
    world.settle()
    assert len(world.user("bob@acme.test").inbox) == before


@pytest.mark.parametrize("drop_after", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_one_that_hangs_up_leaves_nothing(world: World, program: Callable[[str], str], drop_after: str) -> None:
    before = len(world.user("bob@acme.test").inbox)
    attempt(*command(world, program, ROWS["plain"], "--drop-after", drop_after))
    world.settle()
    assert len(world.user("bob@acme.test").inbox) == before


def test_pipelined_recipients_are_each_answered(world: World, program: Callable[[str], str]) -> None:
    more = ("--to", "bob@acme.test,nobody@acme.test,alice@acme.test", "--header", "Subject: three")
    told = attempt(*command(world, program, Row("--pipeline"), *more)).stdout.decode()
    assert "<** 550 5.1.1 No such user here" in told
    assert told.count("250 2.1.5 Recipient OK") == 2
    letter = world.wait_for(subject="three")
    assert letter.trace.status["alice@acme.test"] == letter.trace.status["bob@acme.test"] == "delivered"
