"""Hosts that speak as known makes do: the decision is their own, the words are not."""

import smtplib

import pytest

from mailharness import Account, Domain, Host, behaviours
from mailharness.agents.behaviours import find_personality, personality_names
from tests.scenarios.stage import ACME, cast, playing


def speaking(personality: str, **more: object) -> Domain:
    """GLOBEX with hosts of this make, dave's mailbox being full."""
    host = Host(personality=personality, **more)  # type: ignore[arg-type]
    return Domain("globex.test", users=["bob", Account("dave", quota=10)], host=host)


@pytest.mark.parametrize("personality", personality_names())
def test_a_letter_arrives_at_every_make_and_a_stranger_bounces_in_its_words(personality: str) -> None:
    with playing(ACME, speaking(personality)) as world:
        alice, bob = cast(world)
        letter = alice.send(to=[bob, "nobody@globex.test"], subject="hello")
        assert letter.trace.status == {"bob@globex.test": "delivered", "nobody@globex.test": "bounced"}
        words = find_personality(personality).replies["unknown_user"].text.split("\n")[0]
        said = words.replace("{recipient}", "nobody@globex.test").replace("{host}", "mail.globex.test")
        assert said in letter.trace.stop


def test_a_host_that_speaks_as_postfix_does() -> None:
    with playing(ACME, speaking("postfix")) as world, smtplib.SMTP() as smtp:
        greeting = smtp.connect(*world["globex.test"].smtp)
        smtp.ehlo("x.test")
        said = [
            greeting,
            smtp.mail("alice@acme.test"),
            smtp.rcpt("nobody@globex.test"),
            smtp.rcpt("bob@globex.test"),
            smtp.docmd("DATA"),
            smtp.docmd("."),
            smtp.mail("alice@acme.test", ["SIZE=10240001"]),
            smtp.rset(),
            smtp.quit(),
        ]
    unknown = "<nobody@globex.test>: Recipient address rejected: User unknown in local recipient table"
    assert [(code, text.decode()) for code, text in said[:5]] == [
        (220, "mail.globex.test ESMTP Postfix"),
        (250, "2.1.0 Ok"),
        (550, f"5.1.1 {unknown}"),
        (250, "2.1.5 Ok"),
        (354, "End data with <CR><LF>.<CR><LF>"),
    ]
    assert said[6:] == [(552, b"5.3.4 Message size exceeds fixed limit"), (250, b"2.0.0 Ok"), (221, b"2.0.0 Bye")]


def test_gmail_says_in_several_lines_that_a_mailbox_is_full() -> None:
    with playing(ACME, speaking("gmail")) as world:
        alice, _ = cast(world)
        letter = alice.send(to="dave@globex.test")
        letter.trace.assert_queued(reply=452)
        (attempt,) = letter.trace.attempts
        assert attempt.reply is not None
        assert attempt.reply.text.startswith(
            "The recipient's inbox is out of storage space. Please direct the\nrecipient to"
        )


@pytest.mark.parametrize(("personality", "code"), [("gmail", 421), ("postfix", 450), ("outlook", 451), ("exim", 450)])
def test_a_behaviour_is_said_in_the_words_of_the_make(personality: str, code: int) -> None:
    host = speaking(personality, behaviours=[behaviours.rate_limit(messages=1, per=3600)])
    with playing(ACME, host) as world:
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_delivered()
        late = alice.send(to=bob)
        late.trace.assert_queued(reply=code)
        assert "(by rate_limit)" in late.trace.stop


def test_words_that_were_given_are_said_as_they_were_given() -> None:
    greylist = behaviours.greylisting(reply="451 4.7.1 My own words")
    with playing(ACME, speaking("postfix", behaviours=[greylist], greeting="ESMTP of mine")) as world:
        alice, bob = cast(world)
        assert "RCPT: 451 4.7.1 My own words (by greylisting)" in alice.send(to=bob).trace.stop
        with smtplib.SMTP() as smtp:
            assert smtp.connect(*world["globex.test"].smtp) == (220, b"mail.globex.test ESMTP of mine")


def test_limits_are_those_of_the_make_where_none_are_given() -> None:
    postfix = Host(personality="postfix")
    for domain, size in (
        (speaking("postfix"), "10240000"),
        (speaking("postfix", max_size=100_000), "100000"),
        (Domain("globex.test", users=["bob"], max_size=200_000, host=postfix), "200000"),
    ):
        with playing(ACME, domain) as world, smtplib.SMTP(*world["globex.test"].smtp) as smtp:
            smtp.ehlo("x.test")
            assert smtp.esmtp_features["size"] == size


def announced(domain: Domain) -> set[str]:
    with playing(ACME, domain) as world, smtplib.SMTP(*world["globex.test"].smtp) as smtp:
        smtp.ehlo("x.test")
        return {keyword.upper() for keyword in smtp.esmtp_features}


def test_what_a_make_does_not_have_is_not_announced() -> None:
    everything = announced(Domain("globex.test", users=["bob"]))
    assert everything - announced(speaking("exim")) == {"ENHANCEDSTATUSCODES", "BINARYMIME", "DSN"}
    assert everything - announced(speaking("sendmail")) == {"SMTPUTF8", "BINARYMIME", "CHUNKING"}
    assert everything - announced(speaking("gmail")) == {"HELP", "BINARYMIME", "DSN"}
    assert everything - announced(speaking("yahoo")) == set()


def test_a_letter_that_needs_smtputf8_bounces_off_a_make_without_it() -> None:
    world_of_old = Domain("globex.test", users=["bob", "jürgen"], host=Host(personality="exchange"))
    with playing(ACME, world_of_old) as world:
        letter = world.user("alice@acme.test").send(to="jürgen@globex.test")
        letter.trace.assert_bounced(status="5.6.7")


def test_too_many_recipients_in_the_words_of_the_make() -> None:
    with playing(ACME, speaking("exim", max_recipients=1)) as world, smtplib.SMTP(*world["globex.test"].smtp) as smtp:
        smtp.ehlo("x.test")
        smtp.mail("alice@acme.test")
        assert [smtp.rcpt("bob@globex.test") for _ in range(2)] == [(250, b"Accepted"), (452, b"too many recipients")]
        smtp.rset()
