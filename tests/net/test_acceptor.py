"""The acceptor: who knocks is let in, also where the machine had no room for a while."""

import asyncio
import errno
import socket

import pytest

from mailharness.net.acceptor import Acceptor, close_all


class Greeting(asyncio.Protocol):
    """Says a word and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"come in")
        transport.close()


class Crowded:
    """A listening socket on a machine that can open no file the first ``times`` times."""

    def __init__(self, sock: socket.socket, code: int, times: int) -> None:
        self._sock, self._code, self.times = sock, code, times
        self.asked = asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)

    def accept(self) -> tuple[socket.socket, object]:
        if self.times:
            self.times -= 1
            self.asked.set()
            raise OSError(self._code, "no room")
        return self._sock.accept()


def listening() -> socket.socket:
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


async def hear(sock: socket.socket) -> bytes:
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    try:
        return await reader.read()
    finally:
        writer.close()


def test_everyone_who_knocks_is_let_in() -> None:
    async def story() -> list[bytes]:
        sock = listening()
        acceptor = Acceptor(asyncio.get_running_loop(), sock, Greeting)
        try:
            return await asyncio.gather(*(hear(sock) for _ in range(150)))
        finally:
            await close_all([acceptor])

    assert asyncio.run(story()) == [b"come in"] * 150


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_who_finds_no_room_is_let_in_when_there_is_some(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailharness.net.acceptor._RETRY", 0)

    async def story() -> tuple[bytes, int]:
        sock = Crowded(listening(), code, 3)
        acceptor = Acceptor(asyncio.get_running_loop(), sock, Greeting)
        try:
            return await hear(sock), sock.times
        finally:
            await close_all([acceptor])

    assert asyncio.run(story()) == (b"come in", 0)


def test_one_that_waits_for_room_can_be_closed() -> None:
    async def story() -> None:
        sock = Crowded(listening(), errno.EMFILE, 1)
        acceptor = Acceptor(asyncio.get_running_loop(), sock, Greeting)
        knocking = asyncio.ensure_future(hear(sock))
        await sock.asked.wait()
        await close_all([acceptor])
        with pytest.raises(ConnectionResetError):
            await knocking

    asyncio.run(story())
