"""The cache: everything holds until its TTL has passed on the world's clock, and not a second longer."""

import asyncio

import pytest

from mailharness.clock import VirtualClock, Work
from mailharness.dns import Cache, Record, apex
from mailharness.dns.cache import FAILURE_HOLDS, LONGEST, LONGEST_NO, SERVER_HOLDS


@pytest.fixture
def clock():
    return VirtualClock(Work(), start=1_000_000)


@pytest.fixture
def cache(clock):
    return Cache(clock)


def advance(clock, seconds):
    asyncio.run(clock.advance(seconds))


def a(name, ttl=300, address="127.0.0.1"):
    return Record(name, "A", ttl, address)


SOA = apex("tst", ["ns.tst"], ttl=3600, negative_ttl=60)[0]


@pytest.mark.parametrize(("seconds", "left"), [(0, 300), (1, 299), (299, 1), (299.5, 1), (300, None), (10_000, None)])
def test_a_record_counts_down_and_expires(cache, clock, seconds, left):
    cache.put([a("mail.B.tst")])
    advance(clock, seconds)
    known = cache.get("MAIL.b.tst", "A")
    assert (known and known.records[0].ttl) == left
    assert len(cache) == (left is not None)


def test_names_come_back_as_declared(cache):
    cache.put([a("mail.exampleB.tst")])
    assert cache.get("MAIL.EXAMPLEB.TST", "A").records[0].name == "mail.exampleB.tst"


def test_an_rrset_holds_as_long_as_its_shortest_ttl(cache, clock):
    cache.put([a("b.tst", 300), a("b.tst", 10, "127.0.0.2")])
    assert {record.ttl for record in cache.get("b.tst", "A").records} == {10}
    advance(clock, 10)
    assert cache.get("b.tst", "A") is None


def test_a_ttl_of_zero_is_not_kept(cache):
    cache.put([a("b.tst", 0)])
    assert cache.get("b.tst", "A") is None


def test_nxdomain_holds_for_every_type_and_nodata_for_one(cache, clock):
    cache.put_negative("gone.tst", "A", "NXDOMAIN", SOA)
    cache.put_negative("bare.tst", "A", "NOERROR", SOA)
    assert cache.get("gone.tst", "MX").rcode == "NXDOMAIN"
    assert (cache.get("bare.tst", "A").negative, cache.get("bare.tst", "MX")) == (True, None)
    advance(clock, 59)
    assert cache.get("gone.tst", "MX").records[0].ttl == 1
    advance(clock, 1)
    assert (cache.get("gone.tst", "MX"), cache.get("bare.tst", "A")) == (None, None)


def test_a_name_that_came_to_be_is_gone_no_more(cache):
    cache.put_negative("b.tst", "MX", "NXDOMAIN", SOA)
    cache.put([a("b.tst")])
    assert not cache.get("b.tst", "A").negative


def test_the_nearest_delegation_is_found_until_it_expires(cache, clock):
    cache.put_delegation((Record("tst", "NS", 1000, "ns.tst"),), (a("ns.tst", 1000),))
    cache.put_delegation(
        (Record("b.tst", "NS", 100, "ns.b.tst"), Record("b.tst", "NS", 100, "ns.far.tst")), (a("NS.b.tst", 50),)
    )
    assert cache.delegation("w.b.tst").servers == (("ns.b.tst", "127.0.0.1"), ("ns.far.tst", ""))
    assert cache.delegation("c.tst").zone == "tst"
    assert cache.delegation("elsewhere") is None
    advance(clock, 50)
    assert cache.delegation("w.b.tst").zone == "tst"


def test_a_delegation_answers_no_question(cache):
    cache.put_delegation((Record("tst", "NS", 1000, "ns.tst"),), (a("ns.tst"),))
    assert cache.get("tst", "NS") is None
    assert cache.get("ns.tst", "A") is None


def test_it_can_be_listed_and_flushed_by_name(cache):
    cache.put([a("w.b.tst")])
    cache.put([a("b.tst")])
    cache.put([a("bb.tst")])
    cache.put_delegation((Record("b.tst", "NS", 1000, "ns.b.tst"),), ())
    assert [known.name for known in cache.entries()] == ["b.tst", "bb.tst", "w.b.tst"]
    assert [found.zone for found in cache.delegations()] == ["b.tst"]
    cache.flush("B.tst")
    assert [known.name for known in cache.entries()] == ["bb.tst"]
    assert cache.delegations() == []
    cache.flush()
    assert len(cache) == 0


