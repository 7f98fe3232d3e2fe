"""Mailing lists: who gets a letter, in whose name it goes out, and what comes of those that come back (RFC 5321 §3.9.2)."""

import smtplib

import pytest

from mailharness import Account, Domain, Forward, Gateway, MailingList, World
from mailharness.mail import Cause
from mailharness.trace.events import Accepted, Discarded
from tests.scenarios.stage import as_email, playing

GLOBEX = Domain("globex.test", users=["bob", "dave"])
MEMBERS = ["alice", "bob@globex.test", "gone@globex.test"]


def acme(*members: str, **more: object) -> Domain:
    given = MailingList("team", members or ["alice", "bob@globex.test"], **more)  # type: ignore[arg-type]
    return Domain("acme.test", users=["alice", "carol"], lists=[given])


def inboxes(world: World) -> dict[str, list[str]]:
    return {str(user): user.inbox.subjects for user in world.users if user.inbox}


def test_a_letter_to_the_list_goes_to_all_its_members() -> None:
    with playing(acme(), GLOBEX) as world:
        letter = world.user("bob@globex.test").send(to="team@acme.test", subject="hello all")
        assert inboxes(world) == {"alice@acme.test": ["hello all"], "bob@globex.test": ["hello all"]}
        assert dict(letter.trace.status) == {"alice@acme.test": "delivered", "bob@globex.test": "delivered"}
        assert letter.trace.paths["bob@globex.test"] == (
            "bob@globex.test",
            "mail.globex.test",
            "mail.acme.test",
            "mail.globex.test",
            "bob@globex.test",
        )
        (copy,) = [e for e in world.journal.of_letter(letter.number) if isinstance(e, Accepted) and e.cause is Cause.LIST]
        assert (copy.host, str(copy.envelope.sender)) == ("mail.acme.test", "team-bounces@acme.test")


def test_what_a_list_writes_above_a_letter() -> None:
    with playing(acme(subject_prefix="[team] ", reply_to_list=True), GLOBEX) as world:
        octets = (
            b"From: Bob <bob@globex.test>\r\nSender: secretary@globex.test\r\nReply-To: bob@globex.test\r\nTo: x\r\n"
            b"Subject: =?utf-8?q?sch=C3=B6n?=\r\n folded\r\nX-Last: kept\r\n\r\nbody\r\n\r\n.dot\r\n"
        )
        world.user("bob@globex.test").send(to="team@acme.test", message=octets)
        (received,) = world.user("alice@acme.test").inbox
        fields = {name: received.headers(name) for name in ("List-Id", "List-Post", "List-Unsubscribe", "Sender")}
        assert fields == {
            "List-Id": ["<team.acme.test>"],
            "List-Post": ["<mailto:team@acme.test>"],
            "List-Unsubscribe": ["<mailto:team-unsubscribe@acme.test>"],
            "Sender": ["team-bounces@acme.test"],
        }
        assert received.headers("Reply-To") == ["team@acme.test"]
        assert received.headers("Precedence") == ["list"]
        assert received.headers("Subject") == ["[team] schön folded"]
        assert received.headers("X-Last") == ["kept"]
        assert received.headers("From") == ["Bob <bob@globex.test>"]
        assert received.body_bytes == b"body\r\n\r\n.dot\r\n"
        assert not as_email(received).defects


@pytest.mark.parametrize(
    ("subject", "prefix", "shown"),
    [
        ("hello", "", "hello"),
        ("hello", "[team] ", "[team] hello"),
        ("Re: [team] hello", "[team] ", "Re: [team] hello"),
        ("", "[team] ", "[team]"),
        ("grüße", "[größe] ", "[größe] grüße"),
    ],
)
def test_the_prefix_stands_before_the_subject_once(subject: str, prefix: str, shown: str) -> None:
    with playing(acme(subject_prefix=prefix), GLOBEX) as world:
        octets = f"Subject: {subject}\r\n\r\nhi\r\n".encode()
        world.user("bob@globex.test").send(to="team@acme.test", message=octets)
        assert [one.strip() for one in world.user("alice@acme.test").inbox.subjects] == [shown]


@pytest.mark.parametrize(
    ("sender", "post", "taken"),
    [
        ("bob@globex.test", "members", True),
        ("dave@globex.test", "members", False),
        ("dave@globex.test", "anyone", True),
        ("carol@acme.test", "members", True),
        ("BOB@globex.test", "members", True),
        ("", "members", False),
        ("", "anyone", True),
    ],
)
def test_who_may_write_to_a_list(sender: str, post: str, taken: bool) -> None:
    with playing(acme(post=post, owner="carol"), GLOBEX) as world, smtplib.SMTP(*world["acme.test"].smtp) as client:
        client.ehlo()
        client.mail(sender)
        code, text = client.rcpt("team@acme.test")
        assert (code, text[:5]) == ((250, b"2.1.5") if taken else (550, b"5.7.1"))


