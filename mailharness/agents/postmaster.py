"""The postmaster: what is done to a host's queue by hand."""

from mailharness.agents.ports import Surroundings
from mailharness.agents.relay import Relay
from mailharness.mail import Address
from mailharness.mail.dsn import Failure
from mailharness.queue import Entry
from mailharness.trace.events import Discarded, Event, Held, Released

_DELETED = "deleted from the queue"
Pick = tuple[Entry, tuple[Address, ...]]
"""An entry, and those of its recipients that are meant."""


class Postmaster:
    """Holds, releases, attempts and deletes for some recipients of an entry; the others are left as they are."""

    def __init__(self, relay: Relay, around: Surroundings) -> None:
        self._relay = relay
        self._spool = relay.spool
        self._around = around

    def hold(self, pick: Pick) -> None:
        entry = self._spool.part(*pick)
        if not entry.held:
            self._announce(Held(host=self._relay.host, of=entry.copy, recipients=entry.envelope.recipients))
            self._spool.hold(entry)

    def release(self, pick: Pick) -> None:
        entry = self._spool.part(*pick)
        if entry.held:
            self._announce(Released(host=self._relay.host, of=entry.copy, recipients=entry.envelope.recipients))
            self._spool.release(entry)

    def attempt(self, pick: Pick) -> None:
        self._spool.start(self._spool.part(*pick))

    def discard(self, pick: Pick) -> None:
        """Throw it away; nobody is told."""
        entry = self._spool.part(*pick)
        for recipient in entry.envelope.recipients:
            self._announce(Discarded(host=self._relay.host, of=entry.copy, recipient=recipient, rule=_DELETED))
        self._spool.end(entry)

    def bounce(self, pick: Pick) -> None:
        """Give it up now, and tell its sender (RFC 3463 §3.8)."""
        entry = self._spool.part(*pick)
        failures = [Failure(recipient, "5.7.1", _DELETED) for recipient in entry.envelope.recipients]
        self._relay.reports.failed(entry.copy, entry.envelope, entry.message, failures)
        self._spool.end(entry)

    def _announce(self, event: Event) -> None:
        self._around.announce(event)
