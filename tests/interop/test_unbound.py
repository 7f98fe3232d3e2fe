"""Unbound, a resolver that others wrote, resolves a world's names by asking its name servers.

An NS record carries no port, so it cannot follow our referrals down from the root: each zone is a stub with an address
and a port. That is also the set-up of a program under test whose resolver is not ours.
"""

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailharness import Domain, World
from mailharness.dns import Response, make_query, parse_response

ATTEMPTS = 100
"""How often the program is asked until it answers; each waits for a tenth of a second at the most."""
SERVER = """\
server:
  interface: 127.0.0.1@{port}
  directory: "{folder}"
  pidfile: ""
  username: ""
  chroot: ""
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  qname-minimisation: yes
  local-zone: "127.in-addr.arpa." nodefault
remote-control:
  control-enable: no
"""
STUB = """\
stub-zone:
  name: "{zone}"
  stub-addr: {address}@{port}
  stub-prime: no
"""


class Unbound:
    """The running program, asked over UDP."""

    def __init__(self, port: int, log: Path, running: "subprocess.Popen[bytes]") -> None:
        self._log = log
        self._running = running
        self._asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.1)
        self._socket.connect(("127.0.0.1", port))

    def ask(self, name: str, rrtype: str) -> Response:
        """The answer; a question that is lost before the program listens, or answered late, is asked again."""
        self._asked += 1
        query = make_query(name, rrtype, id=self._asked, rd=True, edns=1232)
        for _ in range(ATTEMPTS):
            assert self._running.poll() is None, self._log.read_text()
            try:
                self._socket.send(query)
                while True:
                    answer = self._socket.recv(65_535)
                    if answer[:2] == query[:2]:  # and no late answer to the question before
                        return parse_response(answer)
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                self._wait_for_an_answer()
        raise AssertionError(f"no answer to {rrtype} {name}:\n{self._log.read_text()}")

    def _wait_for_an_answer(self) -> None:
        """Nobody listens yet: wait as long as for an answer, which does not come."""
        try:
            self._socket.recv(65_535)
        except (TimeoutError, ConnectionRefusedError):
            return

    def close(self) -> None:
        self._socket.close()


def free_port() -> int:
    """A port that nobody has, over UDP and TCP."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        return int(tcp.getsockname()[1])


def find_unbound(program: Callable[[str], str]) -> str:
    """A server's place is where a user's PATH need not look."""
    return shutil.which("unbound", path="/usr/sbin:/usr/local/sbin") or program("unbound")


@contextlib.contextmanager
def running_unbound(command: str, folder: Path, port: int, settings: str) -> Iterator[Unbound]:
    """The program with these settings, until the block ends."""
    config, log = folder / "unbound.conf", folder / "unbound.log"
    config.write_text(settings)
    with log.open("wb") as told:
        running = subprocess.Popen([command, "-d", "-p", "-c", str(config)], stdout=told, stderr=told)
    client = Unbound(port, log, running)
    try:
        yield client
    finally:
        client.close()
        running.terminate()
        assert running.wait(10) == 0


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(
        Domain("exampleA.tst", users=["userA"]), Domain("exampleB.tst", users=["userB"], mx=["mx1", "mx2"])
    ) as world:
        yield world


@pytest.fixture(scope="module")
def unbound(world: World, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unbound]:
    command, folder, port = find_unbound(program), tmp_path_factory.mktemp("unbound"), free_port()
    servers = {"127.in-addr.arpa": world.root_nameserver, "tst": world.host("ns.nic.tst").nameserver}
    servers |= {site.name: site.nameserver for site in world}
    stubs = (STUB.format(zone=zone, address=server.host, port=server.port) for zone, server in servers.items())
    with running_unbound(command, folder, port, SERVER.format(port=port, folder=folder) + "".join(stubs)) as client:
        yield client


@pytest.mark.parametrize(
    ("question", "rcode", "answers"),
    [
        ("exampleA.tst MX", "NOERROR", {"10 mail.exampleA.tst"}),
        ("exampleB.tst MX", "NOERROR", {"10 mx1.exampleB.tst", "20 mx2.exampleB.tst"}),
        ("EXAMPLEb.TST MX", "NOERROR", {"10 mx1.EXAMPLEb.TST", "20 mx2.EXAMPLEb.TST"}),  # compressed against the question,
        ("exampleB.tst NS", "NOERROR", {"ns.exampleB.tst"}),
        ("exampleB.tst TXT", "NOERROR", {'"v=spf1 mx -all"'}),
        ("exampleB.tst AAAA", "NOERROR", set()),
        ("nobody.exampleB.tst A", "NXDOMAIN", set()),
        ("exampleC.tst MX", "NXDOMAIN", set()),
    ],
)
def test_it_resolves_what_the_domains_say(unbound: Unbound, question: str, rcode: str, answers: set[str]) -> None:
    told = unbound.ask(*question.split())
    assert (told.rcode, set(told.answers)) == (rcode, answers)
    assert (told.soa is not None) == (not answers)


@pytest.mark.parametrize("name", ["mail.exampleA.tst", "mx1.exampleB.tst", "mx2.exampleB.tst"])
def test_it_finds_each_host_and_its_name(world: World, unbound: Unbound, name: str) -> None:
    address = world.host(name).address
    assert unbound.ask(name, "A").answers == (address,)
    reverse = ".".join(reversed(address.split(".")))
    assert unbound.ask(f"{reverse}.in-addr.arpa", "PTR").answers == (name,)


def test_what_it_was_told_it_keeps(world: World, unbound: Unbound) -> None:
    unbound.ask("exampleA.tst", "MX")
    asked = len(world.dns.queries(name="exampleA.tst", type="MX"))
    unbound.ask("exampleA.tst", "MX")
    assert len(world.dns.queries(name="exampleA.tst", type="MX")) == asked == 1
