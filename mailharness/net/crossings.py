"""Crossings: what the two ends of one connection inside a world know of each other, beside the bytes.

A letter's identity never travels in its headers. The end that dials files its side here under the pair of socket
addresses; the end that accepts looks the pair up. A connection that no host of ours dialed has no crossing.
"""

from dataclasses import dataclass

from mailharness.clock import Clock, Token
from mailharness.mail import NO_COPY, Cause, Copy, Numbering

Pair = tuple[tuple[str, int], tuple[str, int]]
"""The dialing end's and the accepting end's socket address."""


@dataclass(slots=True, eq=False)
class Crossing:
    """One connection between two ends that are both ours."""

    pair: Pair
    dialer: str
    """Who dialed: a host's name or a user's address."""
    copy: Copy = NO_COPY
    """The copy that the next transaction carries; for a client program only its ``letter`` is set."""
    work: Token | None = None
    """The dialing end's work, which is at rest while a fault makes the accepting end wait."""
    session: int = 0
    copy_there: int = 0


class Crossings:
    """All open crossings of one world."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._by_pair: dict[Pair, Crossing] = {}
        self._by_session: dict[int, Crossing] = {}

    def open(self, pair: Pair, dialer: str) -> Crossing:
        crossing = self._by_pair[pair] = Crossing(pair, dialer)
        return crossing

    def arrive(self, pair: Pair, session: int) -> Crossing | None:
        """The crossing that has arrived at its accepting end as ``session``; None for a foreign client's connection."""
        crossing = self._by_pair.get(pair)
        if crossing is not None:
            crossing.session = session
            self._by_session[session] = crossing
        return crossing

    def close(self, crossing: Crossing) -> None:
        self._by_pair.pop(crossing.pair, None)
        self._by_session.pop(crossing.session, None)

    def identify(self, session: int) -> Copy:
        """The copy that a transaction which begins in ``session`` makes: a relayed letter's, or a new letter's."""
        crossing = self._by_session.get(session)
        if crossing is None:
            return self._numbering.first_copy()
        came = crossing.copy
        if came.copy:
            here = self._numbering.child(came, Cause.RELAY)
        else:
            here = self._numbering.first_copy(letter=came.letter)
            crossing.copy = NO_COPY
        crossing.copy_there = here.copy
        return here

    def rest(self, session: int) -> None:
        """The accepting end waits for the clock: so does the dialing one."""
        crossing = self._by_session.get(session)
        if crossing is not None and crossing.work is not None:
            crossing.work.suspend()

    def go_on(self, session: int) -> None:
        crossing = self._by_session.get(session)
        if crossing is not None and crossing.work is not None:
            crossing.work.resume()


class SessionClock:
    """The world's clock as one session sees it: whoever dialed is awake again when the session is."""

    def __init__(self, clock: Clock, crossings: Crossings, session: int) -> None:
        self._clock = clock
        self._crossings = crossings
        self._session = session
        self.now = clock.now
        self.call_at = clock.call_at
        self.call_later = clock.call_later
        self.advance = clock.advance

    async def sleep(self, delay: float) -> None:
        try:
            await self._clock.sleep(delay)
        finally:
            self._crossings.go_on(self._session)
