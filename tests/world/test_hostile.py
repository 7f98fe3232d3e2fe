"""Foreign clients that behave badly at every door: a reply by the RFC or a clean close, and the world goes on."""

import contextlib
import re
import socket
import ssl
import struct

import pytest

from mailharness import World
from mailharness.world import Endpoint
from tests.world.belongings import nothing_left

PLAIN = {
    "smtp": rb"(?:[245][0-9]{2}[ -][^\r\n]*\r\n)+",
    "submission": rb"(?:[245][0-9]{2}[ -][^\r\n]*\r\n)+",
    "imap": rb"(?s)\* OK.*",
    "pop3": rb"(?:(?:\+OK|-ERR)[^\r\n]*\r\n)+",
}
"""What a server may say at most, whatever it hears: the shape of a whole conversation."""
TLS = {"submissions": "submission", "imaps": "imap", "pop3s": "pop3"}
GARBAGE = {
    "nothing": b"",
    "zeros": b"\0" * 4000,
    "octets": bytes(range(256)) * 20,
    "blank lines": b"\r\n" * 50,
    "bare endings": b"NOOP\nNOOP\rNOOP\r\r\n",
    "half a command": b"MAI",
    "an endless line": b"A" * 300_000,
    "an over-long line": b"NOOP " + b"x" * 70_000 + b"\r\n",
    "another protocol": b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    "a handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n",
    "wrong order": b"DATA\r\nRCPT TO:<a@b.test>\r\nRETR 1\r\nLIST\r\na1 FETCH 1 ALL\r\na2 IDLE\r\nQUIT\r\n",
    "too many": b"XYZZY\r\n" * 200,
    "a huge literal": b"a1 LOGIN {99999999999}\r\na2 NOOP\r\n",
    "deep nesting": b"a1 SEARCH " + b"(" * 3000 + b"\r\n",
    "not UTF-8": b"NOOP \xff\xfe\x80\r\na1 LOGIN \xc3\x28 x\r\n",
}


def converse(client: socket.socket, octets: bytes) -> bytes:
    """Say ``octets``, half close, and hear everything up to the end; a reset ends it as well."""
    heard = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError), client:
        client.settimeout(10)
        client.sendall(octets)
        if not isinstance(client, ssl.SSLSocket):
            with contextlib.suppress(OSError):  # the other end may have hung up by now
                client.shutdown(socket.SHUT_WR)
        else:
            client.unwrap().close()
            return heard
        while part := client.recv(65536):
            heard += part
    return heard


def assert_goes_on(world: World) -> None:
    """The world is at rest, and another letter arrives."""
    world.settle()
    reader = world.user("userB@exampleB.tst")
    world.user("userA@exampleA.tst").send(to=reader, subject="all is well").trace.assert_delivered()
    assert "all is well" in reader.inbox.subjects
    world.assert_conserved()


def test_garbage_at_every_door_is_answered_by_the_rfc_or_not_at_all() -> None:
    with nothing_left(), World() as world:
        for door, shape in PLAIN.items():
            for name, octets in GARBAGE.items():
                heard = converse(socket.create_connection(getattr(world["exampleB.tst"], door)), octets)
                assert re.fullmatch(shape, heard), (door, name, heard[:200])
            assert_goes_on(world)


def test_garbage_behind_tls_harms_nobody() -> None:
    with nothing_left(), World() as world:
        context = world.ssl_context()
        for door in TLS:
            endpoint: Endpoint = getattr(world["exampleB.tst"], door)
            for octets in GARBAGE.values():
                client = socket.create_connection(endpoint)
                converse(context.wrap_socket(client, server_hostname=endpoint.host), octets)
            assert_goes_on(world)


def test_garbage_instead_of_a_handshake_harms_nobody() -> None:
    with nothing_left(), World() as world:
        for door in TLS:
            for octets in GARBAGE.values():
                heard = converse(socket.create_connection(getattr(world["exampleB.tst"], door)), octets)
                assert not heard or heard[0] in (0x15, 0x16), "a TLS alert or nothing"
            assert_goes_on(world)


