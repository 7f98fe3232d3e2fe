"""The awaitable twins: each runs its blocking brother in a thread, so there is one implementation of each."""

from collections.abc import Generator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from mailharness.dns import Answer
from mailharness.errors import MisuseError
from mailharness.faults import Armed, Fault
from mailharness.mail import Address, Message
from mailharness.mail.address import ascii_form
from mailharness.net.loop import in_thread, surely_in_thread
from mailharness.queue import Waiting
from mailharness.world.inbox import Inbox
from mailharness.world.letter import ExpectedLetter, Letter
from mailharness.world.mua import Mua
from mailharness.world.running_quarantine import Quarantined, RunningQuarantine
from mailharness.world.running_queue import RunningQueue
from mailharness.world.stored import Stored, StoredMailbox
from mailharness.world.user import User

if TYPE_CHECKING:
    from mailharness.world.world import World


T = TypeVar("T")

_INSTEAD = {
    "clock": "write `await world.aio.advance(minutes=30)`; world.clock.now() waits for nothing",
    "resolver": "write `await world.aio.lookup(...)` or `await world.aio.explain(...)`",
    "letters": "write `await world.aio.settle()`, and then world.letters",
    "redirected": "write `with world.redirected():`, which waits for nothing",
    "env": "write world.env(...), which waits for nothing",
    "dns": "write `await world.aio.settle()`, and then world.dns.queries(...)",
}
"""What to write for what has a twin by another name."""


class AioWorld:
    """``await world.aio.settle()``, ``await world.aio.user("bob@b.test").send(...)``: what a loop of your own may await,
    be it asyncio's or trio's.

    Arguments, results and errors are those of the blocking verbs. ``async with World(...) as world:`` starts and stops.
    """

    def __init__(self, world: "World") -> None:
        self._world = world

    def __getattr__(self, name: str) -> NoReturn:
        twins = ", ".join(one for one in vars(AioWorld) if not one.startswith("_"))
        raise AttributeError(f"world.aio has no {name!r}: {_INSTEAD.get(name, f'there is {twins}')}")

    async def start(self) -> "World":
        return self._world.start()  # milliseconds, and none in which a caller that is cancelled could lose it

    async def stop(self) -> None:
        await surely_in_thread(self._world.stop)

    async def reset(self) -> None:
        await in_thread(self._world.reset)

    async def settle(self, timeout: float | None = None) -> None:
        await in_thread(self._world.settle, timeout)

    async def advance(
        self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0, weeks: float = 0
    ) -> None:
        span = {"minutes": minutes, "hours": hours, "days": days, "weeks": weeks}
        await in_thread(lambda: self._world.clock.advance(seconds, **span))

    async def wait_for(self, **description: Any) -> Letter:
        wanted = description | _recipient(description)
        return await in_thread(lambda: self._world.wait_for(**wanted))

    async def lookup(self, name: str, rrtype: str = "A", *, patience: float = 0) -> Answer:
        return await in_thread(lambda: self._world.resolver.lookup(name, rrtype, patience=patience))

    async def explain(self, name: str, rrtype: str = "A", *, patience: float = 0) -> str:
        return await in_thread(lambda: self._world.resolver.explain(name, rrtype, patience=patience))

    async def switch_off(self, name: str) -> None:
        await in_thread(self._world.switch_off, name)

    async def switch_on(self, name: str) -> None:
        await in_thread(self._world.switch_on, name)

    async def assert_conserved(self) -> None:
        await in_thread(self._world.assert_conserved)

    def user(self, address: str | Address) -> "AioUser":
        return AioUser(self._world.user(address))

    def queue(self, name: str) -> "AioQueue":
        """The queue of a domain, or of the host of that name."""
        domains = {ascii_form(domain.name).lower() for domain in self._world.domains}
        found = self._world[name] if ascii_form(str(name)).lower() in domains else self._world.host(name)
        return AioQueue(found.queue)

    def quarantine(self, domain: str) -> "AioQuarantine":
        """What the gateways of a domain keep."""
        return AioQuarantine(self._world[domain].quarantine)

    def expect(self, **description: Any) -> "Block[ExpectedLetter]":
        return Block("expect(...) as letter", self._world.expect(**(description | _recipient(description))))

    def fault(self, *faults: Fault) -> "Block[tuple[Armed, ...]]":
        return Block("fault(...)", self._world.fault(*faults))


