"""One hop, beside the catchers that people use in tests: the same client process sends the same letters to each in turn."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain

from mailharness import World
from tests.benchmarks.client import client
from tests.benchmarks.measuring import US
from tests.benchmarks.table import Figure, Line

BATCH = {"new": 400, "kept": 800}
ROUNDS, PARALLEL = 5, 4

Address = tuple[str, int]
Server = tuple[Address, Callable[[], int]]
"""Where it listens, and how many letters it has."""


@contextmanager
def ours() -> Iterator[Server]:
    with World() as world:
        alice = world.users[0]
        yield world["exampleA.tst"].smtp, lambda: len(alice.inbox)


@contextmanager
def bare_aiosmtpd() -> Iterator[Server]:
    """aiosmtpd with a hook that only counts."""
    from aiosmtpd.controller import Controller

    class Counting:
        taken = 0

        async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's word
            self.taken += 1
            return "250 Ok"

    class OnAnyPort(Controller):
        def _trigger_server(self) -> None:
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    counting = Counting()
    controller = OnAnyPort(counting, hostname="127.0.0.1", port=0, server_hostname="bare.bench")
    controller.start()
    try:
        yield ("127.0.0.1", controller.port), lambda: counting.taken
    finally:
        controller.stop()


@contextmanager
def localserver() -> Iterator[Server]:
    from pytest_localserver.smtp import Server as Catcher

    catcher = Catcher()
    catcher.start()
    try:
        yield catcher.addr, lambda: len(catcher.outbox)
    finally:
        catcher.stop()


@contextmanager
def smtpdfix() -> Iterator[Server]:
    from smtpdfix import SMTPDFix

    with SMTPDFix("127.0.0.1") as catcher:
        yield (catcher.hostname, catcher.port), lambda: len(catcher.messages)


SERVERS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "ours": ours,
    "aiosmtpd bare": bare_aiosmtpd,
    "pytest-localserver": localserver,
    "smtpdfix": smtpdfix,
}


def one_hop() -> Iterator[Line]:
    """Letters of 1 kB to one server, until it has them all; new connections first, then some that are kept."""
    yield from chain(_compared("new", 1_400), _compared("kept", 2_600))


def _compared(job: str, budget: float) -> Iterator[Line]:
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    for n in range(ROUNDS + 1):
        for name, server in SERVERS.items():
            try:
                rate, cost = _measured(server, job)
            except ModuleNotFoundError:
                continue
            if n:
                rates.setdefault(name, []).append(rate)
                costs.setdefault(name, []).append(cost)
    figures = {name: Figure(tuple(samples), "/s") for name, samples in rates.items()}
    note = f"{PARALLEL} connections at a time; CPU a letter: " + ", ".join(
        f"{name} {Figure(tuple(spent), 'us')}" for name, spent in costs.items()
    )
    what = f"letters a second, one hop, {job} connections"
    yield Line(what, figures.pop("ours"), budget, more_is_better=True, references=tuple(figures.items()), note=note)


def _measured(server: Callable[[], AbstractContextManager[Server]], job: str) -> tuple[float, float]:
    """Letters a second, and microseconds of the server's process a letter."""
    count = BATCH[job]
    with server() as (address, letters):
        letter = {
            "target": address,
            "sender": "x@else.tst",
            "to": "userA@exampleA.tst",
            "size": 1_000,
            "parallel": PARALLEL,
        }
        client().ask(job, **letter, count=20)
        cpu, start = time.process_time(), time.perf_counter()
        client().ask(job, **letter, count=count)
        arrived = letters()
        taken, spent = time.perf_counter() - start, time.process_time() - cpu
    assert arrived == count + 20, f"{arrived} letters of {count + 20} arrived"
    return count / taken, spent * US / count
