"""What becomes of a letter, from the first host that takes it to the last."""

from dataclasses import dataclass

from mailharness.mail import Address, Envelope, Message, Reply
from mailharness.trace.events.event import Event


@dataclass(slots=True, eq=False, kw_only=True)
class Accepted(Event):
    """``host`` took responsibility: from here on the copy is delivered, passed on or reported (RFC 5321 §4.2.5)."""

    envelope: Envelope
    message: Message
    user: str = ""
    """Who submitted it with a password; empty for a relay or a trusted network."""
    trusted: bool = False
    """Submitted without a password, as from a trusted network."""


@dataclass(slots=True, eq=False, kw_only=True)
class Refused(Event):
    """``host`` would not take the copy for ``recipient`` (None: for none of them) and said so in the session."""

    recipient: Address | None
    reply: Reply
    by: str = ""
    """The filter or rule that refused; empty for the server's own reasons."""


@dataclass(slots=True, eq=False, kw_only=True)
class Filtered(Event):
    """A gateway's filter judged the copy: "accept", "refuse", "tag" or "quarantine", with its ``reason``; or "defer": it
    failed, for the ``reason``. A handler that failed is told of by "fail". An account's rule says what it does."""

    filter: str
    verdict: str
    reason: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class Queued(Event):
    """``host`` keeps the copy for ``recipients`` until ``due`` (the world's clock), because of ``reason``."""

    recipients: tuple[Address, ...]
    due: float
    attempts: int
    allowed: int = 0
    """How many attempts the schedule has for it in all (0: nobody counts)."""
    reason: str = ""
    reply: Reply | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Held(Event):
    """The postmaster of ``host`` keeps the copy for ``recipients`` in the queue, whatever falls due."""

    recipients: tuple[Address, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Released(Event):
    """What was held for ``recipients`` may go on."""

    recipients: tuple[Address, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Attempted(Event):
    """``host`` tried to hand ``recipients`` to ``to``: how it ended; ``session`` is the receiver's where there was one."""

    recipients: tuple[Address, ...]
    to: str
    address: str = ""
    attempt: int = 1
    reply: Reply | None = None
    problem: str = ""
    """Why there is no reply: refused, timed out, no such host."""
    verified: bool = False
    """Over TLS, with a server whose certificate was checked, chain and name."""


@dataclass(slots=True, eq=False, kw_only=True)
class Relayed(Event):
    """``to`` answered 250: its responsibility now. ``copy_there`` is the copy it holds (0: a program we do not own)."""

    recipients: tuple[Address, ...]
    to: str
    reply: Reply
    copy_there: int = 0
    reply_lost: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Expanded(Event):
    """``recipient`` stood for others (alias, list, forward); copies were made for them, but for those whom the
    transaction had reached ``already``."""

    recipient: Address
    copies: tuple[int, ...]
    already: tuple[Address, ...] = ()


@dataclass(slots=True, eq=False, kw_only=True)
class Storing(Event):
    """The MDA is about to put the copy from ``sender`` into ``recipient``'s mailbox. Made only where an armed fault hears
    it."""

    recipient: Address
    sender: Address | None
    size: int


@dataclass(slots=True, eq=False, kw_only=True)
class Delivered(Event):
    """The MDA put the copy for ``recipient`` into ``account``'s ``mailbox`` under ``uid``."""

    recipient: Address
    account: str
    mailbox: str
    uid: int


@dataclass(slots=True, eq=False, kw_only=True)
class Bounced(Event):
    """``host`` gave up on ``recipient`` and told the sender by ``report`` (the letter number of the DSN; 0: none owed)."""

    recipient: Address
    status: str
    reply: Reply | None
    reason: str
    report: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Delayed(Event):
    """``host`` told the sender by ``report`` (a DSN's letter number) that ``recipient`` has to wait (RFC 3464 §2.3.3)."""

    recipient: Address
    status: str
    reply: Reply | None
    reason: str
    report: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Reported(Event):
    """``host`` answered the sender by ``report`` (a letter's number) for ``recipient``, and nothing is wrong: ``action`` is
    "delivered", "relayed" or "expanded" for a DSN that was asked for (RFC 3464 §2.3.3), "complaint" or "auto-reply"."""

    recipient: Address
    action: str
    status: str = ""
    report: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Quarantined(Event):
    """A gateway holds the copy for ``recipients``: accepted, not passed on."""

    recipients: tuple[Address, ...]
    filter: str
    reason: str


@dataclass(slots=True, eq=False, kw_only=True)
class Discarded(Event):
    """An explicit rule threw the copy for ``recipient`` away."""

    recipient: Address
    rule: str
