"""Moments of IMAP and POP3 at which a fault may step in, and the verbs that it may name.

The events are made only where an armed fault hears them.
"""

from dataclasses import dataclass

from mailharness.trace.events import Event

IMAP_VERBS = frozenset(
    "CAPABILITY NOOP LOGOUT ID STARTTLS LOGIN AUTHENTICATE UNAUTHENTICATE ENABLE SELECT EXAMINE CREATE DELETE RENAME "
    "SUBSCRIBE UNSUBSCRIBE LIST LSUB NAMESPACE STATUS APPEND IDLE DONE NOTIFY COMPRESS GETQUOTA GETQUOTAROOT SETQUOTA "
    "MYRIGHTS GETACL LISTRIGHTS SETACL DELETEACL GETMETADATA SETMETADATA CHECK CLOSE UNSELECT EXPUNGE SEARCH SORT THREAD "
    "FETCH STORE COPY MOVE REPLACE CANCELUPDATE GENURLAUTH RESETKEY URLFETCH".split()
)
"""What a fault of IMAP may name (RFC 9051 §6 and its extensions); ``FETCH`` is ``UID FETCH`` too, ``DONE`` ends IDLE."""
POP3_VERBS = frozenset("USER PASS APOP AUTH STLS UTF8 LANG CAPA STAT LIST UIDL RETR TOP DELE RSET NOOP QUIT".split())
"""The same of POP3 (RFC 1939 §9, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4, RFC 6856 §2)."""


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