def test_who_may_not_write_is_told_where_the_list_hides_behind_an_alias_of_several() -> None:
    team = MailingList("team", ["alice"])
    domain = Domain("acme.test", users=["alice"], lists=[team], aliases={"all": ["team", "alice"]})
    with playing(domain, GLOBEX) as world:
        letter = world.user("dave@globex.test").send(to="all@acme.test", subject="hi")
        assert [(bounce.recipient, bounce.status) for bounce in letter.trace.bounces] == [("team@acme.test", "5.7.1")]
        assert inboxes(world) == {"alice@acme.test": ["hi"], "dave@globex.test": ["Undelivered Mail Returned to Sender"]}


@pytest.mark.parametrize("verp", [False, True])
def test_a_member_whose_mail_comes_back_is_dropped_in_the_end(verp: bool) -> None:
    with playing(acme(*MEMBERS, bounces=2, verp=verp), GLOBEX) as world:
        alice, team = world.user("alice@acme.test"), world["acme.test"].list("team")
        assert (team.members, team.bounces) == (["alice@acme.test", *MEMBERS[1:]], {})
        alice.send(to="team@acme.test", subject="one")
        assert (len(team.members), team.bounces) == (3, {"gone@globex.test": 1})
        alice.send(to="team@acme.test", subject="two")
        assert (team.members, team.bounces) == (["alice@acme.test", "bob@globex.test"], {"gone@globex.test": 2})
        alice.send(to="team@acme.test", subject="three").trace.assert_delivered()
        assert alice.inbox.subjects == world.user("bob@globex.test").inbox.subjects == ["one", "two", "three"]
        rules = [event.rule for event in world.journal.events if isinstance(event, Discarded)]
        assert rules == [
            "list team@acme.test, which counts bounces: gone@globex.test 1 of 2",
            "list team@acme.test, which counts bounces: gone@globex.test 2 of 2, dropped",
        ]


def test_with_a_sender_for_each_member_the_bounce_of_a_forward_is_blamed_on_the_member() -> None:
    forwarding = Domain("globex.test", users=[Account("bob", forward=Forward("gone@acme.test"))])
    with playing(acme("alice", "bob@globex.test", verp=True), forwarding) as world:
        letter = world.user("alice@acme.test").send(to="team@acme.test")
        assert world["acme.test"].list("team").bounces == {"bob@globex.test": 1}
        senders = {str(e.envelope.sender) for e in world.journal.of_letter(letter.number) if isinstance(e, Accepted)}
        assert senders == {
            "alice@acme.test",
            "team-bounces+alice=acme.test@acme.test",
            "team-bounces+bob=globex.test@acme.test",
        }


def test_what_is_no_bounce_goes_to_the_owner() -> None:
    with playing(acme(owner="carol"), GLOBEX) as world:
        bob = world.user("bob@globex.test")
        bob.send(to="team-owner@acme.test", subject="let me in")
        bob.send(to="team-bounces@acme.test", subject="I am away")
        assert inboxes(world) == {"carol@acme.test": ["let me in", "I am away"]}
        assert world["acme.test"].list("team").bounces == {}


def test_a_list_without_an_owner_tells_nobody() -> None:
    with playing(acme(), GLOBEX) as world:
        bob = world.user("bob@globex.test")
        bob.send(to="team-owner@acme.test").trace.assert_bounced(status="5.1.1")
        letter = bob.send(to="team-bounces@acme.test", subject="I am away")
        assert letter.trace.status == {"team-bounces@acme.test": "discarded"}
        assert "could tell nobody of it" in letter.trace.stop


def test_a_member_can_leave() -> None:
    with playing(acme(), GLOBEX) as world:
        team = world["acme.test"].list("team")
        world.user("dave@globex.test").send(to="team-unsubscribe@acme.test")
        assert team.members == ["alice@acme.test", "bob@globex.test"]
        letter = world.user("bob@globex.test").send(to="Team-Unsubscribe@acme.test")
        assert team.members == ["alice@acme.test"]
        assert "which bob@globex.test has left" in letter.trace.stop


def test_a_list_that_all_have_left_sends_to_nobody() -> None:
    with playing(acme("alice", post="anyone"), GLOBEX) as world:
        world.user("alice@acme.test").send(to="team-unsubscribe@acme.test")
        letter = world.user("bob@globex.test").send(to="team@acme.test")
        assert letter.trace.status["team@acme.test"] == "discarded"


