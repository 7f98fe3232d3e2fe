"""What a behaviour is: a frozen description, and what it becomes on each host that has it.

A ``Behaviour`` is written once and may stand on many hosts; ``start`` makes a ``Live`` of it for each, with a memory of
its own. A live one is asked at each phase of a session, on the world's clock, and throws no dice.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from mailharness.clock import Clock
from mailharness.mail import Address
from mailharness.smtp import Ruling, SmtpSession, Transaction


class Exempt:
    """Said instead of a ruling: none of the behaviours that follow is asked."""


EXEMPT = Exempt()
Answer: TypeAlias = Ruling | Exempt | None
"""A refusal, an exemption, or None to let it pass as far as this behaviour goes."""
Trusts: TypeAlias = Callable[[SmtpSession, Address | None], bool]
"""Whether the host takes the sender, as the client has shown itself, for one of its own users."""


class Remembered(NamedTuple):
    """One thing that a behaviour remembers: ``by`` which, of ``whom`` or what, and in words how that stands."""

    by: str
    whom: str
    state: str

    def __str__(self) -> str:
        return f"{self.by}: {self.whom}: {self.state}"


class Live:
    """One behaviour at work on one host. A phase that it does not care for passes."""

    def connected(self, session: SmtpSession) -> Answer:  # noqa: ARG002 - one signature for all
        return None

    def hello(self, session: SmtpSession, name: str) -> Answer:  # noqa: ARG002
        return None

    def sender(self, session: SmtpSession, transaction: Transaction) -> Answer:  # noqa: ARG002
        return None

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Answer:  # noqa: ARG002
        return None

    def remembered(self) -> Iterator[Remembered]:
        """What holds still, oldest first."""
        return iter(())

    def forget(self) -> None:
        """Be as on the first day."""


@runtime_checkable
class Behaviour(Protocol):
    """A description: what it is called in stories (``by``), and how it is put to work."""

    @property
    def name(self) -> str: ...

    def start(self, clock: Clock, trusts: Trusts) -> Live:
        """A live one, without any memory yet."""
        ...


def path_of(sender: Address | None) -> str:
    """A sender as a key of memories: without case, the null path as ``<>``."""
    return sender.folded if sender is not None else "<>"
