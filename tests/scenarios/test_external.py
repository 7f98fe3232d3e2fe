"""Machines of a world that are programs of the test's own: a name, an address, records, and nobody of ours behind them."""

import smtplib
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailharness import Domain, Host, MisuseError, World, read_toml
from mailharness.trace.events import Opened
from mailharness.world import Endpoint
from tests.scenarios.stage import ACME, playing

FOREIGN = Domain("far.test", mx=[Host("mx1", external=True), "mx2"], users=["bob"])


class Stranger(socketserver.StreamRequestHandler):
    """The smallest server that takes a letter, and knows neither EHLO nor bop."""

    def handle(self) -> None:
        self.say("220 stranger")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self.say("354 go on")
                while self.rfile.readline() != b".\r\n":
                    continue
            self.say(self.answer(verb, line))
            if verb == b"QUIT":
                return

    def answer(self, verb: bytes, line: bytes) -> str:
        if verb == b"EHLO":
            return "500 what?"
        return "550 5.1.1 no bop" if b"bop@" in line else "221 bye" if verb == b"QUIT" else "250 fine"

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class Strangers(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True  # a relay keeps its connections, idle


@contextmanager
def listening(at: Endpoint) -> Iterator[None]:
    with Strangers(at, Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_letter_leaves_the_world_for_a_program_of_the_test_s_own() -> None:
    with playing(ACME, FOREIGN) as world, listening(world.host("mx1.far.test").smtp):
        letter = world.user("alice@acme.test").send(to="someone@far.test")
        assert letter.trace.path == ("alice@acme.test", "mail.acme.test", "mx1.far.test")
        assert letter.trace.status == {"someone@far.test": "relayed"}
        assert "250 fine" in str(letter.trace)


def hand_back(world: World, octets: bytes, to: str) -> None:
    """mx1.far.test sends a letter on, with its own trace field, as a forwarder does."""
    with smtplib.SMTP(source_address=(world.host("mx1.far.test").address, 0)) as client:
        client.connect(*world["acme.test"].smtp)
        client.sendmail("joe@far.test", [to], b"Received: by mx1.far.test; Mon, 2 Mar 2026 08:00:00 +0000\r\n" + octets)


def test_what_it_hands_on_to_us_is_the_same_letter_by_inference() -> None:
    with playing(ACME, FOREIGN) as world, listening(world.host("mx1.far.test").smtp):
        letter = world.user("alice@acme.test").send(to="someone@far.test", subject="round")
        other = world.user("alice@acme.test").send(to="someone@far.test", subject="another")
        world.settle()
        hand_back(world, bytes(letter.message), "carol@acme.test")
        letter.trace.assert_delivered(to="carol@acme.test")
        way = ("alice@acme.test", "mail.acme.test", "mx1.far.test", "mail.acme.test", "carol@acme.test")
        assert letter.trace.path == way
        assert "inferred: what was handed out is what came back" in str(letter.trace)
        assert "rcpt to:<carol@acme.test>" in letter.trace.transcripts().lower()
        assert other.trace.status == {"someone@far.test": "relayed"}


def test_a_letter_that_only_looks_alike_is_another() -> None:
    with playing(ACME, FOREIGN) as world, listening(world.host("mx1.far.test").smtp):
        letter = world.user("alice@acme.test").send(to="someone@far.test", subject="round")
        world.settle()
        hand_back(world, bytes(letter.message).replace(b"Message-ID: <", b"Message-ID: <x"), "carol@acme.test")
        assert letter.trace.status == {"someone@far.test": "relayed"}


def test_what_it_refuses_comes_back() -> None:
    with playing(ACME, FOREIGN) as world, listening(world.host("mx1.far.test").smtp):
        alice = world.user("alice@acme.test")
        alice.send(to="bop@far.test").trace.assert_bounced(status="5.1.1")
        assert len(alice.inbox) == 1


def test_while_it_does_not_listen_the_next_host_has_the_letter() -> None:
    with playing(ACME, FOREIGN) as world:
        letter = world.user("alice@acme.test").send(to="bob@far.test")
        letter.trace.assert_delivered(via="mx2.far.test")
        assert "-> mx1.far.test" in str(letter.trace)


def test_a_switched_off_one_is_not_asked() -> None:
    with playing(ACME, FOREIGN) as world, listening(world.host("mx1.far.test").smtp):
        world.switch_off("mx1.far.test")
        world.user("alice@acme.test").send(to="bob@far.test").trace.assert_delivered(via="mx2.far.test")
        world.switch_on("mx1.far.test")
        assert world.user("alice@acme.test").send(to="bob@far.test").trace.path[-1] == "mx1.far.test"


def test_what_comes_from_its_address_is_known_by_its_name() -> None:
    with playing(ACME, FOREIGN) as world:
        with smtplib.SMTP(source_address=(world.host("mx1.far.test").address, 0)) as client:
            client.connect(*world["acme.test"].smtp)
            client.sendmail("joe@far.test", ["alice@acme.test"], b"Subject: hi\r\n\r\nhi\r\n")
        (message,) = world.user("alice@acme.test").inbox
        assert f"(mx1.far.test [{world.host('mx1.far.test').address}])" in (message.header("Received") or "")
        assert [event.peer for event in world.journal.of_kind(Opened)] == ["mx1.far.test"]


def test_all_machines_of_a_domain_may_be_foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    for way in ("", "1"):
        monkeypatch.setenv("MAILHARNESS_SOCKET_A_HOST", way)
        with playing(ACME, Domain("far.test", host=Host(external=True))) as world:
            host = world.host("mail.far.test")
            for endpoint in (host.smtp, host.submission, host.imap, host.pop3s):
                with listening(endpoint):
                    pass
            assert world.resolver.lookup("mail.far.test", "A").records[0].data == host.address


def test_worlds_with_and_without_foreign_machines_stand_side_by_side() -> None:
    with playing(ACME, FOREIGN) as one, World() as other, listening(one.host("mx1.far.test").smtp):
        other.users[0].send(to=other.users[1]).trace.assert_delivered()
        assert one.user("alice@acme.test").send(to="x@far.test").trace.path[-1] == "mx1.far.test"


@pytest.mark.parametrize("word", [b"", b"220 stranger\r\n"])
def test_one_that_falls_silent_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, word: bytes) -> None:
    monkeypatch.setattr("mailharness.net.dialer.FOREIGN_PATIENCE", 0.2)
    alone = Domain("far.test", mx=[Host("mx", external=True)])
    with playing(ACME, alone) as world, socket.create_server(world.host("mx.far.test").smtp) as silent:
        letter = world.user("alice@acme.test").send(to="bob@far.test")
        client, _ = silent.accept()
        with client:
            client.sendall(word)
            letter.trace.assert_queued(at="mail.acme.test", reply=451)
            assert (client.recv(100) == b"") == (word == b"")


def test_a_scenario_file_names_foreign_machines_too(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text('[[domain]]\nname = "far.test"\nmx = [{ name = "mx1", external = true }, "mx2"]\nusers = ["bob"]\n')
    assert read_toml(path) == (FOREIGN,)


def test_a_machine_is_foreign_or_not() -> None:
    with pytest.raises(MisuseError, match="write True or False"):
        Host("mx1", external="postfix")  # type: ignore[arg-type]
