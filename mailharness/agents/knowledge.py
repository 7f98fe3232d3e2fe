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
        return _UNKNOWN if meaning is None else Reply(250, f"<{_name(meaning, address)}>", "2.1.5")

    def expand(self, store: Store, text: str) -> Reply:
        """The reply to EXPN: 250 and a line for each address behind a list or an alias, 550, or 502 where hidden."""
        if not self.expn:
            return _NO_EXPN
        address = _address(store, text)
        meaning = store.meaning(address) if address is not None else None
        if meaning is None:
            return _UNKNOWN
        behind = _behind(meaning)
        return Reply(250, "\n".join(f"<{one}>" for one in behind), "2.1.5") if behind else _NO_LIST


SILENT = Tells()


def _address(store: Store, text: str) -> Address | None:
    """The address in the argument of VRFY or EXPN: in brackets or bare, whole or its local part alone."""
    bare = text.strip().removeprefix("<").removesuffix(">")
    for written in (bare, f"{bare}@{store.domain}"):
        try:
            return Address.parse(written)
        except MisuseError:
            continue
    return None


def _name(meaning: Meaning, asked: Address) -> Address:
    return meaning.account.address if isinstance(meaning, AtHome | Forwarded) else asked


def _behind(meaning: Meaning) -> Sequence[Address]:
    match meaning:
        case Posted(to):
            return to.members
        case Alias(targets):
            return targets
    return ()
