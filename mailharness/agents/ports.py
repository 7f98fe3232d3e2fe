"""What the actors need of the floor above, named as protocols of their own; net/ implements them."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mailharness.clock import Clock, Token, Work
from mailharness.dns import Answer
from mailharness.faults import Verdict
from mailharness.mail import Copy, Numbering
from mailharness.queue import Entry
from mailharness.smtp import SmtpSession
from mailharness.trace.events import Event

T = TypeVar("T")


class Resolver(Protocol):
    """The site's recursive resolver."""

    async def resolve(self, name: str, rrtype: str, of: Copy, work: Token | None = None) -> Answer:
        """Look ``name`` up; never raises for what the name system says: a failure is an Answer with its rcode. ``work``
        rests while name servers are silent."""
        ...


class Line(Protocol):
    """One open connection from a host of ours."""

    sock: socket.socket
    to: str

    @property
    def copy(self) -> Copy:
        """The copy that the transaction carries."""
        ...

    def carry(self, copy: Copy, work: Token) -> None:
        """Tell the world, beside the bytes, which copy the next transaction carries and whose work waits for it."""
        ...

    def release(self) -> None:
        """The transaction is over; the connection may be kept, idle."""
        ...

    def rest(self, resting: bool) -> None:
        """A fault makes this end wait for the clock, and the other with it; or both go on."""
        ...

    def close(self) -> None:
        """The connection is given up; the world may forget it."""
        ...

    @property
    def session(self) -> int:
        """The session's number at the receiver, 0 if the receiver is none of ours."""
        ...

    @property
    def copy_there(self) -> int:
        """The number of the copy that the receiver made of the last transaction, 0 if it is none of ours."""
        ...


class Dialer(Protocol):
    """Opens connections between hosts, from the dialing host's own address."""

    async def dial(self, host: str, to: str, address: str, of: Copy, work: Token) -> Line:
        """Connect to the SMTP port at ``address``; ``work`` rests while a fault stalls it. Raises OSError when refused."""
        ...


class Workshop(Protocol):
    """Runs a user's code away from the loop, counted and timed."""

    async def run(self, what: str, function: Callable[[], T]) -> T:
        """What ``function`` returns. Raises TimeoutError when it overruns, and whatever it raises."""
        ...


class Storage(Protocol):
    """Keeps the entries of queues where a process that is killed does not lose them."""

    def put(self, host: str, entry: Entry) -> None:
        """Note ``entry`` of ``host``'s queue as it is now; it is written soon."""
        ...

    def remove(self, entry: Entry) -> None:
        """Forget ``entry``: nobody is left to be served."""
        ...

    async def written(self) -> str:
        """Return when all that was noted before is safe: "" if it is, else why it cannot be."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that an actor finds around it in its world."""

    clock: Clock
    work: Work
    announce: Callable[[Event], Verdict]
    numbering: Numbering
    identify: Callable[[SmtpSession], Copy]
    """Which copy the transaction that begins in the session carries, told beside the bytes by whoever dialed."""
    dialer: Dialer
    workshop: Workshop
    client_tls: Callable[[], ssl.SSLContext]
    verified_tls: Callable[[], ssl.SSLContext]
    """A client context that checks chain and name, for letters that demand it (RFC 8689)."""
    on_faults_changed: Callable[[Callable[[], None]], None]
    salt: int = 0
    """Out of the world's seed, for what is drawn in one place and must not depend on what else is drawn."""
    storage: Storage | None = None
    """Where queues are kept on disk; None: they end with the world."""
    hears: Callable[[type[Event]], bool] = lambda _kind: False
    """Whether an armed fault wants to hear events of a kind that is made for faults alone."""
