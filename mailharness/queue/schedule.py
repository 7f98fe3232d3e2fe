"""When to try again: pure arithmetic on the world's seconds (RFC 5321 §4.5.4.1)."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from mailharness.errors import MisuseError

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_SHORTEST = 1.0
"""Seconds of the shortest pause: what is much less is lost in the clock's own grain, and no time would pass."""
_MOST_ATTEMPTS = 100_000


@dataclass(frozen=True)
class Schedule:
    """``steps`` are the pauses after the first attempts in seconds, ``every`` the pause after those, ``give_up`` the age
    in seconds at which a letter has had its last attempt. At the age of ``warn`` seconds its sender is told that it has to
    wait (None: never). ``jitter`` lengthens each pause by up to that share of it, by the world's seed.

    Raises MisuseError for what is no such number, and for a schedule that never ends: a pause under 1 second, or more than
    100,000 attempts.
    """

    steps: Sequence[float] = (15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR)
    every: float = 4 * HOUR
    give_up: float = 5 * DAY
    warn: float | None = 4 * HOUR
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.steps, str) or not isinstance(self.steps, Iterable):
            raise MisuseError(f"Schedule(steps={self.steps!r}): write a list of seconds, as in steps=(60, 300)")
        object.__setattr__(self, "steps", tuple(self.steps))
        for pause in self.steps:
            _check_pause("steps", pause)
        _check_pause("every", self.every)
        _check_pause("give_up", self.give_up)
        if self.warn is not None:
            _check_pause("warn", self.warn, ", or None for no warning")
        if not (_is_number(self.jitter) and 0 <= self.jitter <= 1):
            raise MisuseError(f"Schedule(jitter={self.jitter!r}): write a share of each pause, as in jitter=0.1")
        if max(len(self.steps), self.give_up / self.every) > _MOST_ATTEMPTS:
            told = f"every={self.every:g}, give_up={self.give_up:g}"
            raise MisuseError(
                f"Schedule({told}): that is over {_MOST_ATTEMPTS:,} attempts and as good as never ends; wait longer "
                "between them, or give up sooner"
            )

    @cached_property
    def attempts(self) -> int:
        """How many attempts there are in all, where none takes any time and nothing is drawn."""
        made, age = 1, 0.0
        for pause in self.steps:
            if age >= self.give_up:
                return made
            made, age = made + 1, age + pause
        return made + max(0, math.ceil((self.give_up - age) / self.every))

    def next_attempt(self, attempts: int, queued_at: float, now: float, rng: random.Random | None = None) -> float | None:
        """The moment of the attempt after ``attempts`` have failed, or None to give up; ``rng`` draws the jitter.

        The last attempt is made when the letter reaches the age of giving up, never later.
        """
        end = self.ends_at(queued_at)
        if now >= end:
            return None
        pause = self.steps[attempts - 1] if 0 < attempts <= len(self.steps) else self.every
        if self.jitter and rng is not None:
            pause *= 1 + self.jitter * rng.random()
        return min(now + pause, end)

    def ends_at(self, queued_at: float) -> float:
        """The moment at which a letter that has waited since ``queued_at`` is given up."""
        return queued_at + self.give_up

    def warns_at(self, queued_at: float) -> float | None:
        """The moment at which its sender is told of the delay; None: never, as where it is given up by then."""
        return None if self.warn is None or self.warn >= self.give_up else queued_at + self.warn


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_pause(name: str, seconds: object, otherwise: str = "") -> None:
    if not _is_number(seconds) or seconds < _SHORTEST:  # type: ignore[operator]
        cure = "steps=(900, 1800)" if name == "steps" else f"{name}=14400 for four hours"
        raise MisuseError(
            f"Schedule({name}={seconds!r}): a pause or an age must be more than 0 seconds, at least {_SHORTEST:g}, "
            f"and finite{otherwise}; write {cure}"
        )
