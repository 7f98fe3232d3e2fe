"""The acceptor: takes the connections that come in on one socket, for as long as it is open.

asyncio's own servers do that too, and take a turn of the loop each to be opened: a world has nine, and lives for
milliseconds.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Collection

from mailharness.net.plan import OUT_OF_FILES

_AT_ONCE = 100
"""How many connections are taken in one turn of the loop."""
_NO_ROOM = OUT_OF_FILES | {errno.ENOBUFS, errno.ENOMEM}
_RETRY = 1.0
"""Real seconds until a machine without room is asked again."""


class Acceptor:
    """Gives every connection on ``sock``, which listens already, a protocol made by ``new_protocol``."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, new_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._new_protocol = new_protocol
        self._arriving: set[asyncio.Task[object]] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._listen()

    def _listen(self) -> None:
        self._retry = None
        self._loop.add_reader(self._sock.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                self.pause()
                self._retry = self._loop.call_later(_RETRY, self._listen)
                return
            self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        task = self._loop.create_task(self._arrive(connection))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _arrive(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # gone again
            await self._loop.connect_accepted_socket(self._new_protocol, connection)

    def pause(self) -> None:
        """Take no connection any more; the socket goes on listening."""
        self._loop.remove_reader(self._sock.fileno())
        if self._retry is not None:
            self._retry.cancel()

    def close(self) -> None:
        """Close the socket of one that is paused."""
        self._sock.close()


async def close_all(acceptors: Collection[Acceptor]) -> None:
    """Stop listening, and lose no connection that was accepted a moment before: it is a transport's one turn later."""
    for acceptor in acceptors:
        acceptor.pause()
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turn.set_result, None)
    await turn
    for acceptor in acceptors:
        acceptor.close()
