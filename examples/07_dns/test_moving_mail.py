"""Mail moves to another host: what an MX record promises, and for how long the old one is still believed.

The zone of a running world is yours to change. Resolvers keep what they learned until its TTL has passed, as anywhere;
here that hour costs nothing, because time is virtual.
"""

import pytest

from mailharness import Domain, MisuseError, faults


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(
        Domain("acme.test", users=["alice"]),
        Domain("globex.test", users=["bob"], mx=["old", "new"], records=["@ 3600 MX 10 old"]),
    )


def test_a_stale_mx_is_used_until_its_ttl_has_passed(world):
    alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")
    alice.send(to=bob, subject="before the move").trace.assert_delivered(via="old.globex.test")

    world["globex.test"].zone.replace("MX", "10 new")

    letter = alice.send(to=bob, subject="the answer in the cache still holds")
    letter.trace.assert_delivered(via="old.globex.test")
    assert all(lookup.cached for lookup in letter.trace.dns)

    world.clock.advance(hours=1)
    letter = alice.send(to=bob, subject="now it is asked again")
    letter.trace.assert_delivered(via="new.globex.test")


def test_a_cache_can_be_flushed_instead(world):
    alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")
    alice.send(to=bob).trace.assert_delivered(via="old.globex.test")

    world["globex.test"].zone.replace("MX", "10 new")
    world["acme.test"].resolver.cache.flush("globex.test")

    alice.send(to=bob).trace.assert_delivered(via="new.globex.test")


def test_what_was_asked_and_what_the_answers_were(world):
    world["acme.test"].resolver.lookup("globex.test", "MX")

    walked = world.dns.queries(name="globex.test", type="MX", by="mail.acme.test")
    assert [query.host for query in walked] == ["a.root-servers", "ns.nic.test", "ns.globex.test"]
    print(world["acme.test"].resolver.explain("globex.test", "MX"))


def test_a_record_that_breaks_the_rules_is_refused(world):
    with pytest.raises(MisuseError, match="address"):
        world["globex.test"].zone.replace("MX", "10 192.0.2.1")


def test_a_name_server_that_fails_delays_the_letter(world):
    alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")

    with world.fault(faults.dns.servfail("globex.test")):
        letter = alice.send(to=bob)
        letter.trace.assert_queued(at="mail.acme.test", reply=451)

    world.clock.advance(minutes=15)
    letter.trace.assert_delivered()
