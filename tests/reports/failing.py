"""Tests that fail, each for one reason: what pytest says of them is kept in the folder snapshots.

The docstring of each is what has to stand in the first line: the culprit. Where a library raises an error of its own, the
line behind it is ours.

Two domains unless more are needed: alice writes from acme.test, bob reads at globex.test.
"""

import importlib
import poplib

import pytest

from mailharness import Account, Domain, Gateway, Host, MailingList, World, behaviours, faults, filters, rules

# The lines of a diagram are not broken here: addresses and sizes differ from run to run, and the breaks with them.
importlib.import_module("mailharness.trace.diagram").WIDTH = 10_000

ACME = Domain("acme.test", users=["alice"])
GLOBEX = Domain("globex.test", users=["bob"])
MX = "mail.globex.test"


@pytest.fixture
def play(mailworld_factory):
    """A world of acme.test and these domains, its sender, and who is written to if nobody else is named."""

    def start(*domains, acme=ACME, **more):
        world = mailworld_factory(acme, *(domains or (GLOBEX,)), **more)
        return world, world.user("alice@acme.test"), "bob@globex.test"

    return start


# -- the name system ----


def test_a_domain_that_does_not_exist(play):
    """globbex.test MX: NXDOMAIN"""
    _, alice, _ = play()
    alice.send(to="bob@globbex.test").trace.assert_delivered()


def test_a_name_server_that_fails(play):
    """(fault: SERVFAIL for globex.test MX)"""
    world, alice, bob = play()
    with world.fault(faults.dns.servfail("globex.test", type="MX")):
        alice.send(to=bob).trace.assert_delivered()


def test_a_name_server_that_is_switched_off(play):
    """ns.globex.test at 127.x.x.4: unreachable: nobody listens there"""
    world, alice, bob = play()
    world.switch_off("ns.globex.test")
    alice.send(to=bob).trace.assert_delivered()


def test_an_mx_that_leads_nowhere(play):
    """nowhere.globex.test A: NXDOMAIN"""
    _, alice, bob = play(Domain("globex.test", users=["bob"], records=["@ MX 10 nowhere"], strict=False))
    alice.send(to=bob).trace.assert_delivered()


def test_a_null_mx(play):
    """Domain globex.test takes no mail (null MX)"""
    _, alice, bob = play(Domain("globex.test", users=["bob"], records=["@ MX 0 ."]))
    alice.send(to=bob).trace.assert_delivered()


# -- the network, and TLS ----


def test_a_connection_that_is_refused(play):
    """mail.globex.test (127.x.x.7): connection refused: nobody listens there"""
    world, alice, bob = play()
    world.switch_off(MX)
    alice.send(to=bob).trace.assert_delivered()


def test_a_host_that_never_answers(play):
    """held up by blackhole mail.globex.test"""
    world, alice, bob = play()
    with world.fault(faults.network.blackhole(MX)):
        alice.send(to=bob).trace.assert_delivered()


def test_a_connection_that_is_reset_in_the_middle(play):
    """(fault: reset at mail.globex.test to DATA)"""
    world, alice, bob = play()
    with world.fault(faults.smtp.reset(MX, "DATA")):
        alice.send(to=bob).trace.assert_delivered()


def test_a_submission_that_breaks_off(play):
    """stopped at mail.acme.test, RCPT: the connection ended before a letter was taken (fault: close at"""
    world, alice, bob = play()
    with world.fault(faults.smtp.close("mail.acme.test", "RCPT")):
        alice.send(to=bob).trace.assert_delivered()


def test_a_submission_that_is_not_greeted(play):
    """stopped at mail.acme.test, greeting: the connection ended before a letter was taken (fault: close at"""
    world, alice, bob = play()
    with world.fault(faults.smtp.close("mail.acme.test", "CONNECT")):
        alice.send(to=bob).trace.assert_delivered()


def test_tls_that_cannot_be_had(play):
    """(fault: hide STARTTLS at mail.globex.test)"""
    world, alice, bob = play()
    with world.fault(faults.tls.strip_starttls(MX)):
        alice.send(to=bob, tls=True, require_tls=True).trace.assert_delivered()


def test_a_certificate_that_has_expired(play):
    """(fault: certificate at mail.globex.test: expired)"""
    world, alice, bob = play()
    with world.fault(faults.tls.certificate(MX, "expired")):
        alice.send(to=bob, tls=True, require_tls=True).trace.assert_delivered()