@pytest.mark.parametrize("half", ["STARTTLS\r\n", "a1 STARTTLS\r\n", "STLS\r\n"])
def test_an_upgrade_that_never_comes_is_given_up_with_the_client(half: str) -> None:
    with nothing_left(), World() as world:
        for door in PLAIN:
            for behind in (b"", b"\x16\x03\x01", b"NOOP\r\n" * 100, bytes(300)):
                client = socket.create_connection(getattr(world["exampleB.tst"], door))
                converse(client, b"EHLO x\r\n" * (door in ("smtp", "submission")) + half.encode() + behind)
        assert_goes_on(world)


LETTER = b"RCPT TO:<userB@exampleB.tst>\r\nDATA\r\nSubject: half\r\n\r\nbody\r\n.\r\nQUIT\r\n"
DIALOGUE = {
    "smtp": b"EHLO x\r\nMAIL FROM:<x@x.test>\r\n" + LETTER,
    "submission": b"EHLO x\r\nAUTH PLAIN AHVzZXJCAHNlY3JldA==\r\nMAIL FROM:<userB@exampleB.tst>\r\n" + LETTER,
    "imap": b"a1 LOGIN userB secret\r\na2 SELECT INBOX\r\na3 APPEND INBOX {10+}\r\n0123456789\r\n"
    b"a4 IDLE\r\nDONE\r\na5 LOGOUT\r\n",
    "pop3": b"USER userB\r\nPASS secret\r\nSTAT\r\nLIST\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n",
}


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["close", "reset"])
@pytest.mark.parametrize("door", DIALOGUE)
def test_a_client_may_leave_after_any_octet(door: str, leave) -> None:
    """What was not complete has no effect; the session that ended is forgotten, and no mailbox stays locked."""
    octets = DIALOGUE[door]
    with nothing_left(), World() as world:
        for end in [*range(0, len(octets), 7), len(octets)]:
            client = socket.create_connection(getattr(world["exampleB.tst"], door))
            client.sendall(octets[:end])
            leave(client)
        assert_goes_on(world)
        assert world.user("userB@exampleB.tst").fetch(via="pop3")


PACKETS = {
    "nothing": b"",
    "too short": b"\x00\x01\x00",
    "only a header": bytes(12),
    "zeros": bytes(512),
    "a response": bytes.fromhex("123481800001000000000000") + b"\x01a\x03tst\x00\x00\x01\x00\x01",
    "a pointer to itself": bytes.fromhex("123401000001000000000000") + b"\xc0\x0c\x00\x01\x00\x01",
    "a name without end": bytes.fromhex("123401000001000000000000") + b"\x3f" + b"a" * 20,
    "many questions": bytes.fromhex("1234010000ff000000000000") + b"\x01a\x00\x00\x01\x00\x01",
    "noise": bytes(range(256)),
}


@pytest.mark.parametrize("server", ["nameserver", "resolver", "root"])
def test_garbage_for_a_name_server_gets_an_error_or_silence(server: str) -> None:
    with nothing_left(), World() as world:
        endpoint = {
            "nameserver": world["exampleB.tst"].nameserver,
            "resolver": world.resolver.endpoint,
            "root": world.root_nameserver,
        }[server]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for packet in PACKETS.values():
                client.sendto(packet, endpoint)
        for packet in PACKETS.values():
            for framed in (struct.pack("!H", len(packet)) + packet, packet, b"\xff\xff" + packet):
                heard = converse(socket.create_connection(endpoint), framed)
                assert len(heard) == 0 or heard[4] & 0x80, "what comes back is a response"
        assert_goes_on(world)


def test_a_crowd_that_connects_and_says_nothing_does_not_keep_others_out() -> None:
    with nothing_left(), World() as world:
        crowd = [
            socket.create_connection(getattr(world["exampleB.tst"], door))
            for door in (*PLAIN, *TLS, "nameserver")
            for _ in range(25)
        ]
        assert_goes_on(world)
        for client in crowd:
            client.close()
        assert_goes_on(world)
