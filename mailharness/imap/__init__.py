"""IMAP4rev1 (RFC 3501) as a machine without sockets: one ``ImapSession`` a connection, over the mailboxes of an account."""

from mailharness.imap.profiles import find_profile
from mailharness.imap.session import ImapSession

__all__ = ["ImapSession", "find_profile"]