def test_a_submission_without_the_tls_that_is_asked_for(play):
    """stopped at mail.acme.test, MAIL: 530 5.7.0 Must issue a STARTTLS command first"""
    _, alice, bob = play(acme=Domain("acme.test", users=["alice"], require_tls=True))
    alice.send(to=bob).trace.assert_delivered()


# -- hosts that say no ----


def test_an_unknown_user(play):
    """stopped at mail.globex.test, RCPT: 550 5.1.1 No such user here; given up"""
    _, alice, _ = play()
    alice.send(to="bop@globex.test").trace.assert_delivered()


def test_an_unknown_user_is_not_the_fault_of_a_slow_line(play):
    """stopped at mail.globex.test, RCPT: 550 5.1.1 No such user here; given up"""
    world, alice, _ = play()
    with world.fault(faults.network.latency("mail.acme.test", MX, 1)):
        letter = alice.send(to="bop@globex.test")
        world.clock.advance(minutes=5)
        letter.trace.assert_delivered()


def test_greylisting(play):
    """(by greylisting)"""
    host = Host(behaviours=[behaviours.greylisting(delay=300)])
    _, alice, bob = play(Domain("globex.test", users=["bob"], host=host))
    alice.send(to=bob).trace.assert_delivered()


def test_a_full_mailbox(play):
    """stopped at mail.globex.test, RCPT: 452 4.2.2 Mailbox is full"""
    _, alice, bob = play(Domain("globex.test", users=[Account("bob", quota=100)]))
    alice.send(to=bob, text="x" * 200).trace.assert_delivered()


def test_a_disk_that_is_full_after_the_250(play):
    """(fault: disk full at mail.globex.test after the 250)"""
    world, alice, bob = play()
    with world.fault(faults.storage.disk_full(MX, "after")):
        alice.send(to=bob).trace.assert_delivered()


def test_a_letter_that_is_too_big(play):
    """stopped at mail.globex.test: 552 5.3.4 The letter is larger"""
    _, alice, bob = play(Domain("globex.test", users=["bob"], max_size=70_000))
    alice.send(to=bob, text="x" * 80_000).trace.assert_delivered()


# -- gateways, filters, rules ----


def test_a_gateway_that_refuses(play):
    """An attachment of this type may not be sent (by attachment_types)"""
    _, alice, bob = play(Domain("globex.test", users=["bob"], gateway=Gateway(attachments=["*.exe"])))
    alice.send(to=bob, attachments=[("run.exe", b"MZ")]).trace.assert_delivered()


def test_a_gateway_that_holds(play):
    """stopped at gateway.globex.test: quarantined by suspicious, it looks strange"""

    def suspicious(_):
        return filters.Quarantine("it looks strange")

    _, alice, bob = play(Domain("globex.test", users=["bob"], gateway=Gateway([suspicious])))
    alice.send(to=bob).trace.assert_delivered()


def test_a_filter_that_crashes(play):
    """filter guard raised KeyError: 'Hello' (failing.py:LINE)"""

    def guard(arrival):
        return {}[arrival.message.subject]

    _, alice, bob = play(Domain("globex.test", users=["bob"], gateway=Gateway([guard])))
    alice.send(to=bob, subject="Hello").trace.assert_not_delivered()


def test_a_rule_that_discards(play):
    """discarded by bob@globex.test's rule 'no sales'"""
    rule = rules.discard(when=rules.header("Subject", contains="sale"), name="no sales")
    _, alice, bob = play(Domain("globex.test", users=[Account("bob", filters=[rule])]))
    alice.send(to=bob, subject="A sale!").trace.assert_delivered()


def test_a_rule_that_files_elsewhere(play):
    """into bob@globex.test/Lists, not into INBOX"""
    rule = rules.file_into("Lists", when=rules.header("Subject", contains="news"))
    _, alice, bob = play(Domain("globex.test", users=[Account("bob", filters=[rule])]))
    alice.send(to=bob, subject="news").trace.assert_delivered(folder="INBOX")


# -- names that stand for others, and queues ----


def test_a_circle_of_forwards(play):
    """Mail for bob@globex.test is forwarded in a circle"""
    home = Domain("home.test", users=[Account("bob", forward="bob@globex.test")])
    _, alice, bob = play(Domain("globex.test", users=[Account("bob", forward="bob@home.test")]), home)
    alice.send(to=bob).trace.assert_delivered()


