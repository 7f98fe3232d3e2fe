"""Flags as a client may set them (RFC 3501 §2.3.2)."""

from collections.abc import Iterable

from mailharness.imap.grammar import BadSyntaxError
from mailharness.imap.visit import RefusedError
from mailharness.mailbox import SYSTEM_FLAGS

MAX_KEYWORDS = 200
"""Of one message (RFC 5530 §3: LIMIT)."""
_KNOWN_FLAGS = {flag.lower(): flag for flag in SYSTEM_FLAGS}


def known_flags(flags: Iterable[str]) -> frozenset[str]:
    """Flags in one spelling each, a keyword in the first that is given; system flags are those of RFC 3501 §2.3.2 only."""
    found: dict[str, str] = {}
    for flag in flags:
        name = _KNOWN_FLAGS.get(flag.lower()) if flag.startswith("\\") else flag
        if name is None:
            raise BadSyntaxError(f"{flag} is no flag that can be set")
        found.setdefault(name.lower(), name)
    if len(found) > MAX_KEYWORDS:
        raise RefusedError("[LIMIT] a message has no room for so many flags")
    return frozenset(found.values())
