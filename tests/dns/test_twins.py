"""Zones that worlds have in common: each changes its own."""

import pytest

from mailharness import Domain, World
from mailharness.dns import Authority, Question, Record, Zone, apex, make_query
from mailharness.dns.wire import respond
from mailharness.errors import MisuseError

NAME = "b.test."
QUERY = make_query("www.b.test", "A")


@pytest.fixture
def zone() -> Zone:
    return Zone(NAME, [*apex(NAME, ["ns.b.test."]), Record("www.b.test.", "A", 60, "127.0.0.1")])


def answers(zone: Zone) -> list[str]:
    return [record.data for record in Authority("ns", [zone]).answer(Question("www.b.test", "A")).answer]


def test_what_becomes_of_a_twin_changes_nothing_of_the_other(zone: Zone) -> None:
    first, second = zone.twin(), zone.twin()
    first.add(Record("www.b.test.", "A", 60, "127.0.0.2"))
    second.remove("www.b.test.")
    zone.replace("www.b.test.", "A", [Record("www.b.test.", "A", 60, "127.0.0.3")])
    assert [answers(one) for one in (first, second, zone)] == [["127.0.0.1", "127.0.0.2"], [], ["127.0.0.3"]]
    assert [one.serial for one in (first, second, zone)] == [2, 2, 2]


def test_a_change_that_is_refused_leaves_both_as_they_were(zone: Zone) -> None:
    twin = zone.twin()
    with pytest.raises(MisuseError, match="CNAME"):
        twin.add(Record("www.b.test.", "CNAME", 60, "b.test."))
    assert answers(twin) == answers(zone) == ["127.0.0.1"]


def test_servers_share_what_they_remember_until_a_zone_changes(zone: Zone) -> None:
    memo: dict[object, object] = {}
    first, second = zone.twin(), zone.twin()
    one, other = Authority("ns", [first], memo), Authority("ns", [second], memo)
    before = respond(one, QUERY)
    assert one.memo is other.memo is memo
    assert memo
    first.replace("www.b.test.", "A", [Record("www.b.test.", "A", 60, "127.0.0.9")])
    assert respond(one, QUERY).about.answers == ("127.0.0.9",)
    assert respond(other, QUERY) == before
    assert respond(Authority("ns", [zone], memo), QUERY) == before


def test_what_is_shared_is_bounded(zone: Zone) -> None:
    memo: dict[object, object] = {}
    authority = Authority("ns", [zone.twin()], memo)
    for n in range(1000):
        respond(authority, make_query(f"n{n}.b.test", "A"))
    assert len(memo) <= 502
    assert authority.memo is not memo


def told(world: World) -> tuple[str, ...]:
    return world.resolver.lookup("b.test", "TXT").data


def test_a_world_that_changes_a_zone_changes_no_later_world() -> None:
    domain = Domain("b.test", records=["@ TXT first"])
    for _ in range(3):
        with World(domain) as world:
            assert told(world) == ('"first"',)
            world.dns.zone("b.test").replace("TXT", "second")
            world.resolver.cache.flush()
            assert told(world) == ('"second"',)


def test_worlds_that_declare_other_records_have_other_zones() -> None:
    for text in ("one", "two", "One"):
        with World(Domain("b.test", records=[f"@ TXT {text}"])) as world:
            assert told(world) == (f'"{text}"',)
