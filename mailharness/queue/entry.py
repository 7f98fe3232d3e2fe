"""What waits: one copy on its way to one next hop, and what each of its recipients has been answered."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mailharness.clock import Timer
from mailharness.mail import Address, Copy, Envelope, Message, Reply


class Standing(NamedTuple):
    """What the last attempt came to for one recipient: the ``reply`` (None: there was no attempt yet), and the ``host``
    that it is about ("": this one itself)."""

    reply: Reply | None = None
    host: str = ""


_NOT_TRIED = Standing()


@dataclass(slots=True, eq=False)
class Entry:
    """One copy on its way to one next hop: ``envelope`` holds the recipients that are still to be served.

    ``start`` makes the next attempt. Times are seconds of the world's clock.
    """

    copy: Copy
    envelope: Envelope
    message: Message
    domain: str
    queued_at: float
    start: "Callable[[Entry], None]" = field(repr=False)
    local: bool = False
    """It is on its way into mailboxes of this host's own domain."""
    warn_at: float | None = None
    """When its sender is to be told that it has to wait; None once that is done, or never owed."""
    attempts: int = 0
    due: float = 0.0
    held: bool = False
    in_line: bool = False
    """It is due and waits for one of the connections to its next hop."""
    standings: dict[Address, Standing] = field(default_factory=dict)
    key: int = 0
    """Its number in the storage, 0 where it is in none."""
    timer: Timer | None = field(default=None, repr=False)
    warning: Timer | None = field(default=None, repr=False)

    def keep(self, recipients: Iterable[Address]) -> None:
        """Go on with these recipients only; the others have been relayed or given up."""
        self.envelope = self.envelope.for_recipients(recipients)
        self.standings = {address: self.standings[address] for address in recipients if address in self.standings}

    def standing(self, recipient: Address) -> Standing:
        return self.standings.get(recipient, _NOT_TRIED)

    def part(self, recipients: tuple[Address, ...]) -> "Entry":
        """Take these recipients out, into an entry of their own in the same state."""
        rest = [address for address in self.envelope.recipients if address not in recipients]
        parted = Entry(
            self.copy,
            self.envelope,
            self.message,
            self.domain,
            self.queued_at,
            self.start,
            self.local,
            self.warn_at,
            self.attempts,
            self.due,
            self.held,
            standings=self.standings,
        )
        parted.keep(recipients)
        self.keep(rest)
        return parted


@dataclass(frozen=True, slots=True)
class Waiting:
    """One entry of a queue as it was when it was read.

    ``letter`` and ``copy`` are numbers; ``due`` and ``queued_at`` seconds of the world's clock; ``replies`` the last reply
    to each recipient that has had one, ``hosts`` who gave it. All its recipients have had the same ``attempts``.
    """

    letter: int
    copy: int
    host: str
    sender: Address | None
    recipients: tuple[Address, ...]
    domain: str
    attempts: int
    due: float
    queued_at: float
    held: bool
    replies: Mapping[Address, Reply] = field(hash=False)
    hosts: Mapping[Address, str] = field(hash=False)

    @property
    def reply(self) -> Reply | None:
        """The last reply to the first of its recipients."""
        return self.replies.get(self.recipients[0])

    def __str__(self) -> str:
        held = ", held" if self.held else ""
        return f"letter {self.letter} at {self.host} for {', '.join(map(str, self.recipients))}{held}"


def snapshot(host: str, entry: Entry) -> Waiting:
    """``entry`` as it is now in the queue of ``host``."""
    heard = {address: standing for address, standing in entry.standings.items() if standing.reply is not None}
    return Waiting(
        letter=entry.copy.letter,
        copy=entry.copy.copy,
        host=host,
        sender=entry.envelope.sender,
        recipients=entry.envelope.recipients,
        domain=entry.domain,
        attempts=entry.attempts,
        due=entry.due,
        queued_at=entry.queued_at,
        held=entry.held,
        replies={address: standing.reply for address, standing in heard.items() if standing.reply is not None},
        hosts={address: standing.host for address, standing in heard.items()},
    )
