"""What a response means, section by section; and that no liar gets more believed than its zone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.clock import VirtualClock, Work
from mailharness.dns import Answer, Cache, Question, Record, Resolution, Response
from mailharness.dns.name import is_within
from mailharness.dns.reading import Meaning, read
from mailharness.dns.resolution import MAX_QUERIES, MAX_TIMEOUTS

ASKED = Question("w.b.tst", "A")
SOA = Record("b.tst", "SOA", 3600, "ns.b.tst hostmaster.b.tst 1 7200 900 1209600 60")
CUT = Record("sub.b.tst", "NS", 300, "ns.sub.b.tst")


def a(name: str, address: str = "127.9.0.1") -> Record:
    return Record(name, "A", 300, address)


def cname(name: str, target: str) -> Record:
    return Record(name, "CNAME", 300, target)


def ns(zone: str, server: str = "ns.b.tst") -> Record:
    return Record(zone, "NS", 300, server)


TRUE = Response(ASKED, aa=True, answer=(a("W.b.tst"),))
NO = replace(TRUE, answer=(), authority=(SOA,))
DOWN = Response(Question("w.sub.b.tst", "A"), authority=(CUT,), additional=(a("ns.sub.b.tst"),))
TABLE = [
    ("the records", TRUE, Meaning.ANSWER, "127.9.0.1"),
    ("without authority", replace(TRUE, aa=False), Meaning.FAILURE, "lame: no authority for b.tst"),
    ("truncated", replace(TRUE, tc=True), Meaning.TRUNCATED, "truncated"),
    ("an error", replace(TRUE, rcode="REFUSED"), Meaning.FAILURE, "REFUSED"),
    ("no EDNS", replace(TRUE, rcode="FORMERR"), Meaning.NO_EDNS, "FORMERR"),
    ("another version of EDNS", replace(TRUE, rcode="BADVERS"), Meaning.NO_EDNS, "BADVERS"),
    ("an alias that leads out", replace(TRUE, answer=(cname("w.b.tst", "x"), a("x"))), Meaning.ALIAS, "CNAME x"),
    ("an alias within", replace(TRUE, answer=(cname("w.b.tst", "x.b.tst"), a("x.b.tst"))), Meaning.ANSWER, "127.9.0.1"),
    ("an alias of itself", replace(TRUE, answer=(cname("w.b.tst", "w.b.tst"),)), Meaning.ALIAS, "CNAME w.b.tst"),
    ("two aliases", replace(TRUE, answer=(cname("w.b.tst", "x"), cname("w.b.tst", "y"))), Meaning.ALIAS, "CNAME x"),
    ("no such name", replace(NO, rcode="NXDOMAIN"), Meaning.NO, "NXDOMAIN"),
    ("no such records", NO, Meaning.NO, "no such records"),
    ("no such records, by a zone above", replace(NO, authority=(SOA._replace(name="tst"),)), Meaning.NO, "no such records"),
    ("nothing at all", replace(TRUE, aa=False, answer=()), Meaning.FAILURE, "lame: no authority for b.tst"),
    ("a referral down", DOWN, Meaning.REFERRAL, "referral to sub.b.tst"),
    ("a referral to itself", replace(DOWN, authority=(ns("b.tst"),)), Meaning.FAILURE, ", refers to b.tst"),
    ("a referral up", replace(DOWN, authority=(ns("tst"),)), Meaning.FAILURE, ", refers to tst"),
    ("a referral sideways", replace(DOWN, authority=(ns("c.tst"),)), Meaning.FAILURE, ", refers to c.tst"),
    ("a referral past the name", replace(DOWN, authority=(ns("x.b.tst"),)), Meaning.FAILURE, ", refers to x.b.tst"),
]


@pytest.mark.parametrize(("response", "meaning", "outcome"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_a_response_of_a_server_of_the_zone_means(response: Response, meaning: Meaning, outcome: str) -> None:
    reading = read(response, response.question, "b.tst")
    assert reading.meaning is meaning
    assert reading.outcome.endswith(outcome)


def test_only_the_soa_of_its_own_zone_comes_with_a_no() -> None:
    assert read(NO, ASKED, "b.tst").extra == (SOA,)
    assert read(replace(NO, authority=(SOA._replace(name="tst"), SOA)), ASKED, "b.tst").extra == (SOA,)
    assert read(replace(NO, authority=(SOA._replace(name="tst"),)), ASKED, "b.tst").extra == ()
    assert read(replace(NO, authority=(SOA._replace(name="x.b.tst"),)), ASKED, "b.tst").extra == ()


def test_only_addresses_of_the_servers_named_and_within_the_zone_are_glue() -> None:
    glue = (a("ns.sub.b.tst"), a("other.b.tst"), a("ns.c.tst"), Record("ns.sub.b.tst", "AAAA", 300, "::1"))
    servers = (CUT, ns("sub.b.tst", "ns.c.tst"), ns("deep.sub.b.tst", "other.b.tst"))
    reading = read(replace(DOWN, authority=servers, additional=glue), DOWN.question, "b.tst")
    assert (reading.records, reading.extra) == (servers[:2], glue[:1])


def test_what_was_given_away_is_not_for_the_giver_to_say() -> None:
    chain = (cname("w.b.tst", "x.sub.b.tst"), cname("x.sub.b.tst", "y.b.tst"), a("y.b.tst"))

    def given_away(key: str) -> bool:
        return is_within(key, "sub.b.tst")

    assert read(replace(TRUE, answer=chain), ASKED, "b.tst").records == chain[2:]
    reading = read(replace(TRUE, answer=chain), ASKED, "b.tst", given_away)
    assert (reading.meaning, reading.chain, reading.records) == (Meaning.ALIAS, chain[:1], ())
    no = replace(TRUE, answer=chain[:1], rcode="NXDOMAIN", authority=(SOA,))
    assert read(no, ASKED, "b.tst", given_away).meaning is Meaning.ALIAS


def test_a_ds_is_no_reason_to_go_to_the_child() -> None:
    asked = Question("sub.b.tst", "DS")
    assert read(replace(DOWN, question=asked), asked, "b.tst").meaning is Meaning.FAILURE
    deeper = Question("x.sub.b.tst", "DS")
    assert read(replace(DOWN, question=deeper), deeper, "b.tst").meaning is Meaning.REFERRAL


# -- whatever comes back ----

NAMES = st.sampled_from(["w.b.tst", "b.tst", "x.b.tst", "ns.b.tst", "sub.b.tst", "w.c.tst", "ns.c.tst", "tst", "."])
DATA = {
    "A": st.just("127.6.6.6"),
    "NS": NAMES,
    "CNAME": NAMES,
    "SOA": st.just(SOA.data),
    "TXT": st.just('"words"'),
}
RECORDS = st.sampled_from(sorted(DATA)).flatmap(
    lambda rrtype: st.builds(Record, NAMES, st.just(rrtype), st.sampled_from([0, 1, 300, 2**32 - 1]), DATA[rrtype])
)
SECTION = st.lists(RECORDS, max_size=4).map(tuple)
RESPONSES = st.builds(
    Response,
    st.just(ASKED),
    st.sampled_from(["NOERROR", "NOERROR", "NOERROR", "NXDOMAIN", "FORMERR", "SERVFAIL"]),
    st.booleans(),
    SECTION,
    SECTION,
    SECTION,
    st.sampled_from([False, False, False, True]),
)


@given(st.lists(st.none() | RESPONSES, min_size=1, max_size=6), st.sampled_from(["A", "TXT", "ANY", "DS", "CNAME"]))
def test_a_liar_ends_nothing_but_its_own_names(lies: list[Response | None], rrtype: str) -> None:
    """The one server of b.tst answers as it likes, for ever: the look-up ends, and no other zone's name is touched."""
    cache = Cache(VirtualClock(Work(), start=1_000_000))
    cache.put_delegation((ns("b.tst"),), (a("ns.b.tst", "127.1.0.3"),))
    cache.put([a("w.c.tst", "127.9.0.3")])
    resolution = Resolution("w.b.tst", rrtype, cache, [("ns.root", "127.1.0.1")])
    asked = 0
    while not isinstance(query := resolution.next_query(), Answer):
        lie = lies[asked % len(lies)]
        asked += 1
        if query.address not in ("127.1.0.3", "127.6.6.6"):
            resolution.on_failure("unreachable")
        elif lie is None:
            resolution.on_timeout()
        else:
            assert resolution.on_response(replace(lie, question=Question(query.name, query.rrtype)))
    assert asked <= MAX_QUERIES
    assert str(query.walk).count("timed out") <= MAX_TIMEOUTS
    assert all(record.ttl < 2**31 for record in query.records)
    touched = [known.name for known in cache.entries()] + [found.zone for found in cache.delegations()]
    assert {name for name in touched if not is_within(name.lower(), "b.tst")} == {"w.c.tst"}
    assert [record.data for record in cache.get("w.c.tst", "A").records] == ["127.9.0.3"]
