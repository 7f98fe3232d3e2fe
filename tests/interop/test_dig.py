"""dig asks every name server of a world, over UDP and TCP, and reads what a name server of the real world says.

``dig +trace`` follows referrals by itself, to port 53: test_from_the_root does that. Its steps are taken here one by one.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from mailharness import Domain, World
from mailharness.world import Endpoint
from tests.interop.running import run

SECTION = re.compile(r"^;; (ANSWER|AUTHORITY|ADDITIONAL) SECTION:\n((?:[^;\n].*\n)+)", re.MULTILINE)
HEADER = re.compile(r"status: (\w+),.*\n;; flags: ([\w ]+);")
SOA = "SOA ns.exampleB.tst. hostmaster.exampleB.tst."
Dig: TypeAlias = Callable[..., "Told"]


class Told:
    """What dig has printed: the status, the flags as "qr aa", and each section's records as "name TYPE data"."""

    def __init__(self, text: str) -> None:
        header = HEADER.search(text)
        assert header, text
        self.text = text
        self.status, self.flags = header[1], header[2]
        self._sections = dict(SECTION.findall(text))

    def _records(self, section: str) -> list[str]:
        lines = (line.split() for line in self._sections.get(section, "").splitlines())
        return [" ".join((name, *data)) for name, _ttl, _class, *data in lines]

    @property
    def answer(self) -> list[str]:
        return self._records("ANSWER")

    @property
    def authority(self) -> list[str]:
        return self._records("AUTHORITY")

    @property
    def additional(self) -> list[str]:
        return self._records("ADDITIONAL")


@pytest.fixture
def dig(program: Callable[[str], str]) -> Dig:
    def ask(server: Endpoint, *question: str) -> Told:
        address, port = server
        words = ("+tries=1", "+time=5", *question)
        return Told(run(program("dig"), "-r", f"@{address}", "-p", port, *words).decode())

    return ask


@pytest.fixture
def world() -> Iterator[World]:
    with World() as world:
        yield world


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_the_domains_own_server_answers_with_authority(world: World, dig: Dig, transport: str) -> None:
    told = dig(world["exampleB.tst"].nameserver, "exampleB.tst", "MX", "+norecurse", transport)
    assert (told.status, told.flags) == ("NOERROR", "qr aa")
    assert told.answer == ["exampleB.tst. MX 10 mail.exampleB.tst."]
    assert told.additional == [f"mail.exampleB.tst. A {world.host('mail.exampleB.tst').address}"]
    assert [query.transport for query in world.dns.queries(name="exampleB.tst")] == [
        "tcp" if transport == "+tcp" else "udp"
    ]


@pytest.mark.parametrize(
    ("server", "referral", "glue"),
    [
        ("a.root-servers", "tst. NS ns.nic.tst.", "ns.nic.tst"),
        ("ns.nic.tst", "exampleB.tst. NS ns.exampleB.tst.", "ns.exampleB.tst"),
    ],
)
def test_the_servers_above_refer_to_the_one_below(world: World, dig: Dig, server: str, referral: str, glue: str) -> None:
    told = dig(world.host(server).nameserver, "exampleB.tst", "MX", "+norecurse")
    assert (told.status, told.flags, told.answer) == ("NOERROR", "qr", [])
    assert told.authority == [referral]
    assert told.additional == [f"{glue}. A {world.host(glue).address}"]


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_the_resolver_recurses(world: World, dig: Dig, transport: str) -> None:
    told = dig(world.resolver.endpoint, "exampleB.tst", "MX", transport)
    assert (told.status, told.flags) == ("NOERROR", "qr rd ra")
    assert told.answer == ["exampleB.tst. MX 10 mail.exampleB.tst."]
    asked = [query.host for query in world.dns.queries(name="exampleB.tst")]
    assert asked == ["resolver", "a.root-servers", "ns.nic.tst", "ns.exampleB.tst"]


def test_without_recursion_the_resolver_tells_what_it_knows(world: World, dig: Dig) -> None:
    question = (world.resolver.endpoint, "exampleB.tst", "MX")
    told = dig(*question, "+norecurse")
    assert (told.status, told.flags, told.answer) == ("REFUSED", "qr ra", [])
    assert [query.host for query in world.dns.queries()] == ["resolver"]
    dig(*question)
    told = dig(*question, "+norecurse")
    assert (told.status, told.flags, told.answer) == ("NOERROR", "qr ra", ["exampleB.tst. MX 10 mail.exampleB.tst."])


