"""A queue of a running world as a test holds it: read, and run by hand, while it goes on by itself."""

from collections.abc import Callable, Iterator, Sequence
from types import NoneType
from typing import Any

from mailharness.agents.postmaster import Pick, Postmaster
from mailharness.clock import Work
from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.mail.address import ascii_form
from mailharness.queue import Entry, Waiting, snapshot
from mailharness.trace import Journal
from mailharness.world.checks import FLAG, Rule, check, kind
from mailharness.world.entries import Entries
from mailharness.world.letter import Letter
from mailharness.world.running_host import RunningHost
from mailharness.world.running_resolver import Call

_PICKED = {
    "letter": kind(int, Letter, Waiting, NoneType, cure="a letter, or its number, as in hold(letter)"),
    "recipient": Rule(
        lambda who: who is None or isinstance(who, str | Address) or hasattr(who, "address"),
        "write an address or a user, as in recipient='bob@acme.test'",
    ),
    "domain": kind(str, NoneType, cure="a domain's name, as in domain='globex.test'"),
    "bounce": FLAG,
}
Which = Letter | Waiting | int | None
"""A letter, its number, or an entry of a queue."""


class RunningQueue(Entries[Waiting]):
    """What waits on some hosts, oldest first, as frozen entries; each reading settles first. An attempt that is under way
    waits no more, also where a fault stalls it.

    Its verbs take a letter, a recipient, a domain, or several of them, and mean all that fit; nothing: all that waits. Of a
    letter for several recipients they touch those that fit. They raise MisuseError where nothing fits, settle before and
    after, and have awaitable twins, ``await world.aio.queue("acme.test").hold(letter)``.
    """

    def __init__(
        self,
        name: str,
        hosts: Sequence[RunningHost],
        work: Work,
        journal: Journal,
        before: Callable[[], None],
        call: Call,
        run: Callable[..., Any],
    ) -> None:
        self._name = name
        self._hosts = hosts
        self._work = work
        self._journal = journal
        self._before = before
        self._call = call
        self._run = run

    # -- reading ----

    def entries(self, letter: Which = None, *, recipient: Any = None, domain: str | None = None) -> tuple[Waiting, ...]:
        """What waits now and fits; an entry fits by any of its recipients."""
        fits = _picker(self._journal, letter, recipient, domain)
        self._before()
        found: tuple[Waiting, ...] = self._run(lambda: tuple(self._snapshots(fits)))
        return found

    def _snapshots(self, fits: "_Picker") -> list[Waiting]:
        found = [snapshot(host.name, entry) for host, entry in self._all() if fits(entry)]
        return sorted(found, key=lambda entry: (entry.queued_at, entry.copy, str(entry.recipients[0])))

    def _all(self) -> Iterator[tuple[RunningHost, Entry]]:
        for host in self._hosts:
            if host.reception is not None:
                yield from ((host, entry) for entry in host.reception.relay.spool)

    def __repr__(self) -> str:
        return f"<queue of {self._name}>"

    # -- running it by hand ----

    def hold(self, letter: Which = None, *, recipient: Any = None, domain: str | None = None) -> None:
        """Let it stay where it is until it is released, whatever falls due."""
        self._each("hold", Postmaster.hold, letter, recipient, domain)

    def release(self, letter: Which = None, *, recipient: Any = None, domain: str | None = None) -> None:
        """Let what is held go on: at once where it fell due meanwhile, else when it is due."""
        self._each("release", Postmaster.release, letter, recipient, domain)

    def attempt(self, letter: Which = None, *, recipient: Any = None, domain: str | None = None) -> None:
        """Attempt it now, whenever it is due. Raises MisuseError for what is held, or on a machine that is off."""
        self._each("attempt", Postmaster.attempt, letter, recipient, domain, _check_ready)

    def flush(self) -> None:
        """Attempt everything now but what is held; in an empty queue nothing happens. Raises MisuseError as ``attempt``."""
        self._act("flush", self._flush)

    def delete(
        self, letter: Which = None, *, recipient: Any = None, domain: str | None = None, bounce: bool = False
    ) -> None:
        """Throw it away; with ``bounce`` its sender is told by a report, as if it had been given up."""
        check("delete", _PICKED, bounce=bounce)
        self._each("delete", Postmaster.bounce if bounce else Postmaster.discard, letter, recipient, domain)

    def _flush(self) -> None:
        every = [(host, entry) for host, entry in self._all() if not entry.held]
        for host, entry in every:
            _check_ready("flush", host, entry)
        for host, entry in every:
            _postmaster(host).attempt((entry, entry.envelope.recipients))

    def _each(
        self,
        verb: str,
        act: Callable[[Postmaster, Pick], None],
        letter: Which,
        recipient: Any,
        domain: str | None,
        ready: "Callable[[str, RunningHost, Entry], None]" = lambda *_: None,
    ) -> None:
        fits = _picker(self._journal, letter, recipient, domain)

        def acting() -> None:
            picked = [(host, entry, recipients) for host, entry in self._all() if (recipients := fits(entry))]
            if not picked:
                raise self._nothing_fits(verb, letter, recipient, domain)
            for host, entry, _ in picked:
                ready(verb, host, entry)
            for host, entry, recipients in picked:
                act(_postmaster(host), (entry, recipients))

        self._act(verb, acting)

    def _act(self, verb: str, act: Callable[[], None]) -> None:
        async def acting() -> None:
            await self._work.settled()
            act()
            await self._work.settled()

        self._call(f"queue({self._name!r}).{verb}(...)", acting())

    def _nothing_fits(self, verb: str, letter: Which, recipient: Any, domain: str | None) -> MisuseError:
        asked = {"letter": letter, "recipient": recipient, "domain": domain}
        said = ", ".join(f"{name}={value}" for name, value in asked.items() if value is not None)
        waiting = "; ".join(str(snapshot(host.name, entry)) for host, entry in self._all())
        return MisuseError(
            f"queue.{verb}({said}): nothing of the kind waits at {self._name} (waiting: {waiting or 'nothing'})"
        )


_Picker = Callable[[Entry], tuple[Address, ...]]
"""Those recipients of an entry that are meant; none: the entry is not."""


def _picker(journal: Journal, letter: Which, recipient: Any, domain: str | None) -> _Picker:
    check("queue", _PICKED, letter=letter, recipient=recipient, domain=domain)
    number = letter if isinstance(letter, int) else None
    if isinstance(letter, Letter):
        number = letter.number_in(journal)
    whom = None if recipient is None else Address.parse(getattr(recipient, "address", recipient)).folded
    where = None if domain is None else ascii_form(domain).lower()

    def is_meant(entry: Entry, address: Address) -> bool:
        if isinstance(letter, Waiting) and (entry.copy.copy != letter.copy or address not in letter.recipients):
            return False
        return (
            number in (None, entry.copy.letter)
            and whom in (None, address.folded)
            and where in (None, ascii_form(address.domain).lower())
        )

    return lambda entry: tuple(address for address in entry.envelope.recipients if is_meant(entry, address))


def _postmaster(host: RunningHost) -> Postmaster:
    assert host.reception is not None
    return Postmaster(host.reception.relay, host.reception.around)


def _check_ready(verb: str, host: RunningHost, entry: Entry) -> None:
    if entry.held:
        raise MisuseError(f"queue.{verb}(...): {snapshot(host.name, entry)}: release() it first")
    if not host.running:
        raise MisuseError(f"queue.{verb}(...): {host.name} is switched off: world.switch_on({host.name!r}) first")
