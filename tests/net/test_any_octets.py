"""Any octets for a name server, over real sockets: a response, silence or a close, and not a word in the log."""

import logging
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness import World
from mailharness.dns import make_query
from mailharness.world import Endpoint

LABELS = st.lists(
    st.one_of(st.sampled_from([b"exampleB", b"tst", b"mail", b"arpa", b"*"]), st.binary(min_size=1, max_size=63)),
    max_size=6,
)
NAMES = LABELS.map(lambda labels: b"".join(bytes((len(label),)) + label for label in labels) + b"\0")
NUMBER = st.integers(0, 0xFFFF)
QUESTIONS = st.tuples(NAMES, st.one_of(st.sampled_from([1, 2, 5, 6, 15, 16, 41, 250, 251, 252, 255]), NUMBER), NUMBER).map(
    lambda parts: parts[0] + struct.pack("!HH", *parts[1:])
)
RECORDS = st.tuples(NAMES, st.one_of(st.just(41), NUMBER), NUMBER, st.integers(0, 2**32 - 1), st.binary(max_size=40)).map(
    lambda parts: parts[0] + struct.pack("!HHIH", *parts[1:4], len(parts[4])) + parts[4]
)
HEADS = st.tuples(NUMBER, st.one_of(st.sampled_from([0, 0x100, 0x120, 0x8400, 0x2800]), NUMBER))
COUNTS = st.one_of(st.just((1, 0, 0, 0)), st.just((1, 0, 0, 1)), st.tuples(*[st.integers(0, 3)] * 4))


def packet(head: tuple[int, int], counts: tuple[int, ...], *pieces: bytes) -> bytes:
    return struct.pack("!6H", *head, *counts) + b"".join(pieces)


CLASS_IN = NAMES.flatmap(lambda name: NUMBER.map(lambda rrtype: name + struct.pack("!HH", rrtype, 1)))
PACKETS = st.one_of(
    st.builds(packet, HEADS, st.just((1, 0, 0, 0)), CLASS_IN),
    st.builds(packet, HEADS, COUNTS, QUESTIONS, RECORDS),
    st.builds(packet, HEADS, COUNTS, QUESTIONS, st.binary(max_size=40)),
    st.binary(max_size=300),
)
SERVERS = ["authority", "resolver", "root"]


class Listener(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    listener = Listener()
    logging.getLogger().addHandler(listener)
    try:
        with World() as world:
            yield world
            world.settle()
    finally:
        logging.getLogger().removeHandler(listener)
    assert listener.heard == []


def doors(world: World) -> dict[str, Endpoint]:
    return dict(
        zip(SERVERS, (world["exampleB.tst"].nameserver, world.resolver.endpoint, world.root_nameserver), strict=True)
    )


@pytest.mark.parametrize("server", SERVERS)
def test_any_datagram_is_answered_to_the_point_or_not_at_all(world: World, server: str) -> None:
    """A good question behind each shows that the server lives; what else was heard belongs to the odd one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(doors(world)[server])

        @given(PACKETS.filter(lambda octets: octets[:2] != b"\xab\xcd"))
        @settings(max_examples=300)
        def any_datagram(octets: bytes) -> None:
            client.send(octets)
            expected = [b"\xab\xcd"] if len(octets) < 12 or octets[2] & 0x80 else [octets[:2], b"\xab\xcd"]
            client.send(make_query("tst", "SOA", id=0xABCD, rd=True))
            heard = [client.recv(65_535) for _ in expected]
            assert sorted(one[:2] for one in heard) == sorted(expected)
            assert all(one[2] & 0x80 for one in heard)

        any_datagram()


@pytest.mark.parametrize("server", SERVERS)
def test_any_stream_is_answered_to_the_point_or_not_at_all(world: World, server: str) -> None:
    """Framed rightly, or with half a frame behind; the client says its last word and hears all up to the end."""

    @given(st.lists(PACKETS, max_size=4), st.binary(max_size=20))
    @settings(max_examples=100)
    def any_stream(packets: list[bytes], tail: bytes) -> None:
        said = b"".join(struct.pack("!H", len(one)) + one for one in packets)
        with socket.create_connection(doors(world)[server], timeout=10) as client:
            client.sendall(said + b"\xff\xff" + tail)
            client.shutdown(socket.SHUT_WR)
            heard = b""
            while part := client.recv(65_535):
                heard += part
        expected = [one[:2] for one in packets if len(one) >= 12 and not one[2] & 0x80]
        assert sorted(numbers(heard)) == sorted(expected)

    any_stream()


def numbers(stream: bytes) -> Iterator[bytes]:
    """The IDs of the responses in the stream."""
    while stream:
        size = int.from_bytes(stream[:2], "big")
        assert stream[4] & 0x80
        yield stream[2:4]
        stream = stream[2 + size :]
