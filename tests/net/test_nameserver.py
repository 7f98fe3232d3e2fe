"""Name servers for anyone: what a resolver serves from its memory and by asking, over datagrams and kept connections."""

import math
import socket
import struct
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from mailharness import World, faults
from mailharness.dns import Record, make_query, parse_response, txt
from mailharness.dns.message import Response
from mailharness.net import recursion
from mailharness.net.askers import OWED, DnsConnection
from mailharness.net.sockets import shared_listeners_work
from mailharness.trace.events import Queried, Responded
from mailharness.world import Endpoint
from tests.net.test_pace import Narrow
from tests.world.belongings import nothing_left

NAME = "exampleB.tst"
MANY = 500


@pytest.fixture
def world() -> Iterator[World]:
    with World() as world:
        yield world


def extend(world: World, *records: Record) -> None:
    """Put more records into exampleB's zone."""
    zone = world.internet.names.authority(f"ns.{NAME}").zone_of(NAME)
    assert zone is not None
    world.thread.run(zone.add, *records)


def door(world: World, server: str) -> Endpoint:
    return world.resolver.endpoint if server == "resolver" else world[NAME].nameserver


def ask(world: World, name: str = NAME, rrtype: str = "MX", *, id: int = 7, tcp: bool = False) -> Response:  # noqa: A002
    """What the resolver says to a foreign client."""
    packet = make_query(name, rrtype, id=id, rd=True)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(world.resolver.endpoint)
        client.sendall(framed(packet) if tcp else packet)
        return parse_response(read(client) if tcp else client.recv(4096))


def framed(packet: bytes) -> bytes:
    return struct.pack("!H", len(packet)) + packet


def read(client: socket.socket) -> bytes:
    """One framed message."""
    (size,) = struct.unpack("!H", exactly(client, 2))
    return exactly(client, size)


def exactly(client: socket.socket, size: int) -> bytes:
    heard = b""
    while len(heard) < size:
        part = client.recv(size - len(heard))
        assert part, "the connection ended early"
        heard += part
    return heard


def last(world: World) -> Responded:
    return world.journal.of_kind(Responded)[-1]


# -- from memory ----


ADVANCES = (0, 0, 0.25, 0.5, 0.25, 0, 1, 57, 0.5)
"""How time moves on between two questions, in seconds; a minute less half a second in all."""


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_what_is_remembered_counts_its_ttls_down_to_the_second(world: World, tcp: bool) -> None:
    """A chain of two TTLs and a "no": each as the cache would say it, whether the packet was made before or not."""
    extend(world, Record(f"www.{NAME}", "CNAME", 90, f"web.{NAME}"), Record(f"web.{NAME}", "A", 60, "127.0.0.9"))
    start = world.clock.now
    began = start()
    for number, advance in enumerate(ADVANCES):
        world.clock.advance(seconds=advance)
        passed = start() - began
        chain, no = ask(world, f"www.{NAME}", "A", tcp=tcp), ask(world, f"none.{NAME}", "A", tcp=tcp)
        assert [record.ttl for record in chain.answer] == [math.ceil(90 - passed), math.ceil(60 - passed)]
        assert [record.ttl for record in no.authority] == [math.ceil(300 - passed)]
        assert last(world).cached is (number > 0)


def test_a_remembered_answer_is_for_whoever_asks_in_whatever_words(world: World) -> None:
    for number, name in enumerate([NAME, NAME, NAME.upper(), NAME.upper(), "EXAMPLEb.TST"]):
        said = ask(world, name, id=number)
        assert (said.id, said.question.name, said.rcode, said.ra, said.aa) == (number, name, "NOERROR", True, False)
        assert said.answers == ("10 mail.exampleB.tst",)
        assert last(world).cached is (number > 0)


def test_what_is_flushed_is_said_no_more(world: World) -> None:
    """Neither time nor TTL tells the old answer from the new one."""
    for number in range(1, 4):
        zone = world.internet.names.authority(f"ns.{NAME}").zone_of(NAME)
        assert zone is not None
        world.thread.run(zone.replace, NAME, "MX", [Record(NAME, "MX", 60, f"{number} mail.{NAME}")])
        world.resolver.cache.flush()
        for _ in range(2):
            assert ask(world).answers == (f"{number} mail.{NAME}",)


def test_what_is_learned_meanwhile_is_said(world: World) -> None:
    """A denial of the whole name takes the place of what was known of one type."""
    assert ask(world, f"mail.{NAME}", "MX").rcode == "NOERROR"
    with world.fault(faults.dns.nxdomain(f"mail.{NAME}", ttl=100)):
        for _ in range(2):
            assert ask(world, f"mail.{NAME}", "TXT").rcode == "NXDOMAIN"
    for _ in range(2):
        assert ask(world, f"mail.{NAME}", "MX").rcode == "NXDOMAIN"


