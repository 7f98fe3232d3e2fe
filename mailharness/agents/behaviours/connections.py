"""Connection caps: how many sessions may be open at once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from mailharness.agents.behaviours.behaviour import Answer, Live, Remembered, Trusts
from mailharness.agents.behaviours.checks import refusal, whole
from mailharness.agents.behaviours.meanings import TOO_MANY_CONNECTIONS
from mailharness.clock import Clock
from mailharness.errors import MisuseError
from mailharness.mail import Reply
from mailharness.smtp import Ruling, SmtpSession


@dataclass(frozen=True, slots=True)
class ConnectionLimit:
    """At most ``total`` open sessions, at most ``per_client`` from one address; None: no limit."""

    name: ClassVar[str] = "connection_limit"
    total: int | None
    per_client: int | None
    reply: Reply

    def start(self, clock: Clock, trusts: Trusts) -> Live:  # noqa: ARG002 - a cap knows neither time nor trust
        return _OpenSessions(self)


def connection_limit(
    *, total: int | None = None, per_client: int | None = None, reply: str | Reply = TOO_MANY_CONNECTIONS
) -> ConnectionLimit:
    """Give ``reply`` instead of the greeting to a client that connects beyond ``total`` open SMTP sessions of the host, or
    beyond ``per_client`` from its own address.

    Every session counts from its greeting to its end, one that a sending host keeps open for a minute of the world's clock
    too; one that was refused does not. Raises MisuseError where neither limit is given.
    """
    if total is None and per_client is None:
        raise MisuseError("connection_limit(): say how many, as in connection_limit(total=100, per_client=2)")
    for name, value in (("total", total), ("per_client", per_client)):
        if value is not None:
            whole("connection_limit", name, value, least=0)
    return ConnectionLimit(total, per_client, refusal("connection_limit", reply))


class _OpenSessions(Live):
    def __init__(self, described: ConnectionLimit) -> None:
        self._described = described
        self._ruling = Ruling(described.reply, described.name)
        self._open: Counter[str] = Counter()

    def connected(self, session: SmtpSession) -> Answer:
        limit, client = self._described, session.peer_address[0]
        too_many = limit.total is not None and self._open.total() >= limit.total
        if too_many or (limit.per_client is not None and self._open[client] >= limit.per_client):
            return self._ruling
        self._open[client] += 1
        session.on_end.append(partial(self._ended, client))
        return None

    def _ended(self, client: str) -> None:
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]

    def remembered(self) -> Iterator[Remembered]:
        for client, count in self._open.items():
            if count:
                yield Remembered(self._ruling.by, client, f"{count} open")
