"""Name servers that say nothing, or say it late: who waits, until when, and who else is asked."""

import socket
from collections.abc import Callable

import dns.message
import dns.query
import pytest

from mailharness import World, faults
from mailharness.dns import Record
from mailharness.faults import Fault
from mailharness.trace.events import Queried
from tests.scenarios.asking import AA, GLOBEX, MX, NS, TRUE, ask, sent, texts
from tests.scenarios.stage import cast, playing

Make = Callable[..., Fault]


def test_silence_and_a_dead_server_are_the_same_over_udp() -> None:
    with playing() as world, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        server = world["globex.test"].nameserver
        for fault in (faults.dns.no_answer(GLOBEX), faults.dns.dead_server(NS), faults.dns.dead_server(GLOBEX)):
            with world.fault(fault, faults.dns.servfail(MX, optional=True)):
                client.sendto(dns.message.make_query(GLOBEX, "MX", id=1).to_wire(), server)
                if "dead" not in str(fault):
                    client.sendto(dns.message.make_query(MX, "A", id=2).to_wire(), server)
                    client.settimeout(10)
                    assert dns.message.from_wire(client.recv(512)).id == 2, "the first was heard before"
                else:
                    ask(world, "test", "NS", at=world.root_nameserver)
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(512)


def test_over_tcp_silence_keeps_the_connection_and_a_dead_server_resets_it() -> None:
    with playing() as world:
        with world.fault(faults.dns.no_answer(GLOBEX)), socket.create_connection(world[GLOBEX].nameserver) as client:
            client.settimeout(10)
            for name in (GLOBEX, MX):
                dns.query.send_tcp(client, dns.message.make_query(name, "A"))
            assert str(dns.query.receive_tcp(client)[0].question[0].name) == f"{MX}."
        with world.fault(faults.dns.dead_server(NS)), pytest.raises(ConnectionError):
            ask(world, tcp=True)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("server", [NS, "resolver"])
def test_a_late_answer_comes_when_its_time_has_come(server: str, tcp: bool) -> None:
    """The second question is answered at once, so the first has been heard before time moves."""
    kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    with playing() as world, socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(10)
        client.connect(world.host(server).nameserver)
        send, receive = (dns.query.send_tcp, dns.query.receive_tcp) if tcp else (_send, _receive)
        with world.fault(faults.dns.delay(GLOBEX, 30, server=server)):
            for name in (GLOBEX, MX):
                send(client, dns.message.make_query(name, "A"))
            assert str(receive(client)[0].question[0].name) == f"{MX}."
            world.clock.advance(seconds=29)
            assert sent(world).name == MX
            world.clock.advance(seconds=1)
            assert str(receive(client)[0].question[0].name) == f"{GLOBEX}."
        assert sent(world).at - world.journal.of_kind(Queried)[0].at == 30


def _send(client: socket.socket, query: dns.message.Message) -> None:
    client.send(query.to_wire())


def _receive(client: socket.socket) -> tuple[dns.message.Message]:
    return (dns.message.from_wire(client.recv(4096)),)


# -- a resolver that is told nothing ----


@pytest.mark.parametrize(
    "fault",
    [
        faults.dns.no_answer(GLOBEX),
        faults.dns.dead_server(NS),
        faults.dns.wrong_id(GLOBEX),
        faults.dns.wrong_question(GLOBEX),
        faults.dns.delay(GLOBEX, 86_400, server=NS),
    ],
    ids=str,
)
def test_silence_is_given_up_when_its_time_has_passed(fault: Fault) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(fault):
            letter = alice.send(to=bob, subject="Hello")
            assert letter.trace.status == {"bob@globex.test": "in transit"}
            world.clock.advance(minutes=5)
            letter.trace.assert_queued(reply="451 4.4.3")
            assert "timed out" in str(letter.trace)
        world.clock.advance(hours=1)
        letter.trace.assert_delivered()


def test_an_answer_that_is_a_little_late_is_awaited() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.dns.delay(GLOBEX, 0.5)):
            letter = alice.send(to=bob, subject="Hello")
            assert letter.trace.status == {"bob@globex.test": "in transit"}
            world.clock.advance(seconds=0.5)
            letter.trace.assert_delivered(attempts=1)


def serve_at_acme_too(world: World) -> None:
    """Let acme's name server be a second one of globex."""
    names = world.internet.names
    own, parent = names.authority(NS).zone_of(GLOBEX), names.authority("ns.nic.test").zone_of("test")
    assert own is not None
    assert parent is not None
    second = Record(GLOBEX, "NS", 3600, "ns.acme.test")
    for change in (lambda: own.add(second), lambda: parent.add(second), lambda: names.authority("ns.acme.test").add(own)):
        world.thread.run(change)


@pytest.mark.parametrize(
    "silence",
    [
        faults.dns.dead_server(NS, optional=True),
        faults.dns.no_answer("*", server=NS, optional=True),
        faults.dns.wrong_id("*", server=NS, optional=True),
        faults.dns.wrong_question("*", server=NS, optional=True),
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", range(4))
def test_of_two_name_servers_one_is_enough(seed: int, silence: Fault) -> None:
    with playing(seed=seed) as world:
        serve_at_acme_too(world)
        alice, bob = cast(world)
        with world.fault(silence):
            letter = alice.send(to=bob, subject="Hello")
            world.clock.advance(minutes=1)
            letter.trace.assert_delivered(attempts=1)


def test_a_dead_server_leaves_the_other_alone() -> None:
    with playing() as world:
        serve_at_acme_too(world)
        with world.fault(faults.dns.dead_server(NS)):
            heard = ask(world, at=world.host("ns.acme.test").nameserver)
            assert texts(heard.answer) == list(TRUE)
            assert heard.flags & AA
            with pytest.raises(ConnectionError):
                ask(world, tcp=True)


@pytest.mark.parametrize("failing", [faults.dns.servfail, faults.dns.refused, faults.dns.lame])
@pytest.mark.parametrize("seed", range(3))
def test_who_hears_nonsense_of_one_server_asks_the_other(failing: Make, seed: int) -> None:
    with playing(seed=seed) as world:
        serve_at_acme_too(world)
        alice, bob = cast(world)
        with world.fault(failing(GLOBEX, server=NS, optional=True)):
            alice.send(to=bob).trace.assert_delivered(attempts=1)
