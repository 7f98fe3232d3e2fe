"""Addresses: ``local@domain`` by the strict grammar of SMTP (RFC 5321 §4.1.2), with UTF-8 where RFC 6531 allows it."""

import re
from dataclasses import dataclass, field

from mailharness.errors import MisuseError, RemoteProtocolError

# What is beyond ASCII is in by not being left out: a class that spells \u0080-\U0010ffff takes a millisecond to compile.
_ATEXT = r'[^\x00-\x20"(),.:;<>@\[\\\]\x7f]'
_LABEL = r"[^\x00-/:-@\[-^`{-\x7f](?:[^\x00-,./:-@\[-^`{-\x7f]*[^\x00-/:-@\[-^`{-\x7f])?"
_DOT_STRING = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"
_QUOTED = r'"(?:[^\x00-\x1f"\\\x7f]|\\[\x20-\x7e])*"'
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL = r"\[[\x21-\x5a\x5e-\x7e]+\]"
DOMAIN = re.compile(_DOMAIN)
ADDRESS = re.compile(rf"(?P<local>{_DOT_STRING}|{_QUOTED})@(?P<domain>{_DOMAIN}|{_LITERAL})")
_SOURCE_ROUTE = re.compile(rf"@{_DOMAIN}(?:,@{_DOMAIN})*:")


def is_domain(name: str) -> bool:
    """Whether ``name`` is a domain name that SMTP and DNS can carry (RFC 1034 §3.1, RFC 5321 §4.5.3.1.2)."""
    wire = name.encode("idna") if name.isascii() is False and _idna_safe(name) else name.encode("utf-8")
    return bool(DOMAIN.fullmatch(name)) and len(wire) <= 253 and all(0 < len(label) <= 63 for label in wire.split(b"."))


def ascii_form(name: str) -> str:
    """``name`` with its international labels as A-labels (RFC 5890 §2.3.2.1); what has no such form stays as it is."""
    return name if name.isascii() or not _idna_safe(name) else name.encode("idna").decode("ascii")


def _idna_safe(name: str) -> bool:
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Address:
    """One address. Shown as it was declared; compared without case in the domain (RFC 5321 §2.3.11)."""

    local: str = field(compare=False)
    domain: str = field(compare=False)
    _key: tuple[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", (self.local, ascii_form(self.domain).lower()))

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def domain_key(self) -> str:
        """The domain as it is compared: in ASCII, lower case."""
        return self._key[1]

    @property
    def folded(self) -> str:
        """The whole address in lower case: the key by which mailboxes and logins are looked up here."""
        return f"{self.unquoted_local}@{self.domain_key}".lower()

    @property
    def unquoted_local(self) -> str:
        """The local part without the quotes and backslashes of its quoted form (RFC 5321 §4.1.2)."""
        if not self.local.startswith('"'):
            return self.local
        return re.sub(r"\\(.)", r"\1", self.local[1:-1])

    @property
    def is_ascii(self) -> bool:
        return self.local.isascii() and self.domain.isascii()

    @classmethod
    def parse(cls, text: "str | Address") -> "Address":
        """The address in ``text``; raises MisuseError for anything that is not exactly one bare address."""
        if isinstance(text, Address):
            return text
        try:
            return cls._strict(text)
        except RemoteProtocolError as error:
            raise MisuseError(f"{text!r} is not an address: {error} (write local@domain, as in 'bob@acme.test')") from None

    @classmethod
    def from_path(cls, path: str) -> "Address | None":
        """The address between the brackets of MAIL FROM or RCPT TO; None for the null sender ``<>``.

        Raises RemoteProtocolError with the reply for the peer (RFC 5321 §4.1.2; a source route is accepted and
        ignored, RFC 5321 appendix C).
        """
        if path == "<>":
            return None
        if len(path) < 2 or path[0] != "<" or path[-1] != ">":
            raise RemoteProtocolError("a path stands in angle brackets", "501 5.1.7 A path stands in angle brackets")
        inner = path[1:-1]
        route = _SOURCE_ROUTE.match(inner)
        return cls._strict(inner[route.end() :] if route else inner)

    @classmethod
    def _strict(cls, text: str) -> "Address":
        match = ADDRESS.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise RemoteProtocolError("bad syntax", "501 5.1.3 Bad address syntax")
        local, domain = match["local"], match["domain"]
        if len(local.encode()) > 64:  # RFC 5321 §4.5.3.1.1
            raise RemoteProtocolError("the local part is over 64 octets", "501 5.1.3 Local part is over 64 octets")
        if not domain.startswith("[") and not is_domain(domain):  # RFC 5321 §4.5.3.1.2
            raise RemoteProtocolError("the domain is over 255 octets or a label over 63", "501 5.1.3 Domain is too long")
        return cls(local, domain)
