"""Listening sockets: one a protocol for all hosts of a world where the system allows it, else one a host.

On Linux a socket bound to 0.0.0.0 and tied to the device ``lo`` takes what is sent to any 127.x.y.z address and nothing
else; the accepted socket's own name tells which host was meant. Elsewhere every host has sockets of its own, and so it
is for a door at which a program of others listens too: beside the shared one it could bind no address.
"""

import contextlib
import functools
import os
import resource
import socket
from collections.abc import Collection, Iterable, Iterator, Sequence

from mailharness.errors import MisuseError
from mailharness.net.plan import OUT_OF_FILES, Block, Door

_BACKLOG = 1024
_UDP_BUFFER = 4 << 20
"""Bursts of queries wait here; the kernel may grant less."""


def shared_listeners_work() -> bool:
    """Whether one socket can serve every loopback address (Linux since 5.7, unprivileged)."""
    return not os.environ.get("MAILHARNESS_SOCKET_A_HOST") and _can_share()


@functools.cache
def _can_share() -> bool:
    """Asked of the machine once a process; not remembered where no file could be opened."""
    if not hasattr(socket, "SO_BINDTODEVICE"):
        return False
    try:
        with contextlib.closing(_bound(socket.SOCK_STREAM, "0.0.0.0", 0)):
            return True
    except OSError as error:
        if error.errno in OUT_OF_FILES:
            raise
        return False


def listen(
    block: Block, doors: Iterable[tuple[Door, Sequence[str]]], others: Collection[Door] = ()
) -> list[tuple[Door, socket.socket]]:
    """Bound, listening TCP sockets (and UDP ones for DNS) for each door and the addresses behind it.

    At the doors ``others`` no socket is shared, so that the addresses that are not named stay free for other programs.
    Raises OSError where a port is taken, and MisuseError where the process may not open so many files.
    """
    shared = shared_listeners_work()
    wanted = [(door, ["0.0.0.0"] if shared and door not in others else addresses) for door, addresses in doors]
    if not shared or others:
        _allow_files(sum(len(addresses) * (1 + (door is Door.DNS)) for door, addresses in wanted))
    opened: list[tuple[Door, socket.socket]] = []
    try:
        for door, address, kind in _each(wanted):
            opened.append((door, _bound(kind, address, block.port(door))))
    except BaseException:
        for _, sock in opened:
            sock.close()
        raise
    return opened


def _each(doors: Iterable[tuple[Door, Sequence[str]]]) -> Iterator[tuple[Door, str, socket.SocketKind]]:
    for door, addresses in doors:
        for address in addresses:
            yield door, address, socket.SOCK_STREAM
            if door is Door.DNS:
                yield door, address, socket.SOCK_DGRAM


def _bound(kind: socket.SocketKind, address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, kind)
    try:
        sock.setblocking(False)
        if address == "0.0.0.0":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_BUFFER)
            tell_destination(sock)
        sock.bind((address, port))
        if kind is socket.SOCK_STREAM:
            sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)  # missing from Python's socket module before 3.14; 8 on Linux


def tell_destination(sock: socket.socket) -> None:
    """Have the kernel say of each datagram which of our addresses it was sent to."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def destination(ancillary: Sequence[tuple[int, int, bytes]], otherwise: str) -> str:
    """The address a datagram was sent to, by the ancillary data of ``recvmsg``."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            return socket.inet_ntoa(data[8:12])
    return otherwise


def from_address(address: str) -> list[tuple[int, int, bytes]]:
    """Ancillary data for ``sendmsg``: send from this address of ours."""
    return [(socket.IPPROTO_IP, _IP_PKTINFO, bytes(4) + socket.inet_aton(address) + bytes(4))]


def _allow_files(wanted: int) -> None:
    """Raise the soft limit of open files as far as needed and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + 256
    if soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise MisuseError(
            f"{wanted} sockets are needed and {hard} files are allowed: raise `ulimit -n`, or declare fewer domains"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
