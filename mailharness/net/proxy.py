"""The PROXY protocol, both versions: a proxy in front says first whose connection it passes on.

The header is read octet for octet off the transport, so that what comes behind it, a TLS handshake too, is left for
whoever takes over.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from ipaddress import ip_address

from mailharness.errors import RemoteProtocolError
from mailharness.smtp.limits import PROXY_HEADER

Peer = tuple[str, int]
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
"""How version 2 begins."""
_SHORTEST = len(b"PROXY UNKNOWN\r\n")
_LONGEST_LINE = 107
_FIXED = 16
_FAMILIES = {0x11: (socket.AF_INET, "!4s4sHH"), 0x21: (socket.AF_INET6, "!16s16sHH")}
"""TCP over IPv4 and IPv6: the form of source, destination and their ports."""


def missing(header: bytes) -> int:
    """How many octets are to be read at least until ``header`` is whole; 0 where it is.

    Raises RemoteProtocolError for what is no header, or longer than one may be.
    """
    if len(header) < _SHORTEST:
        return _SHORTEST - len(header)
    if header.startswith(SIGNATURE):
        whole = _FIXED if len(header) < _FIXED else _FIXED + int.from_bytes(header[14:16], "big")
        if whole > PROXY_HEADER:
            raise _no_header("it is too long")
        return whole - len(header)
    if not header.startswith(b"PROXY ") or len(header) > _LONGEST_LINE:
        raise _no_header("neither PROXY nor the signature of version 2")
    return 0 if header.endswith(b"\r\n") else 1


def read_header(header: bytes) -> Peer | None:
    """Who is at the other end of the proxy; None where it speaks for itself or does not know.

    Raises RemoteProtocolError for a header that cannot be.
    """
    return _read_binary(header) if header.startswith(SIGNATURE) else _read_line(header)


def _read_line(header: bytes) -> Peer | None:
    words = header.decode("latin-1").removesuffix("\r\n").split(" ")
    if words[1] == "UNKNOWN":
        return None
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise _no_header("it is PROXY, TCP4 or TCP6, two addresses and two ports")
    version = int(words[1][-1])
    try:
        source, destination = ip_address(words[2]), ip_address(words[3])
        ports = [int(port) for port in words[4:] if port.isascii() and port.isdecimal()]
    except ValueError:
        raise _no_header("an address is none") from None
    if {source.version, destination.version} != {version} or len(ports) != 2 or max(ports) > 65535:
        raise _no_header("an address is of another kind, or a port is none")
    return str(source), ports[0]


def _read_binary(header: bytes) -> Peer | None:
    version, command = divmod(header[12], 16)
    if version != 2 or command not in (0, 1):
        raise _no_header("an unknown version or command")
    if command == 0 or header[13] not in _FAMILIES:  # LOCAL, or addresses that no session of ours could have
        return None
    family, form = _FAMILIES[header[13]]
    if len(header) < _FIXED + struct.calcsize(form):
        raise _no_header("its addresses are missing")
    source, _, port, _ = struct.unpack_from(form, header, _FIXED)
    return socket.inet_ntop(family, source), port


def _no_header(why: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"no PROXY header: {why}", "")


class ProxyGate(asyncio.BufferedProtocol):
    """The protocol of a connection until its PROXY header is read; ``passed`` is told who the client is, or None.

    Whoever says anything else, or nothing for ``timeout`` real seconds, is cut by ``turn_away``.
    """

    def __init__(
        self,
        passed: Callable[[Peer | None], None],
        turn_away: Callable[[], None],
        timeout: float | None,
    ) -> None:
        self._passed = passed
        self._turn_away = turn_away
        self._header = b""
        self._buffer = bytearray(_SHORTEST)
        self._timer = asyncio.get_running_loop().call_later(timeout, turn_away) if timeout is not None else None

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's signature
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read; not one octet more than the header has is ever asked for."""
        self._header += self._buffer[:nbytes]
        try:
            more = missing(self._header)
            if more:
                self._buffer = bytearray(more)
                return
            peer = read_header(self._header)
        except RemoteProtocolError:
            self._stop_waiting()
            self._turn_away()
            return
        self._stop_waiting()
        self._passed(peer)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
