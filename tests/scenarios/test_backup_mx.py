"""A host of another domain that takes mail for one that is away, and brings it when that is back (RFC 5321 §5.1)."""

import smtplib

import pytest

from mailharness import Account, Domain, Gateway
from tests.scenarios.stage import playing

ACME = Domain("acme.test", users=["alice"])
GLOBEX = Domain("globex.test", users=["bob"], mx=["mx1"], backup_mx=["mail.backup.test"])
BACKUP = Domain("backup.test", users=["keeper"])
AT_BACKUP = ("alice@acme.test", "mail.acme.test", "mail.backup.test")


def test_the_backup_stands_behind_the_primary() -> None:
    with playing(ACME, GLOBEX, BACKUP) as world:
        answer = world.resolver.lookup("globex.test", "MX")
        assert [record.data for record in answer.records] == ["10 mx1.globex.test", "20 mail.backup.test"]
        letter = world.user("alice@acme.test").send(to="bob@globex.test")
        assert letter.trace.via == ("mail.acme.test", "mx1.globex.test")


def test_mail_waits_at_the_backup_until_the_primary_is_back() -> None:
    with playing(ACME, GLOBEX, BACKUP) as world:
        world.switch_off("mx1.globex.test")
        letter = world.user("alice@acme.test").send(to="bob@globex.test", subject="patience")
        letter.trace.assert_queued(at="mail.backup.test")
        assert letter.trace.via == ("mail.acme.test", "mail.backup.test")
        world.clock.advance(hours=5)
        letter.trace.assert_queued(at="mail.backup.test")
        assert {one.to for one in letter.trace.attempts if one.host == "mail.backup.test"} == {"mx1.globex.test"}
        world.switch_on("mx1.globex.test")
        world.clock.advance(hours=4)
        assert letter.trace.path == (*AT_BACKUP, "mx1.globex.test", "bob@globex.test")
        assert world.user("bob@globex.test").inbox.subjects == ["patience"]
        assert not world.user("keeper@backup.test").inbox


def test_a_primary_that_never_comes_back_is_given_up_by_the_backup() -> None:
    with playing(ACME, GLOBEX, BACKUP) as world:
        world.switch_off("mx1.globex.test")
        letter = world.user("alice@acme.test").send(to="bob@globex.test")
        world.clock.advance(days=6)
        letter.trace.assert_bounced(status="4.4.1")
        _, report = world.user("alice@acme.test").inbox
        assert report.header("From") == "Mail Delivery System <MAILER-DAEMON@mail.backup.test>"


def test_the_backup_takes_whomever_it_does_not_know_and_tells_the_sender_later() -> None:
    with playing(ACME, GLOBEX, BACKUP) as world:
        world.switch_off("mx1.globex.test")
        letter = world.user("alice@acme.test").send(to="nobody@globex.test")
        letter.trace.assert_queued(at="mail.backup.test")
        world.switch_on("mx1.globex.test")
        world.clock.advance(hours=1)
        letter.trace.assert_bounced(status="5.1.1")
        assert world.user("alice@acme.test").inbox.subjects == ["Undelivered Mail Returned to Sender"]


@pytest.mark.parametrize(
    ("to", "code"),
    [("bob", 250), ("bob+x", 250), ("info", 250), ("postmaster", 250), ("full", 250), ("nobody", 550)],
)
def test_a_backup_that_checks_refuses_whom_the_primary_does_not_know(to: str, code: int) -> None:
    globex = Domain(
        "globex.test",
        users=["bob", Account("full", quota=0)],
        aliases={"info": "bob"},
        backup_mx=["mail.backup.test"],
        backup_checks=True,
    )
    with playing(globex, BACKUP) as world:
        world.switch_off("mail.globex.test")
        with smtplib.SMTP(*world["backup.test"].smtp) as client:
            client.ehlo()
            client.mail("stranger@far.example")
            assert client.rcpt(f"{to}@globex.test")[0] == code


def test_two_backups_hand_on_towards_the_primary_and_never_back() -> None:
    globex = Domain("globex.test", users=["bob"], mx=["mx1"], backup_mx=["mail.backup.test", "mx.far.test"])
    far = Domain("far.test", mx=["mx"])
    with playing(ACME, globex, BACKUP, far) as world:
        world.switch_off("mx1.globex.test")
        world.switch_off("mail.backup.test")
        letter = world.user("alice@acme.test").send(to="bob@globex.test")
        letter.trace.assert_queued(at="mx.far.test")
        world.switch_on("mail.backup.test")
        world.clock.advance(minutes=20)
        letter.trace.assert_queued(at="mail.backup.test")
        world.switch_on("mx1.globex.test")
        world.clock.advance(hours=1)
        assert letter.trace.via == ("mail.acme.test", "mx.far.test", "mail.backup.test", "mx1.globex.test")


@pytest.mark.parametrize(
    ("to", "reply"),
    [
        ("bob@globex.test", b"2.1.5"),
        ("bob@GLOBEX.test", b"2.1.5"),
        ("bob@sub.globex.test", b"5.7.1"),
        ("alice@acme.test", b"5.7.1"),
        ("keeper@backup.test", b"2.1.5"),
        ("nobody@backup.test", b"5.1.1"),
    ],
)
def test_a_backup_relays_for_those_whom_it_backs_up_alone(to: str, reply: bytes) -> None:
    with playing(ACME, GLOBEX, BACKUP) as world, smtplib.SMTP(*world["backup.test"].smtp) as client:
        client.ehlo()
        client.mail("stranger@far.example")
        assert client.rcpt(to)[1].startswith(reply)


def test_a_host_beside_the_backup_takes_nothing_for_it() -> None:
    backup = Domain("backup.test", mx=["mx1", "mx2"])
    globex = Domain("globex.test", users=["bob"], backup_mx=["mx2.backup.test"])
    with playing(globex, backup) as world:
        for host, code in (("mx1", 550), ("mx2", 250)):
            with smtplib.SMTP(*world["backup.test"].host(host).smtp) as client:
                client.ehlo()
                client.mail("stranger@far.example")
                assert client.rcpt("bob@globex.test")[0] == code


def test_a_gateway_may_stand_in_front_of_what_is_backed_up() -> None:
    globex = Domain("globex.test", users=["bob"], gateway=Gateway(), backup_mx=["mail.backup.test"])
    with playing(ACME, globex, BACKUP) as world:
        world.switch_off("gateway.globex.test")
        letter = world.user("alice@acme.test").send(to="bob@globex.test")
        letter.trace.assert_queued(at="mail.backup.test")
        world.switch_on("gateway.globex.test")
        world.clock.advance(hours=1)
        assert letter.trace.path == (*AT_BACKUP, "gateway.globex.test", "mail.globex.test", "bob@globex.test")


def test_an_international_domain_is_backed_up_under_both_its_names() -> None:
    there = Domain("bücher.test", users=["bob"], backup_mx=["mail.backup.test"])
    with playing(ACME, there, BACKUP) as world:
        world.switch_off("mail.xn--bcher-kva.test")
        letters = [world.user("alice@acme.test").send(to=f"bob@{name}") for name in ("bücher.test", "xn--bcher-kva.test")]
        for letter in letters:
            letter.trace.assert_queued(at="mail.backup.test")
        world.switch_on("mail.xn--bcher-kva.test")
        world.clock.advance(hours=1)
        for letter in letters:
            letter.trace.assert_delivered()
