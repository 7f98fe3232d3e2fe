"""The dialogues of RFC 5321's appendix D, said line by line by a program to hosts of a world."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailharness import Domain, World
from mailharness.trace.events import Relayed
from tests.scenarios.stage import playing

FOO = Domain("foo.test", users=["Jones", "Brown"])
BAR = Domain("bar.test", users=["Smith"])
XYZ = Domain("xyz.test", users=["Jones"])
MESSAGE = b"Date: Thu, 21 May 1998 05:33:29 -0700\r\nFrom: Smith@bar.test\r\nSubject: The next meeting\r\n\r\nBill:\r\n"

OPENING = [("EHLO bar.test", 250), ("MAIL FROM:<Smith@bar.test>", 250)]
RECIPIENTS = [("RCPT TO:<Jones@foo.test>", 250), ("RCPT TO:<Green@foo.test>", 550), ("RCPT TO:<Brown@foo.test>", 250)]
SCENARIOS = {
    "D.1 a typical transaction": ([*OPENING, *RECIPIENTS, ("DATA", 250), ("QUIT", 221)], {"Jones": 1, "Brown": 1}),
    "D.2 an aborted transaction": ([*OPENING, *RECIPIENTS[:2], ("RSET", 250), ("QUIT", 221)], {"Jones": 0, "Brown": 0}),
}


@contextmanager
def connected(world: World, host: str) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP() as client:
        code, banner = client.connect(*world.host(host).smtp)
        assert (code, banner.split()[0].decode()) == (220, host)
        yield client


def say(client: smtplib.SMTP, line: str) -> int:
    """The code of the reply to one line; of DATA, the one to the message behind it."""
    return client.data(MESSAGE)[0] if line == "DATA" else client.docmd(line)[0]


@pytest.mark.parametrize(("lines", "inboxes"), SCENARIOS.values(), ids=SCENARIOS)
def test_a_dialogue_goes_as_it_is_printed(lines: list[tuple[str, int]], inboxes: dict[str, int]) -> None:
    with playing(FOO, BAR) as world:
        with connected(world, "mail.foo.test") as client:
            assert [(line, say(client, line)) for line, _ in lines] == lines
        assert {name: len(world.user(f"{name}@foo.test").inbox) for name in inboxes} == inboxes


def test_d_3_a_relayed_letter_bears_the_line_of_the_host_that_passed_it_on() -> None:
    """Step one: from the source to the relay. Step two: from the relay to the destination, which writes whence it came."""
    with playing(FOO, BAR, XYZ) as world:
        with connected(world, "mail.bar.test") as client:
            for line in ("EHLO bar.test", "MAIL FROM:<Smith@bar.test>", "RCPT TO:<Jones@XYZ.test>", "DATA", "QUIT"):
                assert say(client, line) in (250, 221), line
        (letter,) = world.user("Jones@xyz.test").inbox
        assert [line.split(" (")[0] for line in letter.headers("Received")] == ["from mail.bar.test", "from bar.test"]
        assert letter.headers("Return-Path") == ["<Smith@bar.test>"]
        assert [(event.host, event.to) for event in world.journal.of_kind(Relayed)] == [("mail.bar.test", "mail.xyz.test")]


def test_d_4_verifying_and_sending() -> None:
    """Who is asked for by a nickname is sent to by the address that was told (RFC 5321 §3.5.1)."""
    foo = Domain("foo.test", users=["Admin.MRC"], aliases={"Crispin": "Admin.MRC"}, vrfy=True)
    with playing(foo, BAR) as world:
        with connected(world, "mail.foo.test") as client:
            assert say(client, "EHLO bar.test") == 250
            assert client.docmd("VRFY Crispin") == (250, b"2.1.5 <Admin.MRC@foo.test>")
            for line in ("MAIL FROM:<EAK@bar.test>", "RCPT TO:<Admin.MRC@foo.test>", "DATA", "QUIT"):
                assert say(client, line) in (250, 221), line
        (letter,) = world.user("Admin.MRC@foo.test").inbox
        assert (letter.subject, letter.headers("Return-Path")) == ("The next meeting", ["<EAK@bar.test>"])
