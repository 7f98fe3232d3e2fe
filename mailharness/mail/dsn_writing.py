"""Delivery status notifications written: for people, for programs, and with what is returned (RFC 3464, RFC 6533)."""

from mailharness.errors import MisuseError
from mailharness.mail import report
from mailharness.mail.address import Address, ascii_form
from mailharness.mail.dsn import ACTIONS, MEDIA_TYPES, Dsn, DsnRecipient
from mailharness.mail.message import Message
from mailharness.mail.status import cause_of
from mailharness.mail.unitext import escaped, typed_address

_SUBJECTS = {
    "failed": "Undelivered Mail Returned to Sender",
    "delayed": "Delayed Mail (still being retried)",
    "relayed": "Your mail was passed on, its arrival cannot be confirmed",
    "delivered": "Your mail has arrived",
    "expanded": "Your mail has arrived and was passed on to several",
}
_STORIES = {
    "failed": "Your message could not be delivered to:",
    "delayed": "Your message is still waiting to be delivered to those below. You need not send it again.",
    "relayed": "Your message was handed to a mail system that confirms no arrivals, for:",
    "delivered": "Your message was delivered to:",
    "expanded": "Your message was delivered, and passed on to those that these addresses stand for:",
}


def write(dsn: Dsn, *, to: Address, now: float, number: int, international: bool = False) -> Message:
    """The report as a letter to ``to``, written at ``now`` (seconds since the epoch).

    ``number`` makes its Message-ID and boundary its own. An ``international`` one has UTF-8 where the others have escapes
    (RFC 6533 §3); it is for those who can take it. Raises MisuseError for an action that RFC 3464 does not know.
    """
    unknown = {recipient.action for recipient in dsn.recipients}.difference(ACTIONS)
    if unknown or not dsn.recipients:
        raise MisuseError(f"a report tells of each of its recipients one of {', '.join(ACTIONS)}; not {sorted(unknown)}")
    host = ascii_form(dsn.reporting_mta)
    heading = report.Heading(
        f"Mail Delivery System <MAILER-DAEMON@{host}>",
        f"<{to}>",
        _SUBJECTS[dsn.action],
        host,
        now,
        number,
        dsn.original.message_id if dsn.original else "",
    )
    kind = MEDIA_TYPES[international]
    groups = [_about_message(dsn), *(_about(recipient, international=international) for recipient in dsn.recipients)]
    parts = [("text/plain; charset=utf-8", report.lines_of(_for_people(dsn))), (kind, b"\r\n".join(groups))]
    if dsn.original is not None:
        parts.append(report.returned(dsn.original, whole=dsn.whole, international=international))
    return report.write_report(heading, "dsn", "delivery-status", parts)


def _for_people(dsn: Dsn) -> str:
    lines = [f"This is the mail system at {dsn.reporting_mta}.", ""]
    for action in ACTIONS:
        told = [recipient for recipient in dsn.recipients if recipient.action == action]
        lines += [_STORIES[action], "", *(line for each in told for line in (f"  {_told(each)}", ""))] if told else []
    return "\n".join(lines)


def _told(recipient: DsnRecipient) -> str:
    """``<bop@b.test>: there is no such mailbox; mail.b.test said: 550 5.1.1 No such user here``."""
    until = recipient.will_retry_until
    spoken = " ".join(recipient.diagnostic.split())
    said = f"{recipient.remote_mta} said: {spoken}" if recipient.remote_mta and spoken else spoken
    tried = f"it will be tried until {report.date(until)}" if until else ""
    told = "; ".join(filter(None, (cause_of(recipient.status), said, tried)))
    return f"<{recipient.final}>" + (f": {told}" if told else "")


def _about_message(dsn: Dsn) -> bytes:
    """The per-message fields (RFC 3464 §2.2)."""
    return report.group(
        {
            "Original-Envelope-Id": dsn.envid,
            "Reporting-MTA": _host(dsn.reporting_mta),
            "Received-From-MTA": _host(dsn.received_from),
            "Arrival-Date": report.date(dsn.arrival) if dsn.arrival else "",
        }
    )


def _about(recipient: DsnRecipient, *, international: bool) -> bytes:
    """The per-recipient fields (RFC 3464 §2.3)."""
    diagnostic = recipient.diagnostic if international else escaped(recipient.diagnostic)
    fields = {
        "Original-Recipient": typed_address(recipient.original, recipient.original_type, international=international),
        "Final-Recipient": typed_address(recipient.final, recipient.final_type, international=international),
        "Action": recipient.action,
        "Status": recipient.status,
        "Remote-MTA": _host(recipient.remote_mta),
        "Diagnostic-Code": f"{recipient.diagnostic_type}; {diagnostic}" if diagnostic else "",
        "Last-Attempt-Date": report.date(recipient.last_attempt) if recipient.last_attempt else "",
        "Final-Log-ID": recipient.final_log_id,
        "Will-Retry-Until": report.date(recipient.will_retry_until) if recipient.will_retry_until else "",
    }
    return report.group(fields)


def _host(name: str) -> str:
    return f"dns; {ascii_form(name)}" if name else ""
