"""Moments of IMAP and POP3 at which a fault may step in; made only where an armed fault hears them."""

from dataclasses import dataclass

from mailharness.trace.events.event import Event


@dataclass(slots=True, eq=False, kw_only=True)
class LoggingIn(Event):
    """A client of IMAP or POP3 has proved to be ``user`` and is about to be let in."""

    protocol: str
    user: str
    mechanism: str


@dataclass(slots=True, eq=False, kw_only=True)
class Opening(Event):
    """``user`` is about to look into ``mailbox``: by SELECT, EXAMINE or a login over POP3."""

    protocol: str
    user: str
    mailbox: str


@dataclass(slots=True, eq=False, kw_only=True)
class Announcing(Event):
    """A session that has ``mailbox`` open is about to learn of a new message under ``uid``."""

    protocol: str
    user: str
    mailbox: str
    uid: int


@dataclass(slots=True, eq=False, kw_only=True)
class Idling(Event):
    """``user``'s client has begun to wait for news (RFC 2177)."""

    protocol: str
    user: str
