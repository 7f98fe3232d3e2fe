"""One list of mechanisms for every door of a host, and one host's rules for POP3, as client programs meet them."""

import imaplib
import poplib
import smtplib
from collections.abc import Iterator
from pathlib import Path

import imapclient
import pytest

from mailharness import Domain, Host, MisuseError, World
from mailharness.mail.sasl import MECHANISMS
from mailharness.trace.events import LoggedIn
from mailharness.world.blueprint.toml import read_toml


@pytest.fixture
def world() -> Iterator[World]:
    only = Host("mail", auth=["CRAM-MD5"], pop_login_delay=60, pop_expire=1)
    with World(Domain("all.test", users=["bob"]), Domain("one.test", users=["bob"], mx=[only])) as world:
        yield world
        world.assert_conserved()


def logins(world: World) -> list[tuple[str, str]]:
    return [(event.protocol, event.mechanism) for event in world.journal.of_kind(LoggedIn)]


@pytest.mark.parametrize(("domain", "offered"), [("all.test", list(MECHANISMS)), ("one.test", ["CRAM-MD5"])])
def test_every_door_offers_the_same(world: World, domain: str, offered: list[str]) -> None:
    site = world[domain]
    with imaplib.IMAP4(*site.imap, timeout=10) as imap:
        assert [word[5:] for word in imap.capabilities if word.startswith("AUTH=")] == offered
    with smtplib.SMTP(*site.submission, timeout=10) as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["auth"].split() == offered
    pop3 = poplib.POP3(*site.pop3, timeout=10)
    assert pop3.capa()["SASL"] == offered
    pop3.quit()


def test_clients_log_in_by_their_own_means(world: World) -> None:
    site = world["all.test"]
    with imaplib.IMAP4(*site.imap, timeout=10) as imap:
        assert imap.login_cram_md5("bob", "secret")[0] == "OK"
    for name in ("oauth2_login", "oauthbearer_login"):
        with imapclient.IMAPClient(*site.imap, ssl=False, timeout=10) as client:
            getattr(client, name)("bob@all.test", "secret")
    pop3 = poplib.POP3(*site.pop3, timeout=10)
    assert pop3.apop("bob@all.test", "secret").startswith(b"+OK")
    pop3.quit()
    assert logins(world) == [
        ("imap", "CRAM-MD5"),
        ("imap", "XOAUTH2"),
        ("imap", "OAUTHBEARER"),
        ("pop3", "APOP"),
    ]


def test_a_host_makes_its_users_wait_and_takes_what_they_have_read(world: World) -> None:
    bob = world.user("bob@one.test")
    world.user("bob@all.test").send(to=bob, subject="to be read soon")
    world.settle()
    assert [message.subject for message in bob.fetch(via="pop3")] == ["to be read soon"]
    with pytest.raises(poplib.error_proto, match="LOGIN-DELAY"):
        bob.fetch(via="pop3")
    world.clock.advance(minutes=1)
    assert len(bob.fetch(via="pop3")) == 1
    world.clock.advance(days=1)
    assert len(bob.inbox) == 0


WRONG = [
    ({"pop_login_delay": -1}, r"pop_login_delay=-1\): write seconds"),
    ({"pop_login_delay": "5"}, r"pop_login_delay='5'\): write seconds"),
    ({"pop_expire": -1}, r"pop_expire=-1\): write a whole number of days"),
    ({"pop_expire": 1.5}, r"pop_expire=1.5\): write a whole number of days"),
]


@pytest.mark.parametrize(("arguments", "complaint"), WRONG)
def test_what_no_host_can_be(arguments: dict[str, object], complaint: str) -> None:
    with pytest.raises(MisuseError, match=complaint):
        Host("mail", **arguments)  # type: ignore[arg-type]


def test_a_scenario_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text('[[domain]]\nname = "b.test"\nhost = { pop_expire = 7, pop_login_delay = 2.5 }\n')
    (domain,) = read_toml(file)
    assert (domain.host.pop_expire, domain.host.pop_login_delay) == (7, 2.5)
