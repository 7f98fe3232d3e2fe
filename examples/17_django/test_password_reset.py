"""A password reset in Django, from the form to the link in the mailbox, with the settings of real life.

Nothing is patched in Django: its own SMTP backend asks for mail.shop.test at port 587 and verifies the certificate, and
`redirected` makes that the world's. So the letter travels as it would out there, and can be held up as out there.
"""

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client

from mailharness import Domain, Host, behaviours, faults

pytestmark = [
    pytest.mark.mailworld(
        Domain("shop.test", users=["shop"]),
        Domain("globex.test", users=["bob"], host=Host(behaviours=[behaviours.greylisting(delay=300)])),
    ),
    pytest.mark.usefixtures("redirected", "bob"),
]


@pytest.fixture(scope="module")
def database():
    call_command("migrate", verbosity=0)
    yield
    connection.connection.close()  # Django keeps one that lies in memory


@pytest.fixture
def bob(database):  # noqa: ARG001 - it must be there
    user = get_user_model().objects.create_user("bob", "bob@globex.test", "forgotten")
    yield user
    user.delete()


@pytest.fixture
def browser():
    return Client(SERVER_NAME="shop.test")


def test_the_link_comes_though_bobs_server_greylists(mailworld, browser):
    with mailworld.expect(to="bob@globex.test", subject="Your new password") as letter:
        browser.post("/forgotten/", {"email": "bob@globex.test"})

    letter.trace.assert_queued(at="mail.shop.test", reply="451 4.7.1")
    mailworld.clock.advance(minutes=15)
    letter.trace.assert_delivered(attempts=2)

    (link,) = mailworld.user("bob@globex.test").inbox.only().links
    form = browser.get(link, follow=True)
    page = browser.post(
        form.request["PATH_INFO"], {"new_password1": "n3w-secret", "new_password2": "n3w-secret"}, follow=True
    )
    assert page.content == b"Welcome back."
    assert authenticate(username="bob", password="n3w-secret")


def test_a_visitor_is_not_told_that_the_mail_server_turned_us_away(mailworld, browser, caplog):
    with mailworld.fault(faults.reply("mail.shop.test", "RCPT", "452 4.3.1 Out of space")):
        page = browser.post("/forgotten/", {"email": "bob@globex.test"}, follow=True)

    assert page.content == b"Look into your mailbox."
    assert "Failed to send password reset email" in caplog.text
    (letter,) = mailworld.letters
    letter.trace.assert_refused(at="mail.shop.test", reply=452)
