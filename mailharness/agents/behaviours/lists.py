"""Lists: who is turned away, and who is exempt from what follows."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import ClassVar

from mailharness.agents.behaviours.behaviour import EXEMPT, Answer, Live, Trusts, path_of
from mailharness.agents.behaviours.checks import patterns, refusal
from mailharness.agents.behaviours.meanings import BLOCKED
from mailharness.clock import Clock
from mailharness.errors import MisuseError
from mailharness.mail import Address, Reply
from mailharness.smtp import Ruling, SmtpSession, Transaction


@dataclass(frozen=True, slots=True)
class Listed:
    """Whom a list names, as patterns in lower case."""

    senders: tuple[str, ...]
    recipients: tuple[str, ...]
    clients: tuple[str, ...]
    helos: tuple[str, ...]

    def has_client(self, session: SmtpSession) -> bool:
        return any(_is_client(pattern, session) for pattern in self.clients)

    def has_helo(self, name: str) -> bool:
        return _fits(self.helos, name.lower())

    def has_sender(self, sender: Address | None) -> bool:
        return _fits(self.senders, path_of(sender))

    def has_recipient(self, recipient: Address) -> bool:
        return _fits(self.recipients, recipient.folded)


def _fits(given: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in given)


def _is_client(pattern: str, session: SmtpSession) -> bool:
    try:
        return ip_address(session.peer_address[0]) in ip_network(pattern, strict=False)
    except ValueError:  # it is no network: then it is for the other end's name
        return fnmatchcase(session.peer.lower(), pattern)


def _listed(
    call: str, senders: Iterable[str], recipients: Iterable[str], clients: Iterable[str], helos: Iterable[str]
) -> Listed:
    given = {"senders": senders, "recipients": recipients, "clients": clients, "helos": helos}
    listed = Listed(**{name: patterns(call, name, value) for name, value in given.items()})
    if listed == Listed((), (), (), ()):
        raise MisuseError(f"{call}(): say whom, as in {call}(senders=['*@spam.test'])")
    return listed


@dataclass(frozen=True, slots=True)
class Block:
    """Refuses whoever is ``listed``."""

    name: ClassVar[str] = "block"
    listed: Listed
    reply: Reply

    def start(self, clock: Clock, trusts: Trusts) -> Live:  # noqa: ARG002 - a list knows neither time nor trust
        return _Blocked(self)


def block(
    *,
    senders: Iterable[str] = (),
    recipients: Iterable[str] = (),
    clients: Iterable[str] = (),
    helos: Iterable[str] = (),
    reply: str | Reply = BLOCKED,
) -> Block:
    """Refuse ``clients`` in place of the greeting, ``helos`` at EHLO, ``senders`` at MAIL and ``recipients`` at RCPT.

    All are patterns with ``*`` and ``?`` that fit without case: whole addresses (``"*@spam.test"``; the null sender is
    ``"<>"``), names said in EHLO, and clients by network (``"127.0.0.0/8"``), address or host name (``"mail.a.test"``).
    No behaviour has anything against the domain's own postmaster at RCPT (RFC 5321 §4.5.1).
    Raises MisuseError where nobody is named, and where a postmaster is.
    """
    listed = _listed("block", senders, recipients, clients, helos)
    for pattern in listed.recipients:
        if pattern.startswith("postmaster@"):
            raise MisuseError(
                f"block(recipients={pattern!r}): a postmaster can always be written to; for a host that breaks this rule, "
                f"write faults.reply(host, 'RCPT', '554 5.7.1 No', recipient={pattern!r})"
            )
    return Block(listed, refusal("block", reply))


class _Blocked(Live):
    def __init__(self, described: Block) -> None:
        self._listed = described.listed
        self._ruling = Ruling(described.reply, described.name)

    def _if(self, listed: bool) -> Answer:
        return self._ruling if listed else None

    def connected(self, session: SmtpSession) -> Answer:
        return self._if(self._listed.has_client(session))

    def hello(self, session: SmtpSession, name: str) -> Answer:  # noqa: ARG002
        return self._if(self._listed.has_helo(name))

    def sender(self, session: SmtpSession, transaction: Transaction) -> Answer:  # noqa: ARG002
        return self._if(self._listed.has_sender(transaction.sender))

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Answer:  # noqa: ARG002
        return self._if(self._listed.has_recipient(address))


@dataclass(frozen=True, slots=True)
class Allow:
    """Exempts whoever is ``listed`` from the behaviours that follow."""

    name: ClassVar[str] = "allow"
    listed: Listed

    def start(self, clock: Clock, trusts: Trusts) -> Live:  # noqa: ARG002 - a list knows neither time nor trust
        return _Allowed(self.listed)


def allow(
    *,
    senders: Iterable[str] = (),
    recipients: Iterable[str] = (),
    clients: Iterable[str] = (),
    helos: Iterable[str] = (),
) -> Allow:
    """Ask none of the behaviours that stand behind this one about whom it names; the patterns are those of ``block``.

    A client or a name said in EHLO is exempt from then on, a sender in its transaction, a recipient by itself. What is
    decided at the greeting already, connection caps and tarpits, only a client can be exempt from.
    """
    return Allow(_listed("allow", senders, recipients, clients, helos))


class _Allowed(Live):
    def __init__(self, listed: Listed) -> None:
        self._listed = listed

    def connected(self, session: SmtpSession) -> Answer:
        return EXEMPT if self._listed.has_client(session) else None

    def hello(self, session: SmtpSession, name: str) -> Answer:
        return EXEMPT if self._listed.has_helo(name) else self.connected(session)

    def sender(self, session: SmtpSession, transaction: Transaction) -> Answer:
        return EXEMPT if self._listed.has_sender(transaction.sender) else self.hello(session, session.helo)

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Answer:
        return EXEMPT if self._listed.has_recipient(address) else self.sender(session, transaction)
