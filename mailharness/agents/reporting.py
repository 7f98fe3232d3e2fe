"""Reports: what a host tells a letter's sender of it, by a letter of its own (RFC 5321 §4.5.5, RFC 3464).

A report is owed to whoever asked for it (RFC 3461 §4.1); who asked for nothing hears of failures and of delays. It goes
out under the null sender, and a letter that came under it gets none: never a report of a report.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from mailharness.agents.ports import Surroundings
from mailharness.mail import Address, Cause, Copy, Envelope, Message, Reply
from mailharness.mail.dsn import Dsn, DsnRecipient, Failure
from mailharness.mail.dsn_writing import write
from mailharness.mail.report import moment, read_date
from mailharness.mail.status import final_status, named_status
from mailharness.mail.unitext import unescaped
from mailharness.trace.events import Accepted, Bounced, Delayed, Reported

Originate = Callable[[Copy, Envelope, Message], None]
"""Sends a report of our own on its way: its identity, envelope and bytes."""

MAX_RETURNED = 1_000_000
"""Octets of a message that is returned whole; of a longer one the header section is."""

_ASKED_FOR = {"failed": "FAILURE", "delayed": "DELAY", "relayed": "SUCCESS", "delivered": "SUCCESS", "expanded": "SUCCESS"}
"""What NOTIFY has to say for each report (RFC 3461 §4.1)."""

_SUCCESS = {"relayed": "2.0.0", "delivered": "2.1.5", "expanded": "2.1.5"}
"""The enhanced code of a success: 2.1.5, the address is valid (RFC 3463 §3.2)."""

_RECEIVED = re.compile(rb"from (\S+).*;([^;]*)\Z", re.DOTALL)


class Reporter:
    """Tells senders, for the host called ``host``; ``originate`` sends what it writes.

    ``max_returned`` is the greatest number of octets that is returned whole to a sender who asked for that by RET=FULL.
    """

    def __init__(self, host: str, around: Surroundings, originate: Originate, *, max_returned: int = MAX_RETURNED) -> None:
        self.host = host
        self.max_returned = max_returned
        self._around = around
        self._originate = originate

    def failed(self, copy: Copy, envelope: Envelope, message: Message, failures: Sequence[Failure]) -> None:
        """Each of ``failures`` is given up here; those to whom it is owed are told of them, in one report."""
        failures = [_with_status(failure, final_status(failure.status, failure.reply)) for failure in failures]
        owed = [failure for failure in failures if _is_owed(envelope, failure.recipient, "failed")]
        report = self._number(copy) if owed else None
        for failure in failures:
            told_by = report.letter if report and _is_owed(envelope, failure.recipient, "failed") else 0
            self._tell(Bounced, copy, failure, told_by)
        if report is not None:
            told = [self._troubled("failed", copy, envelope, failure) for failure in owed]
            # RFC 3461 §4.3: without RET=FULL the choice is ours.
            self._send(report, envelope, message, told, whole=envelope.ret == "FULL" and self.can_return(envelope, message))

    def delayed(self, copy: Copy, envelope: Envelope, message: Message, failures: Sequence[Failure], until: float) -> None:
        """The letter waits for the recipients of ``failures``, and will be tried until ``until`` (seconds since the epoch).

        Nothing is told, and no event announced, where nobody has to be told.
        """
        failures = [_with_status(failure, named_status(failure.status, failure.reply)) for failure in failures]
        owed = [failure for failure in failures if _is_owed(envelope, failure.recipient, "delayed")]
        if not owed:
            return
        report = self._number(copy)
        for failure in owed:
            self._tell(Delayed, copy, failure, report.letter)
        told = [self._troubled("delayed", copy, envelope, failure, until=moment(until)) for failure in owed]
        self._send(report, envelope, message, told)

    def _tell(self, kind: type[Bounced | Delayed], copy: Copy, failure: Failure, report: int) -> None:
        """Announce what became of the copy for the failure's recipient, and the letter number of the ``report`` on it."""
        self._around.announce(
            kind(
                host=self.host,
                of=copy,
                recipient=failure.recipient,
                status=failure.status,
                reply=failure.reply,
                reason=failure.reason,
                report=report,
            )
        )

    def relayed(
        self,
        copy: Copy,
        envelope: Envelope,
        message: Message,
        recipients: Iterable[Address],
        *,
        to: str,
        reply: Reply | None = None,
    ) -> None:
        """``to`` took the letter, and does not speak DSN: no more will be heard of it (RFC 3461 §5.2.2)."""
        self._succeeded("relayed", copy, envelope, message, recipients, to, reply)

    def delivered(self, copy: Copy, envelope: Envelope, message: Message, recipients: Iterable[Address]) -> None:
        """The letter is in its mailboxes (RFC 3461 §5.2.3)."""
        self._succeeded("delivered", copy, envelope, message, recipients)

    def expanded(self, copy: Copy, envelope: Envelope, message: Message, recipients: Iterable[Address]) -> None:
        """``recipients`` stood for several others, to whom the letter went on, without asking for a report of success
        (RFC 3461 §5.2.7.3)."""
        self._succeeded("expanded", copy, envelope, message, recipients)

    def _succeeded(
        self,
        action: str,
        copy: Copy,
        envelope: Envelope,
        message: Message,
        recipients: Iterable[Address],
        to: str = "",
        reply: Reply | None = None,
    ) -> None:
        owed = [recipient for recipient in recipients if _is_owed(envelope, recipient, action)]
        if not owed:
            return
        report, status = self._number(copy), _SUCCESS[action]
        for recipient in owed:
            self._around.announce(
                Reported(host=self.host, of=copy, recipient=recipient, action=action, status=status, report=report.letter)
            )
        told = [self._recipient(action, copy, envelope, Failure(recipient, status, "", reply, to)) for recipient in owed]
        self._send(report, envelope, message, told)

    def _number(self, copy: Copy) -> Copy:
        """The report's identity: a letter of its own, whose parent is the copy it tells of."""
        return self._around.numbering.report(copy, Cause.DSN)

    # -- what is written ----

    def _troubled(
        self, action: str, copy: Copy, envelope: Envelope, failure: Failure, until: datetime | None = None
    ) -> DsnRecipient:
        return self._recipient(action, copy, envelope, failure, until=until, tried=moment(self._around.clock.now()))

    def _recipient(
        self,
        action: str,
        copy: Copy,
        envelope: Envelope,
        what: Failure,
        *,
        until: datetime | None = None,
        tried: datetime | None = None,
    ) -> DsnRecipient:
        kind, _, original = envelope.request(what.recipient).orcpt.partition(";")
        return DsnRecipient(
            final=str(what.recipient),
            action=action,
            status=what.status,
            original=unescaped(original) if kind.lower() == "utf-8" else original,
            original_type=kind.lower() or "rfc822",
            remote_mta=what.remote,
            diagnostic=str(what.reply) if what.reply else what.reason,
            diagnostic_type="smtp" if what.reply else "x-mailharness",
            last_attempt=tried,
            will_retry_until=until,
            final_log_id="" if what.remote else f"{copy.copy:08X}",
        )

    def can_return(self, envelope: Envelope, message: Message) -> bool:
        """Whether all of the letter may be in a report: not if it is long, and what crossed as BINARYMIME has no lines."""
        return not envelope.binary and len(message) <= self.max_returned

    def _send(
        self, report: Copy, envelope: Envelope, message: Message, told: list[DsnRecipient], *, whole: bool = False
    ) -> None:
        """Write the report and let it go. Of a letter that did not fail its header section alone is returned (RFC 3461
        §4.3)."""
        assert envelope.sender is not None
        received_from, taken = arrival(message, self.host)
        dsn = Dsn(
            reporting_mta=self.host,
            recipients=tuple(told),
            envid=envelope.envid,
            received_from=received_from,
            arrival=taken,
            original=message,
            whole=whole,
        )
        written = write(
            dsn,
            to=envelope.sender,
            now=self._around.clock.now(),
            number=report.copy,
            international=envelope.smtputf8 and not _is_plain(message, told),
        )
        send(self.host, self._around, self._originate, report, envelope.sender, written)


