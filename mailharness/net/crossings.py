"""Crossings: what the two ends of one connection inside a world know of each other, beside the bytes.

A letter's identity never travels in its headers. The end that dials files its side here under the pair of socket
addresses; the end that accepts looks the pair up. A connection that no host of ours dialed has no crossing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mailharness.clock import Token
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
    rest_there: Callable[[bool], None] | None = None
    """Tells the accepting end that the dialing one waits for the clock, or goes on."""


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

    def attach(self, session: int, rest_there: Callable[[bool], None]) -> None:
        """Tell the dialing end how to make the accepting one rest."""
        crossing = self._by_session.get(session)
        if crossing is not None:
            crossing.rest_there = rest_there

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

    def rest(self, session: int, resting: bool) -> None:
        """The accepting end waits for the clock, or goes on: so does the dialing one."""
        crossing = self._by_session.get(session)
        if crossing is None or crossing.work is None:
            return
        if resting:
            crossing.work.suspend()
        else:
            crossing.work.resume()

    def rest_there(self, crossing: Crossing, resting: bool) -> None:
        """The dialing end waits for the clock, or goes on: so does the accepting one, and its work."""
        if crossing.rest_there is not None:
            crossing.rest_there(resting)
        if crossing.work is not None:
            (crossing.work.suspend if resting else crossing.work.resume)()
