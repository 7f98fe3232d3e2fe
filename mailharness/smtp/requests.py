"""What a client asks of reports, as parameters of MAIL and RCPT: read, and undone of xtext (RFC 3461 §4, RFC 6533 §3)."""

import re
from collections.abc import Mapping

from mailharness.errors import RemoteProtocolError
from mailharness.mail import DsnRequest

LONGEST_ENVID = 100
"""Characters of an ENVID as it stands in the command (RFC 3461 §4.4)."""
LONGEST_ORCPT = 500
"""Characters of an ORCPT as it stands in the command (RFC 3461 §4.2)."""
_XCHAR = re.compile(rb"\+([0-9A-F]{2})")
_EMBEDDED = re.compile(r"\\x\{([0-9A-F]{2,6})\}")


def read_xtext(text: str) -> str:
    """The text that ``text``, of the form of xtext, stands for: its octets are UTF-8, others are kept as surrogates."""
    octets = _XCHAR.sub(lambda match: bytes((int(match[1], 16),)), text.encode("utf-8", "surrogateescape"))
    return octets.decode("utf-8", "surrogateescape")


def read_envid(text: str) -> str:
    """The sender's name for the transaction, its case kept. Raises RemoteProtocolError with a 501."""
    envid = read_xtext(text)
    if len(text) > LONGEST_ENVID or not _is_printable_ascii(envid):  # RFC 3461 §4.4
        raise _bad("ENVID")
    return envid


def read_request(parameters: Mapping[str, str]) -> DsnRequest:
    """What RCPT asks by NOTIFY and ORCPT. Raises RemoteProtocolError with a 501."""
    notify = parameters.get("NOTIFY")
    orcpt = parameters.get("ORCPT", "")
    return DsnRequest(_read_notify(notify) if notify else None, _read_orcpt(orcpt) if orcpt else "")


def _read_notify(text: str) -> frozenset[str]:
    words = text.upper().split(",")
    wanted = frozenset(words)
    if len(wanted) < len(words) or ("NEVER" in wanted and len(words) > 1):  # RFC 3461 §4.1
        raise _bad("NOTIFY")
    return wanted


def _read_orcpt(text: str) -> str:
    """A type and an address in xtext, or ``utf-8;`` and an address in any of its three forms (RFC 6533 §3).

    Behind the type of Internet addresses there may be UTF-8 too, in xtext: so some carry what had no ORCPT before.
    """
    kind, _, address = text.partition(";")
    if kind.lower() == "utf-8":
        address = _EMBEDDED.sub(_embedded, address)
        printable = address.isprintable() and "\\x{" not in address
    else:
        address = read_xtext(address)
        printable = address.isprintable() and (address.isascii() or kind.lower() == "rfc822")
    if len(text) > LONGEST_ORCPT or not printable:
        raise _bad("ORCPT")
    return f"{kind};{address}"


def _embedded(match: re.Match[str]) -> str:
    point = int(match[1], 16)
    if point > 0x10FFFF or 0xD800 <= point < 0xE000:
        raise _bad("ORCPT")
    return chr(point)


def _is_printable_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _bad(parameter: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"bad {parameter}", f"501 5.5.4 Bad parameter {parameter}")
