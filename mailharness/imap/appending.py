"""The command that puts a message of the client's into a mailbox: APPEND (RFC 3501 §6.3.11)."""

from mailharness.imap.flags import known_flags
from mailharness.imap.grammar import Cursor
from mailharness.imap.mailboxes import parse_name, target
from mailharness.imap.visit import RefusedError, Status, Visit
from mailharness.mail import Message


def parse_append(cursor: Cursor) -> tuple[str, frozenset[str], float | None, bytes]:
    """The mailbox, flags, internal date (None: now) and octets of a message to keep."""
    (name,) = parse_name(cursor)
    cursor.space()
    flags: frozenset[str] = frozenset()
    if cursor.at(b"("):
        flags = known_flags(cursor.flags())
        cursor.space()
    moment = None
    if cursor.at(b'"'):
        moment = cursor.moment()
        cursor.space()
    return name, flags, moment, cursor.literal()


def append(visit: Visit, name: str, flags: frozenset[str], moment: float | None, octets: bytes) -> Status:
    mailbox = target(visit.account, name)
    if not octets:
        raise RefusedError("[CANNOT] a message of no octets is none")
    visit.account.require_room_for(len(octets))
    date = visit.clock.now() if moment is None else moment
    stored = mailbox.append(Message(octets), flags=flags, internal_date=date, of=visit.new_copy())
    return Status(f"OK [APPENDUID {mailbox.uid_validity} {stored.uid}] appended")  # RFC 4315 §3
