"""The journal: every event of one world, in order, always on, append-only.

Only the world's loop thread appends; readers take snapshots from any thread. In pytest nothing is pruned. A world that
runs for long keeps the last letters; a letter that was evicted is known to have been.
"""

import bisect
import operator
from collections import defaultdict
from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from mailharness.clock import Clock, monotonic
from mailharness.trace.events import Event

_EVENTS_A_LETTER = 200
"""How many events that belong to no letter are kept for each letter that is; a letter over two hosts makes about 50."""

E = TypeVar("E", bound=Event)
Watcher = Callable[[Event], None]
_serial = operator.attrgetter("serial")


class Journal:
    """All that happened. ``keep_letters`` bounds how many letters' events are kept (None: all).

    What still happens to a letter that was evicted is told to watchers, and not kept.
    """

    def __init__(self, clock: Clock, *, keep_letters: int | None = None) -> None:
        self._clock = clock
        self._keep = keep_letters
        self._events: list[Event] = []
        self._by_letter: defaultdict[int, list[Event]] = defaultdict(list)
        self._by_session: defaultdict[int, list[Event]] = defaultdict(list)
        self._evicted: set[int] = set()
        self._watchers: tuple[Watcher, ...] = ()
        self._serial = 0
        self._room = 0
        """How many events must be there before those that belong to no letter are looked through again."""
        self._closed = False
        self.hosts: Callable[[], tuple[str, ...]] = tuple
        """The names of all machines that there are; none where nobody knows."""
        self.looked_at: set[int] = set()
        """The letters whose traces somebody has asked for."""

    def append(self, event: Event) -> None:
        """Stamp the event with its serial and both times, and keep it. A closed journal takes no notice."""
        if self._closed:
            return
        self._serial += 1
        event.serial = self._serial
        event.at = self._clock.now()
        event.real = monotonic()
        letter = event.of.letter
        if letter not in self._evicted:
            self._file(event, letter)
        for watch in self._watchers:
            watch(event)

    def _file(self, event: Event, letter: int) -> None:
        self._events.append(event)
        if letter:
            self._by_letter[letter].append(event)
        if event.session:
            self._by_session[event.session].append(event)
        if self._keep is not None and self._is_full(self._keep):
            self._prune(self._keep)

    def close(self) -> None:
        """The story is over. That connections are cut as a world ends is no part of it."""
        self._closed = True
        known = self.hosts()
        self.hosts = lambda: known

    @property
    def is_closed(self) -> bool:
        return self._closed

    def _is_full(self, keep: int) -> bool:
        # A quarter more is let in before the oldest go, so that going through all of them is worth it.
        return len(self._by_letter) > keep + keep // 4 or len(self._events) > max(self._room, 2 * keep * _EVENTS_A_LETTER)

    def _prune(self, keep: int) -> None:
        """Forget the oldest letters with their sessions, and what belongs to no letter and is long past."""
        gone: set[int] = set()
        for letter in list(islice(self._by_letter, max(0, len(self._by_letter) - keep))):
            self._evicted.add(letter)
            gone |= {event.session for event in self._by_letter.pop(letter)}
        kept = {event.session for events in self._by_letter.values() for event in events} - {0}
        long_past = self._serial - keep * _EVENTS_A_LETTER

        def stays(event: Event) -> bool:
            if event.of.letter:
                return event.of.letter in self._by_letter
            return event.session in kept or (event.session not in gone and event.serial > long_past)

        self._events = [event for event in self._events if stays(event)]
        self._room = 2 * len(self._events)  # letters that are kept may have any number of events
        sessions = ((number, list(filter(stays, events))) for number, events in self._by_session.items())
        self._by_session = defaultdict(list, ((number, events) for number, events in sessions if events))

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call ``watcher`` with every event from now on, on the loop thread; returns the call that ends it."""
        self._watchers = (*self._watchers, watcher)

        def unwatch() -> None:
            self._watchers = tuple(w for w in self._watchers if w is not watcher)

        return unwatch

    def __len__(self) -> int:
        return len(self._events)

    @property
    def serial(self) -> int:
        """The serial of the last event; 0 before the first."""
        return self._serial

    @property
    def events(self) -> list[Event]:
        """A snapshot of all events."""
        return self._events[:]

    def of_kind(self, kind: type[E]) -> list[E]:
        """A snapshot of all events of one class."""
        return [event for event in self._events[:] if isinstance(event, kind)]

    def of_letter(self, letter: int) -> list[Event]:
        """A snapshot of one letter's events."""
        return self._by_letter.get(letter, [])[:]

    def of_session(self, session: int) -> list[Event]:
        """A snapshot of one session's events."""
        return self._by_session.get(session, [])[:]

    def between(self, after: int, before: int) -> list[Event]:
        """The events whose serials lie strictly between the two."""
        events = self._events
        first = bisect.bisect_right(events, after, key=_serial)
        return events[first : bisect.bisect_left(events, before, lo=first, key=_serial)]

    @property
    def clock(self) -> Clock:
        """The clock that stamps the events."""
        return self._clock

    def was_evicted(self, letter: int) -> bool:
        return letter in self._evicted

    @property
    def letters(self) -> list[int]:
        """The numbers of the letters whose events are kept, oldest first."""
        return list(self._by_letter)
