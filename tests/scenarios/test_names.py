"""A name system that fails or lies: what becomes of a letter, what a client of others hears, what the journal knows."""

import socket
from collections.abc import Callable
from typing import NamedTuple

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from mailharness import MisuseError, UnusedFaultError, faults
from mailharness.faults import Answer, Drop, Fault, Forged, Verdict
from mailharness.faults.dns import NOBODY
from mailharness.trace.events import Event, LookedUp, Queried, Responded
from tests.interop.running import run
from tests.scenarios.asking import AA, GLOBEX, MX, NS, TRUE, ask, sent, texts
from tests.scenarios.stage import cast, playing, whenever


class Row(NamedTuple):
    """A fault, how a letter ends by it and with which words, and what the name server's answer says."""

    fault: Fault
    status: str
    words: str
    rcode: str
    answer: tuple[str, ...]
    aa: bool = True


TABLE = [
    Row(faults.dns.servfail(GLOBEX), "queued", "451 4.4.3 Look-up of MX globex.test", "SERVFAIL", (), False),
    Row(faults.dns.servfail("GLOBEX.test.", type="mx"), "queued", "451 4.4.3", "SERVFAIL", (), False),
    Row(faults.dns.servfail(GLOBEX, server=GLOBEX), "queued", "451 4.4.3", "SERVFAIL", (), False),
    Row(faults.dns.refused(GLOBEX), "queued", "451 4.4.3 Look-up of MX globex.test failed", "REFUSED", (), False),
    Row(faults.dns.nxdomain(GLOBEX), "bounced", "550 5.1.2 Domain globex.test does not exist", "NXDOMAIN", ()),
    Row(faults.dns.empty_answer(GLOBEX), "bounced", "550 5.4.4", "NOERROR", ()),
    Row(faults.dns.lame(GLOBEX), "queued", "lame: no authority for globex.test", "NOERROR", (), False),
    Row(faults.dns.lame(GLOBEX, upward=False), "queued", "lame: no authority", "NOERROR", TRUE, False),
    Row(
        faults.dns.cname_loop(GLOBEX),
        "queued",
        "451 4.4.3",
        "NOERROR",
        ("CNAME loop.globex.test.", "CNAME globex.test."),
    ),
    Row(faults.dns.mx_to_cname(GLOBEX), "delivered", "", "NOERROR", ("MX 10 alias.globex.test.",)),
    Row(faults.dns.mx_to_nothing(GLOBEX), "bounced", "5.4.4 No mail host", "NOERROR", ("MX 10 nowhere.globex.test.",)),
    Row(faults.dns.mx_to_dead(GLOBEX), "queued", "451 4.4.1", "NOERROR", ("MX 10 dead.globex.test.",)),
    Row(faults.dns.poison(GLOBEX, "acme.test"), "delivered", "", "NOERROR", TRUE),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.fault))
def test_each_fault_has_its_outcome_and_ends_with_its_block(row: Row) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(row.fault):
            letter = alice.send(to=bob, subject="Hello")
            assert letter.trace.status == {"bob@globex.test": row.status}
            assert row.words in str(letter.trace)
        again = alice.send(to=bob, subject="afterwards")
        again.trace.assert_delivered(attempts=1)
        world.clock.advance(hours=1)
        assert ("Hello" in bob.inbox.subjects) is (row.status != "bounced")


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.fault))
def test_a_foreign_client_hears_it_and_the_journal_tells_what_was_sent(row: Row, tcp: bool) -> None:
    with playing() as world:
        with world.fault(row.fault):
            heard = ask(world, tcp=tcp)
        assert (dns.rcode.to_text(heard.rcode()), tuple(texts(heard.answer))) == (row.rcode, row.answer)
        assert bool(heard.flags & AA) is row.aa
        told = sent(world)
        assert (told.host, told.rcode, told.forged, told.transport) == (NS, row.rcode, "forged", "tcp" if tcp else "udp")
        assert len(told.answers) == len(row.answer)
        assert sent(world).forged
        ask(world)
        assert sent(world).forged == ""


def test_one_of_two_hosts_without_an_address_is_passed_over() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.dns.servfail(MX, times=1)) as (armed,):
            letter = alice.send(to=bob)
            letter.trace.assert_queued(reply="451 4.4.3")
            assert (armed.fired, armed.spent) == (1, True)
            world.clock.advance(hours=1)
        letter.trace.assert_delivered(attempts=2)


def test_the_expiry_of_a_letter_keeps_the_last_cause() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.dns.servfail(GLOBEX, type="MX")):
            letter = alice.send(to=bob)
            world.clock.advance(days=6)
        assert letter.trace.bounces[-1].status == "4.4.3"


