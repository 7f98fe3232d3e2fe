"""Look-ups through an Internet of a few servers in a dictionary, by real packets and without a socket."""

import asyncio
from dataclasses import replace

import pytest

from mailharness.clock import VirtualClock, Work
from mailharness.dns import (
    Answer,
    Authority,
    Cache,
    Query,
    Question,
    Record,
    Resolution,
    Zone,
    apex,
    delegation,
    make_query,
    parse_response,
    respond,
)
from mailharness.dns.resolution import MAX_QUERIES
from mailharness.errors import MisuseError

ROOT, TST, B, C = "127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4"


class Internet:
    """Servers by their addresses, one resolver's cache, and the log of all queries as (address, name, type)."""

    def __init__(self):
        self.clock = VirtualClock(Work(), start=1_000_000)
        self.cache = Cache(self.clock)
        self.servers = {}
        self.log = []
        self.forge = {}

    def serve(self, address, server, origin, *records, **apex_options):
        authority = self.servers.setdefault(address, Authority(server))
        authority.add(Zone(origin, [*apex(origin, [server], **apex_options), *records]))

    def zone(self, address, name):
        return self.servers[address].zone_of(name)

    def look_up(self, name, rrtype, rng=None):
        """Drive one resolution to its end; returns the answer, which names what was asked on the way."""
        resolution = Resolution(name, rrtype, self.cache, [("ns.root", ROOT)], rng)
        while isinstance(outcome := resolution.next_query(), Query):
            assert resolution.next_query() == outcome
            self.log.append((outcome.address, outcome.name, outcome.rrtype))
            self._carry(resolution, outcome)
        return outcome

    def _carry(self, resolution, query):
        server = self.servers.get(query.address)
        if server is None:
            resolution.on_failure("unreachable")
            return
        sent = respond(server, make_query(query.name, query.rrtype), tcp=True)
        response = parse_response(sent.wire)
        if not resolution.on_response(self.forge.get(query.address, lambda response: response)(response)):
            resolution.on_timeout()

    def advance(self, seconds):
        asyncio.run(self.clock.advance(seconds))


def a(name, address, ttl=300):
    return Record(name, "A", ttl, address)


def cname(name, target):
    return Record(name, "CNAME", 300, target)


@pytest.fixture
def internet():
    net = Internet()
    net.serve(ROOT, "ns.root", ".", *delegation("tst", {"ns.tst": TST}), *delegation("far", {"ns.far": C}))
    children = [
        *delegation("exampleB.tst", {"ns.exampleB.tst": B}),
        *delegation("exampleC.tst", {"ns.exampleC.tst": C}),
        *delegation("hosted.tst", {"ns.far": ""}),
    ]
    net.serve(TST, "ns.tst", "tst", a("ns.tst", TST), *children)
    net.serve(
        B,
        "ns.exampleB.tst",
        "exampleB.tst",
        a("ns.exampleB.tst", B),
        Record("exampleB.tst", "MX", 300, "10 mail.exampleB.tst"),
        a("mail.exampleB.tst", "127.1.0.9", 600),
        cname("www.exampleB.tst", "web.exampleC.tst"),
        cname("loop.exampleB.tst", "loop.exampleC.tst"),
        cname("self.exampleB.tst", "self.exampleB.tst"),
        cname("dead.exampleB.tst", "gone.exampleC.tst"),
        negative_ttl=60,
    )
    web = [a("web.exampleC.tst", "127.1.0.8"), cname("loop.exampleC.tst", "loop.exampleB.tst")]
    net.serve(C, "ns.exampleC.tst", "exampleC.tst", a("ns.exampleC.tst", C), *web)
    net.serve(C, "ns.far", "far", a("ns.far", C))
    net.serve(C, "ns.far", "hosted.tst", a("mail.hosted.tst", "127.1.0.7"))
    return net


# -- the story ----


def test_the_first_look_up_walks_from_the_root_and_the_second_finds_the_cache(internet):
    answer = internet.look_up("exampleb.tst", "MX")
    assert answer.rcode == "NOERROR"
    assert answer.data == ("10 mail.exampleB.tst",)
    assert answer.records[0].name == "exampleB.tst"
    assert [(step.server, step.address, step.outcome) for step in answer.steps] == [
        ("ns.root", ROOT, "referral to tst"),
        ("ns.tst", TST, "referral to exampleB.tst"),
        ("ns.exampleB.tst", B, "10 mail.exampleB.tst"),
    ]
    assert not answer.cached
    again = internet.look_up("EXAMPLEB.tst", "MX")
    assert (again.cached, again.steps, again.records) == (True, (), answer.records)


