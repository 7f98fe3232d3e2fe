"""ESMTP: the grammar of the command lines and of their parameters.

Parsed here and not by aiosmtpd, whose parser upper-cases parameters and accepts what no path is.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from mailharness.errors import RemoteProtocolError
from mailharness.mail import Address
from mailharness.smtp.limits import COMMAND_LINE, LONGEST_LINE

Forms: TypeAlias = Mapping[str, re.Pattern[str]]
"""The parameters that a command may have, and what the value of each looks like; one without a value matches ""."""
LIMITS: Mapping[str, int] = {
    # SIZE adds 26 (RFC 1870 §3), BODY 17 (RFC 6152 §2), SMTPUTF8 10 (RFC 6531 §3.4), AUTH= 500 (RFC 4954 §3),
    # RET and ENVID 9 and 107 (RFC 3461 §4.3, §4.4), REQUIRETLS 11 (RFC 8689 §2).
    "MAIL": COMMAND_LINE + 26 + 17 + 10 + 500 + 9 + 107 + 11,
    "RCPT": COMMAND_LINE + 29 + 507,  # NOTIFY and ORCPT: RFC 3461 §4.1, §4.2
    "AUTH": LONGEST_LINE,  # RFC 4954 §4
}
"""Octets of the command lines that may be longer than others."""
SHOWN = 80
"""How many characters of a refused over-long line a transcript shows."""

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")  # RFC 3461 §4
_NOTHING = re.compile("")
BODIES = ("7BIT", "8BITMIME", "BINARYMIME")
"""What BODY= can be (RFC 6152 §2, RFC 3030 §3)."""
MAIL_PARAMETERS: Forms = {
    "SIZE": re.compile(r"[0-9]{1,20}"),  # RFC 1870 §5
    "BODY": re.compile("|".join(BODIES), re.IGNORECASE),
    "SMTPUTF8": _NOTHING,  # RFC 6531 §3.4
    "AUTH": _XTEXT,  # RFC 4954 §5
    "RET": re.compile("FULL|HDRS", re.IGNORECASE),  # RFC 3461 §4.3
    "ENVID": _XTEXT,  # RFC 3461 §4.4
    "REQUIRETLS": _NOTHING,  # RFC 8689 §2
}
RCPT_PARAMETERS: Forms = {
    "NOTIFY": re.compile("(?:NEVER|SUCCESS|FAILURE|DELAY)(?:,(?:NEVER|SUCCESS|FAILURE|DELAY))*", re.IGNORECASE),
    # An address of the type utf-8 has no xtext (RFC 6533 §3).
    "ORCPT": re.compile(rf"[uU][tT][fF]-8;[^\s=+]+|(?!utf-8;)[!#-'*\-./0-9?A-Z^-~]+;{_XTEXT.pattern}"),  # RFC 3461 §4.2
}

_PATH_AND_REST = re.compile(r'(<(?:"(?:[^"\\]|\\.)*"|[^">])*>)(?: +(.*))?', re.DOTALL)


class Command(NamedTuple):
    """One command line: ``verb`` in upper case, its ``argument`` without blanks around it, and ``shown``, free of secrets.

    ``fault`` is empty, or says why the line is no command: "long" or "bad".
    """

    verb: str
    argument: str
    shown: str
    fault: str = ""


def read_command(line: bytes) -> Command:
    """``line`` with its ending, taken apart. Never raises."""
    try:
        text = line[:-2].decode()
    except UnicodeDecodeError:
        return _broken(line, "bad")
    verb, _, argument = text.partition(" ")
    verb = verb.rstrip().upper()
    if len(line) > COMMAND_LINE and len(line) > LIMITS.get(verb, COMMAND_LINE):
        return _broken(line, "long")
    if line[-2:] != b"\r\n" or b"\0" in line or line.count(b"\r") != 1:
        return _broken(line, "bad")
    # RFC 5321 §4.1.1: white space before the CRLF is tolerated.
    argument = argument.rstrip(" \t")
    return Command(verb, argument, text if verb[:4] != "AUTH" else _without_secret(text))


def _without_secret(line: str) -> str:
    """An AUTH without its initial response, whatever white space is in it."""
    verb, mechanism, *secret = [*line.split(maxsplit=2), ""]
    return f"{verb.upper()} {mechanism}{' ***' * any(secret)}"


def _broken(line: bytes, fault: str) -> Command:
    if len(line) > COMMAND_LINE:
        fault = "long"
    text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
    verb = text[:SHOWN].partition(" ")[0]
    verb = verb.upper() if verb.isascii() and verb.isalpha() else ""
    shown = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    return Command(verb, "", shown if shown[:4].upper() != "AUTH" else _without_secret(shown), fault)


class PathAndParameters(NamedTuple):
    """What MAIL and RCPT say: the address (None: the null reverse-path) and the parameters, names in upper case."""

    address: Address | None
    parameters: dict[str, str]


def read_path(argument: str, keyword: str, known: Forms, *, postmaster_at: str = "") -> PathAndParameters:
    """``FROM:<alice@acme.test> SIZE=100`` taken apart (RFC 5321 §4.1.1.2, §4.1.1.3).

    ``<Postmaster>`` without a domain is that of ``postmaster_at`` where one is given. Raises RemoteProtocolError with the
    reply: 501 for bad syntax, 553 for a non-ASCII address without SMTPUTF8, 555 for an unknown parameter.
    """
    status = "5.1.7" if keyword == "FROM" else "5.1.3"  # RFC 3463 §3.2
    word, colon, rest = argument.partition(":")
    if word.upper() != keyword or not colon:
        raise RemoteProtocolError("bad syntax", f"501 5.5.4 Syntax: {keyword}:<address>")
    match = _PATH_AND_REST.fullmatch(rest)
    if match is None:
        raise RemoteProtocolError("bad path", f"501 {status} A path stands in angle brackets, right behind the colon")
    parameters = read_parameters(match[2], known) if match[2] else {}
    path = match[1]
    if not path.isascii() and keyword == "FROM" and "SMTPUTF8" not in parameters:
        raise RemoteProtocolError("no SMTPUTF8", "553 5.6.7 A non-ASCII address needs SMTPUTF8")  # RFC 6531 §3.5
    if postmaster_at and path.lower() == "<postmaster>":  # RFC 5321 §4.1.1.3
        return PathAndParameters(Address(path[1:-1], postmaster_at), parameters)
    try:
        return PathAndParameters(address_of(path), parameters)
    except RemoteProtocolError as error:
        raise RemoteProtocolError(str(error), f"501 {status} Bad address: {error}") from None


@lru_cache(maxsize=4096)
def address_of(path: str) -> Address | None:
    """``Address.from_path``, remembered: the same few addresses come again and again."""
    return Address.from_path(path)


def read_parameters(text: str, known: Forms) -> dict[str, str]:
    """``SIZE=100 SMTPUTF8`` as names and values ("" for none); raises RemoteProtocolError with a 555 or 501."""
    parameters: dict[str, str] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        name = name.upper()
        form = known.get(name)
        if form is None:  # RFC 5321 §4.1.1.11
            raise RemoteProtocolError("unknown parameter", "555 5.5.4 Parameter not recognized or not implemented")
        if not form.fullmatch(value) or bool(equals) != bool(value) or name in parameters:
            raise RemoteProtocolError("bad parameter", f"501 5.5.4 Bad or repeated parameter {name}")
        parameters[name] = value
    return parameters