def test_a_no_that_may_be_remembered_outlives_its_fault() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.dns.nxdomain(GLOBEX, ttl=300)):
            alice.send(to=bob).trace.assert_bounced(status="5.1.2")
        alice.send(to=bob).trace.assert_bounced(status="5.1.2")
        world.clock.advance(minutes=5)
        alice.send(to=bob).trace.assert_delivered()


# -- truncation ----


def test_who_meets_truncation_comes_again_over_tcp(program: Callable[[str], str]) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.dns.truncate("*")):
            letter = alice.send(to=bob)
            letter.trace.assert_delivered()
            host, port = world["globex.test"].nameserver
            told = run(program("dig"), "-r", f"@{host}", "-p", port, GLOBEX, "MX").decode()
        assert ";; Truncated, retrying in TCP mode" in told
        assert "10 mail.globex.test." in told
        steps = [step.rpartition("-> ")[2] for step in letter.trace.dns[0].steps]
        assert steps[-2:] == ["truncated (forged)", "10 mail.globex.test."]
        way = [(one.transport, one.truncated) for one in world.journal.of_kind(Responded) if one.host == NS]
        assert way[:2] == [("udp", True), ("tcp", False)]


# -- answers to something else ----


@pytest.mark.parametrize(
    ("fault", "remark"),
    [(faults.dns.wrong_id(GLOBEX), "another ID"), (faults.dns.wrong_question(GLOBEX), "another question")],
)
def test_an_answer_to_something_else_is_a_strangers(fault: Fault, remark: str) -> None:
    with playing() as world:
        with world.fault(fault), pytest.raises(dns.query.BadResponse):
            ask(world)
        told = sent(world)
        assert (told.name, told.rcode, told.answers, told.forged) == (GLOBEX, "NOERROR", ("10 mail.globex.test.",), remark)


def test_an_answer_to_another_question_sends_nobody_astray() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.dns.wrong_question(GLOBEX, "acme.test")):
            letter = alice.send(to=bob, subject="Hello")
            world.clock.advance(minutes=5)
            letter.trace.assert_queued(reply="451 4.4.3")
        world.clock.advance(hours=1)
        letter.trace.assert_delivered(attempts=2)


# -- poison and signatures ----


@pytest.mark.parametrize(
    ("server", "victim"), [(GLOBEX, "mail.acme.test"), ("test", "elsewhere.example"), (".", "mail.acme.test")]
)
def test_poison_is_on_the_wire_and_nobody_drinks_it(server: str, victim: str) -> None:
    """All names are the root's to give, and yet nobody asked it for this one."""
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.dns.poison(GLOBEX, victim, server=server)):
            (host,) = world.internet.names.servers.of(server)
            heard = ask(world, at=world.host(host).nameserver)
            assert f"A {NOBODY}" in texts(heard.additional)
            alice.send(to=bob).trace.assert_delivered()
            world.resolver.lookup(GLOBEX, "MX")
        for name in (victim, f"ns.{victim}"):
            assert NOBODY not in world.resolver.lookup(name, "A").data
        world.user("bob@globex.test").send(to="alice@acme.test").trace.assert_delivered()


def test_an_expired_signature_is_there_for_who_looks(program: Callable[[str], str]) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.dns.expired_signature("*", server=GLOBEX)):
            alice.send(to=bob).trace.assert_delivered(attempts=1)
            host, port = world["globex.test"].nameserver
            told = run(program("dig"), "-r", f"@{host}", "-p", port, "+dnssec", "+noall", "+answer", GLOBEX, "MX").decode()
        mx, signature = (line.split() for line in told.splitlines())
        assert mx[3:] == ["MX", "10", "mail.globex.test."]
        assert signature[3:7] == ["RRSIG", "MX", "13", "2"]
        assert signature[11] == "globex.test."


# -- the resolver itself ----


def test_the_resolver_that_a_program_is_given_can_fail_too() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.dns.servfail(GLOBEX, server="resolver")):
            heard = ask(world, at=world.resolver.endpoint)
            assert heard.rcode() == dns.rcode.SERVFAIL
            assert heard.flags & dns.flags.RA
            alice.send(to=bob).trace.assert_delivered()
        assert [query.host for query in world.dns.queries(by="127.0.0.1")] == ["resolver"]
        assert texts(ask(world, at=world.resolver.endpoint).answer) == list(TRUE)


