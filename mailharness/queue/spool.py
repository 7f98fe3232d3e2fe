"""The spool: letters that wait on the world's clock for their next attempt."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mailharness.clock import Clock, Timer
from mailharness.mail import Address, Copy, Envelope, Message


@dataclass(slots=True, eq=False)
class Entry:
    """One copy on its way to one domain: ``envelope`` holds the recipients that are still to be served."""

    copy: Copy
    envelope: Envelope
    message: Message
    domain: str
    queued_at: float
    attempts: int = 0
    timer: Timer | None = field(default=None, repr=False)

    def keep(self, recipients: tuple[Address, ...]) -> None:
        """Go on with these recipients only; the others have been relayed or given up."""
        self.envelope = self.envelope.for_recipients(recipients)


class Spool:
    """Waiting entries of one host. ``on_due`` is called on the loop thread when an entry's moment has come.

    While the host is switched off nothing leaves; what fell due meanwhile leaves when it is on again.
    """

    def __init__(self, clock: Clock, on_due: Callable[[Entry], None]) -> None:
        self._clock = clock
        self._on_due = on_due
        self._off = False
        self._overdue: list[Entry] = []

    def wait(self, entry: Entry, due: float) -> None:
        """Keep ``entry`` until ``due`` (seconds since the epoch on the world's clock)."""
        entry.timer = self._clock.call_at(due, lambda: self._release(entry))

    def _release(self, entry: Entry) -> None:
        entry.timer = None
        if self._off:
            self._overdue.append(entry)
        else:
            self._on_due(entry)

    def switch(self, on: bool) -> None:
        """The host is switched on, or off."""
        self._off = not on
        if on:
            overdue, self._overdue = self._overdue, []
            for entry in overdue:
                self._on_due(entry)
