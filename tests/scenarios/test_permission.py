"""Who may send what through whom, and which conversations are private."""

import smtplib

import pytest

from mailharness import Domain
from mailharness.faults import Answer, Cut
from mailharness.trace.events import SMTP, Accepted, Commanded, Secured
from tests.scenarios.stage import ACME, GLOBEX, cast, playing, whenever

NOTE = b"From: alice@acme.test\r\nSubject: note\r\n\r\nhi\r\n"


@pytest.mark.parametrize(
    ("sender", "recipient", "code"),
    [
        ("mallory@evil.test", "bob@globex.test", 550),
        ("mallory@evil.test", "alice@acme.test", 250),
        ("alice@acme.test", "bob@globex.test", 250),
        ("", "bob@globex.test", 550),
        ("", "alice@acme.test", 250),
    ],
)
@pytest.mark.parametrize("door", ["smtp", "submission"])
def test_a_host_relays_for_its_own_users_only(door: str, sender: str, recipient: str, code: int) -> None:
    with playing() as world, smtplib.SMTP(*getattr(world["acme.test"], door)) as smtp:
        smtp.ehlo()
        smtp.mail(sender)
        assert smtp.rcpt(recipient)[0] == code
        smtp.rset()


def test_a_trusted_submission_is_told_from_one_with_a_password() -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob)
        alice.send(to=bob, login=True)
        first = [event for event in world.journal.of_kind(Accepted) if event.host == "mail.acme.test"]
        assert [(event.user, event.trusted) for event in first] == [("", True), ("alice@acme.test", False)]
        assert ["ESMTPA " in hop.split("\t")[1] for hop in (message.headers("Received")[1] for message in bob.inbox)] == [
            False,
            True,
        ]


@pytest.mark.parametrize(
    ("demands", "how", "code"),
    [
        ({"require_auth": True}, {}, 530),
        ({"require_auth": True}, {"login": True}, None),
        ({"require_tls": True}, {}, 530),
        ({"require_tls": True}, {"tls": True}, None),
        ({"require_tls": True, "require_auth": True}, {"tls": True}, 530),
        ({"require_tls": True, "require_auth": True}, {"tls": True, "login": True}, None),
    ],
    ids=str,
)
def test_what_a_domain_demands_of_its_users(demands: dict, how: dict, code: int | None) -> None:
    with playing(Domain("acme.test", users=["alice"], **demands), GLOBEX) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, subject="may I?", **how)
        assert [reply.code for reply in letter.refused.values()] == ([code] if code else [])
        assert bob.inbox.subjects == ([] if code else ["may I?"])


def test_a_domain_that_demands_passwords_still_takes_mail_from_the_world() -> None:
    strict = Domain("globex.test", users=["bob"], require_auth=True, require_tls=True)
    with playing(ACME, strict) as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="hello").trace.assert_delivered()


def test_a_wrong_password_is_refused_and_a_right_one_lets_in() -> None:
    with playing() as world, smtplib.SMTP(*world["acme.test"].submission) as smtp:
        with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
            smtp.login("alice", "guess")
        assert refusal.value.smtp_code == 535
        assert smtp.login("alice", "secret")[0] == 235
        assert not any("guess" in event.line or "secret" in event.line for event in world.journal.of_kind(Commanded))


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("alice@acme.test", 250),
        ("ALICE+news@acme.test", 250),
        ("carol@acme.test", 553),
        ("bob@globex.test", 250),
        ("nobody@acme.test", 250),
    ],
)
def test_a_login_may_not_write_as_another_user(sender: str, code: int) -> None:
    with playing() as world, smtplib.SMTP(*world["acme.test"].submission) as smtp:
        smtp.login("alice@acme.test", "secret")
        assert smtp.mail(sender)[0] == code
        smtp.rset()


@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_submission_by_tls_from_a_program_that_checks_certificates(door: str) -> None:
    with playing() as world:
        host, port = getattr(world["acme.test"], door)
        context = world.ssl_context()
        if door == "submissions":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, context=context)
        else:
            smtp = smtplib.SMTP(host, port)
            smtp.starttls(context=context)
        with smtp:
            smtp.login("alice@acme.test", "secret")
            smtp.sendmail("alice@acme.test", ["bob@globex.test"], NOTE)
        (letter,) = world.letters
        letter.trace.assert_delivered()
        assert "with ESMTPSA" in letter.message.headers("Received")[0]


def test_hosts_encrypt_between_each_other_and_the_trace_says_so() -> None:
    with playing() as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        letter.trace.assert_delivered()
        secured = [event for event in world.journal.of_kind(Secured) if event.protocol == SMTP]
        assert [(event.host, event.version) for event in secured] == [("mail.globex.test", "TLSv1.3")]
        assert "TLSv1.3" in letter.trace.transcripts()
        assert "with ESMTPS " in bob.inbox[0].headers("Received")[0]


@pytest.mark.parametrize("verdict", [Answer("454 4.7.0 no TLS today"), Cut()], ids=str)
def test_hosts_fall_back_to_clear_text_when_tls_fails(verdict) -> None:
    def starts_tls(event) -> bool:
        return isinstance(event, Commanded) and event.verb == "STARTTLS"

    with playing() as world:
        alice, bob = cast(world)
        with world.fault(whenever(starts_tls, verdict, times=None)):
            letter = alice.send(to=bob)
            letter.trace.assert_delivered(attempts=1)
        assert world.journal.of_kind(Secured) == []
        assert "with ESMTP " in bob.inbox[0].headers("Received")[0]
