"""POP3 (RFC 1939) as a machine without sockets: octets in, octets out."""

import importlib
import typing

from mailharness.pop3.policy import Policy

if typing.TYPE_CHECKING:
    from mailharness.pop3.session import Pop3Session

__all__ = ["Policy", "Pop3Session"]


if not typing.TYPE_CHECKING:  # a checker must see a wrong name, and this makes an answer to every name

    def __getattr__(name: str) -> typing.Any:
        # For worlds in which somebody reads mail by POP3.
        if name == "Pop3Session":
            return importlib.import_module("mailharness.pop3.session").Pop3Session
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
