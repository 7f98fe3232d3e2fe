"""What readers do in mailboxes."""

from dataclasses import dataclass

from mailharness.trace.events.event import Event


@dataclass(slots=True, eq=False, kw_only=True)
class Fetched(Event):
    """``user`` read (some of) the message over ``protocol``; ``peek`` means that it was not marked as seen."""

    protocol: str
    user: str
    mailbox: str
    uid: int
    peek: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Flagged(Event):
    """The flags of a message were changed to ``flags``."""

    user: str
    mailbox: str
    uid: int
    flags: tuple[str, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Removed(Event):
    """A message left a mailbox for good: by IMAP's EXPUNGE or POP3's DELE and QUIT."""

    protocol: str
    user: str
    mailbox: str
    uid: int
