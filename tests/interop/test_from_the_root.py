"""Resolvers that others wrote follow our referrals down from our root, at port 53 where the machine lets us have it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailharness import Domain, World
from tests.interop.port53 import at_port_53
from tests.interop.running import run
from tests.interop.test_unbound import SERVER, Unbound, find_unbound, free_port, running_unbound

ROOT_HINTS = ". 3600 NS a.root-servers.\na.root-servers. 3600 A {address}\n"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    domains = (
        Domain("exampleA.tst", users=["userA"], ns=["ns1", "ns2"], records=["www CNAME web.exampleB.tst."]),
        Domain("exampleB.tst", users=["userB"], mx=["mx1", "mx2"], records=["web 60 A 127.0.0.9"]),
    )
    with World(*domains) as world:
        servers = [world.host(name).nameserver for name in world.internet.names.servers.names]
        with at_port_53([*servers, world.resolver.endpoint]):
            yield world


@pytest.fixture(scope="module")
def unbound(world: World, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unbound]:
    command, folder, port = find_unbound(program), tmp_path_factory.mktemp("unbound"), free_port()
    hints = folder / "root.hints"
    hints.write_text(ROOT_HINTS.format(address=world.root_nameserver.host))
    more = f'  root-hints: "{hints}"\n  harden-glue: yes\n'
    settings = SERVER.format(port=port, folder=folder).replace("remote-control:", f"{more}remote-control:")
    with running_unbound(command, folder, port, settings) as client:
        yield client


@pytest.mark.parametrize(
    ("question", "rcode", "answers"),
    [
        ("exampleA.tst MX", "NOERROR", {"10 mail.exampleA.tst"}),
        ("exampleB.tst MX", "NOERROR", {"10 mx1.exampleB.tst", "20 mx2.exampleB.tst"}),
        ("www.exampleA.tst A", "NOERROR", {"CNAME web.exampleB.tst", "127.0.0.9"}),
        ("exampleA.tst NS", "NOERROR", {"ns1.exampleA.tst", "ns2.exampleA.tst"}),
        ("nobody.exampleB.tst A", "NXDOMAIN", set()),
        ("exampleC.tst MX", "NXDOMAIN", set()),
    ],
)
def test_unbound_walks_down_from_our_root(unbound: Unbound, question: str, rcode: str, answers: set[str]) -> None:
    told = unbound.ask(*question.split())
    assert (told.rcode, set(told.answers)) == (rcode, answers)


def test_unbound_finds_the_name_of_every_host(world: World, unbound: Unbound) -> None:
    for name in ("mail.exampleA.tst", "mx2.exampleB.tst", "ns2.exampleA.tst"):
        reverse = ".".join(reversed(world.host(name).address.split(".")))
        assert unbound.ask(f"{reverse}.in-addr.arpa", "PTR").answers == (name,)


def test_dig_traces_the_delegations(world: World, program: Callable[[str], str], tmp_path: Path) -> None:
    """dig looks the name servers' names up by the machine's own resolver: here, in a name space of its own, the world's."""
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {world.resolver.endpoint.host}\n")
    own = [program("unshare"), "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolv]
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us have an /etc/resolv.conf of our own")
    told = run(*own, program("dig"), "-r", "+trace", "+nodnssec", "+tries=1", "+time=5", "exampleB.tst", "MX").decode()
    for server in ("a.root-servers", "ns.nic.tst", "ns.exampleB.tst"):
        assert f"({server})" in told, told
    assert "10 mx1.exampleB.tst." in told
