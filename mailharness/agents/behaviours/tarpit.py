"""The tarpit: a host that answers late, and the later the more it is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from mailharness.agents.behaviours.behaviour import Answer, Live, Trusts
from mailharness.agents.behaviours.checks import seconds as checked_seconds
from mailharness.agents.behaviours.checks import whole
from mailharness.clock import Clock
from mailharness.errors import MisuseError
from mailharness.mail import Reply
from mailharness.smtp import SmtpSession

COUNTED: Mapping[str, Callable[[str, Reply], bool]] = {
    "rcpt": lambda verb, _: verb == "RCPT",
    "error": lambda _, reply: reply.code >= 400,
    "every": lambda _, __: True,
}
"""Which replies are slowed down, by what a tarpit is ``of``: asked with the verb and the reply to it."""


@dataclass(frozen=True, slots=True)
class Tarpit:
    """Says the replies ``of`` a kind ``seconds`` late, but for the first ``after`` of a session."""

    name: ClassVar[str] = "tarpit"
    seconds: float
    after: int
    of: str

    def start(self, clock: Clock, trusts: Trusts) -> Live:  # noqa: ARG002 - the session itself waits, for anyone
        return _Slow(self)


def tarpit(*, seconds: float, after: int = 0, of: str = "error") -> Tarpit:
    """Say replies ``seconds`` of the world's clock late; the session is at rest meanwhile, and so is whoever dialed.

    ``of`` is which: those to "rcpt", each "error" (400 to 599), or "every" one, the greeting among them. The first
    ``after`` of them in a session are said at once. Raises MisuseError for what cannot be.
    """
    if of not in COUNTED:
        raise MisuseError.unknown("kind of reply for tarpit(of=...):", of, COUNTED)
    return Tarpit(checked_seconds("tarpit", "seconds", seconds, above=0), whole("tarpit", "after", after, least=0), of)


class _Slow(Live):
    def __init__(self, described: Tarpit) -> None:
        self._described = described

    def connected(self, session: SmtpSession) -> Answer:
        session.pace = _Pace(self._described, session.pace)
        return None


class _Pace:
    """One session's slowness, on top of that of another tarpit."""

    def __init__(self, described: Tarpit, other: Callable[[str, Reply], float] | None) -> None:
        self._described = described
        self._counts = COUNTED[described.of]
        self._counted = 0
        self._other = other

    def __call__(self, verb: str, reply: Reply) -> float:
        late = self._other(verb, reply) if self._other is not None else 0.0
        if self._counts(verb, reply):
            self._counted += 1
            late += self._described.seconds if self._counted > self._described.after else 0.0
        return late
