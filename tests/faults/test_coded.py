"""Addresses that say what shall become of a letter: what each asks for, and that nobody else is asked."""

import smtplib

import pytest

from mailharness import Domain, Host, faults
from mailharness.faults import PASS, Answer, Cut, Drop
from mailharness.faults.coded import WORDS, verdict_for
from mailharness.trace.events import Closed
from tests.scenarios.stage import ACME, cast, playing

CODED = Domain("globex.test", users=["bob", "dave"], host=Host(coded_addresses=True))


@pytest.mark.parametrize(
    ("local", "verdict"),
    [
        ("450", Answer("450 As the address says")),
        ("450-4.2.0", Answer("450 4.2.0 As the address says")),
        ("550-5.7.1", Answer("550 5.7.1 As the address says")),
        ("anyone+421-4.3.2", Answer("421 4.3.2 As the address says")),
        ("Timeout", Drop()),
        ("a+b+timeout", Drop()),
        ("disconnect", Cut(gently=True)),
        ("close", Cut(gently=True)),
        ("reset", Cut()),
        ("busy", Answer("450 4.2.1 Mailbox is busy")),
        ("missing", Answer("550 5.1.1 No such user here")),
        *((word, verdict) for word, verdict in WORDS.items()),
        ("bob", PASS),
        ("bob+lists", PASS),
        ("timeouts", PASS),
        ("199", PASS),
        ("250", PASS),
        ("354", PASS),
        ("600", PASS),
        ("4500", PASS),
        ("450-5.2.0", PASS),
        ("450-", PASS),
        ("450-4.2", PASS),
        ("450-4.2.0-x", PASS),
    ],
)
def test_what_a_local_part_asks_for(local: str, verdict: faults.Verdict) -> None:
    assert verdict_for(local) == verdict


@pytest.mark.parametrize(
    ("local", "status"),
    [
        ("450-4.2.0", "queued"),
        ("tempfail", "queued"),
        ("550-5.7.1", "bounced"),
        ("close", "queued"),
        ("timeout", "in transit"),
    ],
)
def test_a_letter_ends_as_its_address_says(local: str, status: str) -> None:
    with playing(ACME, CODED) as world:
        alice, _ = cast(world)
        letter = alice.send(to=f"{local}@globex.test")
        assert letter.trace.status == {f"{local}@globex.test": status}
        assert "coded address at mail.globex.test" in letter.trace.stop


def test_users_of_such_a_host_are_users_as_ever() -> None:
    with playing(ACME, CODED) as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="Hello").trace.assert_delivered()
        nobody = alice.send(to="nobody@globex.test")
        assert nobody.trace.status == {"nobody@globex.test": "bounced"}
        assert "coded" not in nobody.trace.stop


def test_a_program_sees_each_code_and_goes_on() -> None:
    with playing(ACME, CODED) as world, smtplib.SMTP(*world["globex.test"].smtp) as client:
        client.ehlo("me.test")
        client.mail("me@me.test")
        assert client.rcpt("450-4.2.0@globex.test") == (450, b"4.2.0 As the address says")
        assert client.rcpt("spam@globex.test")[0] == 550
        assert client.rcpt("bob@globex.test")[0] == 250
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.rcpt("disconnect@globex.test")
    assert [event.how for event in world.journal.of_kind(Closed)] == ["cut"]


def test_they_say_it_by_lmtp_too() -> None:
    with playing(ACME, CODED) as world, smtplib.LMTP(*world["globex.test"].lmtp) as client:
        client.ehlo("me.test")
        client.mail("me@me.test")
        assert client.rcpt("450-4.2.0@globex.test") == (450, b"4.2.0 As the address says")
        assert client.rcpt("bob@globex.test")[0] == 250
        assert client.rset()[0] == 250


def test_a_host_that_does_not_enable_them_knows_no_such_users() -> None:
    with playing() as world:
        alice, _ = cast(world)
        assert alice.send(to="450-4.2.0@globex.test").trace.status == {"450-4.2.0@globex.test": "bounced"}


def test_a_scenario_file_enables_them(tmp_path) -> None:
    from mailharness.world.blueprint.toml import read_toml

    file = tmp_path / "world.toml"
    file.write_text('[[domain]]\nname = "b.test"\n[domain.host]\ncoded_addresses = true\n', encoding="utf-8")
    (domain,) = read_toml(file)
    assert domain.describe("mail.b.test").coded_addresses