def test_the_next_name_starts_at_the_nearest_delegation(internet):
    internet.look_up("exampleB.tst", "MX")
    internet.log.clear()
    assert internet.look_up("mail.exampleB.tst", "A").data == ("127.1.0.9",)
    assert internet.look_up("web.exampleC.tst", "A").data == ("127.1.0.8",)
    assert [address for address, _, _ in internet.log] == [B, TST, C]


def test_what_a_client_is_told(internet):
    response = internet.look_up("exampleb.tst", "MX").response
    assert (response.ra, response.aa, response.rcode) == (True, False, "NOERROR")
    no = internet.look_up("gone.exampleB.tst", "A").response
    assert (no.rcode, no.soa.name) == ("NXDOMAIN", "exampleB.tst")


def test_any_brings_all_records_of_a_name_and_is_not_remembered(internet):
    for _ in range(2):
        answer = internet.look_up("exampleB.tst", "ANY")
        assert {record.rrtype for record in answer.records} == {"SOA", "NS", "MX"}
        assert not answer.cached


# -- time ----


def test_an_answer_is_asked_for_again_when_its_ttl_has_passed(internet):
    internet.look_up("mail.exampleB.tst", "A")
    internet.zone(B, "exampleB.tst").replace("mail.exampleB.tst", "A", [a("mail.exampleB.tst", "127.1.0.99")])
    internet.advance(599)
    assert internet.look_up("mail.exampleB.tst", "A").records == (a("mail.exampleB.tst", "127.1.0.9", 1),)
    internet.advance(1)
    assert internet.look_up("mail.exampleB.tst", "A").data == ("127.1.0.99",)


@pytest.mark.parametrize(("name", "rcode"), [("gone.exampleB.tst", "NXDOMAIN"), ("mail.exampleB.tst", "NOERROR")])
def test_a_no_is_remembered_for_as_long_as_the_soa_says(internet, name, rcode):
    first = internet.look_up(name, "TXT")
    assert (first.rcode, first.records, first.cached) == (rcode, (), False)
    assert first.authority[0].name == "exampleB.tst"
    internet.zone(B, name).add(Record(name, "TXT", 300, '"here"'))
    internet.advance(59)
    again = internet.look_up(name, "TXT")
    assert (again.rcode, again.cached, again.authority[0].ttl) == (rcode, True, 1)
    internet.advance(1)
    assert internet.look_up(name, "TXT").data == ('"here"',)


def test_when_a_delegation_expires_its_parent_is_asked_again(internet):
    internet.look_up("exampleB.tst", "MX")
    internet.log.clear()
    internet.advance(3600)
    internet.look_up("exampleB.tst", "MX")
    assert [address for address, _, _ in internet.log] == [ROOT, TST, B]


# -- name servers without an address ----


def test_a_name_server_without_glue_is_looked_up_first(internet):
    answer = internet.look_up("mail.hosted.tst", "A")
    assert answer.data == ("127.1.0.7",)
    assert [(step.server, step.name) for step in answer.steps] == [
        ("ns.root", "mail.hosted.tst"),
        ("ns.tst", "mail.hosted.tst"),
        ("ns.root", "ns.far"),
        ("ns.far", "ns.far"),
        ("ns.far", "mail.hosted.tst"),
    ]


def test_zones_that_need_each_other_are_a_problem_and_no_endless_way(internet):
    internet.zone(TST, "tst").add(
        *delegation("hen.tst", {"ns.egg.tst": ""}),
        *delegation("egg.tst", {"ns.hen.tst": ""}),
        *delegation("own.tst", {"ns.own.tst": ""}),
    )
    answer = internet.look_up("mail.hen.tst", "A")
    assert answer.rcode == "SERVFAIL"
    assert answer.problem.startswith(
        "no server of hen.tst. answered: ns.egg.tst: no address (no server of egg.tst. answered:"
    )
    own = internet.look_up("mail.own.tst", "A")
    assert own.problem == (
        "no server of own.tst. answered: ns.own.tst: no address "
        "(no server of own.tst. answered: ns.own.tst: its address cannot be learned without asking it)"
    )


def test_a_long_row_of_zones_without_glue_is_given_up(internet):
    rows = [delegation(f"z{n}.tst", {f"ns.z{n + 1}.tst": ""}) for n in range(20)]
    internet.zone(TST, "tst").add(*(record for row in rows for record in row))
    answer = internet.look_up("mail.z0.tst", "A")
    assert answer.rcode == "SERVFAIL"
    assert len(answer.steps) < MAX_QUERIES


