"""Every domain has a postmaster who can be written to and read (RFC 5321 §4.5.1)."""

import smtplib

import pytest

from mailharness import Account, Domain, Gateway, Host, MisuseError, behaviours
from tests.scenarios.stage import GLOBEX, playing

DOMAINS = {
    "undeclared": (Domain("acme.test", users=["alice"]), "postmaster@acme.test"),
    "declared": (Domain("acme.test", users=["alice", "Postmaster"]), "postmaster@acme.test"),
    "over quota": (Domain("acme.test", users=[Account("postmaster", quota=0)]), "postmaster@acme.test"),
    "an alias": (Domain("acme.test", users=["alice"], aliases={"postmaster": "alice"}), "alice@acme.test"),
    "beside one who has the rest": (Domain("acme.test", users=["alice"], catch_all="alice"), "postmaster@acme.test"),
    "behind a gateway": (Domain("acme.test", users=["alice"], gateway=Gateway()), "postmaster@acme.test"),
}


@pytest.mark.parametrize("name", DOMAINS)
@pytest.mark.parametrize("path", ["<Postmaster>", "<postmaster@acme.test>", "<POSTMASTER@ACME.TEST>"])
@pytest.mark.parametrize("sender", ["bob@globex.test", ""])
def test_the_postmaster_can_be_written_to(name: str, path: str, sender: str) -> None:
    domain, reader = DOMAINS[name]
    with playing(domain, GLOBEX) as world:
        with smtplib.SMTP(*world["acme.test"].smtp) as client:
            client.ehlo()
            client.mail(sender)
            assert client.docmd(f"RCPT TO:{path}")[0] == 250
            assert client.data(b"Subject: help\r\n\r\nhi\r\n")[0] == 250
        assert world.user(reader).inbox.subjects == ["help"]
        assert [message.subject for message in world.user(reader).fetch()] == ["help"]


def test_a_postmaster_who_is_an_alias_of_a_full_mailbox_is_taken_and_waits() -> None:
    domain = Domain("acme.test", users=[Account("alice", quota=0)], aliases={"postmaster": "alice"})
    with playing(domain, GLOBEX) as world:
        letter = world.user("bob@globex.test").send(to="postmaster@acme.test")
        letter.trace.assert_queued(at="mail.acme.test", reply=452)


BEHAVIOURS = {
    "a block list": behaviours.block(recipients=["*"]),
    "greylisting": behaviours.greylisting(),
    "a quota": behaviours.recipient_quota(messages=1),
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_no_behaviour_keeps_letters_from_the_postmaster_alone(behaviour: behaviours.Behaviour) -> None:
    domain = Domain("acme.test", users=["alice"], mx=[Host("mx", behaviours=[behaviour])])
    with playing(domain, GLOBEX) as world:
        bob = world.user("bob@globex.test")
        for _ in range(2):
            bob.send(to="postmaster@acme.test").trace.assert_delivered(attempts=1)
        letters = [bob.send(to="alice@acme.test") for _ in range(2)]
        assert letters[-1].trace.status != {"alice@acme.test": "delivered"}


def test_a_sender_who_is_blocked_does_not_reach_the_postmaster_either() -> None:
    """§4.5.1 lets a host defend itself, and at MAIL nobody knows for whom the letter is."""
    blocking = Host("mx", behaviours=[behaviours.block(senders=["*@globex.test"])])
    with playing(Domain("acme.test", mx=[blocking]), GLOBEX) as world:
        letter = world.user("bob@globex.test").send(to="postmaster@acme.test")
        letter.trace.assert_bounced(status="5.7.1")


def test_a_postmaster_cannot_be_blocked_by_name() -> None:
    with pytest.raises(MisuseError, match=r"a postmaster can always be written to; .* write faults.reply"):
        behaviours.block(recipients=["Postmaster@acme.test"])
