"""The world's clock as a test holds it."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from mailharness.clock import Clock
from mailharness.world.checks import check, kind

_NUMBER = kind(int, float, cure="a number, as in advance(minutes=30); a timedelta has total_seconds()")
_UNITS = dict.fromkeys(("seconds", "minutes", "hours", "days", "weeks"), _NUMBER)


class WorldClock:
    """``now()`` in seconds since the epoch, ``advance`` to move time. ``call`` runs a coroutine on the world's thread."""

    def __init__(self, clock: Callable[[], Clock], call: Callable[[str, Coroutine[Any, Any, None]], None]) -> None:
        self._clock = clock
        self._call = call

    def now(self) -> float:
        return self._clock().now()

    @property
    def datetime(self) -> datetime:
        """The same as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(
        self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0, weeks: float = 0
    ) -> None:
        """Move time forward, from due timer to due timer, settling at each. Raises MisuseError for a negative sum."""
        check("advance", _UNITS, seconds=seconds, minutes=minutes, hours=hours, days=days, weeks=weeks)
        self._call("advance(...)", self._clock().advance(span(seconds, minutes, hours, days, weeks)))

    def __repr__(self) -> str:
        return f"<WorldClock {self.datetime:%Y-%m-%d %H:%M:%S} UTC>"


def span(seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0, weeks: float = 0) -> float:
    """A stretch of time in seconds."""
    return seconds + 60 * minutes + 3600 * hours + 86400 * (days + 7 * weeks)
