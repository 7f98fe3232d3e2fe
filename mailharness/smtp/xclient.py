"""XCLIENT, Postfix's own extension: a trusted client says on whose behalf it speaks.

What it says is believed from then on, as if that other one had connected; the session starts anew.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address

from mailharness.errors import RemoteProtocolError
from mailharness.smtp.requests import read_xtext

ATTRIBUTES = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT")
"""What can be said of the other one, in the order of the announcement."""
UNKNOWN = ("[UNAVAILABLE]", "[TEMPUNAVAIL]")
"""What stands for an attribute that nobody knows, for good or for now."""
_PORT = re.compile(r"[0-9]{1,5}")


def read_attributes(argument: str) -> Mapping[str, str]:
    """``NAME=spike.test ADDR=192.0.2.1`` as names and values, "" for what nobody knows.

    Raises RemoteProtocolError with a 501 for an attribute that is not known or that cannot be.
    """
    attributes: dict[str, str] = {}
    for word in argument.split():
        name, _, written = word.partition("=")
        name, value = name.upper(), read_xtext(written)
        value = "" if value.upper() in UNKNOWN else value
        if name not in ATTRIBUTES or not written or not _fits(name, value):
            raise RemoteProtocolError("bad attribute", f"501 5.5.4 Bad or unknown attribute {name[:20]}")
        attributes[name] = _address(value) if name.endswith("ADDR") else value
    return attributes


def _address(value: str) -> str:
    return value[5:] if value.upper().startswith("IPV6:") else value


def _fits(name: str, value: str) -> bool:
    if not value:
        return True
    if name.endswith("ADDR"):
        try:
            ip_address(_address(value))
        except ValueError:
            return False
        return True
    if name.endswith("PORT"):
        return bool(_PORT.fullmatch(value)) and int(value) < 65536
    if name == "PROTO":
        return value.upper() in ("SMTP", "ESMTP")
    if name == "HELO" and not value.isascii():
        return False
    return value.isprintable() and " " not in value
