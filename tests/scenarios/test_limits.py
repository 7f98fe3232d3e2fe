"""Limits of a host and of a user: what is said for each recipient, and what becomes of those that go over one."""

import smtplib
from collections.abc import Sequence

import pytest

from mailharness import Account, Domain, Host, World
from tests.scenarios.stage import playing

ACME = Domain("acme.test", users=["alice"])
USERS = ["bob", "dave", Account("small", quota=2_000), Account("full", quota=10)]
BIG = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n"


def said(world: World, *lines: str) -> list[bytes]:
    """What the first MX of globex.test answers to each line: the code and the enhanced one."""
    with smtplib.SMTP(*world["globex.test"].smtp) as client:
        client.ehlo()
        replies = [client.docmd(line) for line in lines]
        return [b"%d %s" % (code, text.split()[0]) for code, text in replies]


@pytest.mark.parametrize(
    ("lines", "replies"),
    [
        (["MAIL FROM:<a@a.tst> SIZE=100001"], [b"552 5.3.4"]),
        (["MAIL FROM:<a@a.tst> SIZE=100000"], [b"250 2.1.0"]),
        (
            ["MAIL FROM:<a@a.tst>", *(f"RCPT TO:<{name}@globex.test>" for name in ("bob", "dave", "bob+1", "bob+2"))],
            [b"250 2.1.0", b"250 2.1.5", b"250 2.1.5", b"250 2.1.5", b"452 4.5.3"],
        ),
        (
            [
                "MAIL FROM:<a@a.tst> SIZE=3000",
                *(f"RCPT TO:<{name}@globex.test>" for name in ("bob", "small", "full", "no")),
            ],
            [b"250 2.1.0", b"250 2.1.5", b"452 4.2.2", b"452 4.2.2", b"550 5.1.1"],
        ),
        (
            ["MAIL FROM:<a@a.tst> SIZE=1000", *(f"RCPT TO:<{name}@globex.test>" for name in ("small", "full", "info"))],
            [b"250 2.1.0", b"250 2.1.5", b"452 4.2.2", b"452 4.2.2"],
        ),
    ],
)
def test_what_each_limit_is_answered(lines: Sequence[str], replies: list[bytes]) -> None:
    globex = Domain(
        "globex.test", users=USERS, aliases={"info": "full"}, mx=[Host("mx1", max_size=100_000, max_recipients=3)]
    )
    with playing(globex) as world:
        assert said(world, *lines) == replies


def test_more_recipients_than_a_host_takes_are_brought_in_the_next_attempts() -> None:
    globex = Domain("globex.test", users=["bob", "dave", "eve"], mx=[Host("mx1", max_recipients=2)])
    with playing(ACME, globex) as world:
        everyone = [f"{name}@globex.test" for name in ("bob", "dave", "eve")]
        letter = world.user("alice@acme.test").send(to=everyone, subject="all")
        world.clock.advance(hours=1)
        letter.trace.assert_delivered()
        assert [world.user(name).inbox.subjects for name in everyone] == [["all"]] * 3


def test_a_letter_over_the_limit_of_the_next_host_bounces_with_its_reason() -> None:
    globex = Domain("globex.test", users=["bob"], max_size=64_000)
    with playing(ACME, globex) as world:
        letter = world.user("alice@acme.test").send(to="bob@globex.test", text="x" * 70_000)
        letter.trace.assert_bounced(status="5.3.4")
        assert not world.user("bob@globex.test").inbox


def test_of_many_recipients_only_the_one_without_room_waits() -> None:
    globex = Domain("globex.test", users=USERS)
    with playing(ACME, globex) as world:
        letter = world.user("alice@acme.test").send(to=["bob@globex.test", "full@globex.test"], message=BIG)
        assert dict(letter.trace.status) == {"bob@globex.test": "delivered", "full@globex.test": "queued"}
        world.clock.advance(days=6)
        assert dict(letter.trace.status) == {"bob@globex.test": "delivered", "full@globex.test": "bounced"}
        assert [bounce.status for bounce in letter.trace.bounces if bounce.action == "failed"] == ["4.2.2"]


def test_room_that_is_made_lets_the_letter_in() -> None:
    globex = Domain("globex.test", users=[Account("bob", quota=1_000)])
    with playing(ACME, globex) as world:
        alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")
        alice.send(to=bob, text="x" * 300).trace.assert_delivered()
        letter = alice.send(to=bob, text="y" * 300)
        letter.trace.assert_queued(at="mail.acme.test", reply=452)
        bob.fetch(via="pop3", keep=False)
        world.clock.advance(hours=1)
        letter.trace.assert_delivered()
