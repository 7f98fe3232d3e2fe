"""ACL: who may do what to a mailbox (RFC 4314). Each mailbox is its owner's, who may do everything and lets in nobody."""

from mailharness.imap.grammar import Cursor
from mailharness.imap.mailboxes import parse_name
from mailharness.imap.responses import astring
from mailharness.imap.visit import Status, Visit

OWNER = b"lrswipkxtea"
"""RFC 4314 §2.1: lookup, read, seen, write, insert, post, create, delete mailbox, delete messages, expunge, administer."""


def _there(visit: Visit, name: str) -> bytes:
    """The mailbox's name on the wire. Raises NonExistentError."""
    visit.account.get(name)
    return visit.shown(name)


def my_rights(visit: Visit, name: str) -> Status:
    visit.write(b"* MYRIGHTS %s %s\r\n" % (_there(visit, name), OWNER))
    return Status("OK that is all")


def get_acl(visit: Visit, name: str) -> Status:
    visit.write(b"* ACL %s %s %s\r\n" % (_there(visit, name), astring(visit.user.encode()), OWNER))
    return Status("OK that is all")


def parse_name_and_who(cursor: Cursor) -> tuple[str, bytes]:
    (name,) = parse_name(cursor)
    cursor.space()
    return name, cursor.astring()


def list_rights(visit: Visit, name: str, who: bytes) -> Status:
    """RFC 4314 §3.7: what the owner always has; nobody else can be given anything."""
    wire = _there(visit, name)
    rights = OWNER if who.decode("utf-8", "replace").lower() == visit.user.lower() else b'""'
    visit.write(b"* LISTRIGHTS %s %s %s\r\n" % (wire, astring(who), rights))
    return Status("OK that is all")


def parse_set_acl(cursor: Cursor) -> tuple[str, bytes]:
    name, who = parse_name_and_who(cursor)
    cursor.space()
    cursor.astring()
    return name, who


def change_acl(visit: Visit, name: str, _who: bytes) -> Status:
    _there(visit, name)
    return Status("NO [NOPERM] mailboxes are not shared here")
