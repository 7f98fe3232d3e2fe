"""Name servers that say nothing, or say it late: the world comes to rest meanwhile, and goes on when time does."""

import asyncio
import contextlib
import random
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from mailharness import Domain, World
from mailharness.clock import VirtualClock, Work
from mailharness.dns import Query
from mailharness.faults import Cut, Drop, Fault, Verdict
from mailharness.mail import NO_COPY
from mailharness.net.questions import Questions
from mailharness.trace.events import Event, LookedUp, Queried
from tests.scenarios.stage import cast, playing, whenever
from tests.world.belongings import nothing_left

NS = "ns.globex.test"


def at_server(verdict: Verdict, *, server: str = NS, times: int | None = None, transport: str = "udp") -> Fault:
    """The questions that the server is asked over that transport come to nothing."""

    def matches(event: Event) -> bool:
        return isinstance(event, Queried) and event.host == server and event.transport == transport

    return whenever(matches, verdict, times=times)


def asked(world: World, server: str = NS) -> list[float]:
    """When the server was asked, in seconds after it was asked first."""
    times = [query.at for query in world.dns.queries() if query.host == server]
    return [at - times[0] for at in times]


# -- silence ----


@pytest.mark.parametrize("verdict", [Drop(), Cut()])
def test_a_letter_waits_for_a_silent_name_server_and_goes_out_when_it_speaks(verdict: Verdict) -> None:
    with nothing_left(), playing() as world:
        alice, bob = cast(world)
        with world.fault(at_server(verdict, times=2)):
            letter = alice.send(to=bob, subject="Hello")
            world.settle()
            assert (asked(world), bob.inbox.subjects) == ([0], [])
            world.clock.advance(seconds=1.4)
            assert asked(world) == [0]
            world.clock.advance(seconds=0.1)
            assert (asked(world), bob.inbox.subjects) == ([0, 1.5], [])
            world.clock.advance(seconds=3)
        assert asked(world)[:3] == [0, 1.5, 4.5]
        letter.trace.assert_delivered(attempts=1)


def test_a_letter_stays_queued_when_no_name_server_speaks_at_all() -> None:
    with nothing_left(), playing() as world:
        alice, bob = cast(world)
        with world.fault(at_server(Drop())):
            letter = alice.send(to=bob, subject="Hello")
            world.clock.advance(seconds=10.4)
            assert world.journal.of_kind(LookedUp) == []
            world.clock.advance(seconds=0.1)
            letter.trace.assert_queued(at="mail.acme.test", reply="451 4.4.3")
            assert "timed out after 10.5 s (3 tries)" in str(letter.trace)
            assert asked(world) == [0, 1.5, 4.5]
        world.clock.advance(minutes=30)
        letter.trace.assert_delivered(attempts=2)
        assert bob.inbox.subjects == ["Hello"]


def test_a_letter_expires_with_the_silence_as_its_cause() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(at_server(Drop())):
            letter = alice.send(to=bob)
            world.clock.advance(days=6)
        assert letter.trace.bounces[-1].status == "4.4.3"


