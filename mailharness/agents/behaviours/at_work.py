"""The behaviours of one host at work: asked in order, the first refusal wins."""

from collections.abc import Iterable

from mailharness.agents.behaviours.behaviour import Answer, Behaviour, Exempt, Remembered, Trusts
from mailharness.clock import Clock
from mailharness.mail import Address
from mailharness.smtp import Ruling, SmtpSession, Transaction


class HostBehaviours:
    """What the ``described`` behaviours are on one host, each with a memory of its own."""

    def __init__(self, described: Iterable[Behaviour], clock: Clock, trusts: Trusts) -> None:
        self._live = [(one.name, one.start(clock, trusts)) for one in described]

    def connected(self, session: SmtpSession) -> Ruling | None:
        return _first(live.connected(session) for _, live in self._live)

    def hello(self, session: SmtpSession, name: str) -> Ruling | None:
        return _first(live.hello(session, name) for _, live in self._live)

    def sender(self, session: SmtpSession, transaction: Transaction) -> Ruling | None:
        return _first(live.sender(session, transaction) for _, live in self._live)

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Ruling | None:
        return _first(live.recipient(session, transaction, address) for _, live in self._live)

    def remembered(self) -> list[Remembered]:
        """All that is remembered, by behaviour in the order they are asked."""
        return [one for _, live in self._live for one in live.remembered()]

    def forget(self, name: str | None = None) -> None:
        """Forget all, or what the behaviours called ``name`` remember; a session that is open stays counted."""
        for own, live in self._live:
            if name in (None, own):
                live.forget()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self._live)


def _first(answers: Iterable[Answer]) -> Ruling | None:
    """The first refusal; none where an exemption comes before it. Who stands behind is not asked."""
    for answer in answers:
        if answer is not None:
            return None if isinstance(answer, Exempt) else answer
    return None
