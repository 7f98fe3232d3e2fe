"""Faults of the name system, as tables of questions: which are meant, and what is said to them."""

import struct
from collections.abc import Callable

import pytest

from mailharness import faults
from mailharness.errors import MisuseError
from mailharness.faults import PASS, Answer, Cut, Delay, Drop, Fault, Forged
from mailharness.faults.dns import NOBODY
from mailharness.faults.fault import check_hosts
from mailharness.trace.events import DataEnded, Queried

NAME, NS = "b.tst", "ns.b.tst"
SERVERS = {"a.root-servers": (".", "tst"), "ns.nic.tst": ("tst", "b.tst"), NS: ("b.tst", ""), "resolver": ("", "")}
"""Each server's zone, and whom it sends an asker for b.tst to."""


def asked(name: str = NAME, rrtype: str = "MX", host: str = NS, transport: str = "udp") -> Queried:
    zone, referral = SERVERS[host]
    return Queried(host=host, by="mail.a.tst", name=name, rrtype=rrtype, transport=transport, zone=zone, referral=referral)


def row(name: str, rrtype: str, data: str, ttl: int = 0) -> tuple[str, str, int, str]:
    return name, rrtype, ttl, data


def records(*rows: tuple[str, str, int, str]) -> Forged:
    return Forged("NOERROR", True, answer=rows, authority=(), additional=())


def no(rcode: str, *authority: tuple[str, str, int, str], aa: bool = True) -> Forged:
    return Forged(rcode, aa, answer=(), authority=authority, additional=())


SOA = row("b.tst", "SOA", "ns.b.tst hostmaster.b.tst 1 7200 900 1209600 0")
LOOP = row(NAME, "CNAME", "loop.b.tst"), row("loop.b.tst", "CNAME", NAME)
PLANTED = row("ns.a.tst", "A", NOBODY, 86400), row("a.tst", "A", NOBODY, 86400)
SAID = [
    (faults.dns.servfail(NAME), Answer("SERVFAIL")),
    (faults.dns.refused(NAME), Answer("REFUSED")),
    (faults.dns.nxdomain(NAME), no("NXDOMAIN", SOA)),
    (faults.dns.nxdomain(NAME, ttl=60), no("NXDOMAIN", ("b.tst", "SOA", 60, SOA[3][:-1] + "60"))),
    (faults.dns.empty_answer(NAME), no("NOERROR")),
    (faults.dns.no_answer(NAME), Drop()),
    (faults.dns.delay(NAME, 2.5), Delay(2.5)),
    (faults.dns.dead_server(NS), Cut()),
    (faults.dns.truncate(NAME), Forged(tc=True, answer=(), authority=(), additional=())),
    (faults.dns.wrong_id(NAME), Forged(other_id=True)),
    (faults.dns.wrong_question(NAME), Forged(other_question="wrong.invalid")),
    (faults.dns.wrong_question(NAME, "c.tst."), Forged(other_question="c.tst")),
    (faults.dns.lame(NAME), no("NOERROR", row(".", "NS", "a.root-servers."), aa=False)),
    (faults.dns.lame(NAME, upward=False), Forged(aa=False)),
    (faults.dns.cname_loop(NAME), records(*LOOP)),
    (faults.dns.mx_to_cname(NAME), records(row(NAME, "MX", "10 alias.b.tst"))),
    (faults.dns.mx_to_nothing(NAME), records(row(NAME, "MX", "10 nowhere.b.tst"))),
    (faults.dns.mx_to_dead(NAME, ttl=9), records(row(NAME, "MX", "10 dead.b.tst", 9))),
    (
        faults.dns.poison(NAME, "a.tst"),
        Forged(authority=(..., row("a.tst", "NS", "ns.a.tst", 86400)), additional=(..., *PLANTED)),
    ),
]


@pytest.mark.parametrize(("fault", "verdict"), SAID, ids=lambda value: str(value))
def test_each_fault_says_its_own(fault: Fault, verdict) -> None:
    assert fault.judge(asked()) == verdict
    assert fault.judge(asked("B.TST")) == verdict
    assert fault.judge(DataEnded(host=NS, protocol="smtp", size=1)) is PASS


@pytest.mark.parametrize(
    ("fault", "host", "rrtype", "verdict"),
    [
        (faults.dns.mx_to_cname(NAME), "alias.b.tst", "A", records(row("alias.b.tst", "CNAME", "mail.b.tst"))),
        (faults.dns.mx_to_cname(NAME, "mx1.b.tst"), "ALIAS.b.tst", "A", records(row("alias.b.tst", "CNAME", "mx1.b.tst"))),
        (faults.dns.mx_to_nothing(NAME), "nowhere.b.tst", "A", no("NXDOMAIN", SOA)),
        (faults.dns.mx_to_dead(NAME), "dead.b.tst", "A", records(row("dead.b.tst", "A", NOBODY))),
        (faults.dns.mx_to_dead(NAME, "127.0.0.9"), "dead.b.tst", "A", records(row("dead.b.tst", "A", "127.0.0.9"))),
        (faults.dns.mx_to_dead(NAME), "dead.b.tst", "AAAA", records()),
        (faults.dns.mx_to_dead(NAME), NAME, "TXT", PASS),
    ],
)
def test_the_host_behind_a_false_mx_is_spoken_for_too(fault: Fault, host: str, rrtype: str, verdict) -> None:
    assert fault.judge(asked(host, rrtype)) == verdict


def test_truncation_is_for_datagrams() -> None:
    assert faults.dns.truncate(NAME).judge(asked(transport="tcp")) is PASS


