"""A stage for one receiver: a reception that keeps what it accepts, a loopback door, and a raw client."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mailharness.clock import VirtualClock, Work
from mailharness.faults import Switchboard
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.mail.sasl import Credentials
from mailharness.smtp.receiver import Receiver
from mailharness.smtp.reception import Decision, ReceiverOptions, SmtpSession, Transaction
from mailharness.trace import Journal

HOST = "mail.b.test"
ACCEPTED = Reply(250, "Queued", "2.0.0")
FULL = Reply(452, "Mailbox is full", "4.2.2")


@dataclass
class Desk:
    """A reception that takes every letter but those for ``nobody``, and for which others can be told to fail."""

    kept: list[tuple[Envelope, bytes]] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    gate: asyncio.Event | None = None
    on_accept: Callable[[], None] = lambda: None
    later: bool = False

    def new_copy(self, session: SmtpSession) -> Copy:
        self.copies.append(Copy(len(self.copies) + 1, len(self.copies) + 1))
        return self.copies[-1]

    def connected(self, session: SmtpSession) -> Decision:
        return None

    def hello(self, session: SmtpSession, name: str) -> Decision:
        return None

    def sender(self, session: SmtpSession, transaction: Transaction) -> Decision:
        sender = transaction.sender
        return Reply(550, "Not you", "5.7.1") if sender and sender.local == "mallory" else None

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Decision:
        if address.local == "crash":
            raise RuntimeError("the secret inside")
        reply = {"nobody": Reply(550, "No such user", "5.1.1"), "over": Reply(421, "Over", "4.3.2")}.get(address.local)
        return self._think(reply) if self.later else reply

    async def _think(self, reply: Reply | None) -> Reply | None:
        await asyncio.get_running_loop().run_in_executor(None, int)
        return reply

    async def accept(self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy) -> Reply:
        if self.gate is not None:
            await self.gate.wait()
        self.on_accept()
        self.kept.append((envelope, bytes(message)))
        return ACCEPTED

    async def accept_each(
        self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy
    ) -> Mapping[Address, Reply]:
        full = [address for address in envelope.recipients if address.local == "full"]
        await self.accept(
            session, envelope.for_recipients([one for one in envelope.recipients if one not in full]), message, copy
        )
        return {address: FULL if address in full else ACCEPTED for address in envelope.recipients}

    def authenticate(self, user: str, password: str) -> str | None:
        return f"{user}@b.test" if password == "s3cret" else None

    def credentials(self, user: str) -> Credentials | None:
        return Credentials("bob@b.test", "s3cret", "t0ken") if user in ("bob", "bob@b.test") else None

    def verify(self, session: SmtpSession, text: str) -> Decision:
        return Reply(250, "Bob <bob@b.test>", "2.1.5") if text == "bob" else None

    def expand(self, session: SmtpSession, text: str) -> Decision:
        return Reply(250, "<bob@b.test>\n<amy@b.test>", "2.1.5") if text == "team" else None


class Stage:
    """One listener on a port of the system's choice, in the running loop; ``faults`` are armed at ``switchboard``."""

    def __init__(self, desk: Desk | None = None, **options: Any) -> None:
        self.desk = desk or Desk()
        self.work = Work()
        self.clock = VirtualClock(self.work, start=1_000_000_000)
        self.journal = Journal(self.clock)
        self.switchboard = Switchboard(self.journal)
        context = options.pop("tls", None)
        self.options = ReceiverOptions(hostname=HOST, tls=(lambda: context) if context else None, **options)
        self.receivers: list[Receiver] = []
        self.problems: list[object] = []
        self.clients: list[Client] = []
        self.on_rest: Callable[[bool], None] = lambda _resting: None

    def receiver(self) -> Receiver:
        receiver = Receiver(
            self.options,
            self.desk,
            announce=self.switchboard.announce,
            work=self.work,
            clock=self.clock,
            session=len(self.receivers) + 1,
            on_rest=lambda resting: self.on_rest(resting),
        )
        self.receivers.append(receiver)
        return receiver

    @asynccontextmanager
    async def open(self) -> Any:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: self.problems.append(context.get("exception")))
        context = self.options.tls() if self.options.tls and self.options.implicit_tls else None
        server = await loop.create_server(self.receiver, "127.0.0.1", 0, ssl=context)
        self.address = server.sockets[0].getsockname()
        try:
            yield self
        finally:
            server.close()
            for client in self.clients:
                client.leave()
            for receiver in self.receivers:
                if receiver.transport is not None:
                    receiver.transport.abort()
            await until(lambda: all(receiver.transport is None for receiver in self.receivers))
            await self.work.settled()

    def story(self, kind: type | tuple[type, ...]) -> list[Any]:
        return [event for event in self.journal.events if isinstance(event, kind)]

    async def client(self) -> "Client":
        client = Client(*await asyncio.open_connection(*self.address[:2]))
        self.clients.append(client)
        return client

    def dialed(self) -> socket.socket:
        sock = socket.create_connection(self.address[:2])
        sock.setblocking(False)
        return sock


async def until(state: Callable[[], object]) -> None:
    """Let the loop turn, with a look at the sockets each time, until ``state`` is true."""
    while not state():
        await asyncio.get_running_loop().run_in_executor(None, int)


class Client:
    """A client without manners: says any octets, reads whole replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        """One reply with its lines joined by ``\\n``; "" at the end of the stream."""
        lines = []
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            lines.append(line)
            if line[3:4] != "-":
                break
        return "\n".join(lines)

    def say(self, octets: bytes | str) -> None:
        self.writer.write(octets.encode() if isinstance(octets, str) else octets)

    async def ask(self, octets: bytes | str) -> str:
        self.say(octets if isinstance(octets, bytes) else octets + "\r\n")
        return await self.reply()

    def leave(self, *, reset: bool = False) -> None:
        if reset:
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def on_stage(play: Callable[[Stage], Awaitable[None]], stage: Stage | None = None) -> Stage:
    """Run ``play`` on an open stage; afterwards no work is held."""

    stage = stage or Stage()

    async def run() -> None:
        async with stage.open():
            await asyncio.wait_for(play(stage), 20)

    asyncio.run(run())
    assert stage.work.idle
    return stage
