"""The awaitable twins: each runs its blocking brother in a thread, so there is one implementation of each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mailharness.dns import Answer
from mailharness.faults import Armed, Fault
from mailharness.mail import Address, Message
from mailharness.world.letter import ExpectedLetter, Letter
from mailharness.world.mua import Mua
from mailharness.world.user import Inbox, User

if TYPE_CHECKING:
    from mailharness.world.world import World


class AioWorld:
    """``await world.aio.settle()``, ``await world.aio.user("bob@b.test").send(...)``: what a loop of your own may await.

    Arguments, results and errors are those of the blocking verbs.
    """

    def __init__(self, world: "World") -> None:
        self._world = world

    async def start(self) -> "World":
        return await asyncio.to_thread(self._world.start)

    async def stop(self) -> None:
        await asyncio.to_thread(self._world.stop)

    async def settle(self, timeout: float | None = None) -> None:
        await asyncio.to_thread(self._world.settle, timeout)

    async def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        await asyncio.to_thread(self._world.clock.advance, seconds, minutes=minutes, hours=hours, days=days)

    async def wait_for(self, **description: Any) -> Letter:
        return await asyncio.to_thread(lambda: self._world.wait_for(**description))

    async def lookup(self, name: str, rrtype: str = "A") -> Answer:
        return await asyncio.to_thread(self._world.resolver.lookup, name, rrtype)

    async def assert_conserved(self) -> None:
        await asyncio.to_thread(self._world.assert_conserved)

    def user(self, address: str | Address) -> "AioUser":
        return AioUser(self._world.user(address))

    @asynccontextmanager
    async def expect(self, **description: Any) -> AsyncIterator[ExpectedLetter]:
        block = self._world.expect(**description)
        letter = await asyncio.to_thread(block.__enter__)
        try:
            yield letter
        except BaseException as error:
            if not await asyncio.to_thread(block.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await asyncio.to_thread(block.__exit__, None, None, None)

    @asynccontextmanager
    async def fault(self, *faults: Fault) -> AsyncIterator[tuple[Armed, ...]]:
        block = self._world.fault(*faults)
        armed = await asyncio.to_thread(block.__enter__)
        try:
            yield armed
        except BaseException as error:
            if not await asyncio.to_thread(block.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await asyncio.to_thread(block.__exit__, None, None, None)


class AioUser:
    """The twins of ``User``'s verbs."""

    def __init__(self, user: User) -> None:
        self._user = user
        self.address = user.address
        self.password = user.password

    async def send(self, to: Any = (), subject: str = "", text: str = "", **more: Any) -> Letter:
        recipients = to._user if isinstance(to, AioUser) else to
        return await asyncio.to_thread(lambda: self._user.send(recipients, subject, text, **more))

    async def fetch(self, via: str = "imap", **more: Any) -> list[Message]:
        return await asyncio.to_thread(lambda: self._user.fetch(via, **more))

    async def inbox(self) -> Inbox:
        return await asyncio.to_thread(lambda: self._user.inbox)

    def mua(self, name: str, **more: Any) -> "AioMua":
        return AioMua(self._user.mua(name, **more))


class AioMua:
    """The twin of ``Mua``'s verb; what it holds is read without waiting."""

    def __init__(self, mua: Mua) -> None:
        self._mua = mua

    @property
    def messages(self) -> tuple[Message, ...]:
        return self._mua.messages

    @property
    def subjects(self) -> list[str]:
        return self._mua.subjects

    async def sync(self) -> None:
        await asyncio.to_thread(self._mua.sync)
