"""What every event says."""

from dataclasses import dataclass, field

from mailharness.mail import NO_COPY, Cause, Copy


@dataclass(slots=True, eq=False, kw_only=True)
class Event:
    """What every event says."""

    host: str = ""
    session: int = 0
    of: Copy = NO_COPY
    serial: int = field(default=0, init=False)
    at: float = field(default=0.0, init=False)
    real: float = field(default=0.0, init=False)

    @property
    def letter(self) -> int:
        return self.of.letter

    @property
    def copy(self) -> int:
        return self.of.copy

    @property
    def parent(self) -> int:
        return self.of.parent

    @property
    def cause(self) -> Cause:
        return self.of.cause
