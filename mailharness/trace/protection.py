"""How a letter was protected on its way: whether it crossed over TLS each time, and whether anybody checked with whom."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailharness.trace.events import Accepted, Attempted, Event, Opened, Secured
from mailharness.trace.journal import Journal


@dataclass(frozen=True, slots=True)
class Crossing:
    """The letter went from ``host`` (a host of ours, else an address and port) to ``to``, which accepted it.

    ``version`` is as in "TLSv1.3", "" where it went in the clear. ``verified`` says whether the sender checked the
    certificate, chain and name; None where the sender is a program whose checks nobody knows.
    """

    host: str
    to: str
    version: str = ""
    cipher: str = ""
    verified: bool | None = None

    @property
    def encrypted(self) -> bool:
        return bool(self.version)

    def __str__(self) -> str:
        checked = {True: ", certificate checked", False: ", certificate not checked", None: ""}[self.verified]
        return f"{self.host} -> {self.to}: {f'{self.version}{checked}' if self.version else 'in the clear'}"


def crossings(journal: Journal, events: Iterable[Event]) -> tuple[Crossing, ...]:
    """One for each acceptance over a connection, in order."""
    events = list(events)
    checked = {one.session: one.verified for one in events if isinstance(one, Attempted) and one.session}
    return tuple(
        _crossing(journal, event, checked.get(event.session))
        for event in events
        if isinstance(event, Accepted) and event.session
    )


def _crossing(journal: Journal, accepted: Accepted, verified: bool | None) -> Crossing:
    session = [one for one in journal.of_session(accepted.session) if one.serial < accepted.serial]
    peer = next((one.peer for one in session if isinstance(one, Opened)), "?")
    secured = next((one for one in reversed(session) if isinstance(one, Secured)), None)
    if secured is None:
        return Crossing(peer, accepted.host)
    return Crossing(peer, accepted.host, secured.version, secured.cipher, verified)
