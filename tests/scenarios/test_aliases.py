"""Addresses that stand for others, and the user who has all the rest (RFC 5321 §3.9.1)."""

import smtplib

import pytest

from mailharness import Account, Domain, MailingList, World
from mailharness.mail import Cause
from mailharness.trace.events import Accepted, Expanded
from tests.scenarios.stage import GLOBEX, playing

ALIASES = {
    "info": "alice",
    "Sales": ["alice"],
    "team": ["alice", "bob@globex.test"],
    "everyone": ["team", "carol"],
    "postmaster": "carol",
    "abuse": "postmaster",
}
ACME = Domain("acme.test", users=["alice", "carol"], aliases=ALIASES)


def expansions(world: World, letter: int) -> list[Expanded]:
    world.settle()
    return [event for event in world.journal.of_letter(letter) if isinstance(event, Expanded)]


def accepted(world: World, letter: int) -> list[Accepted]:
    world.settle()
    return [event for event in world.journal.of_letter(letter) if isinstance(event, Accepted)]


@pytest.mark.parametrize(
    ("to", "arrives"),
    [
        ("info", {"alice@acme.test"}),
        ("INFO", {"alice@acme.test"}),
        ("info+spring", {"alice@acme.test"}),
        ('"info"', {"alice@acme.test"}),
        ("sales", {"alice@acme.test"}),
        ("team", {"alice@acme.test", "bob@globex.test"}),
        ("everyone", {"alice@acme.test", "carol@acme.test", "bob@globex.test"}),
        ("abuse", {"carol@acme.test"}),
        ("Postmaster", {"carol@acme.test"}),
    ],
)
def test_a_letter_to_an_alias_arrives_at_all_that_it_stands_for(to: str, arrives: set[str]) -> None:
    with playing(ACME, GLOBEX) as world:
        letter = world.user("bob@globex.test").send(to=f"{to}@acme.test", subject="hello")
        assert {str(user) for user in world.users if user.inbox.subjects} == arrives
        assert all(len(user.inbox) < 2 for user in world.users)
        letter.trace.assert_delivered()


def test_an_alias_of_one_is_told_of_under_its_own_name() -> None:
    with playing(ACME, GLOBEX) as world:
        letter = world.user("bob@globex.test").send(to="info@acme.test")
        way = ("bob@globex.test", "mail.globex.test", "mail.acme.test", "alice@acme.test")
        assert letter.trace.paths["info@acme.test"] == letter.trace.path == way
        assert letter.trace.status["info@acme.test"] == "delivered"
        assert "info@acme.test into 1 copy" in str(letter.trace)


def test_an_alias_leaves_the_sender_as_it_is_and_the_letter_too() -> None:
    with playing(ACME, GLOBEX) as world:
        letter = world.user("alice@acme.test").send(to="team@acme.test", subject="as it was")
        at_acme, copy, at_globex = accepted(world, letter.number)
        assert (copy.cause, copy.parent) == (Cause.ALIAS, at_acme.copy)
        assert [str(one.envelope.sender) for one in (at_acme, copy, at_globex)] == ["alice@acme.test"] * 3
        (received,) = world.user("bob@globex.test").inbox
        assert received.headers("Delivered-To") == ["bob@globex.test"]
        assert received.header("Return-Path") == "<alice@acme.test>"


def test_two_aliases_of_one_mailbox_bring_one_letter() -> None:
    with playing(ACME, GLOBEX) as world:
        letter = world.user("bob@globex.test").send(to=["info@acme.test", "sales@acme.test", "team@acme.test"])
        assert len(world.user("alice@acme.test").inbox) == 1
        assert len(world.user("bob@globex.test").inbox) == 1
        told = {str(event.recipient): tuple(map(str, event.already)) for event in expansions(world, letter.number)}
        assert told == {
            "info@acme.test": (),
            "sales@acme.test": ("alice@acme.test",),
            "team@acme.test": ("alice@acme.test",),
        }
        assert letter.trace.status["sales@acme.test"] == letter.trace.status["info@acme.test"] == "delivered"
        assert "into 0 copies, already sent to alice@acme.test" in str(letter.trace)


@pytest.mark.parametrize("to", [["info", "all"], ["all", "info"], ["all"], ["alice", "all"], ["all", "round"]])
def test_a_mailbox_that_is_reached_on_several_ways_has_one_letter(to: list[str]) -> None:
    aliases = {"info": "alice", "staff": ["info", "carol"], "all": ["staff", "info", "alice"], "round": ["all", "staff"]}
    with playing(Domain("acme.test", users=["alice", "carol"], aliases=aliases), GLOBEX) as world:
        letter = world.user("bob@globex.test").send(to=[f"{name}@acme.test" for name in to])
        assert [len(user.inbox) for user in world.users] == [1, 1, 0, 0]
        assert dict(letter.trace.status) == {"alice@acme.test": "delivered", "carol@acme.test": "delivered"}


