"""Who may send what through whom, and which conversations are private."""

import smtplib

import pytest

from mailharness import Domain, ExpectationError, Gateway, faults
from mailharness.faults import Answer, Cut
from mailharness.trace.events import SMTP, Accepted, Commanded, Secured
from tests.scenarios.stage import ACME, GLOBEX, cast, playing, whenever

STRICT = Domain("acme.test", users=["alice"], require_tls=True, require_auth=True)
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


@pytest.mark.parametrize(
    ("host", "sender", "says"),
    [
        (
            "smtp.acme.test",
            "noreply@elsewhere.org",
            "sender <noreply@elsewhere.org> is not in acme.test; send as a user of",
        ),
        ("smtp.acme.test", "", "nobody has logged in, and smtp.acme.test relays for the users of acme.test only"),
        ("mx1.acme.test", "alice@acme.test", "mx1.acme.test takes mail for acme.test only, users submit at"),
        ("gw.guarded.test", "x@guarded.test", "gw.guarded.test takes mail for guarded.test only"),
        ("mail.strict.test", "x@strict.test", "nobody has logged in, and mail.strict.test relays for the users of strict"),
        ("smtp.acme.test", f"{'l' * 64}@{'.'.join(['d' * 60] * 3)}", "sender <lll"),
    ],
    ids=["a stranger", "nobody", "an mx", "a gateway", "no login", "a long name"],
)
def test_who_is_denied_to_relay_is_told_who_is_at_fault(host: str, sender: str, says: str) -> None:
    acme = Domain("acme.test", users=["alice"], mx=["mx1"], submission=["smtp"])
    guarded = Domain("guarded.test", users=["x"], mx=["gw"], gateway=Gateway())
    strict = Domain("strict.test", users=["x"], require_auth=True)
    with playing(acme, GLOBEX, guarded, strict) as world, smtplib.SMTP(*world.host(host).smtp) as smtp:
        smtp.ehlo()
        smtp.mail(sender)
        code, text = smtp.rcpt("bob@globex.test")
        assert (code, text.decode().startswith(f"5.7.1 Relaying denied: {says}")) == (550, True), text
        assert len(text) < 500
        smtp.rset()
        trace = str(world.letters[0].trace)
        assert trace.startswith(f"letter 1: {sender or '<>'} -> bob@globex.test: refused")


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


@pytest.mark.parametrize(
    ("how", "says"),
    [({}, "530 5.7.0 Must issue a STARTTLS command first"), ({"tls": True}, "530 5.7.0 Authentication required")],
    ids=str,
)
def test_a_sender_who_is_turned_away_is_told_where_why_and_what_to_do(how: dict, says: str) -> None:
    """The refusal comes at MAIL, before any recipient was named; it is a step of the letter's story all the same."""
    with playing(STRICT, GLOBEX) as world:
        letter = world.user("alice@acme.test").send(to="bob@globex.test", **how)
        letter.trace.assert_refused(at="mail.acme.test", reply=530)
        letter.trace.assert_refused(reply=says)
        letter.trace.assert_not_delivered()
        assert letter.trace.stopped_at == "mail.acme.test"
        assert [hop.kind for hop in letter.trace.hops] == ["refused"]
        with pytest.raises(ExpectationError) as failure:
            letter.trace.assert_delivered(to="bob@globex.test")
        headline, _, story = str(failure.value).partition("\n")
        assert headline.startswith("expected delivery of letter 1 from alice@acme.test; stopped at mail.acme.test, MAIL: ")
        assert says in headline
        assert "send(tls=True, login=True)" in headline
        assert f"{'<~*' if how else '<**'} {says}" in story


def test_an_application_that_is_turned_away_is_told_of_by_the_block_that_expects_its_letter() -> None:
    with playing(STRICT, GLOBEX) as world:
        with (
            pytest.raises(ExpectationError) as failure,
            world.expect(to="bob@globex.test"),
            smtplib.SMTP(*world["acme.test"].submission) as smtp,
            pytest.raises(smtplib.SMTPException),
        ):
            smtp.sendmail("alice@acme.test", ["bob@globex.test"], NOTE)
        assert "refused at mail.acme.test: the whole letter: 530 5.7.0 Must issue" in str(failure.value)
        assert "stopped at mail.acme.test, MAIL: 530" in str(failure.value)


@pytest.mark.parametrize(
    ("phase", "moment", "status"),
    [
        ("MAIL", "MAIL", {}),
        ("RCPT", "RCPT", {"bob@globex.test": "refused"}),
        ("DATA", "DATA", {"bob@globex.test": "refused"}),
        ("EOD", "end of data", {"bob@globex.test": "refused"}),
    ],
)
def test_a_fault_that_turns_a_submission_away_is_a_refusal_of_that_moment(phase: str, moment: str, status: dict) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mail.acme.test", phase, "554 5.3.2 not today", times=1)):
            letter = alice.send(to=bob)
        letter.trace.assert_refused(at="mail.acme.test", reply="554 5.3.2")
        assert letter.trace.status == status
        fault = f"reply at mail.acme.test to {phase}: 554 5.3.2 not today"
        assert letter.trace.stop == f"stopped at mail.acme.test, {moment}: 554 5.3.2 not today (fault: {fault})"
        assert "alice@acme.test" in str(letter.trace).splitlines()[0]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("FROM:<alice@>", "501 5.1.7"),
        ("FROM:<alice@acme.test> RET=ALL", "501 5.5.4"),
        ("FROM:<\u00fc@a.test>", "553 5.6.7"),
    ],
)
def test_a_bad_path_is_a_refusal_too(line: str, reply: str) -> None:
    with playing() as world, smtplib.SMTP(*world["acme.test"].submission) as smtp:
        smtp.command_encoding = "utf-8"
        smtp.ehlo()
        smtp.docmd("MAIL", line)
        world.letters[-1].trace.assert_refused(at="mail.acme.test", reply=reply)


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