@pytest.mark.parametrize(
    ("question", "status"),
    [("nobody.exampleB.tst A", "NXDOMAIN"), ("exampleB.tst AAAA", "NOERROR"), ("mail.exampleB.tst MX", "NOERROR")],
)
@pytest.mark.parametrize("by_resolver", [False, True], ids=["authority", "resolver"])
def test_a_no_carries_the_soa(world: World, dig: Dig, question: str, status: str, by_resolver: bool) -> None:
    server = world.resolver.endpoint if by_resolver else world["exampleB.tst"].nameserver
    told = dig(server, *question.split())
    assert (told.status, told.answer) == (status, [])
    assert [record.startswith(f"exampleB.tst. {SOA}") for record in told.authority] == [True]


def test_addresses_have_names(world: World, dig: Dig) -> None:
    address = world.host("mail.exampleB.tst").address
    told = dig(world.resolver.endpoint, "-x", address)
    reverse = ".".join(reversed(address.split(".")))
    assert told.answer == [f"{reverse}.in-addr.arpa. PTR mail.exampleB.tst."]


def test_nothing_is_known_of_the_world_outside(world: World, dig: Dig) -> None:
    assert dig(world.resolver.endpoint, "example.com", "A").status == "NXDOMAIN"
    assert dig(world["exampleB.tst"].nameserver, "example.com", "A").status == "REFUSED"


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("version.bind TXT CH", "REFUSED"),
        ("exampleB.tst MX +edns=1 +noednsneg", "BADVERS"),
        ("exampleB.tst MX +noedns", "NOERROR"),
        ("exampleB.tst MX +opcode=NOTIFY", "NOTIMP"),
        ("exampleB.tst TYPE65280", "NOERROR"),
        (r"\000\255.exampleB.tst A", "NXDOMAIN"),
    ],
)
@pytest.mark.parametrize("by_resolver", [False, True], ids=["authority", "resolver"])
def test_odd_questions_are_answered(world: World, dig: Dig, question: str, status: str, by_resolver: bool) -> None:
    server = world.resolver.endpoint if by_resolver else world["exampleB.tst"].nameserver
    assert dig(server, *question.split()).status == status


@pytest.mark.parametrize("question", ["exampleB.tst MX CH", "exampleB.tst MX +edns=1 +noednsneg"])
def test_what_the_resolver_refuses_it_does_not_look_up(world: World, dig: Dig, question: str) -> None:
    assert dig(world.resolver.endpoint, *question.split()).answer == []
    assert [query.host for query in world.dns.queries()] == ["resolver"]


def test_dig_walks_from_the_root_to_the_mailbox(world: World, dig: Dig) -> None:
    """What ``+trace`` does, with the port told at each step."""
    server, port = world.root_nameserver
    for _ in range(3):
        told = dig(Endpoint(server, port), "exampleB.tst", "MX", "+norecurse")
        server = told.additional[0].split()[-1]
    assert told.answer == ["exampleB.tst. MX 10 mail.exampleB.tst."]
    assert (server, world["exampleB.tst"].smtp.port) == world["exampleB.tst"].smtp


BIG = [" ".join(["big TXT", *(f'"{letter * 250}"' for letter in "abcdef")])]

BUFSIZES = [
    # options, whether what comes is cut, over what it came at last
    (("+noedns", "+ignore"), True, "udp"),
    (("+bufsize=512", "+ignore"), True, "udp"),
    (("+bufsize=512",), False, "tcp"),
    (("+bufsize=4096",), False, "udp"),
    (("+bufsize=512", "+tcp"), False, "tcp"),
]


@pytest.mark.parametrize(("options", "cut", "transport"), BUFSIZES, ids=[" ".join(options) for options, *_ in BUFSIZES])
def test_dig_is_told_no_more_than_it_takes_and_comes_back_over_tcp(
    dig: Dig, options: tuple[str, ...], cut: bool, transport: str
) -> None:
    with World(Domain("a.test", records=BIG)) as world:
        told = dig(world["a.test"].nameserver, "big.a.test", "TXT", "+norecurse", *options)
        assert ("tc" in told.flags.split(), len(told.answer)) == (cut, 0 if cut else 1)
        assert world.dns.queries(name="big.a.test")[-1].transport == transport
        assert cut or len(told.answer[0]) > 1_500
