"""How much of a destination's attention one host takes at a time."""

from dataclasses import dataclass

from mailharness.errors import MisuseError


@dataclass(frozen=True, slots=True)
class SendingLimits:
    """For each next hop: ``connections`` at most at the same time; after ``letters`` a connection is closed (None: never).

    An attempt over the limit waits for its turn, in the order the letters came. Raises MisuseError for less than 1.
    """

    connections: int = 20
    letters: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("connections", self.connections), ("letters", self.letters)):
            unlimited = value is None and name == "letters"
            if not unlimited and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise MisuseError(f"SendingLimits({name}={value!r}): write a whole number from 1 on, as in {name}=5")
