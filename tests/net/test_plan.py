"""Blocks of loopback: every address and port in one place, and no two worlds in one block."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness import MisuseError
from mailharness.net.plan import ADDRESSES, BLOCKS, Block, Door, claim

NUMBERS = st.integers(1, BLOCKS)
INDICES = st.integers(1, ADDRESSES)


@given(NUMBERS, INDICES)
def test_an_address_is_in_loopback_and_is_neither_network_nor_broadcast(number: int, index: int) -> None:
    first, *rest = map(int, Block(number).address(index).split("."))
    assert first == 127
    assert all(0 <= octet <= 255 for octet in rest)
    assert rest not in ([0, 0, 1], [255, 255, 255])


@given(NUMBERS, INDICES, NUMBERS, INDICES)
def test_no_two_hosts_share_an_address(number: int, index: int, other: int, another: int) -> None:
    same = Block(number).address(index) == Block(other).address(another)
    assert same == ((number, index) == (other, another))


def test_ports_are_one_worlds_alone_and_below_the_ephemeral_range() -> None:
    ports = [Block(number).port(door) for number in range(1, BLOCKS + 1) for door in Door]
    assert len(set(ports)) == len(ports)
    assert 1024 < min(ports) <= max(ports) < 32768


@pytest.mark.parametrize("index", [0, -1, ADDRESSES + 1])
def test_there_are_no_more_addresses_than_there_are(index: int) -> None:
    with pytest.raises(MisuseError, match="no free addresses: a world has 32766 hosts at the most"):
        Block(1).address(index)


def test_a_claim_keeps_others_out_until_it_is_closed() -> None:
    block, lock, bound = claim(lambda block: block.number, first=100)
    assert block.number == bound
    other, second, _ = claim(lambda block: None, first=block.number - 1)
    assert other.number != block.number
    lock.close()
    again, third, _ = claim(lambda block: None, first=block.number - 1)
    assert again == block
    for held in (second, third):
        held.close()


def test_a_block_in_which_binding_fails_is_given_back() -> None:
    tried: list[int] = []

    def bind(block: Block) -> str:
        tried.append(block.number)
        if len(tried) < 3:
            raise OSError("taken")
        return "bound"

    block, lock, bound = claim(bind, first=BLOCKS - 1)
    with lock:
        assert (bound, block.number) == ("bound", tried[2])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", Block(tried[0]).port(Door.CLAIM)))


@pytest.mark.parametrize("error", [MisuseError("no"), KeyboardInterrupt()])
def test_an_error_that_is_no_taken_port_ends_the_search_and_frees_the_block(error: BaseException) -> None:
    tried: list[Block] = []

    def bind(block: Block) -> None:
        tried.append(block)
        raise error

    with pytest.raises(type(error)):
        claim(bind, first=200)
    (block,) = tried
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", block.port(Door.CLAIM)))
        assert probe.getsockname()[1] == block.port(Door.CLAIM)
