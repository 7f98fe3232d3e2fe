"""The ground that a world stands on: its block of addresses and ports, with every socket bound, and its certificates.

A world that is made as new leaves it to the next one: nobody else gets the ports meanwhile, and who knocks between the two
is let in by the second.
"""

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
    _heir: bool = field(default=False, repr=False)

    def heir(self) -> "Ground":
        """The same ground, to be had by another; what this one closes from now on stays open there."""
        self._heir = True
        sockets = [(door, sock.dup()) for door, sock in self.sockets]
        return Ground(self.block, self.lock.dup(), sockets, self.certificates)

    def close_sockets(self) -> None:
        """Give every port back, and the block; a forked child gives back its share in them, and keeps off the files."""
        for _, sock in self.sockets:
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
