"""Acquaintances: who has been met, who has to wait still, and who has been forgotten. Knows no session and no clock."""

from collections.abc import Hashable, Iterator
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class Patience(NamedTuple):
    """In seconds: a first contact waits ``delay``, has to come back within ``window``, and is known for ``remember``."""

    delay: float
    window: float
    remember: float


class Acquaintances(Generic[K]):
    """Who is known, by key. What has expired is dropped whenever somebody new is met, so memory is bounded by time."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._waiting: dict[K, float] = {}
        """When a key was first met, oldest first."""
        self._known: dict[K, float] = {}
        """When a known key was last met, oldest first."""

    def meet(self, key: K, now: float) -> bool:
        """Whether ``key`` may pass at ``now``. Each pass begins the ``remember`` anew; a refusal begins nothing anew."""
        patience = self._patience
        if self._holds(self._known, key, now, patience.remember):
            return self._admit(key, now)
        if self._holds(self._waiting, key, now, patience.window):
            return now - self._waiting[key] >= patience.delay and self._admit(key, now)
        return self._begin(key, now)

    def _holds(self, memory: dict[K, float], key: K, now: float, lifetime: float) -> bool:
        since = memory.get(key)
        return since is not None and now - since <= lifetime

    def _admit(self, key: K, now: float) -> bool:
        self._waiting.pop(key, None)
        self._known.pop(key, None)
        self._known[key] = now
        return True

    def _begin(self, key: K, now: float) -> bool:
        self._prune(now)
        if not self._patience.delay:
            return self._admit(key, now)
        self._waiting[key] = now
        return False

    def _prune(self, now: float) -> None:
        for memory, lifetime in ((self._waiting, self._patience.window), (self._known, self._patience.remember)):
            while memory and now - memory[oldest := next(iter(memory))] > lifetime:
                del memory[oldest]

    def __len__(self) -> int:
        return len(self._waiting) + len(self._known)

    def tell(self, now: float) -> Iterator[tuple[K, str]]:
        """Each key that is remembered at ``now``, with how it stands."""
        patience = self._patience
        for key, first in self._waiting.items():
            if now - first <= patience.window:
                wait = first + patience.delay - now
                yield key, f"has to wait {wait:g} s more" if wait > 0 else "may pass"
        for key, last in self._known.items():
            if now - last <= patience.remember:
                yield key, f"is known for {last + patience.remember - now:g} s more"

    def forget(self) -> None:
        self._waiting.clear()
        self._known.clear()
