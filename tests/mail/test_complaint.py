"""Complaints: written for a foreign reader, and read whoever wrote them (RFC 5965)."""

from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness import Address, Message, MisuseError
from mailharness.mail.complaint import FEEDBACK_TYPES, Complaint, write_complaint
from mailharness.mail.report import moment

NOW = 1_772_600_000.0
LETTER = Message("From: shop@a.test\r\nSubject: Kauft Käse\r\nMessage-ID: <1@a.test>\r\n\r\nNow!\r\n".encode())


def complaint(**more: Any) -> Complaint:
    return Complaint(**({"feedback_type": "abuse", "original": LETTER, "whole": True} | more))


def written(what: Complaint) -> Message:
    return write_complaint(what, host="mail.b.test", to=Address.parse("shop@a.test"), now=NOW, number=3)


FULL = complaint(
    mail_from="shop@a.test",
    recipients=("eve@b.test", "eva@b.test"),
    envid="QQ",
    arrival=moment(NOW),
    reporting_mta="mail.b.test",
    source_ip="127.4.0.1",
    reported_domains=("a.test",),
    reported_uris=("http://a.test/cheese", "mailto:shop@a.test"),
    authentication_results=("mail.b.test; spf=pass smtp.mailfrom=shop@a.test",),
    incidents=3,
)


def test_a_foreign_reader_finds_every_field() -> None:
    parsed = message_from_bytes(bytes(written(FULL)))
    assert (parsed.get_content_type(), parsed.get_param("report-type")) == ("multipart/report", "feedback-report")
    assert (parsed["To"], parsed["Auto-Submitted"]) == ("<shop@a.test>", "auto-replied")
    _, machine, original = parsed.get_payload()
    assert machine.get_content_type() == "message/feedback-report"
    (fields,) = machine.get_payload()
    assert fields.items() == [
        ("Feedback-Type", "abuse"),
        ("User-Agent", "mailharness"),
        ("Version", "1"),
        ("Original-Envelope-Id", "QQ"),
        ("Original-Mail-From", "<shop@a.test>"),
        ("Arrival-Date", "Wed, 04 Mar 2026 04:53:20 +0000"),
        ("Reporting-MTA", "dns; mail.b.test"),
        ("Source-IP", "127.4.0.1"),
        ("Incidents", "3"),
        ("Authentication-Results", "mail.b.test; spf=pass smtp.mailfrom=shop@a.test"),
        ("Original-Rcpt-To", "<eve@b.test>"),
        ("Original-Rcpt-To", "<eva@b.test>"),
        ("Reported-Domain", "a.test"),
        ("Reported-URI", "http://a.test/cheese"),
        ("Reported-URI", "mailto:shop@a.test"),
    ]
    assert original.get_payload()[0].get_payload() == "Now!\r\n"


@pytest.mark.parametrize("what", [FULL, complaint(), *(complaint(feedback_type=kind) for kind in FEEDBACK_TYPES)])
def test_what_was_written_is_read(what: Complaint) -> None:
    message = written(what)
    assert message.as_complaint() == what
    assert message.subject == "FW: Kauft Käse"
    assert message.header_bytes.isascii()
    assert message.as_dsn() is None


def test_the_header_section_alone_may_be_returned() -> None:
    found = written(complaint(whole=False)).as_complaint()
    assert found is not None
    assert found.original is not None
    assert (found.whole, found.original.message_id, found.original.body_bytes) == (False, "<1@a.test>", b"")


def test_a_type_that_nobody_knows_is_misuse_to_write_and_can_be_read() -> None:
    with pytest.raises(MisuseError, match="did you mean 'abuse'"):
        written(complaint(feedback_type="abusive"))
    told = bytes(written(complaint())).replace(b"Feedback-Type: abuse", b"FEEDBACK-TYPE: Opt-Out-List")
    found = Message(told.replace(b"\r\nVersion: 1", b"\r\nversion:1\r\n\r\nIncidents: many")).as_complaint()
    assert found is not None
    assert (found.feedback_type, found.version, found.incidents) == ("opt-out-list", "1", 1)


@given(st.binary(max_size=300))
def test_any_octets_as_the_feedback_part(octets: bytes) -> None:
    head = b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
    found = Message(head + octets).as_complaint()
    assert found is not None
    assert found.incidents >= 0
