"""The spool: letters that wait on the world's clock for their next attempt."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

from mailharness.clock import Clock
from mailharness.mail import Address
from mailharness.queue.entry import Entry


def _nothing(_entry: Entry) -> None:
    """Where nobody is to be told."""


class Spool:
    """The waiting entries of one host. Each is started on the loop thread when its moment has come.

    ``warn`` is called for an entry whose sender is to be told of the delay. ``keep`` is told of every entry that is new or
    has changed, ``forget`` of each that has come to its end. While the host is switched off nothing leaves; what fell due
    meanwhile leaves when it is on again. An entry that is held stays whatever happens.
    """

    def __init__(
        self,
        clock: Clock,
        warn: Callable[[Entry], None] = _nothing,
        keep: Callable[[Entry], None] = _nothing,
        forget: Callable[[Entry], None] = _nothing,
    ) -> None:
        self._clock = clock
        self._warn = warn
        self._keep = keep
        self._forget = forget
        self.off = False
        self._waiting: dict[Entry, None] = {}
        self._collected: list[Entry] | None = None

    def __iter__(self) -> Iterator[Entry]:
        """What waits, the oldest first."""
        return iter(sorted(self._waiting, key=lambda entry: (entry.queued_at, entry.copy.copy)))

    # -- the life of an entry ----

    def enter(self, entry: Entry) -> None:
        """A new entry, and its first attempt. One for a mailbox here is kept if it has to wait for it."""
        if not entry.local:
            self._keep(entry)
        if self._collected is None:
            entry.start(entry)
        else:
            self._collected.append(entry)

    @contextlib.contextmanager
    def collecting(self) -> Iterator[list[Entry]]:
        """The entries that enter meanwhile, to be started when they are safe, or ended."""
        before, self._collected = self._collected, []
        try:
            yield self._collected
        finally:
            self._collected = before

    def resume(self, entry: Entry) -> None:
        """An entry that has waited before; it keeps its moment, its age and whether it is held."""
        if entry.held or entry.due > self._clock.now():
            self.wait(entry, entry.due)
        else:
            self._keep(entry)
            entry.start(entry)

    def wait(self, entry: Entry, due: float) -> None:
        """Keep ``entry`` until ``due`` (seconds since the epoch on the world's clock)."""
        entry.due = due
        self._waiting[entry] = None
        entry.timer = self._clock.call_at(due, partial(self._fall_due, entry))
        self._watch(entry)
        self._keep(entry)

    def stand_in_line(self, entry: Entry) -> None:
        """``entry`` is due and waits until there is a connection for it; then its ``begin`` is asked for."""
        entry.due, entry.in_line = self._clock.now(), True
        self._waiting[entry] = None
        self._watch(entry)

    def begin(self, entry: Entry) -> bool:
        """Whether the attempt that is about to be made shall be: in line it may have been held, or deleted."""
        if entry.in_line:
            entry.in_line = False
            if entry.held or entry not in self._waiting:
                return False
            self._withdraw(entry)
        return True

    def end(self, entry: Entry) -> None:
        """Nobody is left to be served."""
        self._withdraw(entry)
        self._forget(entry)

    def _withdraw(self, entry: Entry) -> None:
        self._waiting.pop(entry, None)
        for timer in (entry.timer, entry.warning):
            if timer is not None:
                timer.cancel()
        entry.timer = entry.warning = None

    def _fall_due(self, entry: Entry) -> None:
        entry.timer = None
        if not (self.off or entry.held):
            self.start(entry)

    def _watch(self, entry: Entry) -> None:
        """Have the sender told of the delay, now or when it is time."""
        if entry.warn_at is not None and entry.warning is None:
            if self._clock.now() >= entry.warn_at:
                self._tell(entry)
            else:
                entry.warning = self._clock.call_at(entry.warn_at, partial(self._tell, entry))

    def _tell(self, entry: Entry) -> None:
        entry.warning = None
        if not self.off:
            entry.warn_at = None
            self._warn(entry)
            self._keep(entry)

    # -- what a postmaster may do ----

    def start(self, entry: Entry) -> None:
        """Attempt it now, whenever it is due."""
        if not entry.in_line:
            self._withdraw(entry)
            entry.start(entry)

    def hold(self, entry: Entry) -> None:
        """Let it stay until it is released."""
        entry.held = True
        self._keep(entry)

    def release(self, entry: Entry) -> None:
        """Let it go on; what fell due meanwhile goes now."""
        entry.held = False
        self._keep(entry)
        if not self.off and self._clock.now() >= entry.due:
            self.start(entry)

    def part(self, entry: Entry, recipients: tuple[Address, ...]) -> Entry:
        """The entry of just these of its recipients; the others stay behind in one of their own."""
        if len(recipients) == len(entry.envelope.recipients):
            return entry
        parted = entry.part(recipients)
        self.wait(parted, entry.due)
        self._keep(entry)  # in this order: killed between the two, the storage has somebody twice and nobody lost
        return parted

    def switch(self, on: bool) -> None:
        """The host is switched on, or off."""
        self.off = not on
        for entry in list(self) if on else ():
            self._watch(entry)
            if self._clock.now() >= entry.due and not entry.held:
                self.start(entry)
