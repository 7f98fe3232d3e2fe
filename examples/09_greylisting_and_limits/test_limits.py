"""Servers that are not always willing: they greylist, they count, they speak as a big provider does.

Each host remembers for itself, on the world's clock. The story of a letter names the rule that stood in its way.
"""

import smtplib

import pytest

from mailharness import Domain, Host, behaviours


def domains(*rules, **more):
    return Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"], host=Host(behaviours=rules, **more))


def test_a_stranger_has_to_come_again(mailworld_factory):
    world = mailworld_factory(*domains(behaviours.greylisting(delay=300)))
    alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")

    letter = alice.send(to=bob, subject="Hello")
    letter.trace.assert_queued(at="mail.acme.test", reply="451 4.7.1")
    assert "(by greylisting)" in letter.trace.stop

    world.clock.advance(minutes=15)
    letter.trace.assert_delivered(attempts=2)
    alice.send(to=bob, subject="We know each other").trace.assert_delivered(attempts=1)


def test_the_tenth_letter_of_the_hour_waits(mailworld_factory):
    world = mailworld_factory(*domains(behaviours.rate_limit(messages=9, per=3600, by="sender")))
    alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")

    letters = [alice.send(to=bob, subject=f"Letter {n}") for n in range(1, 11)]
    world.settle()

    (late,) = [letter for letter in letters if not letter.trace.delivered]
    late.trace.assert_queued(reply=450)
    world.clock.advance(hours=2)
    late.trace.assert_delivered()


def test_your_program_meets_a_block_list(mailworld_factory):
    world = mailworld_factory(*domains(behaviours.block(senders=["*@spam.test"], reply="550 5.7.1 Not from you")))

    with smtplib.SMTP(*world["globex.test"].smtp) as smtp, pytest.raises(smtplib.SMTPSenderRefused, match="Not from you"):
        smtp.sendmail("win@spam.test", ["bob@globex.test"], "Subject: You won\r\n\r\n")


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("gmail", "RCPT: 550-5.1.1 The email account that you tried to reach does not exist."),
        ("outlook", "RCPT: 550 5.4.1 [nobody@globex.test]: Recipient address rejected: Access denied."),
        ("yahoo", "554 delivery error: dd This user doesn't have a yahoo.com account"),
    ],
)
def test_how_a_provider_says_no(mailworld_factory, provider, words):
    world = mailworld_factory(*domains(personality=provider))

    letter = world.user("alice@acme.test").send(to="nobody@globex.test")

    letter.trace.assert_bounced()
    assert words in letter.trace.stop
