"""The behaviours of a running host as a test holds them: what they remember, and how to make them forget."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from mailharness.agents.behaviours import HostBehaviours, Remembered
from mailharness.errors import MisuseError

Look: TypeAlias = Callable[[Callable[[], Any]], Any]
"""Settles the world, then calls a function on its loop."""


class RunningBehaviours:
    """What one host remembers of clients, senders and recipients; settles first. What has expired is not shown."""

    def __init__(self, at_work: HostBehaviours | None, look: Look) -> None:
        self.at_work = at_work
        """The behaviours themselves, None without any; they belong to the world's loop."""
        self._look = look

    @property
    def names(self) -> tuple[str, ...]:
        """The behaviours that the host has, in the order they are asked."""
        return self.at_work.names if self.at_work is not None else ()

    def entries(self) -> list[Remembered]:
        """All that is remembered: ``by`` which behaviour, of ``whom``, and its ``state`` in words."""
        return self._look(self.at_work.remembered) if self.at_work is not None else []

    def forget(self, name: str | None = None) -> None:
        """Forget all of it, or what the behaviours called ``name`` remember; sessions that are open stay counted.

        Raises MisuseError for a behaviour that the host does not have.
        """
        if name is not None and name not in self.names:
            raise MisuseError.unknown("behaviour of this host", name, self.names)
        if (at_work := self.at_work) is not None:
            self._look(lambda: at_work.forget(name))

    def __iter__(self) -> Iterator[Remembered]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())

    def __str__(self) -> str:
        """A line for each thing that is remembered."""
        return "\n".join(map(str, self.entries()))

    def __repr__(self) -> str:
        return f"<behaviours: {', '.join(self.names) or 'none'}>"


NO_BEHAVIOURS = RunningBehaviours(None, lambda function: function())
"""Those of a host that has none."""