ROUNDS = {
    "itself": [Domain("acme.test", users=["alice"], lists=[MailingList("team", ["alice", "team"])])],
    "itself, by an alias": [
        Domain("acme.test", users=["alice"], lists=[MailingList("team", ["alice", "all"])], aliases={"all": "team"})
    ],
    "another, whose member it is": [
        Domain("acme.test", users=["alice"], lists=[MailingList("team", ["alice", "team@globex.test"], post="anyone")]),
        Domain("globex.test", lists=[MailingList("team", ["team@acme.test"], post="anyone")]),
    ],
    "another one here": [
        Domain(
            "acme.test",
            users=["alice"],
            lists=[MailingList("team", ["alice", "crew"]), MailingList("crew", ["team"], post="anyone")],
        )
    ],
}


@pytest.mark.parametrize("name", ROUNDS)
def test_a_list_whose_member_is_the_list_sends_each_letter_once(name: str) -> None:
    with playing(*ROUNDS[name]) as world:
        letter = world.user("alice@acme.test").send(to="team@acme.test", subject="round and round")
        assert world.user("alice@acme.test").inbox.subjects == ["round and round"]
        assert [bounce.status for bounce in letter.trace.bounces] == ["5.4.6"]


def test_a_list_and_a_name_of_one_mailbox_bring_both_letters() -> None:
    with playing(acme(), GLOBEX) as world:
        world.user("alice@acme.test").send(to=["team@acme.test", "alice@acme.test"], subject="both")
        assert world.user("alice@acme.test").inbox.subjects == ["both", "both"]


def test_a_member_with_two_names_gets_one_letter() -> None:
    lists = [MailingList("team", ["alice", "info", "alice+x@acme.test"])]
    with playing(Domain("acme.test", users=["alice"], lists=lists, aliases={"info": "alice"})) as world:
        world.user("alice@acme.test").send(to="team@acme.test", subject="once")
        assert world.user("alice@acme.test").inbox.subjects == ["once"]


@pytest.mark.parametrize(
    ("sender", "to", "reply"),
    [
        ("bob@globex.test", "team", b"2.1.5"),
        ("dave@globex.test", "team", b"5.7.1"),
        ("dave@globex.test", "all", b"5.7.1"),
        ("dave@globex.test", "both", b"2.1.5"),
        ("dave@globex.test", "nobody", b"5.1.1"),
        ("", "team-bounces", b"2.1.5"),
    ],
)
def test_a_gateway_in_front_asks_the_same(sender: str, to: str, reply: bytes) -> None:
    domain = Domain(
        "acme.test",
        users=["alice"],
        gateway=Gateway(),
        lists=[MailingList("team", ["alice", "bob@globex.test"])],
        aliases={"all": "team", "both": ["team", "alice"]},
    )
    with playing(domain, GLOBEX) as world:
        with smtplib.SMTP(*world["acme.test"].smtp) as client:
            client.ehlo()
            client.mail(sender)
            assert client.rcpt(f"{to}@acme.test")[1].startswith(reply)
        letter = world.user("bob@globex.test").send(to="all@acme.test", subject="through")
        assert letter.trace.status["alice@acme.test"] == "delivered"
        assert "gateway.acme.test" in letter.trace.via


def test_everything_at_once() -> None:
    """A list with an alias, a forward into another domain's catch-all, a member without room, and one unknown."""
    acme_all = Domain(
        "acme.test",
        users=["alice", "carol", Account("frank", forward=Forward("f.smith@home.test", keep=True, rewrite="srs"))],
        aliases={"staff": ["alice", "carol"]},
        lists=[MailingList("team", ["staff", "alice", "frank", "full@globex.test", "gone@globex.test"], owner="carol")],
    )
    globex = Domain("globex.test", users=["bob", Account("full", quota=10)])
    home = Domain("home.test", users=["rest"], catch_all="rest")
    with playing(acme_all, globex, home) as world:
        letter = world.user("alice@acme.test").send(to=["team@acme.test", "bob@globex.test"], subject="all of you")
        assert dict(letter.trace.status) == {
            "alice@acme.test": "delivered",
            "carol@acme.test": "delivered",
            "frank@acme.test": "delivered",
            "f.smith@home.test": "delivered",
            "full@globex.test": "queued",
            "gone@globex.test": "bounced",
            "bob@globex.test": "delivered",
        }
        everyone = ("alice@acme.test", "carol@acme.test", "frank@acme.test", "bob@globex.test", "rest@home.test")
        assert inboxes(world) == {who: ["all of you"] for who in everyone}
        assert world.user("rest@home.test").inbox[0].header("Return-Path") == "<team-bounces@acme.test>"
        world.assert_conserved()
        team = world["acme.test"].list("team")
        assert team.bounces == {"gone@globex.test": 1}
        world.clock.advance(days=6)
        assert letter.trace.status["full@globex.test"] == "bounced"
        assert team.bounces == {"gone@globex.test": 1, "full@globex.test": 1}
        assert inboxes(world) == {who: ["all of you"] for who in everyone}
