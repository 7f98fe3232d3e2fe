"""Worlds open and close by the hundred in one process, and the last one finds it as the first one left it."""

import asyncio
import contextlib
import gc
import socket
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailharness import World, faults
from tests.world.belongings import open_files

WORLDS = 5
A_WORLD = 5_000
"""Octets that a world may leave: what caches with a limit of their own learn of it. A whole one weighs many times as
much."""

Life = Callable[[Path], None]


def hello(world: World) -> None:
    sender, recipient = world.users[:2]
    sender.send(to=recipient, subject="Hello")
    assert recipient.inbox.subjects == ["Hello"]


# -- lives ----


def a_letter_is_read(_: Path) -> None:
    with World() as world:
        hello(world)
        for via in ("imap", "pop3"):
            assert len(world.users[1].fetch(via=via)) == 1


def a_letter_stays_queued(_: Path) -> None:
    with World() as world, world.fault(faults.refuse("mail.exampleB.tst")):
        sender, recipient = world.users[:2]
        sender.send(to=recipient).trace.assert_queued(at="mail.exampleA.tst")


def clients_are_left_open(_: Path) -> None:
    with contextlib.ExitStack() as clients, World() as world:
        for door in ("smtp", "imap", "pop3", "lmtp", "nameserver"):
            client = clients.enter_context(socket.create_connection(getattr(world["exampleB.tst"], door)))
            client.sendall(b"EHLO me\r\n")


def a_start_fails(_: Path) -> None:
    def fails(*_: object) -> None:
        raise OSError("no room")

    world = World()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailharness.world.internet.Internet.start", fails)
        with pytest.raises(OSError, match="no room"):
            world.start()


def all_is_on_disk(folder: Path) -> None:
    with World(spool=folder / "spool", store=folder / "store") as world:
        hello(world)
    for file in folder.iterdir():
        file.unlink()


def it_is_made_as_new(_: Path) -> None:
    with World() as world:
        hello(world)
        world.reset()
        hello(world)


def a_zone_is_changed(_: Path) -> None:
    with World() as world:
        world.dns.zone("exampleB.tst").add("www A 127.0.0.9")
        assert world.resolver.lookup("www.exampleB.tst", "A").data == ("127.0.0.9",)


LIVES = (
    a_letter_is_read,
    a_letter_stays_queued,
    clients_are_left_open,
    a_start_fails,
    all_is_on_disk,
    it_is_made_as_new,
    a_zone_is_changed,
)


# -- what is held ----


def held() -> Counter[str]:
    """How many objects of each of our types there are, and of asyncio's; how many threads, and open files of each kind."""
    kinds = map(type, gc.get_objects())
    there = Counter(kind.__qualname__ for kind in kinds if kind.__module__.startswith("mailharness") or _is_loops(kind))
    there["threads"] = threading.active_count()
    there.update(target.partition(":")[0] for target in open_files().values())
    return there


def _is_loops(kind: type) -> bool:
    return issubclass(kind, asyncio.AbstractEventLoop | asyncio.BaseTransport | asyncio.Task | asyncio.Server)


@contextlib.contextmanager
def tracing() -> Iterator[Callable[[], int]]:
    """How many octets there are that have been asked for in the block."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def slopes(life: Callable[[], object]) -> tuple[Counter[str], int]:
    """What there is more of, things and octets, with each further handful of lives.

    What comes once, as where a world has to go to other addresses for a while, is no slope.
    """
    seen = []
    with tracing() as octets:
        for _ in range(3):
            for _ in range(WORLDS):
                life()
            gc.collect()
            seen.append((held(), octets()))
    (first, one), (second, two), (third, three) = seen
    return (second - first) & (third - second), min(two - one, three - two)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_each_world_leaves_what_the_last_one_left(life: Life, tmp_path: Path) -> None:
    things, octets = slopes(lambda: life(tmp_path))
    assert things == Counter()
    assert octets < WORLDS * A_WORLD


def test_worlds_that_are_kept_would_be_seen() -> None:
    """The measure itself."""
    kept: list[World] = []

    def life() -> None:
        with World() as world:
            hello(world)
        kept.append(world)

    things, octets = slopes(life)
    assert things["World"] == things["Journal"] == WORLDS
    assert octets > WORLDS * A_WORLD
