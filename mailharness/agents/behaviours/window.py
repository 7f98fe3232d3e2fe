"""A sliding window: how much of something there was in the last so many seconds. Knows no session and no clock."""

from collections import deque
from collections.abc import Iterator


class SlidingWindow:
    """At most ``limit`` admissions of a key in any ``per`` seconds; one that is ``per`` seconds old counts no more.

    Keys whose last admission is that old are dropped whenever another is admitted, so memory is bounded by time.
    """

    def __init__(self, limit: int, per: float) -> None:
        self.limit = limit
        self.per = per
        self._admitted: dict[str, deque[float]] = {}
        """By key the moments of its admissions, the key that was admitted last at the end."""

    def admit(self, key: str, now: float) -> bool:
        """Whether there is room for ``key`` at ``now``; if so it is counted."""
        moments = self._admitted.get(key)
        if moments is not None:
            self._drop_old(moments, now)
            if len(moments) >= self.limit:
                return False
            del self._admitted[key]
        self._prune(now)
        self._admitted[key] = moments if moments is not None else deque()
        self._admitted[key].append(now)
        return True

    def _drop_old(self, moments: deque[float], now: float) -> None:
        while moments and now - moments[0] >= self.per:
            moments.popleft()

    def _prune(self, now: float) -> None:
        while self._admitted and now - self._admitted[oldest := next(iter(self._admitted))][-1] >= self.per:
            del self._admitted[oldest]

    def __len__(self) -> int:
        return len(self._admitted)

    def tell(self, now: float) -> Iterator[tuple[str, int]]:
        """Each key that was admitted in the window that ends ``now``, with how often."""
        for key, moments in self._admitted.items():
            if count := sum(now - moment < self.per for moment in moments):
                yield key, count

    def forget(self) -> None:
        self._admitted.clear()