def test_the_signature_ran_out_a_day_before_it_is_given() -> None:
    event = asked(rrtype="TXT")
    event.at = 2_000_000_000.5
    verdict = faults.dns.expired_signature(NAME).judge(event)
    assert isinstance(verdict, Forged)
    assert verdict.answer is not None
    true, signature = verdict.answer
    assert true is ...
    assert signature[:3] == (NAME, "RRSIG", 0)  # type: ignore[index]
    _, size, octets = signature[3].split()  # type: ignore[index]
    covered, _, labels, _, expires, begins = struct.unpack_from("!HBBIII", bytes.fromhex(octets))
    assert (covered, labels, 2_000_000_000 - expires, len(octets)) == (16, 2, 86_400, 2 * int(size))
    assert begins < expires


@pytest.mark.parametrize(
    ("scope", "meant"),
    [
        ({"name": NAME}, {NS}),
        ({"name": NAME, "server": NS.upper()}, {NS}),
        ({"name": NAME, "server": "b.tst."}, {NS}),
        ({"name": NAME, "server": "tst"}, {"ns.nic.tst"}),
        ({"name": NAME, "server": "."}, {"a.root-servers"}),
        ({"name": NAME, "server": "resolver"}, {"resolver"}),
        ({"name": NAME, "type": "mx"}, {NS}),
        ({"name": NAME, "type": "A"}, set()),
        ({"name": "*"}, {NS}),
        ({"name": "*", "server": "resolver"}, {"resolver"}),
        ({"name": "*.tst"}, {NS}),
        ({"name": "*.b.tst"}, set()),
        ({"name": "c.tst"}, set()),
        ({"name": "tst"}, set()),
    ],
)
def test_the_scope_tells_whose_questions_are_meant(scope: dict[str, str], meant: set[str]) -> None:
    fault = faults.dns.servfail(**scope)  # type: ignore[arg-type]
    assert {host for host in SERVERS if fault.judge(asked(host=host)) is not PASS} == meant


def test_an_international_name_is_meant_in_both_its_forms() -> None:
    fault = faults.dns.servfail("Bücher.tst")
    assert fault.judge(asked("xn--BCHER-kva.tst")) == fault.judge(asked("bücher.tst")) == Answer("SERVFAIL")


def test_a_packet_that_asks_nothing_is_nobodys() -> None:
    assert faults.dns.servfail("*", server=NS).judge(asked("", "")) is PASS


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: faults.dns.servfail(NAME, type="mx", times=2), "SERVFAIL for b.tst MX (times=2)"),
        (lambda: faults.dns.delay(NAME, 2, server="tst"), "delay by 2 s for b.tst at tst"),
        (lambda: faults.dns.dead_server(NS), "dead server for every name at ns.b.tst"),
        (lambda: faults.dns.mx_to_dead(NAME), "MX to a dead address for b.tst"),
    ],
)
def test_a_fault_says_what_it_does(make: Callable[[], Fault], words: str) -> None:
    assert str(make()) == words


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: faults.dns.servfail("b..tst"), r"'b\.\.tst' is not a domain name"),
        (lambda: faults.dns.servfail(""), "'' is not a domain name"),
        (lambda: faults.dns.servfail("a*.b.tst"), "is not a domain name"),
        (lambda: faults.dns.servfail("x" * 64 + ".tst"), "is not a domain name"),
        (lambda: faults.dns.mx_to_cname(NAME, "not a host"), "'not a host' is not a domain name"),
        (lambda: faults.dns.wrong_question(NAME, "-"), "'-' is not a domain name"),
        (lambda: faults.dns.servfail(NAME, type="MXX"), "no record type 'MXX'; did you mean 'MX'"),
        (lambda: faults.dns.servfail(NAME, type=""), "no record type ''"),
        (lambda: faults.dns.servfail(NAME, times=0), "at least once"),
        (lambda: faults.dns.delay(NAME, -1), "finite number of seconds"),
        (lambda: faults.dns.delay(NAME, float("inf")), "finite number of seconds"),
        (lambda: faults.dns.mx_to_dead(NAME, "dead"), "'dead' is not an IPv4 address"),
        (lambda: faults.dns.poison(NAME, "a.tst", "::1"), "'::1' is not an IPv4 address"),
        (lambda: Forged("SRVFAIL"), "no rcode 'SRVFAIL'; did you mean 'SERVFAIL'"),
    ],
)
def test_what_could_never_be_meant_is_refused_at_once(make: Callable[[], object], message: str) -> None:
    with pytest.raises(MisuseError, match=message):
        make()


def test_a_server_is_known_by_its_host_or_its_zone() -> None:
    hosts, zones = ["ns.b.tst", "resolver"], [".", "tst", "b.tst"]
    for server in ("NS.b.tst", "resolver", ".", "tst."):
        check_hosts(faults.dns.servfail(NAME, server=server), hosts, zones)
    with pytest.raises(MisuseError, match=r"name server or zone .* 'ns\.c\.tst'; did you mean 'ns\.b\.tst'\?"):
        check_hosts(faults.dns.dead_server("ns.c.tst"), hosts, zones)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Forged(), "forge nothing"),
        (Forged(other_id=True), "forge another ID"),
        (Forged(other_question="c.tst"), "forge another question (c.tst)"),
        (Forged(tc=True, aa=False), "forge TC, no authority"),
        (no("NXDOMAIN"), "forge NXDOMAIN"),
        (Forged(answer=(..., row(NAME, "A", NOBODY))), f"forge answer b.tst A {NOBODY}"),
        (Forged(answer=(row(NAME, "TXT", "x" * 61),)), f"forge answer b.tst TXT {'x' * 60}..."),
    ],
)
def test_a_lie_can_be_told_in_words(verdict: Forged, words: str) -> None:
    assert str(verdict) == words
