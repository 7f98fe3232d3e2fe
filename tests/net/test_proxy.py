"""PROXY headers of both versions: read octet for octet, bounded, and refused where they cannot be."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.errors import RemoteProtocolError
from mailharness.net.proxy import SIGNATURE, Peer, missing, read_header
from mailharness.smtp.limits import PROXY_HEADER


def v2(body: bytes, *, command: int = 0x21, family: int = 0x11, length: int | None = None) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(body) if length is None else length) + body


TCP4 = bytes([192, 0, 2, 7, 127, 0, 0, 1]) + struct.pack("!HH", 4711, 25)
TCP6 = bytes.fromhex("20010db8" + "0" * 23 + "1") * 2 + struct.pack("!HH", 4711, 25)
HEADERS: dict[bytes, Peer | None] = {
    b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 25\r\n": ("192.0.2.7", 4711),
    b"PROXY TCP6 2001:db8::1 ::1 4711 25\r\n": ("2001:db8::1", 4711),
    b"PROXY UNKNOWN\r\n": None,
    b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n": None,
    v2(TCP4): ("192.0.2.7", 4711),
    v2(TCP4 + b"\x04\x00\x01x"): ("192.0.2.7", 4711),
    v2(TCP6, family=0x21): ("2001:db8::1", 4711),
    v2(b"", command=0x20, family=0): None,
    v2(TCP4, command=0x20): None,
    v2(b"x" * 216, family=0x31): None,
}
NO_HEADERS = [
    b"EHLO a.test 1234\r\n",
    b"PROXY TCP4 192.0.2.7 127.0.0.1 4711\r\n",
    b"PROXY TCP4 192.0.2.7 ::1 4711 25\r\n",
    b"PROXY TCP4 192.0.2.777 127.0.0.1 4711 25\r\n",
    b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 99999\r\n",
    b"PROXY TCP5 192.0.2.7 127.0.0.1 4711 25\r\n",
    b"PROXY TCP4 192.0.2.7 127.0.0.1 -1 25\r\n",
    b"PROXY " + b"x" * 120,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS",
    v2(TCP4, command=0x31),
    v2(TCP4, command=0x22),
    v2(TCP4[:8]),
    v2(b"", length=PROXY_HEADER),
]


def read(octets: bytes) -> tuple[Peer | None, bytes]:
    """Who it is, and what is left, when no more than is missing is ever read."""
    header = b""
    while more := missing(header):
        assert octets
        header, octets = header + octets[:more], octets[more:]
    return read_header(header), octets


@pytest.mark.parametrize(("header", "peer"), HEADERS.items())
def test_a_header_is_read_and_nothing_behind_it(header: bytes, peer: Peer | None) -> None:
    assert read(header + b"EHLO a.test\r\n") == (peer, b"EHLO a.test\r\n")


@pytest.mark.parametrize("octets", NO_HEADERS)
def test_what_is_no_header_is_told(octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="no PROXY header"):
        read(octets)


@given(
    st.binary(min_size=PROXY_HEADER), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11"])
)
def test_any_octets_are_a_header_or_none_within_bounds(octets: bytes, start: bytes) -> None:
    octets = start + octets
    try:
        _, left = read(octets)
    except RemoteProtocolError:
        left = octets[-1:]
    assert len(octets) - len(left) <= max(PROXY_HEADER, len(octets) - 1)
