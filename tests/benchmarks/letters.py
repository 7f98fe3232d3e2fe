"""Letters through two hosts: how soon one is seen, how many a second, and what a large one costs."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mailharness import World
from tests.benchmarks.client import client
from tests.benchmarks.measuring import MS, US, allocated, repeated, seconds
from tests.benchmarks.table import Figure, Line

MEGABYTE = 1_000_000
BATCH = 1_000


def ends(world: World) -> dict[str, object]:
    """Where the client submits and looks: userA writes to userB."""
    alice, bob = world.users
    here, there = world["exampleA.tst"], world["exampleB.tst"]
    return {"target": here.submission, "sender": str(alice), "to": str(bob), "imap": there.imap, "password": bob.password}


def visible(world: World, count: int, size: int, *, fresh: bool, chunk: int = 0) -> Figure:
    samples = client().ask("visible", **ends(world), count=count + 3, size=size, fresh=fresh, chunk=chunk)
    return Figure(tuple(sample * MS for sample in samples[3:]), "ms")


def one_letter() -> Iterator[Line]:
    """A client process submits, and is told by an IMAP session in IDLE that the letter is there."""
    with World() as world:
        note = "from connecting; client in another process, told by IDLE"
        yield Line("a letter, submit to visible in IMAP", visible(world, 100, 1_000, fresh=True), 4, note=note)
        yield Line("... over kept connections", visible(world, 100, 1_000, fresh=False), note="from MAIL")
    with World() as world:
        figure = repeated(lambda: seconds(lambda: _send_and_look(world)), 60, "ms", scale=MS, warm_up=5)
        yield Line("... user.send() and user.inbox in one process", figure, note="smtplib in the caller's thread")


def _send_and_look(world: World) -> None:
    alice, bob = world.users
    before = len(bob.inbox)
    alice.send(to=bob, subject="Hello")
    assert len(bob.inbox) == before + 1


def two_hops() -> Iterator[Line]:
    """One client process, one kept connection; until the last letter lies in its mailbox."""
    rate, cost = _kept(World())
    note = f"CPU {cost} a letter, all hosts together"
    yield Line("letters a second, two hops", rate, 1_000, more_is_better=True, note=note)


def two_hops_on_disk() -> Iterator[Line]:
    """The same with ``spool=``: each host writes what it says 250 to into a file of SQLite's (WAL, synchronous=NORMAL)."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        rate, cost = _kept(World(spool=Path(folder) / "spool.sqlite"))
    yield Line("... each kept in a file before its 250", rate, more_is_better=True, note=f"CPU {cost} a letter")


def _kept(described: World) -> tuple[Figure, Figure]:
    """Letters a second, and microseconds of CPU a letter."""
    rates, costs = [], []
    with described as world:
        bob, where = world.users[1], ends(world)
        del where["imap"], where["password"]
        for n in range(4):
            cpu, start = time.process_time(), time.perf_counter()
            client().ask("kept", **where, count=BATCH, size=1_000)
            world.settle()
            taken, spent = time.perf_counter() - start, time.process_time() - cpu
            assert len(bob.inbox) == BATCH * (n + 1)
            if n:
                rates.append(BATCH / taken)
                costs.append(spent * US / BATCH)
    return Figure(tuple(rates), "/s"), Figure(tuple(costs), "us")


def a_large_letter() -> Iterator[Line]:
    """10 MB through two hosts; its memory by tracemalloc in a run of its own, which is slower."""
    with World() as world:
        yield Line("10 MB, submit to visible in IMAP", visible(world, 7, 10 * MEGABYTE, fresh=False), 150, note="from MAIL")
    with World() as world:
        chunked = visible(world, 7, 10 * MEGABYTE, fresh=False, chunk=MEGABYTE)
        yield Line("... in BDAT chunks of 1 MB", chunked, 150, note="by the client; the hosts relay it by DATA")
    with World() as world:
        visible(world, 1, 1_000, fresh=False)
        held, peak = allocated(lambda: client().ask("visible", **ends(world), count=1, size=10 * MEGABYTE, fresh=False))
    size = 10 * MEGABYTE
    note = f"tracemalloc; {held / size:.2f}x is kept by mailbox and journal"
    yield Line("10 MB, peak memory in messages", Figure((peak / size,), "x"), 4, note=note)
