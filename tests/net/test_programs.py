"""Programs of others that ask name servers: many questions a connection, options nobody knows, and all at once."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailharness import World
from mailharness.trace.events import Queried
from mailharness.world import Endpoint
from tests.interop.running import run

Program = Callable[[str], str]


@pytest.fixture
def world() -> Iterator[World]:
    with World() as world:
        yield world


def door(world: World, server: str) -> Endpoint:
    return world.resolver.endpoint if server == "resolver" else world["exampleB.tst"].nameserver


@pytest.mark.parametrize("server", ["resolver", "authority"])
def test_kdig_keeps_its_connection_for_the_next_question(world: World, program: Program, server: str) -> None:
    host, port = door(world, server)
    questions = [word for name in ("exampleB.tst", "mail.exampleB.tst", "nobody.exampleB.tst") for word in ("-q", name)]
    told = run(program("kdig"), f"@{host}", "-p", port, "+tcp", "+keepopen", "+time=5", *questions).decode()
    assert re.findall(r"status: (\w+)", told) == ["NOERROR", "NOERROR", "NXDOMAIN"]
    asked = [query for query in world.journal.of_kind(Queried) if query.by == "127.0.0.1"]
    assert [query.transport for query in asked] == ["tcp"] * 3


@pytest.mark.parametrize("server", ["resolver", "authority"])
@pytest.mark.parametrize("option", ["+cookie", "+nsid", "+ednsopt=65001:c0ffee", "+padding=128", "+bufsize=512", "+dnssec"])
def test_options_that_are_not_known_are_passed_over(world: World, program: Program, server: str, option: str) -> None:
    host, port = door(world, server)
    told = run(program("kdig"), f"@{host}", "-p", port, "+time=5", "+edns", option, "exampleB.tst", "MX").decode()
    assert "status: NOERROR" in told
    assert "EDNS: 0" in told or "Version: 0" in told
    assert re.search(r"MX\s+10 mail\.exampleB\.tst\.", told)


@pytest.mark.parametrize("mode", ["udp", "tcp"])
@pytest.mark.parametrize("server", ["resolver", "authority"])
def test_dnsperf_loses_nothing(world: World, program: Program, tmp_path: Path, server: str, mode: str) -> None:
    """A thousand names, half of them twice, two hundred questions unanswered at a time."""
    host, port = door(world, server)
    questions = tmp_path / "questions"
    questions.write_text("".join(f"h{n % 750}.exampleB.tst A\n" for n in range(1_000)))
    told = run(
        program("dnsperf"), "-s", host, "-p", port, "-d", questions, "-n", "1", "-q", "200", "-m", mode, "-c", "4"
    ).decode()
    assert re.search(r"Queries completed: +1000 \(100\.00%\)", told), told
    assert re.search(r"Response codes: +NXDOMAIN 1000 ", told)
