"""Your application sends mail with smtplib; the test says which letter must come of it.

``world.expect`` wants exactly one new letter that fits while its block runs. It fails with the story of what did come,
so a letter to the wrong address or a refusal by the server explains itself.
"""

import smtplib
from email.message import EmailMessage

import pytest

from mailharness import Domain, ExpectationError


def welcome(server, newcomer):
    """The application: it knows a server's host and port, and nothing of any test."""
    message = EmailMessage()
    message["From"] = "shop@acme.test"
    message["To"] = newcomer
    message["Subject"] = "Welcome"
    message.set_content("Good to have you here.")
    with smtplib.SMTP(*server) as smtp:
        smtp.send_message(message)


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(Domain("acme.test", users=["shop"]), Domain("globex.test", users=["bob"]))


def test_a_newcomer_is_welcomed(world):
    with world.expect(to="bob@globex.test", subject="Welcome") as letter:
        welcome(world["acme.test"].submission, "bob@globex.test")

    letter.trace.assert_delivered(via="mail.globex.test")
    (message,) = world.user("bob@globex.test").inbox
    assert message.body_bytes == b"Good to have you here.\r\n"


def test_a_newcomer_who_does_not_exist_comes_back_to_the_shop(world):
    with world.expect(to="nobody@globex.test") as letter:
        welcome(world["acme.test"].submission, "nobody@globex.test")

    letter.trace.assert_bounced("5.1.1")
    assert world.user("shop@acme.test").inbox.subjects == ["Undelivered Mail Returned to Sender"]


def test_what_did_not_come_is_told(world):
    with (
        pytest.raises(ExpectationError, match=r"letter 1: shop@acme\.test -> bob@globex\.test, subject 'Welcome'"),
        world.expect(to="bob@globex.test", subject="Goodbye"),
    ):
        welcome(world["acme.test"].submission, "bob@globex.test")
