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


_ALONE = """
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

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
"""Says its own resident octets, on Linux: of Python alone, with a world, after a letter, after many."""
