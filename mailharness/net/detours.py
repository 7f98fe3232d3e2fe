"""Detours: what stands in for the functions of ``socket`` while a process is redirected into a world.

Each is made around the original, asks the way, and lets the original do the work: so errors, time-outs and non-blocking
connections are those of the real thing. Names that are no world's business, loopback and other kinds of sockets pass.
"""

import errno
import os
import socket
import ssl
import weakref
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol

from mailharness.dns.wire import Asked, read_query
from mailharness.net.egress import Guard, is_home, literal
from mailharness.net.plan import Door

DOORS = {
    25: Door.SMTP,
    53: Door.DNS,
    110: Door.POP3,
    143: Door.IMAP,
    465: Door.SUBMISSIONS,
    587: Door.SUBMISSION,
    993: Door.IMAPS,
    995: Door.POP3S,
}
"""What answers at the standard ports of a host."""
_DNS = 53
_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})
_UNWRAPPED = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "broadcasthost"})

Sockaddr = tuple[Any, ...]


class Directions(Protocol):
    """What a world knows of its names and addresses."""

    def is_here(self) -> bool:
        """Whether this is the world's own thread, which goes no detour."""

    def addresses(self, name: str) -> list[str] | None:
        """Of a name; none where it has none, None where the world does not know it. Raises socket.gaierror."""

    def is_host(self, address: str) -> bool: ...

    def port(self, address: str, door: Door) -> int | None:
        """Where the host at ``address`` has that door; None where nobody listens."""

    def name_at(self, address: str) -> str: ...

    def resolver(self) -> tuple[str, int]: ...

    def hint(self, name: str) -> str:
        """What may have been meant, to be put into an error."""

    def certificate(self) -> str:
        """Of the authority that signs every host's, PEM."""


