"""A Flask application with Flask-Mail, told of its servers by environment variables as where it is deployed.

The customer's gateway takes no letter above a certain size: Flask-Mail has sent it, and it never arrives. Only the report
that comes back says so.
"""

import io

import pytest
from invoices import create_app

from mailharness import Domain, Gateway

pytestmark = pytest.mark.mailworld(
    Domain("acme.test", users=["billing"]),
    Domain("globex.test", users=["bob"], gateway=Gateway(max_size=50_000)),
)


@pytest.fixture
def browser(mailworld, monkeypatch):
    for name, value in mailworld.env("billing@acme.test").items():
        monkeypatch.setenv(name, value)
    return create_app().test_client()


def invoice(octets):
    return {"to": "bob@globex.test", "invoice": (io.BytesIO(b"%" * octets), "invoice.pdf")}


def test_an_invoice_passes_the_gateway(mailworld, browser):
    with mailworld.expect(to="bob@globex.test") as letter:
        assert browser.post("/invoices", data=invoice(1000)).status_code == 202

    letter.trace.assert_passed_through("gateway.globex.test")
    letter.trace.assert_encrypted()  # from Flask-Mail to the mailbox
    (attachment,) = mailworld.user("bob@globex.test").inbox.only(subject="Your invoice").attachments
    assert attachment == ("invoice.pdf", b"%" * 1000)
    assert browser.get("/undelivered").json == []


def test_one_that_is_too_big_is_sent_and_never_arrives(mailworld, browser):
    with mailworld.expect(to="bob@globex.test") as letter:
        assert browser.post("/invoices", data=invoice(100_000)).status_code == 202

    letter.trace.assert_bounced("5.3.4")
    assert browser.get("/undelivered").json == [{"to": "bob@globex.test", "status": "5.3.4"}]
