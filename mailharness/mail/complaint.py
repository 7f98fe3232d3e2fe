"""Complaints: what a mailbox provider tells a sender whose letter its recipient called abuse, say (RFC 5965)."""

from dataclasses import dataclass, field
from datetime import datetime

from mailharness.errors import MisuseError
from mailharness.mail import report
from mailharness.mail.address import Address, ascii_form
from mailharness.mail.dsn import Fields
from mailharness.mail.message import Message

FEEDBACK_TYPES: dict[str, str] = {
    "abuse": "called it unsolicited or otherwise abusive",
    "fraud": "called it a fraud",
    "virus": "found a virus in it",
    "other": "complained of it",
    "not-spam": "said that it is no spam",
}
"""What may be said of a letter, and how (RFC 5965 §7.3, RFC 6430 §3)."""

MEDIA_TYPE = "message/feedback-report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a feedback report says (RFC 5965 §3); "" or None where it says nothing.

    ``feedback_type`` is in lower case, one of ``FEEDBACK_TYPES`` or another's own; ``mail_from`` and ``recipients`` are
    those of the envelope; ``original`` is the letter, ``whole`` or its header section only.
    """

    feedback_type: str
    user_agent: str = "mailharness"
    version: str = "1"
    mail_from: str = ""
    recipients: tuple[str, ...] = ()
    envid: str = ""
    arrival: datetime | None = None
    reporting_mta: str = ""
    source_ip: str = ""
    reported_domains: tuple[str, ...] = ()
    reported_uris: tuple[str, ...] = ()
    authentication_results: tuple[str, ...] = ()
    incidents: int = 1
    original: Message | None = None
    whole: bool = False
    fields: Fields = field(default=(), compare=False, repr=False)
    """Every field as it was written, those that have no place above among them."""


def write_complaint(complaint: Complaint, *, host: str, to: Address, now: float, number: int) -> Message:
    """The complaint as a letter from the mail system ``host`` to ``to``, written at ``now`` (seconds since the epoch).

    Raises MisuseError for a feedback type that is not one of ``FEEDBACK_TYPES``.
    """
    if complaint.feedback_type not in FEEDBACK_TYPES:
        raise MisuseError.unknown("feedback type", complaint.feedback_type, FEEDBACK_TYPES)
    host = ascii_form(host)
    subject = complaint.original.subject if complaint.original else ""
    original_id = complaint.original.message_id if complaint.original else ""
    sender = f"Complaints <postmaster@{host}>"
    heading = report.Heading(sender, f"<{to}>", f"FW: {subject}", host, now, number, original_id)
    said = FEEDBACK_TYPES[complaint.feedback_type]
    text = f"This is the mail system at {host}.\n\nOne of our users has had the letter below and {said}.\n"
    parts = [("text/plain; charset=utf-8", report.lines_of(text)), (MEDIA_TYPE, _for_programs(complaint))]
    if complaint.original is not None:
        parts.append(report.returned(complaint.original, whole=complaint.whole))
    return report.write_report(heading, "complaint", "feedback-report", parts)


def _for_programs(complaint: Complaint) -> bytes:
    """The fields that may stand once, then those that may stand again and again (RFC 5965 §3.1, §3.2, §3.3)."""
    once = {
        "Feedback-Type": complaint.feedback_type,
        "User-Agent": complaint.user_agent,
        "Version": complaint.version,
        "Original-Envelope-Id": complaint.envid,
        "Original-Mail-From": f"<{complaint.mail_from}>" if complaint.mail_from else "",
        "Arrival-Date": report.date(complaint.arrival) if complaint.arrival else "",
        "Reporting-MTA": f"dns; {complaint.reporting_mta}" if complaint.reporting_mta else "",
        "Source-IP": complaint.source_ip,
        "Incidents": str(complaint.incidents) if complaint.incidents != 1 else "",
    }
    again = {
        "Authentication-Results": complaint.authentication_results,
        "Original-Rcpt-To": tuple(f"<{recipient}>" for recipient in complaint.recipients),
        "Reported-Domain": complaint.reported_domains,
        "Reported-URI": complaint.reported_uris,
    }
    return report.group(once) + b"".join(report.group({name: value}) for name, values in again.items() for value in values)
