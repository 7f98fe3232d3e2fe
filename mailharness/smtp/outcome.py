"""What a sender reports: how its session began, and how each transaction went."""

from dataclasses import dataclass, field
from enum import StrEnum

from mailharness.mail import Address, Reply


class TlsPolicy(StrEnum):
    """What a sender insists on before it says a word of a letter."""

    OPPORTUNISTIC = "opportunistic"
    """TLS where it is offered and works, else clear text (RFC 7435 §3)."""
    REQUIRED = "required"
    """TLS with whomever answers, or no session."""
    VERIFIED = "verified"
    """TLS with a server whose certificate has a trusted chain and the right name, or no session (RFC 8689 §4.2.1)."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a session began: ``reply`` to the last of greeting, hello and AUTH, or the ``problem`` why there is none.

    Where this side refuses the session, there are both: the ``reply`` is of our own making, ``problem`` says why.
    """

    reply: Reply | None
    problem: str = ""
    secured: str = ""
    """The TLS version, "" without."""
    tls_problem: str = ""
    """STARTTLS was tried and failed for this reason; a new connection may do without (RFC 7435)."""
    verified: bool = False
    """The server's certificate was checked, chain and name."""

    @property
    def insisted(self) -> bool:
        """This side has refused the session."""
        return bool(self.problem) and self.reply is not None

    @property
    def ok(self) -> bool:
        return not self.problem and self.reply is not None and self.reply.is_positive


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a transaction went."""

    recipients: dict[Address, Reply] = field(default_factory=dict)
    """The reply that settles each recipient: the final one for those that RCPT took, else the refusal.

    A recipient is missing where the connection ended before any such reply.
    """
    reply: Reply | None = None
    """The last reply: to the end of data, or the one that ended the transaction before."""
    problem: str = ""
    """Why there is no final reply, "" where there is one."""
    reply_lost: bool = False
    """The final dot was sent and no reply came: the server may have the message (RFC 5321 §4.5.3.2.6)."""
    unasked: tuple[Address, ...] = ()
    """The recipients whose reply is of our own making: the server was not asked, and has not said it."""
    relayed_without_dsn: tuple[Address, ...] = ()
    """Those accepted whose sender asked for NOTIFY=SUCCESS of a server that knows no DSN: here a "relayed" report is
    owed (RFC 3461 §5.2.2)."""

    @property
    def accepted(self) -> tuple[Address, ...]:
        """The recipients that are the server's responsibility now."""
        return tuple(address for address, reply in self.recipients.items() if reply.is_positive)
