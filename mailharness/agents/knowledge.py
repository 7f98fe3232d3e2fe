"""What an MTA tells of its addresses to whoever asks: VRFY and EXPN (RFC 5321 §3.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailharness.agents.meaning import Alias, AtHome, Forwarded, Meaning, Posted
from mailharness.agents.store import Store
from mailharness.errors import MisuseError
from mailharness.mail import Address, Reply

_CANNOT_VRFY = Reply(252, "Cannot VRFY user, but will accept message and attempt delivery", "2.5.0")
_NO_EXPN = Reply(502, "EXPN is not available here", "5.5.1")
_UNKNOWN = Reply(550, "No such user here", "5.1.1")
_NO_LIST = Reply(550, "That is a user and no mailing list", "5.2.4")
_UTF8_VRFY = Reply(252, "The answer is in UTF-8: ask with SMTPUTF8", "2.6.8")
_UTF8_EXPN = Reply(550, "The answer is in UTF-8: ask with SMTPUTF8", "5.6.8")
_ASKED_IN_UTF8 = " SMTPUTF8"
_ELSEWHERE = Reply(252, "Not of this domain, but will accept message and attempt delivery", "2.5.0")


@dataclass(frozen=True, slots=True)
class Tells:
    """Whether a host says who is who (``vrfy``) and who is behind an address (``expn``); hiding it is allowed (§7.3)."""

    vrfy: bool = False
    expn: bool = False

    def verify(self, store: Store, text: str) -> Reply:
        """The reply to VRFY for an address or a local part: 250 with the whole address, 550 5.1.1, or 252."""
        if not self.vrfy:
            return _CANNOT_VRFY
        address = _address(store, text)
        if address is None:
            return _UNKNOWN
        if not store.holds(address):
            return _ELSEWHERE
        meaning = store.meaning(address)
        return _UNKNOWN if meaning is None else _told(text, [_name(meaning, address)], _UTF8_VRFY)

    def expand(self, store: Store, text: str) -> Reply:
        """The reply to EXPN: 250 and a line for each address behind a list or an alias, 550, or 502 where hidden."""
        if not self.expn:
            return _NO_EXPN
        address = _address(store, text)
        meaning = store.meaning(address) if address is not None else None
        if meaning is None:
            return _UNKNOWN
        behind = _behind(meaning)
        return _told(text, behind, _UTF8_EXPN) if behind else _NO_LIST


def _address(store: Store, text: str) -> Address | None:
    """The address in the argument of VRFY or EXPN: in brackets or bare, whole or its local part alone."""
    bare = text.strip().removesuffix(_ASKED_IN_UTF8).removeprefix("<").removesuffix(">")
    for written in (bare, f"{bare}@{store.domain}"):
        try:
            return Address.parse(written)
        except MisuseError:
            continue
    return None


def _told(text: str, addresses: Sequence[Address], hidden: Reply) -> Reply:
    """The addresses, a line each; ``hidden`` where some are in UTF-8 and that was not asked for (RFC 6531 §3.7.4.2)."""
    if not text.endswith(_ASKED_IN_UTF8) and not all(address.is_ascii for address in addresses):
        return hidden
    return Reply(250, "\n".join(f"<{address}>" for address in addresses), "2.1.5")


def _name(meaning: Meaning, asked: Address) -> Address:
    """Who is meant: for another name of one address that address, as in RFC 5321 appendix D.4."""
    match meaning:
        case AtHome(account) | Forwarded(account):
            return account.address
        case Alias((target,)):
            return target
    return asked


def _behind(meaning: Meaning) -> Sequence[Address]:
    match meaning:
        case Posted(to):
            return to.members
        case Alias(targets):
            return targets
    return ()
