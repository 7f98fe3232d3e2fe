"""When to try again: pure arithmetic on the world's seconds (RFC 5321 §4.5.4.1)."""

from dataclasses import dataclass

from mailharness.errors import MisuseError

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """``steps`` are the pauses after the first attempts in seconds, ``every`` the pause after those, ``give_up`` the age
    in seconds at which a letter has had its last attempt.

    Raises MisuseError for a pause that is not positive: such a schedule would never end.
    """

    steps: tuple[float, ...] = (15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR)
    every: float = 4 * HOUR
    give_up: float = 5 * DAY

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))
        if not all(seconds > 0 for seconds in (*self.steps, self.every, self.give_up)):
            raise MisuseError(f"{self}: each pause and the age of giving up must be more than 0 seconds")

    def next_attempt(self, attempts: int, queued_at: float, now: float) -> float | None:
        """The moment of the attempt after ``attempts`` have failed, or None to give up.

        The last attempt is made when the letter reaches the age of giving up, never later.
        """
        end = queued_at + self.give_up
        if now >= end:
            return None
        pause = self.steps[attempts - 1] if attempts <= len(self.steps) else self.every
        return min(now + pause, end)
