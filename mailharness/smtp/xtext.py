"""Text in the parameters of MAIL and RCPT: xtext (RFC 3461 §4), and addresses in UTF-8 within ASCII (RFC 6533 §3)."""

import re

_NOT_XCHAR = re.compile(rb"[^!-*,-<>-~]")
_NOT_QCHAR = re.compile(r"[^!-*,-<>-\[\]-~]")


def xtext(text: str) -> str:
    """``text`` as xtext: what is no visible ASCII, and ``+`` and ``=``, as ``+`` and two digits for each octet."""
    encoded = _NOT_XCHAR.sub(lambda match: b"+%02X" % match[0][0], text.encode("utf-8", "surrogateescape"))
    return encoded.decode("ascii")


def original_recipient(orcpt: str) -> str:
    """``type;address`` as the value of ORCPT: in xtext, or for the type ``utf-8`` in utf-8-addr-xtext."""
    kind, _, address = orcpt.partition(";")
    if kind.lower() == "utf-8":
        return f"{kind};{_NOT_QCHAR.sub(_embedded, address)}"
    return f"{kind};{xtext(address)}"


def _embedded(match: re.Match[str]) -> str:
    return f"\\x{{{ord(match[0]):02X}}}"
