"""Our authority, NSD and BIND's named answer the same questions about the same zones alike, over UDP and TCP.

The two of others read the master file that we write. Both are told to leave out what need not be there; where a server
may answer otherwise, the table says so (tests/dns/conformance.py).
"""

import itertools
from collections.abc import Callable, Iterator

import pytest

from mailharness import Domain, World
from mailharness.dns import Response, make_query, parse_master_file, parse_response
from mailharness.dns.packing import parse_message
from tests.dns.conformance import MANY, PACKETS, ROWS, Row
from tests.dns.test_conformance import asked_of, build_zones, head_of, records_of
from tests.interop.nameservers import Door, find_server, serving
from tests.interop.running import run

RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", *map(str, range(6, 16)), "BADVERS")
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module", params=["mailharness", "nsd", "named"])
def server(
    request: pytest.FixtureRequest, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Door]]:
    kind = request.param
    if kind == "mailharness":
        with World(Domain("exampleA.tst")) as world:
            for zone in build_zones().values():
                world.thread.run(lambda zone=zone: world.internet.names.authority("ns.exampleA.tst").add(zone))
            yield kind, Door(world["exampleA.tst"].nameserver)
    else:
        command = find_server(program, kind)
        with serving(kind, command, build_zones(), tmp_path_factory.mktemp(kind)) as door:
            yield kind, door


def answer(door: Door, name: str, rrtype: str, *, tcp: bool = False, edns: int | None = 1232) -> Response:
    return parse_response(door.ask(make_query(name, rrtype, id=next(NUMBERS), edns=edns), tcp=tcp))


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("row", ROWS, ids=[row.question for row in ROWS])
def test_the_answer_is_the_same(server: tuple[str, Door], row: Row, tcp: bool) -> None:
    kind, door = server
    told = answer(door, *asked_of(row), tcp=tcp)
    assert head_of(told) == row.head
    if kind not in row.disagree:
        assert set(told.answer) == records_of(row.answer)
    assert set(told.authority) == records_of(row.authority)


def rcode_of(answer: bytes) -> str:
    if not answer:
        return "silence"
    message = parse_message(answer)
    return RCODES[message.flags & 0xF | (message.options[0].rcode << 4 if message.options else 0)]


@pytest.mark.parametrize("what", PACKETS)
def test_what_is_no_question_for_a_name_server_gets_the_same_rcode(server: tuple[str, Door], what: str) -> None:
    kind, door = server
    packet = PACKETS[what]
    told = door.ask_once(next(NUMBERS).to_bytes(2, "big") + packet.octets)
    assert rcode_of(told) == (getattr(packet, kind, "") or packet.rcode)


@pytest.mark.parametrize(
    ("edns", "tcp", "cut"),
    [(None, False, True), (512, False, True), (600, False, True), (1232, False, False), (None, True, False)],
)
def test_what_does_not_fit_is_cut(server: tuple[str, Door], edns: int | None, tcp: bool, cut: bool) -> None:
    told = answer(server[1], "many.conform.tst", "A", tcp=tcp, edns=edns)
    assert told.tc is cut
    assert cut or set(told.answer) == records_of(MANY)


def test_the_question_comes_back_as_it_was_spelled(server: tuple[str, Door]) -> None:
    for name in ("mX1.cOnfOrm.TsT", "MX1.conform.tst"):
        told = answer(server[1], name, "A")
        assert (told.question.name, len(told.answer)) == (name, 1)


@pytest.mark.parametrize("do", [False, True])
def test_the_do_bit_comes_back(server: tuple[str, Door], do: bool) -> None:
    query = bytearray(make_query("mx1.conform.tst", "A", id=next(NUMBERS), edns=1232))
    query[-4] |= do << 7
    (opt,) = parse_message(server[1].ask(bytes(query))).options
    assert (opt.do, opt.version, opt.rcode) == (do, 0, 0)


def test_several_questions_follow_each_other_on_one_connection(server: tuple[str, Door]) -> None:
    queries = [make_query(f"{name}.conform.tst", "A", id=number) for number, name in enumerate(("mx1", "mx2", "gone"))]
    told = sorted(map(parse_response, server[1].ask_at_once(queries)), key=lambda response: response.id)
    assert [(each.rcode, each.answers) for each in told] == [
        ("NOERROR", ("127.0.0.11",)),
        ("NOERROR", ("127.0.0.12",)),
        ("NXDOMAIN", ()),
    ]


ANSWERED = [row for row in ROWS if row.answer]


@pytest.mark.parametrize("server", ["mailharness"], indirect=True)
@pytest.mark.parametrize("row", ANSWERED, ids=[row.question for row in ANSWERED])
def test_dig_prints_what_was_declared(server: tuple[str, Door], row: Row, program: Callable[[str], str]) -> None:
    """What it prints is a master file: each type's data in another's words."""
    host, port = server[1].address
    name, rrtype = asked_of(row)
    options = ("-r", "+norecurse", "+noall", "+answer", "+tries=1", "+time=5")
    told = run(program("dig"), f"@{host}", "-p", port, *options, "-t", rrtype, "-q", f"{name.removesuffix('.')}.")
    assert set(parse_master_file(told.decode(), ".")) == records_of(row.answer)
