"""Reports of letters that came to nothing: what they say, where they go, and that they end (RFC 3464, RFC 5321 §6.1)."""

import smtplib
from datetime import timedelta

import pytest

from mailharness import Domain, Gateway, faults
from mailharness.faults import PASS, Answer, Fault, Verdict
from mailharness.trace.events import Accepted, Bounced, Commanded, Event
from tests.scenarios.stage import ACME, GLOBEX_TWO_MX, as_email, cast, playing


def test_an_unknown_user_comes_back_as_a_report_that_programs_can_read() -> None:
    with playing() as world:
        alice, _ = cast(world)
        letter = alice.send(to="bop@globex.test", subject="Hello Bop", text="secret body")
        letter.trace.assert_bounced(status="5.1.1")
        (report,) = alice.inbox
        parsed = as_email(report)
        assert parsed.get_content_type() == "multipart/report"
        assert parsed.get_param("report-type") == "delivery-status"
        assert not parsed.defects
        assert parsed["Return-Path"] == "<>"
        assert parsed["Auto-Submitted"] == "auto-replied"
        words, status, returned = parsed.iter_parts()
        assert "<bop@globex.test>" in words.get_content()
        (about_message, about_bop) = status.get_payload()
        assert about_message["Reporting-MTA"] == "dns; mail.acme.test"
        assert (about_bop["Action"], about_bop["Status"]) == ("failed", "5.1.1")
        assert about_bop["Final-Recipient"] == "rfc822; bop@globex.test"
        assert about_bop["Remote-MTA"] == "dns; mail.globex.test"
        assert about_bop["Diagnostic-Code"] == "smtp; 550 5.1.1 No such user here"
        assert returned.get_content_type() == "text/rfc822-headers"
        assert "Subject: Hello Bop" in returned.get_content()
        assert "secret body" not in bytes(report).decode()


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.dns.servfail("globex.test", type="MX"), "4.4.3"),
        (faults.refuse("mail.globex.test"), "4.4.1"),
        (faults.reply("mail.globex.test", "RCPT", "450 4.7.1 greylisted"), "4.7.1"),
        (faults.reply("mail.globex.test", "RCPT", "450 not now"), "5.4.7"),
        (faults.reply("mail.globex.test", "RCPT", "552 5.3.4 too big"), "5.3.4"),
        (faults.reply("mail.globex.test", "EOD", "550 5.7.1 our rules"), "5.7.1"),
        (faults.reply("mail.globex.test", "MAIL", "556 no mail here"), "5.1.10"),
    ],
    ids=lambda value: str(value),
)
def test_a_report_names_the_last_cause_and_when_the_letter_was_taken(fault: Fault, status: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        taken = world.clock.datetime.replace(microsecond=0)
        with world.fault(fault):
            letter = alice.send(to=bob)
            world.clock.advance(days=6)
        failed = letter.trace.bounces[-1]
        assert (failed.action, failed.status) == ("failed", status)
        told = alice.inbox[-1].as_dsn()
        assert told is not None
        (recipient,) = told.recipients
        assert (recipient.action, recipient.status, recipient.reply) == ("failed", status, failed.reply)
        assert recipient.last_attempt is not None
        assert failed.reply is not None
        assert told.arrival == taken
        assert recipient.last_attempt - taken == timedelta(days=5 if failed.reply.is_transient else 0)


def test_the_report_is_a_letter_of_its_own_with_a_null_sender() -> None:
    with playing() as world:
        alice, _ = cast(world)
        letter = alice.send(to="bop@globex.test")
        (bounce,) = letter.trace.bounces
        original, report = world.letters
        assert (original.number, report.number) == (letter.number, bounce.report)
        assert report.envelope.sender is None
        assert report.trace.path[-1] == "alice@acme.test"


def test_several_failures_of_one_domain_are_told_in_one_report() -> None:
    with playing() as world:
        alice, bob = cast(world)
        letter = alice.send(to=["bop@globex.test", bob, "pob@globex.test"], subject="three")
        assert [bounce.recipient for bounce in letter.trace.bounces] == ["bop@globex.test", "pob@globex.test"]
        assert len(alice.inbox) == 1
        assert bob.inbox.subjects == ["three"]


def test_a_report_names_for_each_recipient_the_host_that_refused_it() -> None:
    """The first MX has the last word on one recipient, the second on the other, who was only deferred before."""
    with playing(ACME, GLOBEX_TWO_MX) as world:
        alice, _ = cast(world)

        def judge(event: Event) -> Verdict:
            said = isinstance(event, Commanded) and event.verb == "RCPT" and "dave" in event.line
            answers = {"mx1.globex.test": "450 4.2.1 busy", "mx2.globex.test": "550 5.2.1 disabled"}
            return Answer(answers[event.host]) if said and event.host in answers else PASS

        with world.fault(Fault("dave is gone", judge)):
            alice.send(to=["bop@globex.test", "dave@globex.test"])
        reports = [[*as_email(letter).iter_parts()][1].get_payload()[1:] for letter in alice.inbox]
        remotes = {one["Final-Recipient"]: one["Remote-MTA"] for report in reports for one in report}
        assert remotes == {
            "rfc822; bop@globex.test": "dns; mx1.globex.test",
            "rfc822; dave@globex.test": "dns; mx2.globex.test",
        }


def test_a_letter_for_the_host_itself_comes_back_at_once() -> None:
    with playing() as world:
        alice, _ = cast(world)
        for to in ("bob@mail.acme.test", f"bob@[{world.host('mail.acme.test').address}]"):
            letter = alice.send(to=to)
            letter.trace.assert_bounced(status="5.4.6")
            assert len([event for event in world.journal.of_letter(letter.number) if isinstance(event, Accepted)]) == 1


@pytest.mark.parametrize("to", ["Postmaster", "postmaster@globex.test", "postMaster@GLOBEX.test"])
@pytest.mark.parametrize("gateway", [None, Gateway()])
def test_a_domain_has_a_postmaster(to: str, gateway: Gateway | None) -> None:
    with playing(ACME, Domain("globex.test", users=["bob"], gateway=gateway)) as world:
        with smtplib.SMTP(*world["globex.test"].smtp) as smtp:
            smtp.ehlo("x.test")
            assert smtp.mail("")[0] == smtp.rcpt(to)[0] == smtp.data(b"Subject: help\r\n\r\n")[0] == 250
        (letter,) = world.letters
        letter.trace.assert_delivered()


def test_a_postmaster_who_is_a_user_reads_what_is_sent_there() -> None:
    with playing(ACME, Domain("globex.test", users=["bob", "postmaster"])) as world:
        with smtplib.SMTP(*world["globex.test"].smtp) as smtp:
            smtp.ehlo("x.test")
            assert smtp.mail("")[0] == smtp.rcpt("postmaster")[0] == smtp.data(b"Subject: help\r\n\r\n")[0] == 250
        assert world.user("postmaster@globex.test").inbox.subjects == ["help"]


def test_a_bounce_of_a_bounce_is_never_sent() -> None:
    with playing() as world:
        with smtplib.SMTP(*world["acme.test"].submission) as smtp:
            smtp.sendmail("ghost@acme.test", ["bop@globex.test"], b"Subject: from nobody\r\n\r\nboo\r\n")
        world.settle()
        reports = [event for event in world.journal.of_kind(Bounced) if event.report == 0]
        assert len(reports) == 1
        assert len(world.letters) == 2
        assert world.user("alice@acme.test").inbox.subjects == []


def test_a_local_user_who_is_unknown_is_refused_at_submission() -> None:
    with playing() as world:
        alice, bob = cast(world)
        letter = alice.send(to=["nobody@acme.test", bob], subject="half")
        assert {to: str(reply) for to, reply in letter.refused.items()} == {
            "nobody@acme.test": "550 5.1.1 No such user here"
        }
        assert letter.trace.status == {"nobody@acme.test": "refused", "bob@globex.test": "delivered"}
        lost = alice.send(to="nobody@acme.test")
        lost.trace.assert_refused(at="mail.acme.test", reply=550)
        assert alice.inbox.subjects == []
