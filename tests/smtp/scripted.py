"""A server of others, scripted: what it offers, what it answers to each verb in turn, and what it has heard."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mailharness.mail import Address, Envelope, Message
from mailharness.smtp import Opening, Outcome, SenderSession

ALICE = Address("alice", "a.test")
BOB, CAROL, DAVE = (Address(local, "b.test") for local in ("bob", "carol", "dave"))
HELLO = Message(b"Subject: hello\r\n\r\nhello\r\n")
HANG_UP = ""

_ANSWERS: Mapping[str, str | Sequence[str]] = {
    "": "220 x ESMTP",
    "DATA": "354 go",
    "QUIT": "221 bye",
    "STARTTLS": "220 go",
    "AUTH": "235 2.7.0 ok",
}


@dataclass
class Scripted:
    """``answers`` by verb ("" greets, "." ends DATA), one for all or each in turn, the last one stays; HANG_UP hangs up."""

    offers: Sequence[str] = ()
    answers: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    lmtp: bool = False
    silent_until: int = 0
    """Octets that it reads before it says anything behind its hello."""
    heard: list[str] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._said: dict[str, int] = {}
        self._chunks = b""
        self._taken = 0

    @property
    def verbs(self) -> list[str]:
        return [line.split()[0].upper() for line in self.heard if line]

    def _answer(self, verb: str) -> str:
        if verb in ("EHLO", "LHLO") and verb not in self.answers:
            *lines, last = ("x", *self.offers)
            return "\r\n".join((*(f"250-{line}" for line in lines), f"250 {last}"))
        answers = self.answers.get(verb, _ANSWERS.get(verb, "250 ok"))
        if isinstance(answers, str):
            return answers
        turn = self._said.get(verb, 0)
        self._said[verb] = turn + 1
        return answers[min(turn, len(answers) - 1)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb, in_login = "", False
        while True:
            answers = [self._answer(verb) for _ in range(self._taken if verb in (".", "LAST") and self.lmtp else 1)]
            if verb == "RCPT":
                self._taken += answers[0].startswith("2")
            if HANG_UP in answers:
                return
            writer.write("".join(f"{answer}\r\n" for answer in answers).encode("latin-1"))
            if verb == "DATA" and answers[0].startswith("354"):
                verb = "." if await self._data(reader) else HANG_UP
                continue
            if verb == "STARTTLS" and answers[0].startswith("220") and self.tls is not None:
                await writer.start_tls(self.tls)
            in_login = verb == "AUTH" and answers[0].startswith("334")
            line = (await reader.readuntil(b"\n")).decode().rstrip("\r\n")
            self.heard.append(line)
            verb = "AUTH" if in_login else line.split()[0].upper()
            if verb == "BDAT":
                verb = await self._chunk(reader, line)
            if verb == "MAIL":
                self._taken = 0
                if self.silent_until:
                    await self._swallow(reader)

    async def _data(self, reader: asyncio.StreamReader) -> bool:
        octets = b"\r\n"
        while not octets.endswith(b"\r\n.\r\n"):
            octets += await reader.readuntil(b"\n")
        self.heard.append(".")
        self.received.append(octets[2:-3].replace(b"\r\n.", b"\r\n"))
        return True

    async def _chunk(self, reader: asyncio.StreamReader, line: str) -> str:
        _, size, *last = line.split()
        self._chunks += await reader.readexactly(int(size))
        if last:
            self.received.append(self._chunks)
            self._chunks = b""
        return "LAST" if last and "LAST" in (*self.answers, *(["LAST"] if self.lmtp else [])) else "BDAT"

    async def _swallow(self, reader: asyncio.StreamReader) -> None:
        """Read it all, and only then have a look at it."""
        octets = await reader.readexactly(self.silent_until)
        reader._buffer[:0] = octets  # type: ignore[attr-defined]
        self.silent_until = 0


async def meeting(server: Scripted, play: Callable[[SenderSession], Awaitable[None]], **session: object) -> None:
    """Let ``play`` talk to ``server``; ``session`` are arguments of SenderSession."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        sock = socket.create_connection(listening.sockets[0].getsockname())
        sock.setblocking(False)
        sender = SenderSession(sock, **{"helo": "mx.a.test", **session})  # type: ignore[arg-type]
        try:
            await asyncio.wait_for(play(sender), 20)
        finally:
            await sender.quit()


def opened(server: Scripted, *, session: Mapping[str, object] | None = None, **options: object) -> Opening:
    """How a session with ``server`` begins; ``options`` are arguments of ``open``."""
    openings: list[Opening] = []

    async def play(sender: SenderSession) -> None:
        openings.append(await sender.open(**options))  # type: ignore[arg-type]

    asyncio.run(meeting(server, play, **(session or {})))
    return openings[0]


def outcomes(server: Scripted, *letters: tuple[Envelope, Message], **session: object) -> list[Outcome]:
    """What comes of sending ``letters`` over one session, as long as it is usable."""
    found: list[Outcome] = []

    async def play(sender: SenderSession) -> None:
        opening = await sender.open()
        assert opening.ok, opening
        for envelope, message in letters:
            if sender.usable:
                found.append(await sender.send(envelope, message))

    asyncio.run(meeting(server, play, **session))
    return found


def to(*recipients: Address, sender: Address | None = ALICE, **asked: object) -> Envelope:
    return Envelope(sender, recipients, **asked)  # type: ignore[arg-type]
