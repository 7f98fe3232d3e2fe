"""QUOTA: how much a user may keep, and how much there is (RFC 9208)."""

from mailharness.imap.grammar import Cursor
from mailharness.imap.mailboxes import parse_name
from mailharness.imap.visit import RefusedError, Status, Visit

_ROOT = b""
"""One root is over all of a user's mailboxes."""
_KIBI = 1024


def parse_root(cursor: Cursor) -> tuple[bytes]:
    cursor.space()
    return (cursor.astring(),)


def get_quota(visit: Visit, root: bytes) -> Status:
    if root != _ROOT:
        raise RefusedError("[NONEXISTENT] there is no such quota root")
    _write_quota(visit)
    return Status("OK that is all")


def parse_quota_root(cursor: Cursor) -> tuple[str]:
    return parse_name(cursor)


def get_quota_root(visit: Visit, name: str) -> Status:
    """RFC 9208 §4.1.2; the mailbox need not be there."""
    visit.write(b'* QUOTAROOT %s ""\r\n' % visit.shown(name))
    _write_quota(visit)
    return Status("OK that is all")


def _write_quota(visit: Visit) -> None:
    """Units of 1,024 octets (RFC 9208 §5.1); what is begun counts as used, what is not whole cannot be filled."""
    account = visit.account
    resources = b""
    if account.quota is not None:
        resources = b"STORAGE %d %d" % (-(-account.used // _KIBI), account.quota // _KIBI)
    visit.write(b'* QUOTA "" (%s)\r\n' % resources)


def parse_set_quota(cursor: Cursor) -> tuple[()]:
    """The root and the limits, which nobody here may set."""
    cursor.space()
    cursor.astring()
    cursor.space()
    cursor.expect(b"(")
    while not cursor.take(b")"):
        cursor.word()
        cursor.space()
        cursor.number()
        cursor.take(b" ")
    return ()


def set_quota(_visit: Visit) -> Status:
    """RFC 9208 §4.1.3: a quota is the administrator's to set, who here is the test."""
    return Status("NO [NOPERM] quotas are set by whoever made this world")
