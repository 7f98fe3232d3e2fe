"""Rates: so many messages in so much time, for each client, sender or recipient."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mailharness.agents.behaviours.behaviour import Answer, Live, Remembered, Trusts, path_of
from mailharness.agents.behaviours.checks import refusal, seconds, whole
from mailharness.agents.behaviours.meanings import RATE_LIMITED, RECIPIENT_RATE_LIMITED
from mailharness.agents.behaviours.window import SlidingWindow
from mailharness.clock import Clock
from mailharness.errors import MisuseError
from mailharness.mail import Address, Reply
from mailharness.smtp import Ruling, SmtpSession, Transaction

SenderKey: TypeAlias = Callable[[SmtpSession, Transaction], str]
RecipientKey: TypeAlias = Callable[[Address], str]
BY_SENDER: Mapping[str, SenderKey] = {
    "client": lambda session, _: session.peer_address[0],
    "sender": lambda _, transaction: path_of(transaction.sender),
    "sender_domain": lambda _, transaction: transaction.sender.domain.lower() if transaction.sender else "<>",
    "account": lambda session, _: session.user,
}
"""What is counted at MAIL, by what a limit is ``by``; an empty key is not counted."""
BY_RECIPIENT: Mapping[str, RecipientKey] = {
    "recipient": lambda address: address.folded,
    "recipient_domain": lambda address: address.domain.lower(),
}
"""What is counted at RCPT."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``messages`` in any ``per`` seconds for each key of the kind ``by``."""

    name: str
    messages: int
    per: float
    by: str
    reply: Reply

    def start(self, clock: Clock, trusts: Trusts) -> Live:  # noqa: ARG002 - one's own users have limits too
        return _Rate(self, clock)


def rate_limit(*, messages: int, per: float, by: str = "client", reply: str | Reply = RATE_LIMITED) -> RateLimit:
    """Refuse what is more than ``messages`` in the last ``per`` seconds of the world's clock: a sliding window.

    ``by`` is whose messages are counted together: those of a "client" (its address), "sender", "sender_domain" or
    "account" (who has logged in; others have no limit) at MAIL, those for a "recipient" or "recipient_domain" at RCPT.
    Counted is what this limit lets pass, whatever becomes of it afterwards; what it refuses is not. One that was counted
    ``per`` seconds ago counts no more. Raises MisuseError for what cannot be.
    """
    return _limit("rate_limit", messages, per, by, reply)


def recipient_quota(*, messages: int, per: float = 86400, reply: str | Reply = RECIPIENT_RATE_LIMITED) -> RateLimit:
    """Refuse a recipient's RCPT beyond ``messages`` in the last ``per`` seconds: a ``rate_limit`` by recipient."""
    return _limit("recipient_quota", messages, per, "recipient", reply)


def _limit(call: str, messages: int, per: float, by: str, reply: str | Reply) -> RateLimit:
    if by not in BY_SENDER and by not in BY_RECIPIENT:
        raise MisuseError.unknown(f"key for {call}(by=...):", by, [*BY_SENDER, *BY_RECIPIENT])
    return RateLimit(call, whole(call, "messages", messages), seconds(call, "per", per, above=0), by, refusal(call, reply))


class _Rate(Live):
    def __init__(self, described: RateLimit, clock: Clock) -> None:
        self._described = described
        self._ruling = Ruling(described.reply, described.name)
        self._window = SlidingWindow(described.messages, described.per)
        self._sender_key = BY_SENDER.get(described.by)
        self._recipient_key = BY_RECIPIENT.get(described.by)
        self._clock = clock

    def sender(self, session: SmtpSession, transaction: Transaction) -> Answer:
        return self._count(self._sender_key(session, transaction)) if self._sender_key else None

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Answer:  # noqa: ARG002
        return self._count(self._recipient_key(address)) if self._recipient_key else None

    def _count(self, key: str) -> Answer:
        return None if not key or self._window.admit(key, self._clock.now()) else self._ruling

    def remembered(self) -> Iterator[Remembered]:
        limit = self._described
        for key, count in self._window.tell(self._clock.now()):
            yield Remembered(limit.name, f"{limit.by} {key}", f"{count} of {limit.messages} in {limit.per:g} s")

    def forget(self) -> None:
        self._window.forget()
