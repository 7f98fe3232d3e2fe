"""Servers are closed at any moment of a connection's arrival, and nothing of it is left open."""

import asyncio
import socket

import pytest

from mailharness import World
from mailharness.net.acceptor import Acceptor, close_all
from tests.world.belongings import nothing_left


class Visited(asyncio.Protocol):
    """Ends each connection as it is made, as a door keeper does who has closed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.abort()


async def turn() -> None:
    """One turn of the loop."""
    passed = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(passed.set_result, None)
    await passed


async def close_after(turns: int) -> list[dict]:
    """Let a client connect, wait ``turns`` turns and close; then let transports do what they were told. What the loop
    had to complain of is returned."""
    loop = asyncio.get_running_loop()
    failed = []
    loop.set_exception_handler(lambda _, context: failed.append(context))
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    acceptor = Acceptor(loop, listening, Visited)
    with socket.create_connection(listening.getsockname()):
        for _ in range(turns):
            await turn()
        await close_all([acceptor])
        for _ in range(4):
            await turn()
    return failed


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_that_comes_as_the_servers_close_is_not_left_open(turns: int) -> None:
    with nothing_left():
        assert asyncio.run(close_after(turns)) == []


def test_what_fails_as_a_world_stops_is_raised_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World().start()
    internet, endpoint = world.internet, world["exampleA.tst"].smtp

    async def fails() -> None:
        raise RuntimeError("the cellar is flooded")

    monkeypatch.setattr(internet, "stop", fails)
    with pytest.raises(RuntimeError, match="flooded"):
        world.stop()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(endpoint):
        pass
    world.stop()
