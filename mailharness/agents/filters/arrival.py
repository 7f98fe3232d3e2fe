"""What a filter is shown: one letter on arrival at a gateway, read once for all filters of the list."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mailharness.mail import Envelope, Message

if TYPE_CHECKING:
    from mailharness.agents.filters.reading import Reading
    from mailharness.mail.mime import Part


@dataclass(frozen=True)
class Arrival:
    """One letter that a gateway may still refuse. ``helo`` and ``peer`` (the address, as text) say who brought it."""

    envelope: Envelope
    message: Message
    helo: str = ""
    peer: str = ""

    @property
    def part(self) -> "Part":
        """The message as a tree of MIME parts; broken MIME gives a tree too."""
        return self.message.part

    @cached_property
    def readings(self) -> "tuple[Reading, ...]":
        """What a reader sees of it: the subject, then every text in order, of forwarded messages and attached files too."""
        from mailharness.agents.filters.reading import read

        return tuple(read(self.part))