def test_a_recipient_who_is_named_too_gets_no_copy_by_an_alias() -> None:
    with playing(ACME, GLOBEX) as world:
        letter = world.user("alice@acme.test").send(to=["everyone@acme.test", "alice+x@acme.test", "bob@globex.test"])
        assert [len(user.inbox) for user in world.users] == [1, 1, 1, 0]
        assert letter.trace.status["bob@globex.test"] == "delivered"


def test_whom_an_alias_stands_for_is_checked_in_the_session() -> None:
    full = Domain("acme.test", users=[Account("alice", quota=10)], aliases={"info": "alice", "gone": "no@acme.test"})
    with playing(full, GLOBEX) as world:
        bob = world.user("bob@globex.test")
        bob.send(to="gone@acme.test").trace.assert_bounced(status="5.1.1")
        letter = bob.send(to="info@acme.test")
        assert letter.trace.status["info@acme.test"] == "queued"
        letter.trace.assert_queued(at="mail.globex.test", reply=452)


def test_a_bounce_for_one_of_several_goes_to_the_author() -> None:
    domain = Domain("acme.test", users=["alice"], aliases={"team": ["alice", "gone@globex.test"]})
    with playing(domain, GLOBEX) as world:
        letter = world.user("bob@globex.test").send(to="team@acme.test", subject="hi")
        assert dict(letter.trace.status) == {"alice@acme.test": "delivered", "gone@globex.test": "bounced"}
        assert world.user("bob@globex.test").inbox.subjects == ["Undelivered Mail Returned to Sender"]


def test_aliases_in_a_circle_of_two_domains_end_in_a_bounce() -> None:
    here = Domain("acme.test", users=["alice"], aliases={"round": "round@globex.test"})
    there = Domain("globex.test", users=["bob"], aliases={"round": "round@acme.test"})
    with playing(here, there) as world:
        letter = world.user("alice@acme.test").send(to="round@acme.test", subject="whee")
        letter.trace.assert_bounced(status="5.4.6")
        assert len(world.user("alice@acme.test").inbox) == 1


@pytest.mark.parametrize(
    ("to", "owner"),
    [
        ("anyone", "bob"),
        ("Any+detail", "bob"),
        ('"a@b"', "bob"),
        ("bob", "bob"),
        ("alice", "alice"),
        ("alice+x", "alice"),
        ("info", "alice"),
        ("info+x", "alice"),
        ("team+x", "alice"),
        ("postmaster", "postmaster"),
    ],
)
def test_whoever_has_the_rest_has_what_nobody_else_has(to: str, owner: str) -> None:
    aliases = {"info": "alice", "team": ["alice"]}
    domain = Domain("acme.test", users=["alice", "bob"], catch_all="bob", aliases=aliases)
    with playing(domain, GLOBEX) as world:
        letter = world.user("dave@globex.test").send(to=f"{to}@acme.test", subject="whose?")
        letter.trace.assert_delivered()
        assert letter.trace.path[-1] == f"{owner}@acme.test"
        assert world.user(f"{owner}@acme.test").inbox.subjects == ["whose?"]


def test_a_user_may_write_under_a_name_that_is_nobodys() -> None:
    domain = Domain("acme.test", users=["alice", "bob"], catch_all="bob", aliases={"info": "bob"})
    with playing(domain, GLOBEX) as world:
        alice = world.user("alice@acme.test")
        for sender, code in (("app@acme.test", 250), ("info@acme.test", 250), ("bob@acme.test", 553)):
            with alice._post._client(alice.address, world.internet.numbering.letter()) as client:
                client.ehlo()
                client.login("alice", "secret")
                assert client.mail(sender)[0] == code


def test_lmtp_knows_mailboxes_only() -> None:
    """What stands for others is expanded by whoever hands letters to LMTP, never behind it (RFC 2033 §5)."""
    lists = [MailingList("all", ["bob"], post="anyone")]
    domain = Domain("globex.test", users=["bob"], aliases={"info": "bob", "two": ["bob", "x@y.test"]}, lists=lists)
    with playing(ACME, domain) as world, smtplib.LMTP(*world["globex.test"].lmtp) as lmtp:
        lmtp.ehlo("x.test")
        lmtp.mail("alice@acme.test")
        codes = {
            name: lmtp.rcpt(f"{name}@globex.test")[0] for name in ("bob", "bob+x", "info", "two", "all", "all-bounces")
        }
        assert codes == {"bob": 250, "bob+x": 250, "info": 550, "two": 550, "all": 550, "all-bounces": 550}


def test_who_asks_for_success_hears_of_an_alias_whose_letter_had_been_sent_already() -> None:
    with playing(ACME, GLOBEX) as world:
        with smtplib.SMTP(*world["acme.test"].submission) as smtp:
            smtp.ehlo("x.test")
            to = ["postmaster@acme.test", "carol@acme.test"]
            smtp.sendmail("alice@acme.test", to, b"Subject: x\r\n\r\n", rcpt_options=["NOTIFY=SUCCESS"])
        reports = [message.as_dsn() for message in world.user("alice@acme.test").inbox]
        told = [(report.recipients[0].final, report.action) for report in reports if report is not None]
        assert told == [("postmaster@acme.test", "expanded"), ("carol@acme.test", "delivered")]
