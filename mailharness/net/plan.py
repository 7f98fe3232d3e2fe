"""Addresses and ports: a block of loopback that is one world's alone, and a host's place in it.

MX records carry no port, so every host has an address of its own and all hosts of a world share one port number per
protocol. A world claims one of 511 blocks: 32,766 addresses of 127.0.0.0/8 and sixteen ports below the ephemeral range.
The claim is a socket held on the block's last port, so it ends with the process, however that ends.
"""

import contextlib
import errno
import os
import resource
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from mailharness.errors import MisuseError

BLOCKS = 511
ADDRESSES = 32_766
_FIRST_PORT, _PORTS = 12_000, 16
_LOOPBACK = 127 << 24

OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})
"""The system's words for a process, or a machine, that may open no file or socket more."""

T = TypeVar("T")


class Door(IntEnum):
    """Where in a world's ports each protocol is; the number is the offset in the block."""

    SMTP = 0
    SUBMISSION = 1
    SUBMISSIONS = 2
    IMAP = 3
    IMAPS = 4
    POP3 = 5
    POP3S = 6
    DNS = 7
    LMTP = 8
    CLAIM = 15


MAIL_DOORS = (Door.SMTP, Door.SUBMISSION, Door.SUBMISSIONS, Door.IMAP, Door.IMAPS, Door.POP3, Door.POP3S, Door.LMTP)
TLS_DOORS = frozenset({Door.SUBMISSIONS, Door.IMAPS, Door.POP3S})


@dataclass(frozen=True, slots=True)
class Block:
    """Block ``number`` (1 to 511) of the loopback network."""

    number: int

    def port(self, door: Door) -> int:
        return _FIRST_PORT + self.number * _PORTS + door

    def address(self, index: int) -> str:
        """The ``index``-th address, counted from 1. Raises MisuseError when the block has no more."""
        if not 1 <= index <= ADDRESSES:
            raise MisuseError(
                f"no free addresses: a world has {ADDRESSES} hosts at the most; declare fewer domains or hosts"
            )
        number = _LOOPBACK | (self.number << 15) | index
        return f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def holds(self, address: str) -> bool:
        """Whether ``address``, in dotted text, is one of this block's."""
        return int.from_bytes(socket.inet_aton(address)) >> 15 == (_LOOPBACK >> 15) | self.number


@contextlib.contextmanager
def telling_of_files() -> Iterator[None]:
    """Turn the system's refusal of one more file into a MisuseError that says how many are allowed."""
    try:
        yield
    except OSError as error:
        if error.errno not in OUT_OF_FILES:
            raise
        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        raise MisuseError(
            f"no file can be opened any more ({error.strerror}): {allowed} are allowed, and sockets count; "
            "raise `ulimit -n`, or stop worlds that are no longer needed"
        ) from None


def claim(bind: Callable[[Block], T], *, first: int | None = None) -> tuple[Block, socket.socket, T]:
    """Claim a free block and ``bind`` its sockets: the block, the socket that holds the claim, and what ``bind`` gave.

    The search starts at a number made from the process's own, so that parallel workers seldom meet. A block in which
    ``bind`` finds a port taken (OSError) is given back and the next is tried. Raises MisuseError when none is left.
    """
    start = os.getpid() * 7919 if first is None else first
    problem: OSError | None = None
    for n in range(BLOCKS):
        block = Block((start + n) % BLOCKS + 1)
        lock = socket.socket()
        try:
            lock.bind(("127.0.0.1", block.port(Door.CLAIM)))
            return block, lock, bind(block)
        except OSError as error:
            lock.close()
            if error.errno in OUT_OF_FILES:
                raise
            problem = error
        except BaseException:
            lock.close()
            raise
    raise MisuseError(
        f"no free addresses: all {BLOCKS} blocks of loopback are taken by other worlds or programs ({problem})"
    )
