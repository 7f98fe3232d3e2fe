"""A mail gateway in front of a domain: it refuses, tags and holds letters before the mail server sees them.

The gateway is a host of its own that the domain's MX names. Its filters are asked in order; a filter of your own is a
function that looks at what arrives and says ``Refuse``, ``Tag``, ``Quarantine`` or nothing.
"""

import pytest

from mailharness import Domain, Gateway, filters


def no_shouting(arrival):
    """A filter of our own."""
    if arrival.message.subject.isupper():
        return filters.Refuse("550 5.7.1 Please do not shout", "a subject in capitals")
    return None


@pytest.fixture
def world(mailworld_factory):
    guard = Gateway([no_shouting], max_size=100_000, attachments=["*.exe"], words=["lottery"], deceptive_links=True)
    return mailworld_factory(Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"], gateway=guard))


def test_a_harmless_letter_passes_the_gateway(world):
    letter = world.user("alice@acme.test").send(to="bob@globex.test", subject="Lunch?")

    assert letter.trace.path[1:-1] == ("mail.acme.test", "gateway.globex.test", "mail.globex.test")


def test_our_own_filter_refuses_and_the_sender_is_told(world):
    alice = world.user("alice@acme.test")

    letter = alice.send(to="bob@globex.test", subject="BUY NOW")

    letter.trace.assert_refused(at="gateway.globex.test", reply="550 5.7.1 Please do not shout")
    assert len(world.user("bob@globex.test").inbox) == 0
    assert alice.inbox.subjects == ["Undelivered Mail Returned to Sender"]


@pytest.mark.parametrize("file", ["setup.exe", "SETUP.EXE"])
def test_programs_do_not_get_in(world, file):
    letter = world.user("alice@acme.test").send(to="bob@globex.test", subject="Run this", attachments=[(file, b"MZ")])

    letter.trace.assert_refused(at="gateway.globex.test", reply=550)


def test_a_suspicious_word_is_tagged_and_passes(world):
    world.user("alice@acme.test").send(to="bob@globex.test", subject="You won", text="in the lottery")

    (message,) = world.user("bob@globex.test").inbox
    assert b"\r\nX-Filter: words;" in bytes(message)


def test_a_link_that_lies_is_held_back(world):
    page = '<a href="https://evil.example/">https://bank.example/</a>'

    letter = world.user("alice@acme.test").send(to="bob@globex.test", subject="Your account", html=page)

    letter.trace.assert_quarantined(at="gateway.globex.test")
