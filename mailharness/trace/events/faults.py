"""What breaks a world, and when."""

from dataclasses import dataclass

from mailharness.trace.events.event import Event


@dataclass(slots=True, eq=False, kw_only=True)
class FaultArmed(Event):
    """From here on the ``fault`` judges, ``times`` times at most (None: always)."""

    fault: str
    times: int | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Judged(Event):
    """A fault gave the event ``about`` (its serial) a ``verdict`` other than Pass."""

    about: int
    fault: str
    verdict: str