# -- aliases ----


def test_an_alias_into_another_zone_is_followed(internet):
    answer = internet.look_up("www.exampleB.tst", "A")
    assert [(r.name, r.rrtype, r.data) for r in answer.records] == [
        ("www.exampleB.tst", "CNAME", "web.exampleC.tst"),
        ("web.exampleC.tst", "A", "127.1.0.8"),
    ]
    assert answer.data == ("127.1.0.8",)
    again = internet.look_up("WWW.exampleB.tst", "A")
    assert (again.cached, again.records) == (True, answer.records)


def test_an_alias_of_nothing_says_so(internet):
    answer = internet.look_up("dead.exampleB.tst", "A")
    assert (answer.rcode, [r.data for r in answer.records]) == ("NXDOMAIN", ["gone.exampleC.tst"])


@pytest.mark.parametrize("name", ["loop.exampleB.tst", "self.exampleB.tst"])
def test_aliases_in_a_circle_are_a_servfail(internet, name):
    for _ in range(2):
        answer = internet.look_up(name, "A")
        assert (answer.rcode, answer.records) == ("SERVFAIL", ())
        assert answer.problem.startswith(f"the aliases lead nowhere: {name} -> ")


def test_the_alias_itself_can_be_asked_for(internet):
    assert internet.look_up("www.exampleB.tst", "CNAME").data == ("web.exampleC.tst",)
    assert internet.look_up("mail.exampleB.tst", "CNAME").data == ()
    assert internet.look_up("mail.exampleB.tst", "A").data == ("127.1.0.9",)


# -- servers that fail ----


def test_a_dead_server_costs_a_step_and_the_next_one_answers(internet):
    servers = {"ns1.two.tst": "127.1.0.66", "ns2.two.tst": C}
    internet.zone(TST, "tst").add(*delegation("two.tst", servers))
    internet.serve(C, "ns2.two.tst", "two.tst", a("mail.two.tst", "127.1.0.5"))
    answer = internet.look_up("mail.two.tst", "A")
    assert answer.data == ("127.1.0.5",)
    assert [step.outcome for step in answer.steps[2:]] == ["unreachable", "127.1.0.5"]


def test_when_all_are_dead_the_problem_names_zone_and_servers(internet):
    del internet.servers[TST]
    answer = internet.look_up("exampleB.tst", "MX")
    assert (answer.rcode, answer.data) == ("SERVFAIL", ())
    assert answer.problem == f"no server of tst. answered: ns.tst at {TST}: unreachable"
    del internet.servers[ROOT]
    internet.cache.flush()
    assert internet.look_up("exampleB.tst", "MX").problem == f"no server of . answered: ns.root at {ROOT}: unreachable"


def test_a_failure_is_not_remembered(internet):
    server = internet.servers.pop(B)
    assert internet.look_up("exampleB.tst", "MX").rcode == "SERVFAIL"
    internet.servers[B] = server
    assert internet.look_up("exampleB.tst", "MX").rcode == "NOERROR"


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda r: replace(r, rcode="SERVFAIL", answer=()), "SERVFAIL"),
        (lambda r: replace(r, rcode="REFUSED", answer=()), "REFUSED"),
        (lambda r: replace(r, tc=True), "truncated"),
        (lambda r: replace(r, aa=False), "lame: no authority for exampleB.tst"),
        (lambda r: replace(r, aa=False, answer=()), "lame: no authority for exampleB.tst"),
        (lambda r: replace(r, rcode="FORMERR", answer=()), "FORMERR"),
        (lambda r: replace(r, question=Question("other.tst", "MX")), "timed out after 10.5 s (3 tries)"),
        (lambda r: replace(r, question=Question("exampleB.tst", "A")), "timed out after 10.5 s (3 tries)"),
    ],
)
def test_what_is_no_answer_counts_as_a_failure(internet, forge, reason):
    internet.forge[B] = forge
    answer = internet.look_up("exampleB.tst", "MX")
    assert answer.problem == f"no server of exampleB.tst. answered: ns.exampleB.tst at {B}: {reason}"


@pytest.mark.parametrize("leads_to", ["tst", ".", "exampleB.tst", "exampleC.tst", "sub.exampleB.tst"])
def test_a_referral_that_leads_round_is_lame(internet, leads_to):
    records = delegation(leads_to, {"ns.tst": TST})
    internet.forge[B] = lambda r: replace(
        r, aa=False, answer=(), authority=tuple(records[:1]), additional=tuple(records[1:])
    )
    answer = internet.look_up("exampleB.tst", "MX")
    assert answer.rcode == "SERVFAIL"
    assert len(answer.steps) == 3


