"""Reports of letters that came to nothing: what they say, where they go, and that they end (RFC 3464, RFC 5321 §6.1)."""

import smtplib

from mailharness.trace.events import Bounced
from tests.scenarios.stage import as_email, cast, playing


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
