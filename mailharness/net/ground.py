"""The ground that a world stands on: its block of addresses and ports, with every socket bound, and its certificates.

A world that is made as new leaves it to the next one: nobody else gets the ports meanwhile, and who knocks between the two
is let in by the second. What hosts of the first had on its way reaches nobody.
"""

import contextlib
import socket
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from mailharness.net.plan import Block, Door, claim
from mailharness.net.sockets import listen
from mailharness.net.tls import Certificates


@dataclass(eq=False)
class Ground:
    """``sockets`` are bound, each with its door; ``lock`` holds the claim on ``block``."""

    block: Block
    lock: socket.socket = field(repr=False)
    sockets: Sequence[tuple[Door, socket.socket]] = field(repr=False)
    certificates: Certificates = field(default_factory=Certificates, repr=False)
    knocking: list[tuple[Door, socket.socket]] = field(default_factory=list, repr=False)
    """Connections that were taken and that nobody has answered yet."""
    _heir: bool = field(default=False, repr=False)

    def heir(self) -> "Ground":
        """The same ground, to be had by another; what this one closes from now on stays open there."""
        self._heir = True
        sockets = [(door, sock.dup()) for door, sock in self.sockets]
        return Ground(self.block, self.lock.dup(), sockets, self.certificates)

    def sweep(self) -> None:
        """Throw away what hosts of the block have sent here, there being none any more; others who knock are kept."""
        for door, sock in self.sockets:
            with contextlib.suppress(BlockingIOError):
                if sock.type == socket.SOCK_DGRAM:
                    self._sweep_datagrams(sock)
                else:
                    self._sweep_connections(door, sock)

    def _sweep_datagrams(self, sock: socket.socket) -> None:
        """Up to the first of somebody else."""
        while self.block.holds(sock.recvfrom(1, socket.MSG_PEEK)[1][0]):
            sock.recv(1)

    def _sweep_connections(self, door: Door, sock: socket.socket) -> None:
        while True:
            connection, peer = sock.accept()
            if self.block.holds(peer[0]):
                connection.close()
            else:
                connection.setblocking(False)
                self.knocking.append((door, connection))

    def close_sockets(self) -> None:
        """Give every port back, and the block; a forked child gives back its share in them, and keeps off the files."""
        for _, sock in (*self.sockets, *self.knocking):
            sock.close()
        self.lock.close()

    def close(self) -> None:
        """Give all of it back."""
        self.close_sockets()
        if not self._heir:
            self.certificates.close()


Doors = Iterable[tuple[Door, Sequence[str]]]


def take_ground(plan: Callable[[Block], tuple[Doors, Collection[Door]]]) -> Ground:
    """Claim a free block; ``plan`` says what is behind which door of it, and at which doors others listen too.

    Raises MisuseError where no block is free, or the machine has no room for so many sockets.
    """

    def bind(block: Block) -> list[tuple[Door, socket.socket]]:
        return listen(block, *plan(block))

    return Ground(*claim(bind))
