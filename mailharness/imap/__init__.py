"""IMAP4rev1 (RFC 3501) as a machine without sockets: one ``ImapSession`` a connection, over the mailboxes of an account."""

import importlib
import typing

from mailharness.imap.profiles import find_profile

if typing.TYPE_CHECKING:
    from mailharness.imap.session import ImapSession

__all__ = ["ImapSession", "find_profile"]


if not typing.TYPE_CHECKING:  # a checker must see a wrong name, and this makes an answer to every name

    def __getattr__(name: str) -> typing.Any:
        # Fifty modules, for worlds in which somebody reads mail by IMAP.
        if name == "ImapSession":
            return importlib.import_module("mailharness.imap.session").ImapSession
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