class Detours:
    """All of them, for one world; ``each`` lists what is to be replaced, and by what."""

    def __init__(self, directions: Directions, guard: Guard) -> None:
        self._directions = directions
        self._guard = guard
        self._asked: weakref.WeakKeyDictionary[socket.socket, dict[Sockaddr, Sockaddr]] = weakref.WeakKeyDictionary()

    def each(self) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        """(owner, name, stand-in), made around what is there now."""
        for owner, names in (
            (socket.socket, "connect connect_ex sendto sendmsg recvfrom recvfrom_into"),
            (socket, "getaddrinfo gethostbyname gethostbyname_ex gethostbyaddr"),
            (ssl.SSLContext, "set_default_verify_paths"),
        ):
            for name in names.split():
                yield owner, name, getattr(self, f"_{name}")(getattr(owner, name))

    # -- connections ----

    def _connect(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(sock: socket.socket, address: Any) -> Any:
            return original(sock, self._way(sock, address))

        return connect

    def _connect_ex(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def connect_ex(sock: socket.socket, address: Any) -> Any:
            try:
                way = self._way(sock, address)
            except ConnectionRefusedError:
                return errno.ECONNREFUSED
            return original(sock, way)

        return connect_ex

    def _way(self, sock: socket.socket, address: Any) -> Any:
        """Where to connect instead. Raises EgressError for what leaves the world, ConnectionRefusedError, gaierror."""
        if sock.family not in _INTERNET or not _is_place(address) or self._directions.is_here():
            return address
        host, port = _text(address[0]), address[1]
        numeric = literal(host) if host else None
        if numeric is None and (name := self._name(host)):
            numeric = IPv4Address(self._addresses(name, port)[0])
        if numeric is None:
            return address
        to = self._door(numeric, port)
        if to is None:
            return address
        return (f"::ffff:{to[0]}", to[1], 0, 0) if sock.family == socket.AF_INET6 else to

    def _door(self, address: IPv4Address | IPv6Address, port: int) -> tuple[str, int] | None:
        """Where that place really is; None where nothing is to be changed."""
        directions, text = self._directions, str(address)
        if directions.is_host(text):
            door = DOORS.get(port)
            found = port if door is None else directions.port(text, door)
            if found is None:
                raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
            return text, found
        if self._guard.allows(address):
            return None
        if port == _DNS:
            return directions.resolver()
        if not is_home(address):
            raise self._guard.refuse(text, port)
        return None

    # -- datagrams ----

    def _sendto(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def sendto(sock: socket.socket, data: Any, *rest: Any) -> Any:
            *flags, address = rest
            return original(sock, data, *flags, self._send_way(sock, bytes(data), address))

        return sendto

    def _sendmsg(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def sendmsg(sock: socket.socket, buffers: Any, *rest: Any) -> Any:
            if len(rest) < 3 or rest[2] is None or self._directions.is_here():
                return original(sock, buffers, *rest)
            parts = list(buffers)
            return original(sock, parts, *rest[:2], self._send_way(sock, b"".join(parts), rest[2]))

        return sendmsg

    def _send_way(self, sock: socket.socket, data: bytes, address: Any) -> Any:
        """The same for one datagram; a question about a name that is in no world goes nowhere."""
        if not _is_place(address) or self._directions.is_here():
            return address
        if address[1] == _DNS and sock.family in _INTERNET:
            asked = read_query(data)
            name = asked.question.name.rstrip(".") if isinstance(asked, Asked) else ""
            if self._guard.allows_name(name):
                return address
            if name and self._found(name) is None:
                raise self._guard.refuse(name, None, self._directions.hint(name))
        way = self._way(sock, address)
        if way != address:
            self._asked.setdefault(sock, {})[way] = address
        return way

    def _recvfrom(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """An answer comes from where the question was sent to, or its asker would not believe it."""

        def receive(sock: socket.socket, *arguments: Any) -> Any:
            received, sender = original(sock, *arguments)
            return received, self._asked.get(sock, {}).get(sender, sender) if self._asked else sender

        return receive

    _recvfrom_into = _recvfrom

    # -- names ----

    def _name(self, host: Any) -> str:
        """The name to be looked up in the world; "" for what is none of its business."""
        name = _text(host).rstrip(".").lower()
        if name in _UNWRAPPED or name.endswith(".localhost") or literal(name) is not None:
            return ""
        if name == socket.gethostname().lower() or self._guard.allows_name(name) or self._directions.is_here():
            return ""
        return name

    def _found(self, name: str) -> list[str] | None:
        if name.endswith((".invalid", ".arpa")):  # RFC 6761 §6.4: everybody knows that there is none
            return []
        return self._directions.addresses(name)

    def _addresses(self, name: str, port: Any = None) -> list[str]:
        """At least one. Raises gaierror where the name has none, EgressError where it is not in the world."""
        found = self._found(name)
        if found is None:
            raise self._guard.refuse(name, port if isinstance(port, int) and port else None, self._directions.hint(name))
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, f"Name or service not known: {self._directions.hint(name)}")
        return found

    def _getaddrinfo(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def getaddrinfo(
            host: Any,
            port: Any,
            family: int = 0,
            type: int = 0,  # noqa: A002 - socket's own signature
            proto: int = 0,
            flags: int = 0,
        ) -> list[Any]:
            name = self._name(host) if host is not None else ""
            if not name:
                return self._let_through(host, original(host, port, family, type, proto, flags))
            shown = name if flags & socket.AI_CANONNAME else ""
            found = [original(one, port, family, type, proto, flags) for one in self._addresses(name, port)]
            return [(*entry[:3], shown, entry[4]) for entries in found for entry in entries]

        return getaddrinfo

    def _let_through(self, host: Any, found: list[Any]) -> list[Any]:
        """Whoever may ask for a name may go where it leads."""
        if self._guard.allows_name(_text(host)):
            self._guard.allow(entry[4][0].partition("%")[0] for entry in found)
        return found

    def _gethostbyname(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def gethostbyname(host: Any) -> Any:
            name = self._name(host)
            return self._addresses(name)[0] if name else original(host)

        return gethostbyname

    def _gethostbyname_ex(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def gethostbyname_ex(host: Any) -> Any:
            name = self._name(host)
            return (name, [], self._addresses(name)) if name else original(host)

        return gethostbyname_ex

    def _gethostbyaddr(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def gethostbyaddr(host: Any) -> Any:
            name = self._name(host)
            if name:
                return name, [], self._addresses(name)
            numeric = literal(_text(host))
            if numeric is None or self._directions.is_here():
                return original(host)
            if self._directions.is_host(str(numeric)):
                return self._directions.name_at(str(numeric)), [], [str(numeric)]
            if not is_home(numeric) and not self._guard.allows(numeric):
                raise self._guard.refuse(str(numeric), None)
            return original(host)

        return gethostbyaddr

    # -- trust ----

    def _set_default_verify_paths(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def set_default_verify_paths(context: ssl.SSLContext) -> None:
            original(context)
            context.load_verify_locations(cadata=self._directions.certificate())

        return set_default_verify_paths


def _is_place(address: Any) -> bool:
    """Whether it is a host and a port."""
    return isinstance(address, tuple) and len(address) >= 2 and isinstance(address[1], int)


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host or "")
