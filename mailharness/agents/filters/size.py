"""A filter by size."""

from dataclasses import dataclass
from typing import ClassVar

from mailharness.agents.filters.action import Action, checked_action, take
from mailharness.agents.filters.arrival import Arrival
from mailharness.agents.filters.verdict import FilterVerdict
from mailharness.errors import MisuseError


@dataclass(frozen=True, slots=True)
class MaxSize:
    """Finds letters of more than ``octets`` octets."""

    name: ClassVar[str] = "max_size"
    octets: int
    action: Action

    def __call__(self, arrival: Arrival) -> FilterVerdict | None:
        size = len(arrival.message)
        if size <= self.octets:
            return None
        # RFC 1870 §6.1, RFC 3463 §3.4
        return take(
            self.action, self.name, f"{size} octets, over the limit of {self.octets}", "552 5.3.4 Message is too big"
        )


def max_size(octets: int, action: Action = "refuse") -> MaxSize:
    """A filter for letters of more than ``octets`` octets: refuses them with 552 5.3.4.

    Raises MisuseError unless ``octets`` is a whole number above 0.
    """
    if isinstance(octets, bool) or not isinstance(octets, int) or octets < 1:
        raise MisuseError(f"max_size({octets!r}): give a number of octets above 0, as in max_size(1_000_000)")
    return MaxSize(octets, checked_action("max_size", action))
