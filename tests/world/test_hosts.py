"""Hosts that are described: what is special about one machine, or about all of a domain."""

import math
import smtplib
from pathlib import Path

import pytest

from mailharness import Account, Domain, Host, MisuseError, Schedule, SendingLimits, SmartHost, World, behaviours, read_toml


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
        mx = ["mx1", { name = "mx2", max_recipients = 5, retry = { every = 120.5, give_up = 600, warn = false } }]
        retry = { steps = [60, 90.5], every = 120, give_up = 600, warn = 300, jitter = 0.1 }
        sending = { connections = 2, letters = 5 }
        route = { "b.test" = "[relay.b.test]", "*" = { host = "c.test", user = "me", password = "secret" } }
        host = { greeting = "ESMTP Exim" }
        """
    )
    own = Schedule(every=120.5, give_up=600, warn=None)
    expected = Domain(
        "a.test",
        mx=["mx1", Host("mx2", max_recipients=5, retry=own)],
        retry=Schedule(steps=(60, 90.5), every=120, give_up=600, warn=300, jitter=0.1),
        sending=SendingLimits(connections=2, letters=5),
        route={"b.test": "[relay.b.test]", "*": SmartHost("c.test", "me", "secret")},
        host=Host(greeting="ESMTP Exim"),
    )
    assert read_toml(path) == (expected,)


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("retry = 60", "domain 1, retry: 60 is not a table"),
        ("retry = { warn = true }", "retry, warn: True is not a number of seconds, or false for never"),
        ("retry = { jitter = 'some' }", "retry, jitter: 'some' is not a share of each pause"),
        ("retry = { step = [60] }", "did you mean 'steps'"),
        ("sending = { letters = 0 }", "write a whole number from 1 on"),
        ("route = 5", "domain 1, route: 5 is not a table"),
        ("route = { '*' = 5 }", "write a name, as in"),
        ("route = { '*' = { hots = 'x' } }", "did you mean 'host'"),
    ],
)
def test_a_scenario_file_says_where_it_is_wrong(tmp_path: Path, line: str, cure: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(f"[[domain]]\nname = 'a.test'\n{line}\n")
    with pytest.raises(MisuseError, match=cure):
        read_toml(path)


@pytest.mark.parametrize(
    ("make", "cure"),
    [
        (lambda: Host(5), r"name=5\): write the host's name"),
        (lambda: Host("mx1", max_size=10), "at least 64,000 octets"),
        (lambda: Host("mx1", max_recipients=0), "write 1 or more"),
        (lambda: Host("mx1", greeting="two\nlines"), "write text of one line"),
        (lambda: Host("mx1", retry=60), "write a schedule"),
        (
            lambda: Host("mx1", hide=["STARTLS"]),
            r"no extension in Host\('mx1'\), hide=...: 'STARTLS'; did you mean",
        ),
        (lambda: Host("mx1", hide="STARTTLS"), r"write a list, as in hide=\['STARTTLS'\]"),
        (lambda: Host("mx1", auth=["CRAMMD5"]), "did you mean 'CRAM-MD5'"),
        (lambda: Host("mx1", limits={"RCPTMAXX": 1}), "did you mean 'RCPTMAX'"),
        (lambda: Host("mx1", limits={"RCPTMAX": 0}), "whole numbers from 1 on"),
        (lambda: Host("mx1", limits=5), "whole numbers from 1 on"),
        (lambda: Host("mx1", trusted=["127.0.0.1/8"]), "has host bits set; write networks"),
        (lambda: Host("mx1", trusted=["localhost"]), "write networks, as in"),
        (lambda: Host("mx1", trusted="127.0.0.1"), "write a list of networks"),
        (lambda: Host("mx1", proxy=True), r"say where the proxy is, as in trusted="),
        (lambda: Host("mx1", timeout=0), r"Host\('mx1', timeout=0\): write real seconds"),
        (lambda: Host("mx1", timeout=math.inf), "write real seconds"),
        (lambda: Host("mx1", smuggling="bare-fl"), "did you mean 'bare-lf'"),
        (lambda: Host("mx1", smuggling=[5]), "write a list, as in smuggling="),
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


BEHAVING = """
[[domain]]
name = "b.test"
users = ["bob"]
[domain.host]
personality = "gmail"
[[domain.host.behaviours]]
kind = "greylisting"
delay = 60
window = 600.5
remember = 86400
network = 32
reply = "450 4.7.1 Later"
[[domain.host.behaviours]]
kind = "rate_limit"
messages = 10
per = 3600
by = "sender"
[[domain.host.behaviours]]
kind = "connection_limit"
per_client = 2
[[domain.host.behaviours]]
kind = "tarpit"
seconds = 5
of = "rcpt"
[[domain.host.behaviours]]
kind = "block"
senders = ["*@spam.test"]
"""


def test_behaviours_and_personalities_are_read_from_toml(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(BEHAVING)
    (domain,) = read_toml(tmp_path / "scenario.toml")
    assert domain.host == Host(
        personality="gmail",
        behaviours=[
            behaviours.greylisting(delay=60, window=600.5, remember=86400, network=32, reply="450 4.7.1 Later"),
            behaviours.rate_limit(messages=10, per=3600, by="sender"),
            behaviours.connection_limit(per_client=2),
            behaviours.tarpit(seconds=5, of="rcpt"),
            behaviours.block(senders=["*@spam.test"]),
        ],
    )


@pytest.mark.parametrize(
    ("behaviour", "cure"),
    [
        ('kind = "greylist"', "did you mean 'greylisting'"),
        ("delay = 5", "no kind in"),
        ('kind = "greylisting"\ndelay = "5"', "is not a number of seconds"),
        ('kind = "greylisting"\ndealy = 5', "did you mean 'delay'"),
        ('kind = "rate_limit"\nper = 5', "behaviour 1: messages is missing"),
    ],
)
def test_a_behaviour_that_cannot_be_is_refused_in_toml(tmp_path: Path, behaviour: str, cure: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(f'[[domain]]\nname = "b.test"\n[[domain.host.behaviours]]\n{behaviour}\n')
    with pytest.raises(MisuseError, match=cure):
        read_toml(path)


def test_a_scenario_file_describes_how_a_host_receives(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(
        """
[[domain]]
name = "a.test"
users = [{ name = "amy", token = "ya29" }]
mx = [
    { name = "mx1", hide = ["dsn"], limits = { RCPTMAX = 2 }, timeout = 2.5, smuggling = ["bare-lf"] },
    { name = "mx2", auth = ["PLAIN"], trusted = ["127.0.0.0/8"], proxy = true },
]
""",
        encoding="utf-8",
    )
    first = Host("mx1", hide=["DSN"], limits={"RCPTMAX": 2}, timeout=2.5, smuggling="bare-lf")
    second = Host("mx2", auth=["PLAIN"], trusted=["127.0.0.0/8"], proxy=True)
    assert read_toml(path) == (Domain("a.test", users=[Account("amy", token="ya29")], mx=[first, second]),)
