"""Questions a second that a name server answers, over real datagrams, and what it costs to load many zones."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import median

from mailharness import Domain, World
from mailharness.dns import Record
from tests.benchmarks.client import client
from tests.benchmarks.measuring import US, repeated, seconds
from tests.benchmarks.table import Figure, Line

COUNT, WINDOW, ROUNDS = 10_000, 48, 5
NAMES, ZONES = 1_000, 10_000

_ASKED = (("exampleB.tst", "MX"), ("mail.exampleB.tst", "A"), ("exampleB.tst", "SOA"), ("nobody.exampleB.tst", "A"))

Address = tuple[str, int]


def _questions() -> list[str]:
    """What is asked, in hexadecimal and without the number."""
    from dnslib import DNSRecord

    return [bytes(DNSRecord.question(name, rrtype).pack()[2:]).hex() for name, rrtype in _ASKED]


def _host(number: int) -> str:
    return f"h{number}.exampleB.tst"


def _address(number: int) -> str:
    return f"127.9.{number // 250}.{number % 250 + 1}"


@contextmanager
def ours() -> Iterator[Address]:
    with World() as world:
        yield world["exampleB.tst"].nameserver


@contextmanager
def ours_with_names() -> Iterator[Address]:
    """The same, with a thousand hosts more in its zone."""
    with World() as world:
        zone = world.internet.names.authority("ns.exampleB.tst").zone_of("exampleB.tst")
        assert zone is not None
        world.thread.run(zone.add, *(Record(_host(number), "A", 3600, _address(number)) for number in range(NAMES)))
        yield world["exampleB.tst"].nameserver


@contextmanager
def dnslib_server(names: int = 0) -> Iterator[Address]:
    """dnslib's own server and zone resolver, silent, with so many ``names`` more."""
    from dnslib.server import DNSLogger, DNSServer
    from dnslib.zoneresolver import ZoneResolver

    zone = "exampleB.tst. IN SOA ns.exampleB.tst. h.exampleB.tst. 1 2 3 4 5\nexampleB.tst. IN MX 10 mail.exampleB.tst.\n"
    zone += "mail.exampleB.tst. IN A 127.0.0.9\n"
    zone += "".join(f"{_host(number)}. IN A {_address(number)}\n" for number in range(names))
    server = DNSServer(
        ZoneResolver(zone),
        address="127.0.0.1",
        port=0,
        logger=DNSLogger("-request,-reply,-truncated,-error"),
    )
    server.start_thread()
    try:
        yield server.server.server_address
    finally:
        server.stop()
        server.server.server_close()


def dns_queries() -> Iterator[Line]:
    """MX, A, SOA and a name that is not there, in turn; 48 unanswered at a time."""
    rate, cost = _measured(ours, COUNT)
    peer, _ = _measured(dnslib_server, COUNT // 5)
    note = f"CPU {cost} a question, its two events included"
    yield Line("DNS questions a second", rate, 25_000, more_is_better=True, references=(("dnslib", peer),), note=note)


def _measured(server: Callable[[], AbstractContextManager[Address]], count: int) -> tuple[Figure, Figure]:
    rates, costs = [], []
    with server() as address:
        for n in range(ROUNDS + 1):
            cpu, start = time.process_time(), time.perf_counter()
            client().ask("dns", target=address, questions=_questions(), count=count, window=WINDOW)
            if n:
                rates.append(count / (time.perf_counter() - start))
                costs.append((time.process_time() - cpu) * US / count)
    return Figure(tuple(rates), "/s"), Figure(tuple(costs), "us")


# -- a thousand names, asked by dnsperf ----


def dnsperf_authority() -> Iterator[Line]:
    """A thousand addresses in turn, by the field's own load generator, a hundred unanswered at a time."""
    if shutil.which("dnsperf") is None:
        print("dnsperf is not installed: its rows are left out", file=sys.stderr)
        return
    rate, lost = _dnsperf(ours_with_names, 3)
    peer, _ = _dnsperf(lambda: dnslib_server(NAMES), 2)
    references, note = (("dnslib", peer),), f"lost {lost}"
    yield Line("dnsperf, 1,000 names, a second", rate, 25_000, more_is_better=True, references=references, note=note)
    times = Figure((rate.value / peer.value,), "x")
    yield Line("... times dnslib's server", times, 8, more_is_better=True)


def _dnsperf(server: Callable[[], AbstractContextManager[Address]], rounds: int) -> tuple[Figure, int]:
    """Questions a second in each of ``rounds`` runs of two seconds, and how many were lost in all of them."""
    rates, lost = [], 0
    with server() as (host, port), tempfile.NamedTemporaryFile("w") as questions:
        questions.write("".join(f"{_host(number)} A\n" for number in range(NAMES)))
        questions.flush()
        command = ["dnsperf", "-s", host, "-p", str(port), "-d", questions.name, "-l", "2", "-q", "100"]
        for _ in range(rounds):
            told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
            rates.append(_told(told, r"Queries per second: +([0-9.]+)"))
            lost += int(_told(told, r"Queries lost: +([0-9]+)"))
    return Figure(tuple(rates), "/s"), lost


def _told(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"dnsperf says no such thing as {pattern!r}: {text}")
    return float(found[1])


# -- a resolver that knows ----


def cached_recursion() -> Iterator[Line]:
    """What a resolver answers from its cache, beside an authority of the same world asked the same in turn."""
    with World() as world:
        doors = world["exampleB.tst"].nameserver, world.resolver.endpoint
        costs: tuple[list[float], list[float]] = ([], [])
        for n in range(ROUNDS + 1):
            for door, taken in zip(doors, costs, strict=True):
                cpu = time.process_time()
                client().ask("dns", target=door, questions=_questions(), count=COUNT, window=WINDOW)
                if n:
                    taken.append((time.process_time() - cpu) * US / COUNT)
    authority, resolver = map(median, costs)
    note = f"CPU {resolver:.1f} us a question, an authority's {authority:.1f} us"
    yield Line("cached recursive answer / authoritative one", Figure((resolver / authority,), "x"), 2.0, note=note)


# -- many zones ----


def many_zones() -> Iterator[Line]:
    """A world of ten thousand domains: its start, and every zone of it made, as if each had been asked."""

    def load() -> float:
        worlds: list[World] = []
        taken = seconds(lambda: worlds.append(_loaded()))
        worlds[0].stop()
        return taken

    note = "a World's start and every authority made: root, top level and all domains"
    yield Line(f"{ZONES:,} zones, load", repeated(load, 3, "s"), 2, note=note)


def _loaded() -> World:
    world = World(*(Domain(f"d{number}.test") for number in range(ZONES))).start()
    servers = ["a.root-servers", "ns.nic.test", *(f"ns.d{number}.test" for number in range(ZONES))]
    world.thread.run(lambda: [world.internet.names.authority(server) for server in servers])
    return world
