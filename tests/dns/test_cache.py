"""The cache: everything holds until its TTL has passed on the world's clock, and not a second longer."""

import asyncio

import pytest

from mailharness.clock import VirtualClock, Work
from mailharness.dns import Cache, Record, apex


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