def test_an_endless_row_of_dead_servers_ends(internet):
    many = {f"ns{n}.many.tst": f"127.2.0.{n}" for n in range(100)}
    internet.zone(TST, "tst").add(*delegation("many.tst", many))
    answer = internet.look_up("many.tst", "MX")
    assert len(answer.steps) == MAX_QUERIES
    assert answer.problem == f"gave up after {MAX_QUERIES} queries, at many.tst"


# -- what is the parent's ----


def test_a_ds_is_asked_of_the_zone_above_and_nobody_is_sent_to_the_child_for_it(internet):
    internet.look_up("exampleB.tst", "MX")
    internet.log.clear()
    soa = tuple(apex("tst", ["ns.tst"])[:1])
    internet.forge[TST] = lambda r: replace(r, aa=True, answer=(), authority=soa, additional=())
    assert internet.look_up("exampleB.tst", "DS").rcode == "NOERROR"
    assert [address for address, _, _ in internet.log] == [TST]
    sent_away = tuple(delegation("exampleC.tst", {"ns.exampleC.tst": C})[:1])
    internet.forge[TST] = lambda r: replace(r, aa=False, answer=(), authority=sent_away, additional=())
    answer = internet.look_up("exampleC.tst", "DS")
    assert answer.problem.endswith("lame: no authority for tst, refers to exampleC.tst")


# -- servers that lie ----


def test_records_of_other_zones_are_dropped(internet):
    poison = (a("web.exampleC.tst", "127.6.6.6"), Record("tst", "NS", 300, "ns.exampleB.tst"), a("ns.tst", "127.6.6.6"))
    internet.forge[B] = lambda r: replace(r, answer=r.answer + poison, authority=poison, additional=poison)
    answer = internet.look_up("exampleB.tst", "MX")
    assert [record.rrtype for record in answer.records] == ["MX"]
    assert internet.look_up("web.exampleC.tst", "A").data == ("127.1.0.8",)
    assert internet.cache.delegation("x.tst").servers == (("ns.tst", TST),)


def test_an_alias_is_believed_but_not_what_it_brings_from_elsewhere(internet):
    internet.forge[B] = lambda r: replace(r, answer=(*r.answer, a("web.exampleC.tst", "127.6.6.6")))
    assert internet.look_up("www.exampleB.tst", "A").data == ("127.1.0.8",)


def test_a_no_of_another_zone_is_not_remembered(internet):
    foreign = apex("tst", ["ns.tst"])[0]
    internet.forge[B] = lambda r: replace(r, rcode="NXDOMAIN", answer=(), authority=(foreign,))
    assert internet.look_up("exampleB.tst", "MX").rcode == "NXDOMAIN"
    del internet.forge[B]
    assert internet.look_up("exampleB.tst", "MX").rcode == "NOERROR"


def test_glue_from_outside_the_zone_is_dropped(internet):
    internet.forge[TST] = lambda r: replace(r, additional=(a("ns.exampleB.tst", B), a("ns.elsewhere", "127.6.6.6")))
    internet.look_up("exampleB.tst", "MX")
    assert internet.cache.delegation("exampleB.tst").servers == (("ns.exampleB.tst", B),)


# -- holding it right ----


class Backwards:
    """A shuffle whose outcome a test can foretell."""

    def shuffle(self, x):
        x.reverse()


def test_servers_are_tried_in_order_or_as_the_shuffle_says(internet):
    many = {f"ns{n}.many.tst": f"127.2.0.{n}" for n in range(8)}
    internet.zone(TST, "tst").add(*delegation("many.tst", many))
    asked = [[step.server for step in internet.look_up("many.tst", "MX", rng).steps[-8:]] for rng in (None, Backwards())]
    assert asked[0] == list(many)
    assert asked[1] == asked[0][::-1]


def test_an_outcome_is_reported_once_and_of_an_open_query(internet):
    resolution = Resolution("b.tst", "A", internet.cache, [("ns.root", ROOT)])
    with pytest.raises(MisuseError, match="no query is open"):
        resolution.on_failure("unreachable")
    assert isinstance(resolution.next_query(), Query)
    resolution.on_failure("timed out")
    with pytest.raises(MisuseError, match="no query is open"):
        resolution.on_failure("timed out")
    assert isinstance(resolution.next_query(), Answer)


def test_a_name_that_is_none_is_misuse(internet):
    with pytest.raises(MisuseError, match="RFC 1035"):
        Resolution("a..tst", "A", internet.cache, [("ns.root", ROOT)])
