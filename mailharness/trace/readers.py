"""Who read a letter, over what, and whether a copy stayed on the server."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailharness.trace.events import Event, Fetched, Removed


@dataclass(frozen=True, slots=True)
class Read:
    """``user`` fetched it from ``mailbox`` over ``protocol`` ("imap" or "pop3"), first ``at`` this second of the world.

    ``marked`` says whether that made it seen, ``kept`` whether it is still in that mailbox.
    """

    user: str
    protocol: str
    mailbox: str
    at: float
    marked: bool
    kept: bool

    def __str__(self) -> str:
        stays = "a copy stays on the server" if self.kept else "no copy stays on the server"
        return f"read by {self.user} over {self.protocol.upper()}, {stays}"


def readers(events: Iterable[Event]) -> Iterator[Read]:
    """The first reading of each user by each protocol, in order."""
    events = list(events)
    seen: dict[tuple[str, str, str, int], Fetched] = {}
    for event in events:
        if isinstance(event, Fetched):
            seen.setdefault((event.user, event.protocol, event.mailbox, event.uid), event)
    gone = {(event.mailbox, event.uid, event.user) for event in events if isinstance(event, Removed)}
    for (user, protocol, mailbox, uid), event in seen.items():
        again = [one for one in events if isinstance(one, Fetched) and (one.user, one.uid) == (user, uid)]
        marked = any(not one.peek for one in again if one.protocol == protocol)
        yield Read(user, protocol, mailbox, event.at, marked, (mailbox, uid, user) not in gone)