def send(host: str, around: Surroundings, originate: Originate, report: Copy, to: Address, message: Message) -> None:
    """Let a letter that ``host`` wrote itself go its way, under the null sender (RFC 5321 §4.5.5)."""
    plain = message.header_bytes.isascii() and to.is_ascii
    envelope = Envelope(None, (to,), eight_bit=not bytes(message).isascii(), smtputf8=not plain)
    around.announce(Accepted(host=host, of=report, envelope=envelope, message=message))
    originate(report, envelope, message)


def _is_owed(envelope: Envelope, recipient: Address, action: str) -> bool:
    """Whether the sender hears of it: not where there is none (RFC 5321 §6.1), nor where they did not ask to."""
    return envelope.sender is not None and envelope.request(recipient).wants(_ASKED_FOR[action])


def _with_status(failure: Failure, status: str) -> Failure:
    return failure if failure.status == status else replace(failure, status=status)


def _is_plain(message: Message, told: list[DsnRecipient]) -> bool:
    """Whether nothing of it needs a report in UTF-8 (RFC 6533 §1)."""
    return message.header_bytes.isascii() and all((each.final + each.original + each.diagnostic).isascii() for each in told)


def received_by(message: Message, host: str) -> bytes:
    """The Received field that ``host`` itself wrote on top (RFC 5321 §4.4); empty for a letter that it wrote itself."""
    top = next((value for name, value in message.fields if name.lower() == "received"), b"")
    return top if f"by {host} ".encode() in top else b""


def arrival(message: Message, host: str) -> tuple[str, datetime | None]:
    """From whom, by name, and when ``host`` took the letter; nothing where it wrote it itself."""
    found = _RECEIVED.match(received_by(message, host))
    return (found[1].decode("utf-8", "replace"), read_date(found[2].decode("latin-1"))) if found else ("", None)
