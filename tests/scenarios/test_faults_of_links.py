"""The network between hosts: lines that are slow, long, cut or dead, timed on the world's clock."""

import smtplib
import socket

import pytest

from mailharness import Domain, World, faults
from mailharness.faults import Drop
from mailharness.trace.events import Attempted, DataEnded, Dialed, Greeted, Opened, Relayed
from tests.scenarios.stage import ACME, GLOBEX, GLOBEX_TWO_MX, cast, playing, whenever

A, B = "mail.acme.test", "mail.globex.test"
NET = faults.network


def seconds_to_relay(world: World) -> float:
    """How long the first attempt took on the world's clock."""
    (dialed,) = world.journal.of_kind(Dialed)
    (relayed,) = world.journal.of_kind(Relayed)
    return relayed.at - dialed.at


def test_a_body_takes_the_time_of_its_octets() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(NET.bandwidth(A, B, 100)):
            letter = alice.send(to=bob, text="x" * 5000)
            assert letter.trace.status[str(bob)] == "in transit"
            world.clock.advance(minutes=5)
        (ended,) = (event for event in world.journal.of_kind(DataEnded) if event.host == B)
        assert ended.size > 5000
        assert seconds_to_relay(world) == pytest.approx(ended.size / 100)
        letter.trace.assert_delivered(attempts=1)


def test_a_body_that_takes_longer_than_anyone_waits_comes_again_and_again() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(NET.bandwidth("*", B, 0.1, times=2)):
            letter = alice.send(to=bob)
            world.clock.advance(hours=5)
        letter.trace.assert_delivered(attempts=3)
        assert [event.problem for event in world.journal.of_kind(Attempted)] == ["no answer in time"] * 2 + [""]


def test_a_long_way_costs_a_round_trip_for_the_connection_and_for_each_reply() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(NET.latency(A, B, 0.5)):
            alice.send(to=bob)
            world.clock.advance(minutes=1)
        # The connection; greeting, EHLO, STARTTLS, EHLO; MAIL, RCPT, DATA, the final dot.
        assert seconds_to_relay(world) == pytest.approx(9)
        assert bob.inbox.subjects == [""]


def test_a_slow_line_is_no_slower_for_others() -> None:
    other = Domain("other.test", users=["olga"])
    with playing(ACME, GLOBEX, other) as world:
        alice, bob = cast(world)
        with world.fault(NET.bandwidth(A, B, 1)):
            slow, quick = alice.send(to=bob), world.user("olga@other.test").send(to=bob)
            assert (slow.trace.status[str(bob)], quick.trace.status[str(bob)]) == ("in transit", "delivered")
            world.clock.advance(hours=1)


def test_a_dead_host_costs_five_minutes_and_then_the_next_one_is_tried() -> None:
    with playing(ACME, GLOBEX_TWO_MX) as world:
        alice, bob = cast(world)
        with world.fault(NET.blackhole("mx1.globex.test")):
            letter = alice.send(to=bob)
            world.clock.advance(minutes=5)
        letter.trace.assert_delivered(via="mx2.globex.test", attempts=1)
        first, _ = world.journal.of_kind(Attempted)
        assert (first.to, first.problem) == ("mx1.globex.test", "connection timed out")


def test_two_hosts_that_are_parted_are_parted_both_ways_and_from_no_one_else() -> None:
    other = Domain("other.test", users=["olga"])
    with playing(ACME, GLOBEX, other) as world:
        alice, bob = cast(world)
        olga = world.user("olga@other.test")
        with world.fault(NET.partition(A, B)):
            there, back = alice.send(to=bob), bob.send(to=alice)
            world.clock.advance(minutes=6)
            there.trace.assert_queued()
            back.trace.assert_queued()
            assert "connection timed out (fault: partition mail.acme.test from mail.globex.test)" in there.trace.stop
            olga.send(to=[alice, bob]).trace.assert_delivered()
        world.clock.advance(hours=1)
        there.trace.assert_delivered()
        back.trace.assert_delivered()


def test_to_a_foreign_client_a_blackhole_is_silent_and_the_world_at_rest() -> None:
    with playing() as world, world.fault(NET.blackhole(B)), socket.create_connection(world["globex.test"].smtp) as client:
        client.sendall(b"EHLO me.test\r\n")
        world.settle()
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)


@pytest.mark.parametrize("door", ["smtp", "imap", "pop3"])
def test_a_connection_is_reset_after_so_many_octets_at_any_door(door: str) -> None:
    severed = NET.reset_after(B, 10)
    with playing() as world, world.fault(severed), socket.create_connection(getattr(world.host(B), door)) as client:
        client.settimeout(10)
        assert client.recv(1000)
        client.sendall(b"NOOP 4567890")
        with pytest.raises(ConnectionResetError):
            client.recv(1000)


def test_until_then_it_works() -> None:
    severed = NET.reset_after(B, 100)
    with playing() as world, world.fault(severed), smtplib.SMTP(*world["globex.test"].smtp) as client:
        assert [client.noop()[0] for _ in range(16)] == [250] * 16
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.docmd("NOOP", "and more")


@pytest.mark.parametrize("make", [NET.refuse, NET.unreachable])
def test_a_foreign_client_is_turned_away_where_it_arrives(make) -> None:
    with playing() as world, world.fault(make(B)), pytest.raises((ConnectionError, smtplib.SMTPServerDisconnected)):
        smtplib.SMTP(*world["globex.test"].smtp)


@pytest.mark.parametrize("kind", [Opened, Greeted])
def test_a_host_that_takes_every_connection_and_says_nothing_is_given_up_after_five_days(kind) -> None:
    with playing() as world:
        alice, bob = cast(world)
        silent = whenever(lambda event: type(event) is kind and event.host == B, Drop(), times=None)
        with world.fault(silent):
            letter = alice.send(to=bob)
            world.clock.advance(days=6)
        letter.trace.assert_bounced(status="4.4.2")
        assert {event.problem for event in world.journal.of_kind(Attempted)[:-1]} == {"no answer in time"}
