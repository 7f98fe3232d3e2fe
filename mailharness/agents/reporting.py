"""Reports: what a host tells a letter's sender of it, by a letter of its own (RFC 5321 §4.5.5, RFC 3464)."""

from collections.abc import Callable, Sequence

from mailharness.agents.ports import Surroundings
from mailharness.mail import Cause, Copy, Envelope, Message
from mailharness.mail.dsn import Failure, compose
from mailharness.trace.events import Accepted, Bounced, Delayed

Originate = Callable[[Copy, Envelope, Message], None]
"""Sends a report of our own on its way: its identity, envelope and bytes."""


class Reporter:
    """Tells senders, for the host called ``host``; ``originate`` sends what it writes."""

    def __init__(self, host: str, around: Surroundings, originate: Originate) -> None:
        self.host = host
        self._around = around
        self._originate = originate

    def failed(self, copy: Copy, envelope: Envelope, message: Message, failures: Sequence[Failure]) -> None:
        """Tell the sender by one report, or nobody where there is no sender: never a report of a report (RFC 5321 §6.1)."""
        report = None if envelope.sender is None else self._around.numbering.first_copy(Cause.DSN, parent=copy.copy)
        for failure in failures:
            self._around.announce(
                Bounced(
                    host=self.host,
                    of=copy,
                    recipient=failure.recipient,
                    status=failure.status,
                    reply=failure.reply,
                    reason=failure.reason,
                    report=report.letter if report else 0,
                )
            )
        if report is not None:
            self._send(report, envelope, message, failures)

    def delayed(self, copy: Copy, envelope: Envelope, message: Message, failures: Sequence[Failure], until: float) -> None:
        """Tell the sender that the letter has to wait, and is given up at ``until`` (RFC 3464 §2.3.3, §2.3.9)."""
        if envelope.sender is None:
            return
        report = self._around.numbering.first_copy(Cause.DSN, parent=copy.copy)
        for failure in failures:
            self._around.announce(
                Delayed(
                    host=self.host,
                    of=copy,
                    recipient=failure.recipient,
                    status=failure.status,
                    reply=failure.reply,
                    reason=failure.reason,
                    report=report.letter,
                )
            )
        self._send(report, envelope, message, failures, until)

    def _send(
        self, report: Copy, envelope: Envelope, message: Message, failures: Sequence[Failure], until: float | None = None
    ) -> None:
        assert envelope.sender is not None
        dsn = compose(
            reporter=self.host,
            to=envelope.sender,
            failures=tuple(failures),
            original=message,
            now=self._around.clock.now(),
            number=report.copy,
            until=until,
        )
        addressed = Envelope(None, (envelope.sender,), eight_bit=True, smtputf8=envelope.smtputf8)
        self._around.announce(Accepted(host=self.host, of=report, envelope=addressed, message=dsn))
        self._originate(report, addressed, dsn)