def test_a_forged_answer_of_the_resolver_is_put_beside_the_truth() -> None:
    with playing() as world, world.fault(faults.dns.lame(GLOBEX, upward=False, server="resolver", optional=True)):
        assert texts(ask(world, at=world.resolver.endpoint).answer) == list(TRUE)
        told = sent(world)
        assert (told.host, told.forged, told.cached) == ("resolver", "forged", False)
        ask(world, at=world.resolver.endpoint)
        assert sent(world).cached


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_every_question_to_the_resolver_is_told_and_whether_it_knew(tcp: bool) -> None:
    with playing() as world:
        for cached in (False, True, True):
            heard = ask(world, at=world.resolver.endpoint, tcp=tcp)
            told = sent(world)
            assert (told.host, told.name, told.rrtype, told.cached) == ("resolver", GLOBEX, "MX", cached)
            assert (told.by, told.answers) == ("127.0.0.1", ("10 mail.globex.test",))
            assert texts(heard.answer) == list(TRUE)
        asked = [query for query in world.dns.queries() if query.host == "resolver"]
        assert [(query.zone, query.referral) for query in asked] == [("", "")] * 3
        assert len(world.journal.of_kind(LookedUp)) == 1


def test_the_journal_knows_from_which_zone_and_to_which_one_is_sent() -> None:
    with playing() as world:
        world.resolver.lookup(GLOBEX, "MX")
        way = [(query.host, query.zone, query.referral.rstrip(".")) for query in world.dns.queries()]
        assert way == [
            ("a.root-servers", ".", "test"),
            ("ns.nic.test", "test", GLOBEX),
            (NS, GLOBEX, ""),
        ]


# -- what is held wrong ----


def test_a_fault_that_no_question_meets_is_an_error() -> None:
    with playing() as world:
        unused = pytest.raises(UnusedFaultError, match=r"never fired: SERVFAIL for globax\.test; the block tested nothing")
        with unused, world.fault(faults.dns.servfail("globax.test")):
            pass


@pytest.mark.parametrize("server", ["ns.globax.test", "globax.test", ""])
def test_a_server_that_is_not_there_is_named_with_the_nearest(server: str) -> None:
    unknown = pytest.raises(MisuseError, match=r"no name server or zone for the fault")
    with playing() as world, unknown, world.fault(faults.dns.servfail(GLOBEX, server=server)):
        pass


@pytest.mark.parametrize(
    ("verdict", "rcode"),
    [
        (Answer("YXDOMAIN"), "YXDOMAIN"),
        (Answer("451 4.3.0 not SMTP"), "SERVFAIL"),
        (Forged(rcode="NOTAUTH"), "NOTAUTH"),
        (Forged(answer=((GLOBEX, "A", 0, "127.0.0.9"), ...)), "NOERROR"),
    ],
)
def test_a_judge_of_ones_own_may_say_what_it_likes(verdict: Verdict, rcode: str) -> None:
    def is_ours(event: Event) -> bool:
        return isinstance(event, Queried) and event.host == NS

    with playing() as world, world.fault(whenever(is_ours, verdict)):
        assert dns.rcode.to_text(ask(world).rcode()) == rcode
        told = sent(world)
        assert (told.rcode, told.forged) == (rcode, "forged")
        assert dns.rcode.to_text(ask(world).rcode()) == "NOERROR"


def test_a_lie_that_no_packet_can_carry_is_told_to_who_wrote_it(caplog) -> None:
    nonsense = Forged(answer=((GLOBEX, "A", 0, "not an address"),))
    with playing() as world, world.fault(whenever(lambda event: isinstance(event, Queried), nonsense)):
        assert ask(world).rcode() == dns.rcode.SERVFAIL
        assert sent(world).rcode == "SERVFAIL"
    assert [record.message.splitlines()[0] for record in caplog.records] == [
        f"cannot be sent: forge answer {GLOBEX} A not an address"
    ]


def test_a_verdict_that_names_cannot_carry_out_lets_the_truth_through() -> None:
    class Shrug(Verdict):
        """A verdict of the story's own."""

    def garbage(event: Event) -> bool:
        return isinstance(event, Queried) and not event.rrtype

    with playing() as world, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(world[GLOBEX].nameserver)
        shrugging = world.fault(whenever(lambda event: isinstance(event, Queried), Shrug()))
        with pytest.raises(MisuseError, match=r"of Queried: there it may be Answer, .*Forged"), shrugging:
            assert texts(ask(world).answer) == list(TRUE)
        for verdict, answered in ((Answer("SERVFAIL"), True), (Drop(), False)):
            with world.fault(whenever(garbage, verdict)):
                client.send(bytes(12))
                client.send(dns.message.make_query(GLOBEX, "MX", id=77).to_wire())
                heard = [client.recv(512) for _ in range(1 + answered)]
            assert [len(one) for one in heard[:-1]] == [12] * answered
            assert heard[-1][:2] == b"\0\x4d"
