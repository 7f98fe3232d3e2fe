"""The switchboard: every event passes here, is judged by the armed faults, and enters the journal.

With no judge armed it costs one ``if``. The first verdict that is not Pass wins and is recorded as an event too.
"""

from collections.abc import Callable

from mailharness.faults.fault import Armed, Fault
from mailharness.faults.verdict import PASS, Verdict
from mailharness.trace.events import Event, FaultArmed, Judged
from mailharness.trace.journal import Journal


class Switchboard:
    """One world's switchboard. ``announce`` is called on the loop thread, before the event takes effect.

    What a fault draws comes of ``seed`` and of how many were armed before it.
    """

    def __init__(self, journal: Journal, seed: int = 0) -> None:
        self.journal = journal
        self.seed = seed
        self._armed: tuple[Armed, ...] = ()
        self.all_armed: list[Armed] = []
        """All that ever were, in order."""
        self._on_change: list[Callable[[], None]] = []

    def announce(self, event: Event) -> Verdict:
        """Record the event and return what shall become of it."""
        self.journal.append(event)
        return self._judge(event) if self._armed else PASS

    def _judge(self, event: Event) -> Verdict:
        for armed in self._armed:
            verdict = armed.judge(event)
            if verdict is not PASS:
                self.journal.append(
                    Judged(
                        host=event.host,
                        session=event.session,
                        of=event.of,
                        about=event.serial,
                        fault=armed.fault.name,
                        verdict=str(verdict),
                    )
                )
                return verdict
        return PASS

    def arm(self, fault: Fault) -> Armed:
        """Put a fault to work; the one armed last is asked last."""
        seed = f"{self.seed}/{len(self.all_armed) + 1}"
        armed = Armed(fault, self.journal.of_session, seed=seed, armed_at=self.journal.clock.now())
        self.all_armed.append(armed)
        self.journal.append(FaultArmed(fault=fault.name, times=fault.times))
        self._armed = (*self._armed, armed)
        self._changed()
        return armed

    def disarm(self, armed: Armed) -> None:
        self._armed = tuple(a for a in self._armed if a is not armed)
        self._changed()

    def hears(self, kind: type[Event]) -> bool:
        """Whether events of that kind have to be made: some are, only where an armed fault wants to hear them."""
        return bool(self._armed) and any(kind in armed.fault.hears for armed in self._armed)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` whenever a fault is armed or disarmed (kept connections are then given up)."""
        self._on_change.append(callback)

    def _changed(self) -> None:
        for callback in self._on_change:
            callback()

    @property
    def armed(self) -> tuple[Armed, ...]:
        return self._armed
