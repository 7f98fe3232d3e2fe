"""Questions a second that a name server answers, over real datagrams."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from mailharness import World
from tests.benchmarks.client import client
from tests.benchmarks.measuring import US
from tests.benchmarks.table import Figure, Line

COUNT, WINDOW, ROUNDS = 10_000, 48, 5

_ASKED = (("exampleB.tst", "MX"), ("mail.exampleB.tst", "A"), ("exampleB.tst", "SOA"), ("nobody.exampleB.tst", "A"))

Address = tuple[str, int]


def _questions() -> list[str]:
    """What is asked, in hexadecimal and without the number."""
    from dnslib import DNSRecord

    return [bytes(DNSRecord.question(name, rrtype).pack()[2:]).hex() for name, rrtype in _ASKED]


@contextmanager
def ours() -> Iterator[Address]:
    with World() as world:
        yield world["exampleB.tst"].nameserver


@contextmanager
def dnslib_server() -> Iterator[Address]:
    """dnslib's own server and zone resolver, silent."""
    from dnslib.server import DNSLogger, DNSServer
    from dnslib.zoneresolver import ZoneResolver

    zone = "exampleB.tst. IN SOA ns.exampleB.tst. h.exampleB.tst. 1 2 3 4 5\nexampleB.tst. IN MX 10 mail.exampleB.tst.\n"
    server = DNSServer(
        ZoneResolver(zone + "mail.exampleB.tst. IN A 127.0.0.9\n"),
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
