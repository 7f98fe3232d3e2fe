"""One address, many readers: aliases, a mailing list, and a user who has moved away.

Who answers for a letter changes on the way: a list sends in its own name, so that its bounces come back to the list.
"""

import pytest

from mailharness import Account, Domain, Forward, MailingList

ACME = Domain(
    "acme.test",
    users=["alice", "carol", Account("frank", forward=Forward("frank@home.test", rewrite="srs"))],
    aliases={"info": "alice", "staff": ["alice", "carol"]},
    lists=[MailingList("team", ["staff", "bob@globex.test", "gone@globex.test"], owner="carol", bounces=2)],
)


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(ACME, Domain("globex.test", users=["bob"]), Domain("home.test", users=["frank"]))


def test_who_has_two_names_gets_one_letter(world):
    letter = world.user("bob@globex.test").send(to=["info@acme.test", "staff@acme.test"], subject="Hello")

    assert world.user("alice@acme.test").inbox.subjects == ["Hello"]
    assert world.user("carol@acme.test").inbox.subjects == ["Hello"]
    letter.trace.assert_delivered()


def test_a_list_sends_in_its_own_name_and_drops_who_bounces(world):
    bob, team = world.user("bob@globex.test"), world["acme.test"].list("team")

    for number in (1, 2):
        bob.send(to="team@acme.test", subject=f"News {number}")
        world.settle()

    assert bob.inbox[0].header("Return-Path") == "<team-bounces@acme.test>"
    assert bob.inbox[0].header("List-Id") == "<team.acme.test>"
    assert bob.inbox.subjects == ["News 1", "News 2"]
    assert team.members == ["staff@acme.test", "bob@globex.test"]


def test_a_stranger_may_not_post(world):
    letter = world.user("frank@home.test").send(to="team@acme.test", subject="Buy!")

    letter.trace.assert_bounced("5.7.1")


def test_mail_follows_a_user_and_its_bounce_finds_the_way_back(world):
    bob = world.user("bob@globex.test")

    letter = bob.send(to="frank@acme.test", subject="Still there?")
    assert letter.trace.paths["frank@home.test"][-1] == "frank@home.test"
    (message,) = world.user("frank@home.test").inbox
    assert message.header("Return-Path").startswith("<SRS0=")

    world.assert_conserved()
