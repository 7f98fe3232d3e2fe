"""The service extensions that a receiver knows: what each announces, and the commands and parameters it brings.

A host can hide any of them: then neither its line in EHLO nor its commands and parameters are known there.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from mailharness.smtp.esmtp import BODIES, MAIL_PARAMETERS, RCPT_PARAMETERS, Forms


class Extension(NamedTuple):
    """What comes with one EHLO keyword: ``commands``, parameters of MAIL and RCPT, and a value of BODY."""

    commands: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    rcpt: tuple[str, ...] = ()
    body: str = ""


EXTENSIONS: Mapping[str, Extension] = {
    "PIPELINING": Extension(),  # RFC 2920
    "SIZE": Extension(mail=("SIZE",)),  # RFC 1870
    "8BITMIME": Extension(body="8BITMIME"),  # RFC 6152
    "SMTPUTF8": Extension(mail=("SMTPUTF8",)),  # RFC 6531
    "ENHANCEDSTATUSCODES": Extension(),  # RFC 2034
    "DSN": Extension(mail=("RET", "ENVID"), rcpt=("NOTIFY", "ORCPT")),  # RFC 3461
    "CHUNKING": Extension(("BDAT",)),  # RFC 3030
    "BINARYMIME": Extension(body="BINARYMIME"),  # RFC 3030
    "STARTTLS": Extension(("STARTTLS",)),  # RFC 3207
    "REQUIRETLS": Extension(mail=("REQUIRETLS",)),  # RFC 8689
    "AUTH": Extension(("AUTH",), mail=("AUTH",)),  # RFC 4954
    "LIMITS": Extension(),  # RFC 9422
    "XCLIENT": Extension(("XCLIENT",)),
    "VRFY": Extension(("VRFY",)),
    "EXPN": Extension(("EXPN",)),
    "HELP": Extension(("HELP",)),
}
"""By keyword, in the order of the announcement."""
LIMIT_NAMES = ("MAILMAX", "RCPTMAX", "RCPTDOMAINMAX")
"""What LIMITS can announce (RFC 9422 §4)."""
_HELLOS = {False: frozenset({"LHLO"}), True: frozenset({"EHLO", "HELO"})}
"""The greetings that a server does not know, by whether it speaks LMTP (RFC 2033 §4.1)."""


def hidden_with(hidden: Collection[str]) -> frozenset[str]:
    """``hidden`` and what makes no sense without it: BINARYMIME needs CHUNKING (RFC 3030 §3)."""
    return frozenset(hidden) | ({"BINARYMIME"} if "CHUNKING" in hidden else frozenset())


@lru_cache(maxsize=64)
def unknown_commands(hidden: frozenset[str], *, lmtp: bool) -> frozenset[str]:
    """The commands that a receiver is to treat as any word that is none."""
    return _HELLOS[lmtp] | {command for keyword in hidden for command in EXTENSIONS[keyword].commands}


@lru_cache(maxsize=64)
def parameters(hidden: frozenset[str]) -> tuple[Forms, Forms]:
    """The parameters of MAIL and of RCPT that are known, each with its form."""
    known = [extension for keyword, extension in EXTENSIONS.items() if keyword not in hidden]
    mail = {name: MAIL_PARAMETERS[name] for extension in known for name in extension.mail}
    bodies = [extension.body for extension in known if extension.body]
    if bodies:
        mail["BODY"] = MAIL_PARAMETERS["BODY"] if len(bodies) == len(BODIES) - 1 else _one_of("7BIT", *bodies)
    return mail, {name: RCPT_PARAMETERS[name] for extension in known for name in extension.rcpt}


def _one_of(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


def announcement(offered: Mapping[str, str | None], hidden: Collection[str]) -> Iterator[str]:
    """The lines of EHLO behind the host's name: of what is ``offered`` with a value ("": none), in order.

    An extension that is not in ``offered`` is announced as it is; one with None is not offered on this connection. VRFY
    and EXPN are known without a word (RFC 5321 §4.1.1.1).
    """
    for keyword in EXTENSIONS:
        value = offered.get(keyword, "")
        if value is not None and keyword not in hidden:
            yield f"{keyword} {value}".rstrip()