def test_a_clock_that_runs_is_followed_too() -> None:
    with World(clock="wall") as world:
        assert ask(world).answer[0].ttl == 3600
        for seconds in (0, 1800, 1799):
            world.clock.advance(seconds=seconds)
            first, again = ask(world).answer[0].ttl, ask(world).answer[0].ttl
            known = world.internet.names.resolver("resolver").cache.get(NAME, "MX")
            assert known is not None
            assert first >= again >= known.records[0].ttl >= again - 1


# -- by asking ----


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("server", ["resolver", "authority"])
@pytest.mark.parametrize(
    ("rcode", "change"),
    [
        ("NOTIMP", lambda query: query.set_opcode(dns.opcode.STATUS)),
        ("BADVERS", lambda query: query.use_edns(edns=1)),
        ("REFUSED", lambda query: setattr(query.question[0], "rdclass", 3)),
    ],
)
def test_what_no_server_does_is_refused_and_told(world: World, server: str, rcode: str, change, tcp: bool) -> None:
    query = dns.message.make_query(NAME, "MX")
    change(query)
    host, port = door(world, server)
    how = dns.query.tcp if tcp else dns.query.udp
    if rcode != "NOTIMP":
        assert dns.rcode.to_text(how(query, host, port=port, timeout=10).rcode()) == rcode
    else:  # the question is not repeated, so dnspython would not take it for an answer
        heard = raw(door(world, server), query.to_wire(), tcp=tcp)
        assert (heard[3] & 15, len(heard)) == (dns.rcode.NOTIMP, 12)
    assert (last(world).rcode, last(world).transport, last(world).cached) == (rcode, "tcp" if tcp else "udp", False)
    assert len(world.journal.of_kind(Queried)) == 1


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("server", ["resolver", "authority"])
def test_what_is_no_question_is_told_so(world: World, server: str, tcp: bool) -> None:
    heard = raw(door(world, server), b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\x3f", tcp=tcp)
    assert (heard[:2], heard[3] & 15) == (b"\x12\x34", dns.rcode.FORMERR)
    told = last(world)
    assert (told.name, told.rrtype, told.rcode) == ("", "", "FORMERR")


def raw(to: Endpoint, packet: bytes, *, tcp: bool) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(to)
        client.sendall(framed(packet) if tcp else packet)
        return read(client) if tcp else client.recv(4096)


@pytest.mark.parametrize("server", ["resolver", "authority"])
@pytest.mark.parametrize(
    ("payload", "size", "whole"), [(None, 700, False), (512, 700, False), (1232, 700, True), (9000, 4500, False)]
)
def test_a_datagram_holds_what_the_asker_takes(
    world: World, server: str, payload: int | None, size: int, whole: bool
) -> None:
    extend(world, *(txt(f"big.{NAME}", f"{n} {'x' * 200}") for n in range(size // 200)))
    host, port = door(world, server)
    query = dns.message.make_query(f"big.{NAME}", "TXT", use_edns=payload is not None, payload=payload)
    for _ in range(2):
        heard = dns.query.udp(query, host, port=port, timeout=10)
        assert bool(heard.flags & dns.flags.TC) is not whole
        assert len(heard.answer) == whole
        assert (last(world).truncated, len(last(world).answers)) == (not whole, size // 200 * whole)
        over_tcp = dns.query.tcp(query, host, port=port, timeout=10)
        assert len(over_tcp.answer[0]) == size // 200


# -- connections ----


@pytest.mark.parametrize("server", ["resolver", "authority"])
def test_a_connection_carries_many_questions_and_its_last_word_is_answered(world: World, server: str) -> None:
    """Half of the names are there; the client says all at once, in pieces, and no more."""
    names = [f"{'mail' if n % 2 else f'h{n}'}.{NAME}" for n in range(MANY)]
    said = b"".join(framed(make_query(name, "A", id=n, rd=True)) for n, name in enumerate(names))
    with socket.create_connection(door(world, server), timeout=10) as client:
        client.sendall(said[:1001])
        client.sendall(said[1001:])
        client.sendall(b"\0")
        client.shutdown(socket.SHUT_WR)
        heard = [parse_response(read(client)) for _ in names]
        assert client.recv(1) == b""
    assert {one.id: one.rcode for one in heard} == {n: "NOERROR" if n % 2 else "NXDOMAIN" for n in range(MANY)}


def test_what_is_known_does_not_wait_for_what_is_not(world: World) -> None:
    ask(world)
    known, unknown = make_query(NAME, "MX", id=2, rd=True), make_query(f"mail.{NAME}", "A", id=1, rd=True)
    with socket.create_connection(world.resolver.endpoint, timeout=10) as client:
        client.sendall(framed(unknown) + framed(known))
        assert [parse_response(read(client)).id for _ in range(2)] == [2, 1]


@pytest.mark.parametrize("half", [b"", b"\0", b"\0\x20", b"\xff\xff", framed(make_query(NAME, "MX"))[:-1]])
def test_a_client_that_goes_in_the_middle_of_a_question_is_forgotten(world: World, half: bytes) -> None:
    for server in ("resolver", "authority"):
        with socket.create_connection(door(world, server), timeout=10) as client:
            client.sendall(framed(make_query(NAME, "MX", id=3)) + half)
            assert read(client)[:2] == b"\0\3"
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""
    assert world.journal.of_kind(Queried)[-1].name == NAME


def test_a_connection_that_says_nothing_is_kept(world: World) -> None:
    with socket.create_connection(world.resolver.endpoint, timeout=10) as client:
        client.sendall(b"\0")
        world.clock.advance(days=1)
        client.sendall(framed(make_query(NAME, "MX", id=5, rd=True))[1:])
        assert read(client)[:2] == b"\0\5"


class Late:
    """A server that answers when it is told to."""

    def __init__(self) -> None:
        self.owed: list[tuple[bytes, object]] = []

    def take(self, packet: bytes, asker) -> None:
        self.owed.append((packet, asker))

    def answer(self, count: int) -> None:
        for _ in range(count):
            packet, asker = self.owed.pop()
            asker.send(packet)


def crowd() -> bytes:
    return b"".join(framed(n.to_bytes(2, "big") * 600) for n in range(3 * OWED))


def narrow() -> tuple[Late, Narrow]:
    late = Late()
    connection = DnsConnection(late.take, "127.9.0.1", "127.0.0.1")
    transport = Narrow(connection)  # type: ignore[arg-type]
    connection.connection_made(transport)
    return late, transport


def test_a_client_is_owed_so_many_answers_and_no_more() -> None:
    late, transport = narrow()
    rest = transport.say(crowd())
    assert (len(late.owed), transport.reading) == (OWED, False)
    while rest or late.owed:
        late.answer(min(100, len(late.owed)))
        assert len(late.owed) <= OWED
        transport.hear()
        rest = transport.say(rest)
    assert transport.reading
    assert transport.turns > 2


def test_a_client_that_does_not_hear_is_not_read() -> None:
    late, transport = narrow()
    rest = transport.say(crowd())
    late.answer(len(late.owed))
    most = transport.most
    assert (transport.reading, transport.say(rest)) == (False, rest)
    assert most < 5 * 65_536
    transport.hear()
    assert transport.reading
    assert len(transport.say(rest)) < len(rest)


# -- bursts ----


@pytest.mark.parametrize("server", ["authority", "cached", "resolver"])
def test_a_burst_over_one_socket_loses_no_question(world: World, server: str) -> None:
    """To an authority, to a resolver that knows, and to one that has to ask for every name."""
    if server == "cached":
        ask(world)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        client.settimeout(10)
        client.connect(door(world, "authority" if server == "authority" else "resolver"))
        for number in range(MANY):
            name = f"h{number}.{NAME}" if server == "resolver" else NAME
            client.send(make_query(name, "MX", id=number, rd=True))
        heard = [parse_response(client.recv(4096)) for _ in range(MANY)]
    assert {one.id for one in heard} == set(range(MANY))
    assert {one.rcode for one in heard} == {"NXDOMAIN" if server == "resolver" else "NOERROR"}


def test_who_comes_when_the_line_is_full_is_told_so(world: World, monkeypatch) -> None:
    monkeypatch.setattr(recursion, "AT_A_TIME", 1)
    monkeypatch.setattr(recursion, "IN_LINE", 2)
    with socket.create_connection(world.resolver.endpoint, timeout=10) as client:
        client.sendall(b"".join(framed(make_query(f"h{n}.{NAME}", "A", id=n, rd=True)) for n in range(10)))
        heard = {one.id: one.rcode for one in (parse_response(read(client)) for _ in range(10))}
    assert [heard[n] for n in range(10)] == ["NXDOMAIN"] * 3 + ["SERVFAIL"] * 7


def test_a_world_that_ends_owes_nobody() -> None:
    """Answers that are dropped, late, in line or unread, and questions that were never finished."""
    clients: list[socket.socket] = []
    with nothing_left():
        with World() as world:
            faulty = [
                faults.dns.no_answer(NAME, server="resolver"),
                faults.dns.delay(f"mail.{NAME}", 60, server="resolver"),
            ]
            with world.fault(*faulty):
                for _ in range(5):
                    client = socket.create_connection(world.resolver.endpoint, timeout=10)
                    clients.append(client)
                    for name in (NAME, f"mail.{NAME}", f"nobody.{NAME}"):
                        client.sendall(framed(make_query(name, "MX", id=1, rd=True)))
                    assert read(client)[3] & 15 == dns.rcode.NXDOMAIN
                clients[0].shutdown(socket.SHUT_WR)
        for client in clients:
            client.close()


def test_each_server_of_a_host_without_shared_listeners_answers_too(monkeypatch) -> None:
    monkeypatch.setenv("MAILHARNESS_SOCKET_A_HOST", "1")
    assert not shared_listeners_work()
    with World() as world:
        for cached in (False, True):
            assert ask(world).answers == ("10 mail.exampleB.tst",)
            assert last(world).cached is cached
