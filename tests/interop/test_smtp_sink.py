"""Postfix's smtp-sink as the next hop: our relay speaks to a stranger, who may refuse or hang up at any word."""

import contextlib
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailharness import Domain, Host, World
from mailharness.world import Endpoint, Letter
from tests import corpus
from tests.interop.nameservers import find_server
from tests.interop.running import Running

ATTEMPTS = 10_000
FAR = Domain("far.test", mx=[Host("mx", external=True)])


@pytest.fixture
def world() -> Iterator[World]:
    with World(Domain("acme.test", users=["alice"]), FAR) as world:
        yield world
        world.assert_conserved()


@contextlib.contextmanager
def running_sink(program: Callable[[str], str], at: Endpoint, *options: object) -> Iterator[Running]:
    """smtp-sink at that address, which tells every command it hears."""
    nobody = ("-u", "nobody") if os.geteuid() == 0 else ()
    sink = Running([find_server(program, "smtp-sink"), "-v", *nobody, *options, "{}:{}".format(*at), 100])
    try:
        sink.wait_for("trying")
        assert any(answers(at) for _ in range(ATTEMPTS)), sink.log
        yield sink
    finally:
        sink.stop()


def answers(at: Endpoint) -> bool:
    try:
        socket.create_connection(at).close()
    except ConnectionRefusedError:
        return False
    return True


FATES = {
    "takes all": ((), "relayed", "250"),
    "knows no ESMTP": (("-e",), "relayed", "250"),
    "announces no pipelining": (("-p",), "relayed", "250"),
    "announces no enhanced codes": (("-E",), "relayed", "250"),
    "refuses EHLO": (("-f", "EHLO"), "relayed", "250"),
    "refuses MAIL for good": (("-f", "MAIL"), "bounced", "5.3.0"),
    "refuses RCPT for good": (("-f", "RCPT"), "bounced", "5.3.0"),
    "refuses DATA for good": (("-f", "DATA"), "bounced", "5.3.0"),
    "refuses the letter for good": (("-f", "."), "bounced", "5.3.0"),
    "refuses MAIL for now": (("-r", "MAIL"), "queued", "450 4.3.0 Error: command failed"),
    "refuses RCPT for now": (("-r", "RCPT"), "queued", "450 4.3.0 Error: command failed"),
    "refuses DATA for now": (("-r", "DATA"), "queued", "450 4.3.0 Error: command failed"),
    "refuses the letter for now": (("-r", "."), "queued", "450 4.3.0 Error: command failed"),
    "has words of its own": (("-r", "RCPT", "-b", "452 4.2.2 overquota"), "queued", "452 4.2.2 overquota"),
    "goes away at RCPT": (("-Q", "RCPT"), "queued", "421"),
    "goes away at MAIL": (("-Q", "MAIL"), "queued", "421"),
    "hangs up at once": (("-q", "CONNECT"), "queued", "451"),
    "hangs up at EHLO": (("-q", "EHLO"), "queued", "451"),
    "hangs up at MAIL": (("-q", "MAIL"), "queued", "451"),
    "hangs up at RCPT": (("-q", "RCPT"), "queued", "451"),
    "hangs up at DATA": (("-q", "DATA"), "queued", "451"),
    "hangs up at the dot": (("-q", "."), "queued", "451"),
}
"""What it does, by which options; then the letter's fate, and the reply or status that is the reason."""


CLAIMS: dict[str, Callable[[Letter, str], None]] = {
    "relayed": lambda letter, why: letter.trace.assert_not_delivered(),
    "queued": lambda letter, why: letter.trace.assert_queued(at="mail.acme.test", reply=why),
    "bounced": lambda letter, why: letter.trace.assert_bounced(status=why),
}


@pytest.mark.parametrize("case", FATES)
def test_what_becomes_of_a_letter(world: World, program: Callable[[str], str], case: str) -> None:
    options, fate, why = FATES[case]
    with running_sink(program, world.host("mx.far.test").smtp, *options) as sink:
        letter = world.user("alice@acme.test").send(to="someone@far.test", subject="sinking")
        assert letter.trace.status == {"someone@far.test": fate}
        CLAIMS[fate](letter, why)
        assert len(world.user("alice@acme.test").inbox) == (fate == "bounced")
        if fate == "queued":
            world.clock.advance(days=6)
            letter.trace.assert_bounced()
    heard_of = any("MAIL FROM:<alice@acme.test>" in line for line in sink.log)
    assert heard_of == (not {"CONNECT", "EHLO"}.intersection(options) or fate == "relayed")
    assert connections(sink) > 20 or fate != "queued"


def connections(sink: Running) -> int:
    """How many there have been, ours to see whether it listens among them; asked when it has ended and told all."""
    return sum("connect (AF_INET" in line for line in sink.log)


def test_what_was_refused_for_now_goes_when_it_may(world: World, program: Callable[[str], str]) -> None:
    with running_sink(program, world.host("mx.far.test").smtp, "-r", "RCPT"):
        letter = world.user("alice@acme.test").send(to="someone@far.test")
        letter.trace.assert_queued(at="mail.acme.test", reply=450)
    with running_sink(program, world.host("mx.far.test").smtp):
        world.clock.advance(hours=1)
        assert letter.trace.status == {"someone@far.test": "relayed"}


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder in which everybody may write, and whose way is open to all."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.mark.parametrize("name", ["dots", "eight_bit", "attachments", "long_lines"])
def test_it_gets_the_octets_that_were_sent(world: World, program: Callable[[str], str], name: str) -> None:
    """Its dump has LF for CRLF, and ends in an empty line of its own."""
    with open_folder() as folder, running_sink(program, world.host("mx.far.test").smtp, "-d", folder / "dump."):
        letter = world.user("alice@acme.test").send(to="someone@far.test", message=corpus.read(name))
        assert letter.trace.status == {"someone@far.test": "relayed"}
        (dump,) = (path.read_bytes() for path in folder.iterdir())
    assert b"X-Mail-Args: <alice@acme.test>" in dump
    assert dump.endswith(corpus.read(name).replace(b"\r\n", b"\n") + b"\n")


def test_a_hundred_letters_go_over_kept_connections(world: World, program: Callable[[str], str]) -> None:
    with running_sink(program, world.host("mx.far.test").smtp) as sink:
        letters = [world.user("alice@acme.test").send(to="someone@far.test") for _ in range(100)]
        assert {status for letter in letters for status in letter.trace.status.values()} == {"relayed"}
    assert sum("MAIL FROM" in line for line in sink.log) == 100
    assert connections(sink) <= 20
