"""What a server offers to a sender: the extensions, size and limits that its EHLO announced."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_LIMIT = re.compile(r"(RCPTMAX|MAILMAX|RCPTDOMAINMAX)=([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Offer:
    """One server's offer; nothing after HELO."""

    extensions: Mapping[str, str] = field(default_factory=dict)
    """Keyword in lower case to its parameters."""
    max_size: int = 0
    """Octets of a message at most, 0 where none is declared (RFC 1870 §4)."""
    max_recipients: int = 0
    """RCPT commands in a transaction, 0 for any number (RFC 9422 §4.2)."""
    max_transactions: int = 0
    """MAIL commands in a session, 0 for any number (RFC 9422 §4.1)."""
    max_domains: int = 0
    """Domains among the recipients of a session, 0 for any number (RFC 9422 §4.3)."""
    secured: bool = False
    verified: bool = False
    """The server's certificate was checked, chain and name."""

    def __contains__(self, keyword: object) -> bool:
        return keyword in self.extensions

    @property
    def mechanisms(self) -> list[str]:
        """The names behind AUTH."""
        return self.extensions.get("auth", "").split()


def read_offer(extensions: Mapping[str, str], *, secured: bool = False, verified: bool = False) -> Offer:
    """The offer in these EHLO lines; a limit nobody can read is none (RFC 9422 §3)."""
    size = extensions.get("size", "")
    words = (_LIMIT.fullmatch(word) for word in extensions.get("limits", "").upper().split())
    limits = {word[1]: int(word[2]) for word in words if word}
    return Offer(
        extensions,
        int(size) if re.fullmatch(r"[0-9]{1,20}", size) else 0,
        limits.get("RCPTMAX", 0),
        limits.get("MAILMAX", 0),
        limits.get("RCPTDOMAINMAX", 0),
        secured,
        verified,
    )
