"""Clients that do not wait: curl sends its first command with the last octets of the TLS handshake, in one segment."""

import socket
import ssl

import pytest

from mailharness import World

OPENINGS = {
    "pop3": (b"STLS\r\n", b"CAPA\r\n", b"+OK"),
    "imap": (b"a STARTTLS\r\n", b"b CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1"),
    "submission": (b"STARTTLS\r\n", b"EHLO desk\r\n", b"250-mail.exampleB.tst"),
    "pop3s": (b"", b"CAPA\r\n", b"+OK mail"),
    "imaps": (b"", b"b CAPABILITY\r\n", b"* OK"),
    "submissions": (b"", b"EHLO desk\r\n", b"220 mail.exampleB.tst"),
}
"""By door: what asks for TLS, what is sent at once, and how the first answer under TLS begins."""


class EagerClient:
    """TLS by hand, so that the first command leaves in one write with the handshake's end."""

    def __init__(self, world: World, door: str) -> None:
        self._socket = socket.create_connection(getattr(world["exampleB.tst"], door), timeout=10)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = world.ssl_context().wrap_bio(self._incoming, self._outgoing, server_hostname="mail.exampleB.tst")

    def __enter__(self) -> "EagerClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask_in_clear(self, octets: bytes) -> bytes:
        greeting = self._socket.recv(4096)
        self._socket.sendall(octets)
        return greeting + self._socket.recv(4096)

    def shake_hands_and_say(self, octets: bytes) -> None:
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._exchange()
        self._tls.write(octets)
        self._socket.sendall(self._outgoing.read())

    def hear(self) -> bytes:
        while True:
            try:
                return self._tls.read(4096)
            except ssl.SSLWantReadError:
                self._exchange()

    def _exchange(self) -> None:
        self._socket.sendall(self._outgoing.read())
        self._incoming.write(self._socket.recv(65536))


@pytest.mark.parametrize(("door", "ask", "command", "answer"), [(door, *row) for door, row in OPENINGS.items()])
def test_a_command_that_comes_with_the_handshakes_end_is_answered(
    story: World, door: str, ask: bytes, command: bytes, answer: bytes
) -> None:
    with EagerClient(story, door) as client:
        if ask:
            client.ask_in_clear(ask)
        client.shake_hands_and_say(command)
        assert client.hear().startswith(answer)