class Block(Generic[T]):
    """The twin of a ``with`` block: ``async with`` enters and leaves it. Raises MisuseError for any other use."""

    def __init__(self, written: str, block: AbstractContextManager[T]) -> None:
        self._written = written
        self._block = block

    async def __aenter__(self) -> T:
        return await in_thread(self._block.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await surely_in_thread(self._block.__exit__, kind, error, trace)

    def __enter__(self) -> NoReturn:
        raise MisuseError(f"a block is entered by `async with world.aio.{self._written}:` in an event loop")

    def __exit__(self, *_: object) -> None:
        """For Python to get as far as ``__enter__``, which says what to write."""

    def __await__(self) -> Generator[Any, None, NoReturn]:
        self.__enter__()
        yield


class AioUser:
    """The twins of ``User``'s verbs."""

    def __init__(self, user: User) -> None:
        self._user = user
        self.address = user.address
        self.password = user.password

    async def send(self, to: Any = (), subject: str = "", text: str = "", **more: Any) -> Letter:
        recipients = _recipients(to, more)
        return await in_thread(lambda: self._user.send(subject=subject, text=text, **recipients, **more))

    async def fetch(self, via: str = "imap", **more: Any) -> list[Message]:
        return await in_thread(lambda: self._user.fetch(via, **more))

    async def inbox(self) -> Inbox:
        return await in_thread(lambda: self._user.inbox)

    async def export(self, path: str | Path, form: str = "maildir") -> int:
        return await in_thread(self._user.export, path, form)

    async def import_from(self, path: str | Path) -> int:
        return await in_thread(self._user.import_from, path)

    def mailbox(self, name: str = "INBOX") -> "AioStored":
        return AioStored(self._user.mailbox(name))

    def mua(self, name: str, **more: Any) -> "AioMua":
        return AioMua(self._user.mua(name, **more))


class AioStored:
    """The twins of ``StoredMailbox``'s verbs, and what is in it."""

    def __init__(self, mailbox: StoredMailbox) -> None:
        self._mailbox = mailbox

    async def contents(self) -> tuple[Stored, ...]:
        return await in_thread(lambda: self._mailbox.contents)

    async def export(self, path: str | Path, form: str = "maildir") -> int:
        return await in_thread(self._mailbox.export, path, form)

    async def import_from(self, path: str | Path) -> int:
        return await in_thread(self._mailbox.import_from, path)


class AioQuarantine:
    """The twins of ``RunningQuarantine``'s verbs, and its entries."""

    def __init__(self, quarantine: RunningQuarantine) -> None:
        self._quarantine = quarantine

    async def entries(self) -> tuple[Quarantined, ...]:
        return await in_thread(self._quarantine.entries)

    async def release(self, letter: Any = None) -> None:
        await in_thread(lambda: self._quarantine.release(letter))

    async def delete(self, letter: Any = None) -> None:
        await in_thread(lambda: self._quarantine.delete(letter))


class AioQueue:
    """The twins of ``RunningQueue``'s verbs, and its entries."""

    def __init__(self, queue: RunningQueue) -> None:
        self._queue = queue

    async def entries(self, *which: Any, **more: Any) -> tuple[Waiting, ...]:
        return await in_thread(lambda: self._queue.entries(*which, **more))

    async def hold(self, *which: Any, **more: Any) -> None:
        await in_thread(lambda: self._queue.hold(*which, **more))

    async def release(self, *which: Any, **more: Any) -> None:
        await in_thread(lambda: self._queue.release(*which, **more))

    async def attempt(self, *which: Any, **more: Any) -> None:
        await in_thread(lambda: self._queue.attempt(*which, **more))

    async def flush(self) -> None:
        await in_thread(self._queue.flush)

    async def delete(self, *which: Any, **more: Any) -> None:
        await in_thread(lambda: self._queue.delete(*which, **more))


def _recipient(description: dict[str, Any]) -> dict[str, Any]:
    return {"to": _blocking_users(description["to"])} if "to" in description else {}


def _recipients(to: Any, more: dict[str, Any]) -> dict[str, Any]:
    """Whom a letter is for, taken out of ``more``, with the users behind their twins."""
    everyone = {"to": to} | {kind: more.pop(kind) for kind in ("cc", "bcc") if kind in more}
    return {kind: _blocking_users(who) for kind, who in everyone.items()}


def _blocking_users(who: Any) -> Any:
    """The users behind their twins, alone or in a list; anything else is left to be judged as ever."""
    if isinstance(who, AioUser):
        return who._user
    return [_blocking_users(one) for one in who] if isinstance(who, list | tuple | set) else who


class AioMua:
    """The twins of ``Mua``'s verbs that meet a server; what needs none waits for nothing, and is the same."""

    def __init__(self, mua: Mua) -> None:
        self._mua = mua
        self.folder, self.flags = mua.folder, mua.flags
        self.mark_read, self.flag, self.move, self.delete = mua.mark_read, mua.flag, mua.move, mua.delete

    def compose(self, to: Any = (), subject: str = "", text: str = "", **more: Any) -> None:
        self._mua.compose(subject=subject, text=text, **_recipients(to, more), **more)

    @property
    def outbox(self) -> tuple[Message, ...]:
        return self._mua.outbox

    @property
    def messages(self) -> tuple[Message, ...]:
        return self._mua.messages

    @property
    def subjects(self) -> list[str]:
        return self._mua.subjects

    async def sync(self) -> tuple[Letter, ...]:
        return await in_thread(self._mua.sync)

    async def send(self, to: Any = (), subject: str = "", text: str = "", **more: Any) -> Letter:
        recipients = _recipients(to, more)
        return await in_thread(lambda: self._mua.send(subject=subject, text=text, **recipients, **more))
