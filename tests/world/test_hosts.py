"""Hosts that are described: what is special about one machine, or about all of a domain."""

import smtplib
from pathlib import Path

import pytest

from mailharness import Domain, Host, MisuseError, Schedule, World, read_toml


def test_each_machine_is_as_it_is_described() -> None:
    strict, others = Host("mx2", max_size=100_000, max_recipients=1), Host(greeting="ESMTP Postfix")
    with World(Domain("a.test", users=["bob"], mx=["mx1", strict], host=others)) as world:
        with smtplib.SMTP() as client:
            assert b"mx1.a.test ESMTP Postfix" in client.connect(*world.host("mx1.a.test").smtp)[1]
            client.ehlo()
            assert client.esmtp_features["size"] == "50000000"
        with smtplib.SMTP(*world.host("mx2.a.test").smtp) as client:
            client.ehlo()
            assert client.esmtp_features["size"] == "100000"
            client.mail("x@y.test")
            assert client.rcpt("bob@a.test")[0] == 250
            assert client.rcpt("bob@a.test") == (452, b"4.5.3 Too many recipients")


def test_a_host_may_have_a_patience_of_its_own() -> None:
    quick = Host("out", retry=Schedule(steps=(), every=60, give_up=60))
    with World(Domain("a.test", users=["al"], submission=[quick]), Domain("b.test", users=["bob"])) as world:
        world.switch_off("mail.b.test")
        letter = world.user("al@a.test").send(to="bob@b.test", subject="Hello")
        world.clock.advance(seconds=60)
        assert letter.trace.status["bob@b.test"] == "bounced"


def test_a_scenario_file_describes_hosts_too(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(
        """
        [[domain]]
        name = "a.test"
        mx = ["mx1", { name = "mx2", max_recipients = 5, retry = { steps = [60], every = 120.5, give_up = 600 } }]
        host = { greeting = "ESMTP Exim" }
        """
    )
    schedule = Schedule(steps=(60,), every=120.5, give_up=600)
    mx = ["mx1", Host("mx2", max_recipients=5, retry=schedule)]
    assert read_toml(path) == (Domain("a.test", mx=mx, host=Host(greeting="ESMTP Exim")),)


@pytest.mark.parametrize(
    ("make", "cure"),
    [
        (lambda: Host(5), r"name=5\): write the host's name"),
        (lambda: Host("mx1", max_size=10), "at least 64,000 octets"),
        (lambda: Host("mx1", max_recipients=0), "write 1 or more"),
        (lambda: Host("mx1", greeting="two\nlines"), "write text of one line"),
        (lambda: Host("mx1", retry=60), "write a schedule"),
        (lambda: Host("mx1", coded_addresses="yes"), "write True or False"),
        (lambda: Domain("a.test", host=Host("mx1")), r"one with a name stands in mx=\[...\]"),
        (lambda: Domain("a.test", mx=Host("mx1")), r"write a list, as in mx="),
        (lambda: Domain("a.test", mx=[Host()]), "is not a host name"),
        (lambda: Domain("a.test", mx=[Host("m")], imap=[Host("m", greeting="x")]), "is described twice, and not alike"),
    ],
)
def test_a_description_that_cannot_be_is_refused_at_once(make: object, cure: str) -> None:
    with pytest.raises(MisuseError, match=cure):
        make()  # type: ignore[operator]
