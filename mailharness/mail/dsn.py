"""Delivery status notifications: the report that a letter came to nothing (RFC 3464), as a multipart/report."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from mailharness.mail.address import Address
from mailharness.mail.message import Message
from mailharness.mail.reply import Reply


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient that was given up, with the enhanced code that says why and the reply that caused it, if any."""

    recipient: Address
    status: str
    reason: str
    reply: Reply | None = None
    remote: str = ""


_SUBJECTS = {False: "Undelivered Mail Returned to Sender", True: "Delayed Mail (still being retried)"}


def compose(
    *,
    reporter: str,
    to: Address,
    failures: tuple[Failure, ...],
    original: Message,
    now: float,
    number: int,
    until: float | None = None,
) -> Message:
    """The report of ``failures`` from the MTA ``reporter`` to the sender ``to`` at ``now`` (seconds since the epoch).

    ``number`` makes its Message-ID and boundary its own. The original's header section is returned, not its body
    (RFC 3462 §2); 8-bit headers are declared as such. With ``until`` it reports a delay, and when it will be given up.
    """
    boundary = f"=_dsn_{number}_{int(now)}"
    header = (
        f"From: Mail Delivery System <MAILER-DAEMON@{reporter}>\n"
        f"To: <{to}>\n"
        f"Subject: {_SUBJECTS[until is not None]}\n"
        f"Date: {format_datetime(datetime.fromtimestamp(int(now), UTC))}\n"
        f"Message-ID: <dsn.{number}.{int(now)}@{reporter}>\n"
        "Auto-Submitted: auto-replied\n"
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type=delivery-status;\n boundary="{boundary}"\n\n'
    )
    parts = (
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        + _for_people(reporter, failures, until),
        "Content-Type: message/delivery-status\n\n" + _for_programs(reporter, failures, now, until),
    )
    head = header + "".join(f"--{boundary}\n{part}\n" for part in parts)
    returned = f"--{boundary}\nContent-Type: text/rfc822-headers; charset=utf-8\n\n"
    wire = (head + returned).replace("\n", "\r\n").encode("utf-8")
    return Message(wire + original.header_bytes.strip(b"\r\n") + f"\r\n\r\n--{boundary}--\r\n".encode())


def _for_people(reporter: str, failures: tuple[Failure, ...], until: float | None) -> str:
    what = "could not be delivered to:" if until is None else "is delayed, and is still being tried for:"
    lines = [f"This is the mail system at {reporter}.", "", f"Your message {what}", ""]
    for failure in failures:
        lines += [f"  <{failure.recipient}>: {failure.reason}", ""]
    return "\n".join(lines)


def _for_programs(reporter: str, failures: tuple[Failure, ...], now: float, until: float | None) -> str:
    """The per-message fields and a group of per-recipient fields for each (RFC 3464 §2.2, §2.3)."""
    groups = [f"Reporting-MTA: dns; {reporter}\nArrival-Date: {format_datetime(datetime.fromtimestamp(int(now), UTC))}\n"]
    for failure in failures:
        kind = "rfc822" if failure.recipient.is_ascii else "utf-8"
        action = "failed" if until is None else "delayed"
        lines = [f"Final-Recipient: {kind}; {failure.recipient}", f"Action: {action}", f"Status: {failure.status}"]
        if failure.remote:
            lines.append(f"Remote-MTA: dns; {failure.remote}")
        if failure.reply is not None:
            lines.append("Diagnostic-Code: smtp; " + str(failure.reply).replace("\n", "\n "))
        if until is not None:
            lines.append(f"Will-Retry-Until: {format_datetime(datetime.fromtimestamp(int(until), UTC))}")
        groups.append("\n".join(lines) + "\n")
    return "\n".join(groups)
