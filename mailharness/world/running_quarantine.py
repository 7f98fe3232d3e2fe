"""The quarantine of a domain as a test holds it: what its gateways keep, to be looked at, let go or thrown away."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

from mailharness.agents.gateway import Detained, GatewayReception
from mailharness.clock import Work
from mailharness.errors import MisuseError
from mailharness.mail import Address, Message
from mailharness.trace import Journal
from mailharness.world.checks import check, kind
from mailharness.world.entries import Entries
from mailharness.world.letter import Letter
from mailharness.world.running_host import RunningHost
from mailharness.world.running_resolver import Call


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A letter that ``host`` keeps: its number, for whom it is, the ``filter`` that held it and why, and what it is."""

    host: str
    letter: int
    recipients: tuple[Address, ...]
    filter: str
    reason: str
    message: Message

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"letter {self.letter} for {', '.join(map(str, self.recipients))} at {self.host}, by {self.filter}{why}"


Which = Letter | Quarantined | int | None
"""A letter, its number, or an entry of a quarantine."""
_PICKED = {"letter": kind(int, Letter, Quarantined, NoneType, cure="a letter, or its number, as in release(letter)")}


class RunningQuarantine(Entries[Quarantined]):
    """What the gateways of a domain keep, oldest first, as frozen entries; each reading settles first.

    Its verbs take a letter, or mean all that is held. They raise MisuseError where nothing fits, settle before and after,
    and have awaitable twins, ``await world.aio.quarantine("globex.test").release(letter)``.
    """

    def __init__(
        self,
        name: str,
        hosts: Sequence[RunningHost],
        work: Work,
        journal: Journal,
        look: Callable[[Callable[[], Any]], Any],
        call: Call,
    ) -> None:
        self._name = name
        self._hosts = hosts
        self._work = work
        self._journal = journal
        self._look = look
        self._call = call

    def __repr__(self) -> str:
        return f"<quarantine of {self._name}>"

    # -- reading ----

    def entries(self) -> tuple[Quarantined, ...]:
        """What is held now."""
        found: tuple[Quarantined, ...] = self._look(lambda: tuple(_entry(*one) for one in self._all()))
        return found

    def _all(self) -> Iterator[tuple[GatewayReception, Detained]]:
        receptions = [host.reception for host in self._hosts if isinstance(host.reception, GatewayReception)]
        everything = [(one, held) for one in receptions for held in one.quarantine]
        return iter(sorted(everything, key=lambda pair: pair[1].copy.copy))

    # -- what a postmaster does ----

    def release(self, letter: Which = None) -> None:
        """Let it go on to its recipients; no filter looks at it again."""
        self._each("release", GatewayReception.release, letter)

    def delete(self, letter: Which = None) -> None:
        """Throw it away; nobody is told."""
        self._each("delete", GatewayReception.discard, letter)

    def _each(self, verb: str, act: Callable[[GatewayReception, Detained], None], letter: Which) -> None:
        check("quarantine", _PICKED, letter=letter)
        number = self._number(letter)

        async def acting() -> None:
            await self._work.settled()
            picked = [pair for pair in self._all() if number in (None, pair[1].copy.letter)]
            if not picked:
                held = "; ".join(str(_entry(*pair)) for pair in self._all()) or "nothing"
                raise MisuseError(
                    f"quarantine.{verb}({letter or ''}): nothing of the kind is held at {self._name} (held: {held})"
                )
            for gateway, one in picked:
                act(gateway, one)
            await self._work.settled()

        self._call(f"quarantine({self._name!r}).{verb}(...)", acting())

    def _number(self, letter: Which) -> int | None:
        if isinstance(letter, Letter):
            return letter.number_in(self._journal)
        return letter.letter if isinstance(letter, Quarantined) else letter


def _entry(gateway: GatewayReception, held: Detained) -> Quarantined:
    return Quarantined(gateway.host, held.copy.letter, held.envelope.recipients, held.filter, held.reason, held.message)
