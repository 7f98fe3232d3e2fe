"""COMPRESS: the same conversation in fewer octets, and no more memory than without (RFC 4978)."""

import socket
import tracemalloc
import zlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness import Account, Domain, World
from mailharness.imap import ImapSession
from mailharness.imap.compressing import PIECE
from mailharness.mailbox.session import INPUT_LIMIT
from tests.imap.stage import LETTERS, Stage, hear, say

COMMANDS = (
    b"a APPEND INBOX {6+}\r\nabcdef\r\nb SELECT INBOX\r\nc FETCH 1:* (UID BODY.PEEK[])\r\nd APPEND Sent {3}\r\nxyz\r\n"
    b"e IDLE\r\nDONE\r\nf NOOP\r\ng LOGOUT\r\n"
)


class Client:
    """The client's side: deflates what it says, inflates what it hears."""

    def __init__(self, session: ImapSession) -> None:
        self._deflater = zlib.compressobj(wbits=-15)
        self._inflater = zlib.decompressobj(-15)
        self.session = session
        assert say(session, "COMPRESS DEFLATE") == ["a OK from now on"]

    def deflated(self, octets: bytes) -> bytes:
        return self._deflater.compress(octets) + self._deflater.flush(zlib.Z_SYNC_FLUSH)

    def hear(self) -> bytes:
        return self._inflater.decompress(self.session.take_output())

    def say(self, octets: bytes) -> bytes:
        self.session.receive(self.deflated(octets))
        return self.hear()


def in_the_clear(octets: bytes) -> bytes:
    session = Stage(*LETTERS).logged_in()
    session.receive(octets)
    return session.take_output()


@given(st.lists(st.integers(1, 40), min_size=1))
def test_slicing_changes_nothing(sizes: list[int]) -> None:
    client = Client(Stage(*LETTERS).logged_in())
    octets, heard, at = client.deflated(COMMANDS), b"", 0
    for size in sizes * len(octets):
        client.session.receive(octets[at : at + size])
        heard += client.hear()
        at += size
        if at >= len(octets):
            break
    assert heard == in_the_clear(COMMANDS)
    assert client.session.closed


def test_what_is_behind_the_command_is_deflated_already() -> None:
    session = Stage(*LETTERS).logged_in()
    deflater = zlib.compressobj(wbits=-15)
    noop = deflater.compress(b"b NOOP\r\n") + deflater.flush(zlib.Z_SYNC_FLUSH)
    session.receive(b"a COMPRESS DEFLATE\r\n" + noop)
    answer, _, rest = session.take_output().partition(b"\r\n")
    assert answer == b"a OK from now on"
    assert zlib.decompressobj(-15).decompress(rest) == b"b OK done\r\n"


def test_it_is_done_once() -> None:
    client = Client(Stage().logged_in())
    assert client.say(b"b COMPRESS DEFLATE\r\n") == b"b NO [COMPRESSIONACTIVE] that is so already\r\n"
    assert b"COMPRESS" not in client.say(b"b CAPABILITY\r\n")
    assert say(Stage().logged_in(), "COMPRESS LZW") == ["a BAD the only mechanism is DEFLATE"]


def test_an_idler_hears_at_once() -> None:
    stage = Stage(*LETTERS)
    client = Client(stage.selected())
    heard: list[bytes] = []
    client.say(b"b IDLE\r\n")
    client.session.on_output = lambda: heard.append(client.hear())
    stage.deliver(b"x")
    assert heard == [b"* 4 EXISTS\r\n* 4 RECENT\r\n"]


def test_a_literal_waits_for_its_welcome() -> None:
    client = Client(Stage().logged_in())
    assert client.say(b"b APPEND INBOX {3}\r\n") == b"+ go ahead\r\n"
    assert client.say(b"abc\r\n") == b"b OK [APPENDUID 1 1] appended\r\n"


@pytest.mark.parametrize("octets", [b"b NOOP\r\n", b"\xff" * 40, b"\x07"])
def test_what_was_never_deflated_ends_it(octets: bytes) -> None:
    client = Client(Stage().logged_in())
    client.session.receive(octets)
    assert client.hear() == b"* BYE that is not deflated\r\n"
    assert client.session.closed


@pytest.mark.parametrize("door", ["imap", "imaps"])
def test_on_the_wire(door: str) -> None:
    with World(Domain("b.tst", users=[Account("bob", password="secret")])) as world:
        endpoint = getattr(world["b.tst"], door)
        client = socket.create_connection(endpoint, timeout=5)
        if door == "imaps":
            client = world.ssl_context().wrap_socket(client, server_hostname=endpoint.host)
        client.sendall(b"b LOGIN bob secret\r\nc COMPRESS DEFLATE\r\n")
        heard = b""
        while not heard.endswith(b"c OK from now on\r\n"):
            heard += client.recv(65_536)
        deflater, inflater = zlib.compressobj(wbits=-15), zlib.decompressobj(-15)
        commands = b"d APPEND INBOX {3+}\r\nabc\r\ne LOGOUT\r\n"
        client.sendall(deflater.compress(commands) + deflater.flush(zlib.Z_SYNC_FLUSH))
        told = b""
        while octets := client.recv(65_536):
            told += inflater.decompress(octets)
        assert told == b"d OK [APPENDUID 1 1] appended\r\n* BYE see you\r\ne OK bye\r\n"
        client.close()


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"b NOOP\r\n", b"c IDLE\r\n", b"{3}\r\n"])), st.booleans())
def test_nothing_is_too_odd(pieces: list[bytes], deflates: bool) -> None:
    client = Client(Stage(*LETTERS).logged_in())
    for piece in pieces:
        client.session.receive(client.deflated(piece) if deflates else piece)
        client.hear()
    client.session.receive_eof()
    client.hear()
    assert client.session.closed


def bombs() -> Iterable[bytes]:
    yield b"x" * 50_000_000
    yield b"b APPEND INBOX {49999999+}\r\n" + b"\0" * 50_000_000


@pytest.mark.parametrize("number", range(2))
def test_a_bomb_takes_no_memory(number: int) -> None:
    client = Client(Stage().logged_in())
    octets = client.deflated(list(bombs())[number])
    assert len(octets) < INPUT_LIMIT * 16
    tracemalloc.start()
    client.session.receive(octets)
    while client.session.take_output():
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * PIECE
    client.session.receive_eof()
    hear(client.session)
    assert client.session.closed
