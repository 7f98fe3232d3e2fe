"""Greylisting (RFC 6647), and its plainer kin: whoever is new has to come again."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import ClassVar

from mailharness.agents.behaviours.acquaintance import Acquaintances, Patience
from mailharness.agents.behaviours.behaviour import Answer, Live, Remembered, Trusts, path_of
from mailharness.agents.behaviours.checks import refusal, seconds, whole
from mailharness.agents.behaviours.meanings import FIRST_CONTACT, GREYLISTED
from mailharness.clock import Clock
from mailharness.errors import MisuseError
from mailharness.mail import Address, Reply
from mailharness.smtp import Ruling, SmtpSession, Transaction

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Greylisting:
    """Defers each RCPT of a triplet (client network, sender, recipient) that is not known."""

    name: ClassVar[str] = "greylisting"
    patience: Patience
    network: int
    reply: Reply

    def start(self, clock: Clock, trusts: Trusts) -> Live:
        return _Greylist(self, clock, trusts)


def greylisting(
    *,
    delay: float = 300,
    window: float = 4 * 3600,
    remember: float = 36 * _DAY,
    network: int = 24,
    reply: str | Reply = GREYLISTED,
) -> Greylisting:
    """Refuse a new triplet of client network, sender and recipient until it comes again (RFC 6647 §2.4).

    In seconds of the world's clock: a retry before ``delay`` is refused again, and changes nothing; one from ``delay`` to
    ``window`` after the first attempt passes, and the triplet is known; one later is as new. A known triplet passes, and
    is forgotten when it has not been used for ``remember``. ``network`` is how many bits of the client's IPv4 address
    count: hosts of a world are neighbours in one /24, so 32 tells them apart. The host's own users, logged in or trusted,
    are not greylisted. Raises MisuseError for what cannot be, a window that no retry can meet among it.
    """
    call = "greylisting"
    patience = Patience(
        seconds(call, "delay", delay), seconds(call, "window", window), seconds(call, "remember", remember, above=0)
    )
    if window <= delay:
        raise MisuseError(f"greylisting(delay={delay}, window={window}): no retry would ever pass; write a longer window")
    return Greylisting(patience, whole(call, "network", network, least=0, most=32), refusal(call, reply))


class _Greylist(Live):
    def __init__(self, described: Greylisting, clock: Clock, trusts: Trusts) -> None:
        self._network = described.network
        self._ruling = Ruling(described.reply, described.name)
        self._triplets: Acquaintances[tuple[str, str, str]] = Acquaintances(described.patience)
        self._clock = clock
        self._trusts = trusts

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Answer:
        if self._trusts(session, transaction.sender):
            return None
        triplet = (network_of(session.peer_address[0], self._network), path_of(transaction.sender), address.folded)
        return None if self._triplets.meet(triplet, self._clock.now()) else self._ruling

    def remembered(self) -> Iterator[Remembered]:
        for (client, sender, recipient), state in self._triplets.tell(self._clock.now()):
            yield Remembered(self._ruling.by, f"{client} {sender} -> {recipient}", state)

    def forget(self) -> None:
        self._triplets.forget()


def network_of(address: str, bits: int) -> str:
    """The network of so many bits that the IPv4 ``address`` is in; the address itself if it is none."""
    try:
        return str(ip_network(f"{address}/{bits}", strict=False)) if bits < 32 else address
    except ValueError:
        return address


@dataclass(frozen=True, slots=True)
class FirstContact:
    """Defers each MAIL of a sender that is not known."""

    name: ClassVar[str] = "first_contact"
    patience: Patience
    reply: Reply

    def start(self, clock: Clock, trusts: Trusts) -> Live:
        return _Introductions(self, clock, trusts)


def first_contact(*, delay: float = 600, remember: float = 36 * _DAY, reply: str | Reply = FIRST_CONTACT) -> FirstContact:
    """Refuse a sender's MAIL until ``delay`` seconds after its first (RFC 6647 §2.3), whatever the client and recipients.

    A sender is forgotten when it has not been seen for ``remember`` seconds. The null sender, and the host's own users,
    are no strangers. Raises MisuseError for what cannot be.
    """
    call = "first_contact"
    remember = seconds(call, "remember", remember, above=0)
    if remember <= seconds(call, "delay", delay):
        raise MisuseError(f"first_contact(delay={delay}, remember={remember}): nobody would ever pass; remember for longer")
    return FirstContact(Patience(delay, remember, remember), refusal(call, reply))


class _Introductions(Live):
    def __init__(self, described: FirstContact, clock: Clock, trusts: Trusts) -> None:
        self._ruling = Ruling(described.reply, described.name)
        self._senders: Acquaintances[str] = Acquaintances(described.patience)
        self._clock = clock
        self._trusts = trusts

    def sender(self, session: SmtpSession, transaction: Transaction) -> Answer:
        sender = transaction.sender
        if sender is None or self._trusts(session, sender):
            return None
        return None if self._senders.meet(sender.folded, self._clock.now()) else self._ruling

    def remembered(self) -> Iterator[Remembered]:
        for sender, state in self._senders.tell(self._clock.now()):
            yield Remembered(self._ruling.by, sender, state)

    def forget(self) -> None:
        self._senders.forget()
