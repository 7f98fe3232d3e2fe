"""Addresses beyond ASCII in a report: as they are, or with escapes where only 7 bits pass (RFC 6533 §3)."""

import re

_OUTSIDE = {
    True: re.compile(r"[\x00-\x20+=\\\x7f]"),
    False: re.compile(r"[^!-*,-<>-\[\]-~]"),
}
"""What an address may not hold as it is, in a report in UTF-8 and in one in ASCII."""
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ESCAPE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")


def typed_address(address: str, kind: str, *, international: bool) -> str:
    """An address behind its type; one beyond ASCII is of the type utf-8, and stands with escapes in an ASCII report."""
    if not address or (address.isascii() and kind != "utf-8"):
        return f"{kind}; {address}" if address else ""
    return f"utf-8; {_OUTSIDE[international].sub(_escape, address)}"


def escaped(text: str) -> str:
    """``text`` in ASCII: what is beyond it by its number."""
    return _BEYOND_ASCII.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return f"\\x{{{ord(match[0]):02X}}}"


def unescaped(address: str) -> str:
    """An address of type utf-8 with its escapes undone; one that stands for no character stays as it is."""
    return _ESCAPE.sub(_character, address)


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    is_character = 0x20 <= number <= 0x10FFFF and not 0xD800 <= number < 0xE000
    return chr(number) if is_character else match[0]