def test_letters_that_wait_hold_up_none_for_others() -> None:
    initech = Domain("initech.test", users=["peter"])
    with playing(Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"]), initech) as world:
        alice = world.user("alice@acme.test")
        with world.fault(at_server(Drop())):
            waiting = [alice.send(to="bob@globex.test") for _ in range(3)]
            alice.send(to="peter@initech.test").trace.assert_delivered()
            assert len(asked(world)) == 3
            world.clock.advance(seconds=11)
        world.clock.advance(hours=1)
        for letter in waiting:
            letter.trace.assert_delivered()


def test_a_world_that_ends_while_a_look_up_waits_leaves_nothing() -> None:
    with nothing_left(), World() as world, world.fault(at_server(Drop(), server="ns.exampleB.tst")):
        world.user("userA@exampleA.tst").send(to="userB@exampleB.tst")
        world.settle()
        assert asked(world, "ns.exampleB.tst") == [0]


def test_on_the_walls_clock_it_waits_in_the_walls_time() -> None:
    """The wall's clock is moved ahead as any other."""
    with nothing_left(), playing(clock="wall") as world:
        alice, bob = cast(world)
        with world.fault(at_server(Drop(), times=1)):
            letter = alice.send(to=bob)
            world.clock.advance(seconds=1.5)
            letter.trace.assert_delivered(attempts=1)


# -- late, and not for us ----


def test_a_truncated_answer_is_fetched_over_tcp_and_silence_there_counts_alike() -> None:
    with nothing_left(), playing() as world:
        alice, bob = cast(world)
        world["globex.test"].zone.replace("MX", "5 mail", *(f"10 {'x' * 60}{n}.test." for n in range(20)))
        with world.fault(at_server(Drop(), times=1, transport="tcp")):
            letter = alice.send(to=bob)
            world.settle()
            transports = [query.transport for query in world.dns.queries(name="globex.test") if query.host == NS]
            assert transports == ["udp", "tcp"]
            world.clock.advance(seconds=1.5)
            letter.trace.assert_delivered(attempts=1)
        assert [query.transport for query in world.dns.queries(type="MX") if query.host == NS] == ["udp", "tcp", "tcp"]


def test_a_name_server_that_is_switched_off_while_its_answer_is_awaited_has_failed() -> None:
    with nothing_left(), playing() as world:
        alice, bob = cast(world)
        world["globex.test"].zone.replace("MX", "5 mail", *(f"10 {'x' * 60}{n}.test." for n in range(20)))
        with world.fault(at_server(Drop(), times=1, transport="tcp")):
            letter = alice.send(to=bob)
            world.settle()
            world.switch_off("globex.test")
            world.clock.advance(seconds=1.5)
            letter.trace.assert_queued(reply="451 4.4.3")
        world.switch_on("globex.test")
        world.clock.advance(hours=1)
        letter.trace.assert_delivered(attempts=2)


# -- answers from the test's own hand ----

QUESTION = Query("ns.b.test", "127.0.0.1", "b.test", "MX", edns=True)
FORGERIES: dict[str, Callable[[bytes], bytes]] = {
    "another number": lambda answer: bytes((answer[0] ^ 0xFF,)) + answer[1:],
    "another name": lambda answer: answer.replace(b"\1b\4test", b"\1c\4test"),
    "another type": lambda answer: answer.replace(b"\4test\0\0\x0f", b"\4test\0\0\x10"),
    "a question and no answer": lambda answer: answer[:2] + bytes((answer[2] & 0x7F,)) + answer[3:],
    "a header of no error": lambda answer: answer[:4] + bytes(8),
    "half a header": lambda answer: answer[:7],
    "nothing": lambda answer: b"",
}


class Exchange:
    """One question in flight to a name server that is a bare socket, and the work that waits for the answer."""

    def __init__(self, sock: socket.socket, task: "asyncio.Task[bytes]", clock: VirtualClock) -> None:
        self.sock, self.task, self.clock = sock, task, clock
        self.answer, self.asker = b"", ("", 0)

    async def hear(self) -> None:
        question, self.asker = await asyncio.get_running_loop().sock_recvfrom(self.sock, 4096)
        self.answer = question[:2] + b"\x84" + question[3:]

    def say(self, octets: bytes, sock: socket.socket | None = None) -> None:
        (sock or self.sock).sendto(octets, self.asker)


def exchange(play: Callable[[Exchange], Coroutine[Any, Any, None]]) -> Work:
    """Ask QUESTION and let ``play`` answer; everything must have been given back at the end."""
    work = Work()

    async def playing() -> None:
        loop = asyncio.get_running_loop()
        with bound() as sock:
            questions = Questions(random.Random(0), sock.getsockname()[1], lambda address: True)
            questions.start(loop)
            clock, token = VirtualClock(work, start=1_000_000), work.take("the look-up")
            task = loop.create_task(questions.ask("127.0.0.1", QUESTION, NO_COPY, clock, (token,)))
            task.add_done_callback(lambda _: token.give_back())
            running = Exchange(sock, task, clock)
            await running.hear()
            number = int.from_bytes(running.answer[:2], "big")
            questions.copy_of("127.0.0.1", number)
            await play(running)
            assert questions.copy_of("127.0.0.1", number) is NO_COPY
            assert clock.next_due() is None
            questions.close(loop)

    asyncio.run(playing())
    return work


@contextlib.contextmanager
def bound() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        yield sock


@pytest.mark.parametrize("forgery", FORGERIES)
def test_an_answer_to_something_else_is_a_strangers_and_the_right_one_is_awaited(forgery: str) -> None:
    async def play(running: Exchange) -> None:
        running.say(FORGERIES[forgery](running.answer))
        running.say(running.answer)
        assert await running.task == running.answer

    assert exchange(play).idle


def test_the_right_words_from_another_port_are_a_strangers() -> None:
    async def play(running: Exchange) -> None:
        with bound() as stranger:
            running.say(running.answer + b"poison", stranger)
        running.say(running.answer)
        assert await running.task == running.answer

    assert exchange(play).idle


def test_the_name_may_come_back_in_another_spelling() -> None:
    async def play(running: Exchange) -> None:
        answer = running.answer.replace(b"\1b\4test", b"\1B\4TEST")
        running.say(answer)
        assert await running.task == answer

    assert exchange(play).idle


def test_a_bare_header_that_tells_an_error_is_an_answer() -> None:
    async def play(running: Exchange) -> None:
        running.say(running.answer[:3] + b"\1" + bytes(8))
        assert len(await running.task) == 12

    assert exchange(play).idle


def test_work_rests_when_nothing_has_come_and_wakes_when_something_does() -> None:
    async def play(running: Exchange) -> None:
        await running.clock.work.settled()
        assert not running.task.done()
        await running.clock.advance(1.4)
        assert not running.task.done()
        running.say(running.answer)
        assert await running.task == running.answer

    assert exchange(play).idle


def test_what_comes_after_the_time_out_is_nobodys() -> None:
    async def play(running: Exchange) -> None:
        running.say(FORGERIES["another name"](running.answer))
        await running.clock.advance(1.5)
        with pytest.raises(TimeoutError):
            await running.task
        running.say(running.answer)

    assert exchange(play).idle


def test_a_question_that_was_lost_on_its_way_rests_too_and_times_out() -> None:
    """As where the kernel had no room for it: nobody takes it, so nobody says that no answer will come."""
    work = Work()

    async def play() -> None:
        with bound() as deaf:
            questions = Questions(random.Random(0), deaf.getsockname()[1], lambda address: True)
            clock, token = VirtualClock(work, start=1_000_000), work.take("the look-up")
            asking = questions.ask("127.0.0.1", QUESTION, NO_COPY, clock, (token,))
            task = asyncio.get_running_loop().create_task(asking)
            task.add_done_callback(lambda _: token.give_back())
            await asyncio.get_running_loop().sock_recvfrom(deaf, 4096)
            for held in (("the look-up",), ()):
                questions.sweep()
                assert work.held == held
            await clock.advance(1.5)
            with pytest.raises(TimeoutError):
                await task
            questions.close(asyncio.get_running_loop())

    asyncio.run(play())
    assert work.idle


def test_a_look_up_that_is_cancelled_leaves_nothing_behind() -> None:
    async def play(running: Exchange) -> None:
        await running.clock.work.settled()
        running.task.cancel()
        await asyncio.wait([running.task])
        assert running.task.cancelled()

    assert exchange(play).idle


# -- over TCP ----

TALKS: dict[str, tuple[Callable[[bytes], list[bytes]], str]] = {
    "the answer": (lambda answer: [answer], ""),
    "the answer, an octet at a time": (lambda answer: [bytes((octet,)) for octet in answer], ""),
    "a stranger's answer and then the right one": (lambda answer: [answer[:3] + b"\xff" + answer[4:], answer], ""),
    "nothing": (lambda answer: [], "closed before the answer was whole"),
    "half an answer": (lambda answer: [answer[:9]], "closed before the answer was whole"),
    "another answer": (lambda answer: [answer[:3] + b"\xff" + answer[4:]], "closed before the answer was whole"),
}


@pytest.mark.parametrize("talk", TALKS)
def test_what_comes_over_a_connection_before_it_is_cut(talk: str) -> None:
    pieces, problem = TALKS[talk]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        question = await reader.readexactly(size)
        answer = size.to_bytes(2, "big") + question[:2] + b"\x84" + question[3:]
        for piece in pieces(answer):
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def play() -> bytes:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        questions = Questions(random.Random(0), server.sockets[0].getsockname()[1], lambda address: True)
        clock = VirtualClock(Work(), start=1_000_000)
        try:
            return await questions.ask("127.0.0.1", QUESTION._replace(tcp=True), NO_COPY, clock, ())
        finally:
            assert clock.next_due() is None
            questions.close(asyncio.get_running_loop())
            server.close()

    if problem:
        with pytest.raises(EOFError, match=problem):
            asyncio.run(play())
    else:
        assert b"\1b\4test" in asyncio.run(play())


# -- seen from outside ----


def test_with_patience_a_still_clock_moves_as_far_as_the_look_up_has_to_wait() -> None:
    with playing() as world:
        before = world.clock.now()
        with world.fault(at_server(Drop())):
            told = world.resolver.explain("globex.test", "MX", patience=60).splitlines()
        assert world.clock.now() - before == 10.5
        assert told[0] == "MX globex.test: SERVFAIL"
        assert [line.partition("): ")[2] for line in told[-4:-1]] == [f"timed out after {n} s" for n in ("1.5", "3", "6")]
        again = world.resolver.explain("globex.test", "MX")
        assert again.endswith("timed out after 10.5 s (3 tries) (a moment ago)")
        world.clock.advance(seconds=5)
        assert world.resolver.explain("globex.test", "MX").startswith("MX globex.test: NOERROR\n")
