"""What a world costs before its first letter."""

import json
import subprocess
import sys
from collections.abc import Iterator

from mailharness import Domain, World
from tests.benchmarks.measuring import MS, allocated, cpu_seconds, environment, repeated, seconds
from tests.benchmarks.table import Figure, Line

MANY = 1_000


def world_start_and_stop() -> Iterator[Line]:
    """The default world, with nothing between its start and its stop."""

    def once() -> None:
        with World():
            pass

    wall = repeated(lambda: seconds(once), 40, "ms", scale=MS, warm_up=5)
    cpu = repeated(lambda: cpu_seconds(once), 40, "ms", scale=MS)
    yield Line("2 domains, start + stop", wall, 4, note=f"CPU {cpu}")
    with World() as world:
        again = repeated(lambda: cpu_seconds(world.reset), 40, "ms", scale=MS, warm_up=5)
    yield Line("... reset instead, CPU", again, cpu.value, note="no dearer than a fresh one")


def world_memory() -> Iterator[Line]:
    """One world in a process of its own: ready, after its first letter (which loads what TLS needs), and after 1,000."""
    command = [sys.executable, "-c", _ALONE]
    samples = [json.loads(subprocess.check_output(command, env=environment(), text=True)) for _ in range(4)][1:]

    def figure(name: str) -> Figure:
        return Figure(tuple(sample[name] / 2**20 for sample in samples), "MB")

    own, _ = allocated(lambda: World().start())
    note = f"the process; Python alone {figure('python')}; what this world adds to others {own / 1000:.0f} kB"
    yield Line("2 domains, resident memory when ready", figure("world"), 40, note=note)
    yield Line("... after a letter", figure("letter"), note="certificates are made when TLS is first spoken")
    yield Line("... after 1,000 letters of 1 kB", figure("letters"), note="every event and both copies are kept")


def many_domains() -> Iterator[Line]:
    """A thousand domains with a user each: the start alone, and what they hold."""

    def start() -> World:
        return World(*(Domain(f"d{n}.test", users=["user"]) for n in range(MANY))).start()

    def timed() -> float:
        worlds: list[World] = []
        taken = seconds(lambda: worlds.append(start()))
        worlds[0].stop()
        return taken

    yield Line(f"{MANY:,} domains, start", repeated(timed, 7, "ms", scale=MS), 250, note="describing them included")
    worlds: list[World] = []
    small, _ = allocated(lambda: worlds.append(World().start()))
    large, _ = allocated(lambda: worlds.append(start()))
    for world in worlds:
        world.stop()
    yield Line(f"{MANY:,} domains, memory each", Figure(((large - small) / MANY / 1000,), "kB"), 20, note="tracemalloc")


def worlds_in_a_row() -> Iterator[Line]:
    """A thousand worlds in a process of their own, one behind the other, each with a letter over two hops."""
    told = subprocess.check_output([sys.executable, "-c", _IN_A_ROW.format(MANY)], env=environment(), text=True)
    left = json.loads(told)
    note = "threads, descriptors, tasks, transports, loops and objects of ours, behind the last against behind the 100th"
    yield Line(f"{MANY:,} worlds in a row, what is left", Figure((left["things"],), ""), 0.5, note=note)
    yield Line("... resident memory that is left", Figure((left["octets"] / 2**20,), "MB"), 1)


_RESIDENT = """
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
"""
_ALONE = (
    _RESIDENT
    + """
python = resident()
from mailharness import World

with World() as world:
    ready = resident()
    alice, bob = world.users
    alice.send(to=bob, text="x" * 700)
    world.settle()
    one = resident()
    for _ in range(1_000):
        alice.send(to=bob, text="x" * 700)
    world.settle()
    print('{"python": %d, "world": %d, "letter": %d, "letters": %d}' % (python, ready, one, resident()))
"""
)
"""Says its own resident octets, on Linux: of Python alone, with a world, after a letter, after many."""
_IN_A_ROW = (
    _RESIDENT
    + """
import asyncio, gc, os, threading
from mailharness import World

LOOPS = asyncio.AbstractEventLoop | asyncio.BaseTransport | asyncio.Task

def held():
    gc.collect()
    kinds = map(type, gc.get_objects())
    ours = [kind for kind in kinds if kind.__module__.startswith("mailharness") or issubclass(kind, LOOPS)]
    return threading.active_count() + len(os.listdir("/proc/self/fd")) + len(ours)

def live(worlds):
    for _ in range(worlds):
        with World() as world:
            alice, bob = world.users
            alice.send(to=bob, subject="Hello")
            assert bob.inbox.subjects == ["Hello"]
    return held(), resident()

things, octets = live(100)
later, more = live({})
print('{{"things": %d, "octets": %d}}' % (later - things, more - octets))
"""
)
"""Says what there is more of behind the last of so many worlds than behind the hundredth."""