def test_it_tells_what_it_holds_in_words(cache, clock):
    assert str(cache) == "nothing is remembered"
    cache.put([a("w.B.tst", 300), a("w.B.tst", 300, "127.0.0.2")])
    cache.put_negative("gone.tst", "A", "NXDOMAIN", SOA)
    cache.put_negative("w.b.tst", "MX", "NOERROR", SOA)
    cache.put_delegation(
        (Record("b.tst", "NS", 1000, "ns.b.tst"), Record("b.tst", "NS", 1000, "ns.far.")), (a("ns.b.tst"),)
    )
    advance(clock, 10.5)
    assert str(cache).splitlines() == [
        "gone.tst: NXDOMAIN (50 s left)",
        "w.B.tst A: 127.0.0.1, 127.0.0.2 (290 s left)",
        "w.b.tst MX: no such records (50 s left)",
        "b.tst NS: asked at ns.b.tst 127.0.0.1, ns.far (290 s left)",
    ]


@pytest.mark.parametrize(
    ("ttl", "kept"), [(0, 0), (1, 1), (LONGEST, LONGEST), (LONGEST + 1, LONGEST), (2**31, 0), (2**32 - 1, 0)]
)
def test_what_is_put_comes_back_as_it_is_kept(cache, ttl, kept):
    assert [record.ttl for record in cache.put([a("b.tst", ttl)])] == [kept]
    assert len(cache) == (kept > 0)


def test_a_no_is_kept_for_three_hours_at_the_most(cache):
    soa = apex("tst", ["ns.tst"], ttl=86400, negative_ttl=86400)[0]
    assert cache.put_negative("gone.tst", "A", "NXDOMAIN", soa)[0].ttl == LONGEST_NO


def test_an_answer_that_may_not_be_kept_takes_the_place_of_one_that_was(cache):
    cache.put([a("b.tst", 300)])
    cache.put([a("b.tst", 0, "127.0.0.2")])
    assert cache.get("b.tst", "A") is None


def test_a_time_out_is_remembered_shortly_and_an_answer_ends_it(cache, clock):
    cache.put_failure("B.tst", "A", "nobody answered")
    assert (cache.failure("b.TST", "A"), cache.failure("b.tst", "MX")) == ("nobody answered", "")
    advance(clock, FAILURE_HOLDS)
    assert cache.failure("b.tst", "A") == ""
    cache.put_failure("b.tst", "A", "nobody answered")
    cache.put([a("b.tst")])
    assert cache.failure("b.tst", "A") == ""
    cache.put_failure("b.tst", "MX", "nobody answered")
    cache.flush("tst")
    assert cache.failure("b.tst", "MX") == ""


def test_of_servers_it_is_remembered_who_was_silent_and_who_knows_no_edns(cache, clock):
    cache.note_silence("127.0.0.1")
    cache.note_silence("127.0.0.2")
    cache.note_plain("127.0.0.1")
    cache.note_answer("127.0.0.2")
    assert [cache.is_silent(f"127.0.0.{n}") for n in (1, 2, 3)] == [True, False, False]
    assert [cache.is_plain(f"127.0.0.{n}") for n in (1, 2)] == [True, False]
    advance(clock, SERVER_HOLDS)
    assert not cache.is_silent("127.0.0.1")
    assert not cache.is_plain("127.0.0.1")


def test_what_a_zone_says_of_a_server_is_known_apart_from_its_glue(cache):
    cache.put_delegation((Record("b.tst", "NS", 1000, "ns.b.tst"),), (a("ns.b.tst"),))
    assert cache.addresses("ns.b.tst") == ()
    cache.put([a("ns.b.tst", 300, "127.0.0.9")])
    assert cache.addresses("NS.b.tst.") == ("127.0.0.9",)
    cache.put_negative("ns.b.tst", "A", "NOERROR", SOA)
    assert cache.addresses("ns.b.tst") == ()


@pytest.mark.parametrize("name", ["mail.tst", "MAIL.tst"])
def test_what_was_known_of_a_name_that_is_gone_does_not_come_back(cache, clock, name):
    cache.put([a("mail.tst", ttl=3600)])
    cache.put_negative(name, "MX", "NXDOMAIN", SOA)
    assert cache.get("mail.tst", "A").rcode == "NXDOMAIN"
    advance(clock, 61)
    assert cache.get("mail.tst", "A") is None
    assert len(cache) == 0