def test_one_of_those_that_an_alias_stands_for(play):
    """expected delivery to dave@globex.test; stopped at mail.globex.test: 452 4.2.2 Mailbox is full"""
    team = Domain("globex.test", users=["bob", Account("dave", quota=10)], aliases={"team": ["bob", "dave"]})
    _, alice, _ = play(team)
    alice.send(to="team@globex.test").trace.assert_delivered()


def test_a_list_that_takes_no_mail_of_strangers(play):
    """Only members may post to this list"""
    _, alice, _ = play(Domain("globex.test", users=["bob"], lists=[MailingList("team", ["bob"])]))
    alice.send(to="team@globex.test").trace.assert_delivered()


def test_a_letter_that_is_held_in_the_queue(play):
    """held until it is released"""
    world, alice, bob = play()
    with world.fault(faults.reply(MX, "RCPT", "450 4.2.1 busy", times=1)):
        letter = alice.send(to=bob)
        world.settle()
        world["acme.test"].queue.hold(letter)
    world.clock.advance(hours=12)
    letter.trace.assert_delivered()


def test_a_queue_that_has_given_up(play):
    """connection refused: nobody listens there; given up with 4.4.1"""
    world, alice, bob = play()
    world.switch_off(MX)
    letter = alice.send(to=bob)
    world.clock.advance(days=6)
    letter.trace.assert_delivered()


# -- the test itself ----


def test_a_fault_that_never_fires(play):
    """never fired: reply at mail.acme.test to RCPT"""
    world, alice, bob = play()
    with world.fault(faults.reply("mail.acme.test", "RCPT", "450 4.2.1 busy", sender="bob@globex.test")):
        alice.send(to=bob).trace.assert_delivered()


def test_a_wrong_expectation(play):
    """did not bounce: it arrived"""
    _, alice, bob = play()
    alice.send(to=bob).trace.assert_bounced("5.1.1")


def test_a_wrong_status(play):
    """bounced with 5.1.1, not 5.2.2: stopped at mail.globex.test, RCPT: 550 5.1.1 No such user here"""
    _, alice, _ = play()
    alice.send(to="bop@globex.test").trace.assert_bounced("5.2.2")


def test_a_misspelt_recipient_of_a_claim(play):
    """no recipient 'bop@globex.test'; did you mean 'bob@globex.test'?"""
    _, alice, bob = play()
    alice.send(to=bob).trace.assert_delivered(to="bop@globex.test")


def test_a_misspelt_host_of_a_fault(play):
    """'mail.globx.test'; did you mean 'mail.globex.test'?"""
    world, alice, bob = play()
    with world.fault(faults.refuse("mail.globx.test")):
        alice.send(to=bob).trace.assert_not_delivered()


def test_a_letter_of_a_stopped_world(play):
    """nobody listens there; next attempt in 15 min (virtual), 1 of 35 (its world was stopped"""
    world, alice, bob = play()
    world.switch_off(MX)
    letter = alice.send(to=bob)
    world.settle()
    world.stop()
    letter.trace.assert_delivered()


def test_another_letter_than_expected(play):
    """expected exactly one letter (to='bob@globex.test', subject='Welcome'); 0 of 1 new letters fit"""
    world, alice, bob = play()
    with world.expect(to=bob, subject="Welcome"):
        alice.send(to=bob, subject="Welcom")


# -- reading ----


def test_a_letter_that_nobody_has_read(play):
    """was not read by bob@globex.test: it arrived"""
    _, alice, bob = play()
    alice.send(to=bob).trace.assert_read(by=bob)


def test_a_letter_that_was_read_over_another_protocol(play):
    """was not read by bob@globex.test over IMAP, but read by bob@globex.test over POP3"""
    world, alice, bob = play()
    letter = alice.send(to=bob)
    world.settle()
    world.user(bob).fetch(via="pop3")
    letter.trace.assert_read(by=bob, over="imap")


def test_a_login_that_a_fault_refuses(play):
    """-ERR [AUTH] wrong name or password"""
    world, _, bob = play()
    with world.fault(faults.pop3.refuse_login(MX)):
        client = poplib.POP3(*world["globex.test"].pop3)
        client.user(bob)
        assert client.pass_("secret").startswith(b"+OK")


def test_a_world_without_a_fixture():
    """stopped at mail.globex.test, RCPT: 550 5.1.1 No such user here"""
    with World(ACME, GLOBEX) as world:
        world.user("alice@acme.test").send(to="bop@globex.test").trace.assert_delivered(to="bop@globex.test")
