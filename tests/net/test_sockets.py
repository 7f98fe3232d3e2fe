"""Listening sockets: one a protocol where that works, else one a host, and the address a datagram was sent to."""

import socket

import pytest

from mailharness.net.plan import Block, Door, claim
from mailharness.net.sockets import destination, from_address, listen, shared_listeners_work, tell_destination

DOORS = [(Door.SMTP, (1, 2)), (Door.DNS, (1, 2, 3))]


def opened(block: Block) -> list[tuple[Door, socket.socket]]:
    return listen(block, [(door, [block.address(index) for index in hosts]) for door, hosts in DOORS])


@pytest.fixture
def bound(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """A claimed block and what listens in it, in either way."""
    if request.param:
        monkeypatch.setenv("MAILHARNESS_SOCKET_A_HOST", "1")
    block, lock, sockets = claim(opened)
    yield block, sockets
    for sock in (lock, *(sock for _, sock in sockets)):
        sock.close()


@pytest.mark.parametrize("bound", [False, True], indirect=True, ids=["shared", "one a host"])
def test_every_host_is_reached_at_its_own_address(bound) -> None:
    block, sockets = bound
    shared = shared_listeners_work()
    assert len(sockets) == (3 if shared else 8)
    for door, hosts in DOORS:
        for index in hosts:
            with socket.create_connection((block.address(index), block.port(door))) as client:
                assert client.getpeername() == (block.address(index), block.port(door))


@pytest.mark.parametrize("bound", [False, True], indirect=True, ids=["shared", "one a host"])
def test_a_datagram_tells_which_host_was_meant(bound) -> None:
    block, sockets = bound
    asked = block.address(3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"?", (asked, block.port(Door.DNS)))
        heard = [sock for _, sock in sockets if sock.type == socket.SOCK_DGRAM]
        for sock in heard:
            sock.settimeout(0 if len(heard) > 1 else 5)
            try:
                data, ancillary, _, peer = sock.recvmsg(10, 256)
            except BlockingIOError:
                continue
            assert (data, destination(ancillary, sock.getsockname()[0])) == (b"?", asked)
            sock.sendmsg([b"!"], from_address(asked), 0, peer)
        client.settimeout(5)
        assert client.recvfrom(10) == (b"!", (asked, block.port(Door.DNS)))


def test_without_ancillary_data_the_sockets_own_name_is_the_answer() -> None:
    assert destination([], "127.0.0.9") == "127.0.0.9"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
        tell_destination(stream)
        assert destination([(socket.SOL_SOCKET, 0, b"")], "127.0.0.9") == "127.0.0.9"


def test_a_taken_port_gives_back_what_was_opened_before_it() -> None:
    block, lock, sockets = claim(opened)
    with pytest.raises(OSError, match="in use"):
        opened(block)
    for sock in (lock, *(sock for _, sock in sockets)):
        sock.close()
    for _, sock in (again := opened(block)):
        sock.close()
    assert len(again) == len(sockets)
