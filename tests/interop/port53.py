"""Name servers of a world at port 53 of their own addresses, for programs that follow referrals by themselves.

An NS record carries no port. Where the machine lets us bind port 53 of loopback, each datagram and connection is handed
on to the port where the world serves that address, and what comes back is handed back.
"""

import contextlib
import selectors
import socket
import threading
from collections.abc import Collection, Iterator

import pytest

from mailharness.world import Endpoint

STANDARD_PORT = 53


class Forwarder(threading.Thread):
    """Hands questions on to where they are answered, one thread for all of a world's name servers."""

    def __init__(self, servers: Collection[Endpoint]) -> None:
        super().__init__(daemon=True)
        self._selector = selectors.DefaultSelector()
        self._open: list[socket.socket] = []
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        try:
            for server in servers:
                self._listen(server)
        except OSError:
            self._close()
            raise

    def _listen(self, server: Endpoint) -> None:
        udp = self._keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        tcp = self._keep(socket.socket())
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        udp.bind((server.host, STANDARD_PORT))
        tcp.bind((server.host, STANDARD_PORT))
        tcp.listen()
        self._selector.register(udp, selectors.EVENT_READ, lambda: self._hand_on(udp, server))
        self._selector.register(tcp, selectors.EVENT_READ, lambda: self._accept(tcp, server))

    def _keep(self, sock: socket.socket) -> socket.socket:
        self._open.append(sock)
        return sock

    def _hand_on(self, udp: socket.socket, server: Endpoint) -> None:
        question, asker = udp.recvfrom(65_535)
        upstream = self._keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        upstream.connect(server)
        upstream.send(question)

        def hand_back() -> None:
            self._selector.unregister(upstream)
            with contextlib.suppress(OSError):
                udp.sendto(upstream.recv(65_535), asker)
            upstream.close()

        self._selector.register(upstream, selectors.EVENT_READ, hand_back)

    def _accept(self, tcp: socket.socket, server: Endpoint) -> None:
        client, _ = tcp.accept()
        upstream = socket.create_connection(server)
        for source, target in ((client, upstream), (upstream, client)):
            self._keep(source)
            self._selector.register(source, selectors.EVENT_READ, lambda s=source, t=target: self._carry(s, t))

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        octets = b""
        with contextlib.suppress(OSError):
            octets = source.recv(65_535)
        with contextlib.suppress(OSError):
            target.sendall(octets) if octets else target.shutdown(socket.SHUT_WR)
        if not octets:
            self._selector.unregister(source)

    def run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                key.data()

    def stop(self) -> None:
        self._wake.send(b"\0")
        self.join()
        self._close()

    def _close(self) -> None:
        for sock in (*self._open, self._wake, self._woken):
            sock.close()
        self._selector.close()


@contextlib.contextmanager
def at_port_53(servers: Collection[Endpoint]) -> Iterator[None]:
    """Serve them there as long as the block lasts; skips the test where the machine does not let us."""
    try:
        forwarder = Forwarder(servers)
    except OSError as error:
        pytest.skip(f"this machine does not let us have port {STANDARD_PORT} of loopback: {error}")
    forwarder.start()
    try:
        yield
    finally:
        forwarder.stop()
