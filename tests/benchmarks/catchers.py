"""One hop, beside the catchers that people use in tests: the same client process sends the same letters to each in turn."""

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from mailharness import World
from tests.benchmarks.client import client
from tests.benchmarks.measuring import US
from tests.benchmarks.table import Figure, Line
from tests.interop.running import Running

BATCH = {"new": 400, "kept": 800}
ROUNDS, PARALLEL = 5, 4

Address = tuple[str, int]


class Server(NamedTuple):
    """Where it listens, how many letters it has (None: it keeps no count), and the seconds that its process has used."""

    address: Address
    letters: Callable[[], int | None]
    cpu: Callable[[], float] = time.process_time


@contextmanager
def ours() -> Iterator[Server]:
    with World() as world:
        alice = world.users[0]
        yield Server(world["exampleA.tst"].smtp, lambda: len(alice.inbox))


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
        yield Server(("127.0.0.1", controller.port), lambda: counting.taken)
    finally:
        controller.stop()


@contextmanager
def localserver() -> Iterator[Server]:
    from pytest_localserver.smtp import Server as Catcher

    catcher = Catcher()
    catcher.start()
    try:
        yield Server(catcher.addr, lambda: len(catcher.outbox))
    finally:
        catcher.stop()


@contextmanager
def smtpdfix() -> Iterator[Server]:
    from smtpdfix import SMTPDFix

    with SMTPDFix("127.0.0.1") as catcher:
        yield Server((catcher.hostname, catcher.port), lambda: len(catcher.messages))


@contextmanager
def smtp_sink() -> Iterator[Server]:
    """Postfix's, in C: it throws away what it answers 250 to, and what it answers the client checks."""
    command = shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if command is None:
        raise ModuleNotFoundError("smtp-sink is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    nobody = ("-u", "nobody") if os.geteuid() == 0 else ()
    sink = Running([command, *nobody, "{}:{}".format(*address), 100])
    try:
        while not listens(address):
            assert sink.process.poll() is None, sink.log
        yield Server(address, lambda: None, lambda: _on_cpu(sink.process.pid))
    finally:
        sink.stop()


def listens(address: Address) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return False
    return True


def _on_cpu(pid: int) -> float:
    """Seconds that a process has run; as Linux tells."""
    told = Path(f"/proc/{pid}/schedstat")
    return int(told.read_text().split()[0]) / 1e9 if told.exists() else 0.0


SERVERS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "ours": ours,
    "aiosmtpd bare": bare_aiosmtpd,
    "pytest-localserver": localserver,
    "smtpdfix": smtpdfix,
    "smtp-sink (C)": smtp_sink,
}


def one_hop() -> Iterator[Line]:
    """Letters of 1 kB to one server, until it has them all; new connections first, then some that are kept."""
    yield from chain(_compared("new", 1_400), _compared("kept", 2_600))


def _compared(job: str, budget: float) -> Iterator[Line]:
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    absent: dict[str, str] = {}
    for n in range(ROUNDS + 1):
        for name, server in SERVERS.items():
            try:
                rate, cost = _measured(server, job)
            except ModuleNotFoundError as error:
                absent[name] = f"{name} absent: {error}"
                continue
            if n:
                rates.setdefault(name, []).append(rate)
                costs.setdefault(name, []).append(cost)
    figures = {name: Figure(tuple(samples), "/s") for name, samples in rates.items()}
    note = f"{PARALLEL} connections at a time; CPU a letter: " + ", ".join(
        f"{name} {Figure(tuple(spent), 'us')}" for name, spent in costs.items()
    )
    what = f"letters a second, one hop, {job} connections"
    mine, others, missing = figures.pop("ours"), tuple(figures.items()), tuple(absent.values())
    yield Line(what, mine, budget, more_is_better=True, references=others, absent=missing, note=note)


def _measured(server: Callable[[], AbstractContextManager[Server]], job: str) -> tuple[float, float]:
    """Letters a second, and microseconds of the server's process a letter."""
    count = BATCH[job]
    with server() as catcher:
        letter = {
            "target": catcher.address,
            "sender": "x@else.tst",
            "to": "userA@exampleA.tst",
            "size": 1_000,
            "parallel": PARALLEL,
        }
        client().ask(job, **letter, count=20)
        cpu, start = catcher.cpu(), time.perf_counter()
        client().ask(job, **letter, count=count)
        arrived = catcher.letters()
        taken, spent = time.perf_counter() - start, catcher.cpu() - cpu
    assert arrived in (count + 20, None), f"{arrived} letters of {count + 20} arrived"
    return count / taken, spent * US / count
