"""Zones: what they hold, what they refuse, and that a change is heard of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.dns import Record, Zone, apex, delegation, txt
from mailharness.dns.zone import Kind
from mailharness.errors import MisuseError


def a(name, address="127.0.0.1"):
    return Record(name, "A", 300, address)


@pytest.fixture
def zone():
    return Zone("exampleB.tst", [*apex("exampleB.tst", ["ns.exampleB.tst"]), a("ns.exampleB.tst"), a("x.y.exampleB.tst")])


def test_apex_makes_what_every_zone_needs(zone):
    assert zone.soa.data == "ns.exampleB.tst hostmaster.exampleB.tst 1 7200 900 1209600 300"
    assert zone.find("EXAMPLEb.tst", "NS").records == (Record("exampleB.tst", "NS", 3600, "ns.exampleB.tst"),)
    assert apex(".", ["ns.root"])[0].data.split()[1] == "hostmaster"


def test_the_serial_is_the_soas_own_or_the_one_given():
    assert Zone("a.tst", apex("a.tst", ["ns.b.tst"], serial=7)).serial == 7
    assert Zone("a.tst", apex("a.tst", ["ns.b.tst"]), serial=2026).soa.data.split()[2] == "2026"


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        ([], "exactly one SOA"),
        ([*apex("a.tst", ["ns.a.tst"]), *apex("a.tst", ["ns2.a.tst"])], "exactly one SOA"),
        ([*apex("a.tst", ["ns.a.tst"]), a("b.tst")], "outside of the zone a.tst"),
        ([*apex("a.tst", ["ns.a.tst"]), a("ba.tst")], "outside of the zone a.tst"),
        ([*apex("a.tst", ["ns.a.tst"]), *apex("x.a.tst", ["ns.a.tst"])], "stands at the origin"),
        ([*apex("a.tst", ["ns.a.tst"]), Record("a.tst", "CNAME", 1, "b.tst")], "RFC 1034 §3.6.2"),
        ([Record("w.a.tst", "CNAME", 1, "b.tst"), Record("w.a.tst", "CNAME", 1, "c.tst")], "RFC 1034 §3.6.2"),
        ([Record("w.a.tst", "CNAME", 1, "b.tst"), a("W.a.tst")], "RFC 1034 §3.6.2"),
        ([a("w.a.tst", "127.0.0.300")], "w.a.tst A: '127.0.0.300' is not an IPv4 address"),
    ],
)
def test_a_zone_refuses_what_could_not_be_served(records, complaint):
    with pytest.raises(MisuseError, match=complaint):
        Zone("a.tst", records)


SOUND = [*apex("a.tst", ["ns.b.tst"]), a("mx.a.tst"), Record("www.a.tst", "CNAME", 300, "mx.a.tst")]


def mx(data, name="a.tst", ttl=300):
    return Record(name, "MX", ttl, data)


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        ([mx("10 mx.a.tst"), mx("20 mx.b.tst", ttl=301)], "one TTL, not 300 and 301 .RFC 2181 §5.2"),
        ([mx("10 mx.a.tst"), mx("0 .")], "a null MX is the only MX of its name .RFC 7505 §3"),
        ([mx("10 WWW.a.tst")], "WWW.a.tst is an alias, and a MX names a host .RFC 2181 §10.3"),
        ([Record("d.a.tst", "DNAME", 1, "b.tst"), mx("10 x.d.a.tst")], "x.d.a.tst is an alias"),
        ([Record("a.tst", "NS", 3600, "www.a.tst")], "and a NS names a host .RFC 2181 §10.3"),
        ([Record("_x.a.tst", "SRV", 1, "0 0 1 www.a.tst")], "RFC 2782"),
        ([Record("*.w.a.tst", "CNAME", 1, "b.tst"), mx("10 any.w.a.tst")], "any.w.a.tst is an alias"),
        ([Record("www.a.tst", "TXT", 1, "x")], "a CNAME stands alone"),
        ([Record("*.a.tst", "NS", 1, "ns.b.tst")], "a wildcard delegates nothing .RFC 4592 §4.2"),
        ([Record("a.tst", "DS", 1, "1 8 2 " + "00" * 32)], "in the zone above, at the delegation .RFC 4035 §2.4"),
        (
            [*delegation("s.a.tst", {"ns.b.tst": ""}), mx("10 mx.a.tst", "s.a.tst")],
            "would be lost|only NS, DS and addresses",
        ),
        (
            [*delegation("s.a.tst", {"ns.b.tst": ""}), mx("10 mx.a.tst", "x.s.a.tst")],
            "would be lost|only addresses, as glue",
        ),
        ([mx("10 mx.a.tst", "x.s.a.tst"), *delegation("s.a.tst", {"ns.b.tst": ""})], "RFC 1034 §4.2.1"),
        ([*delegation("s.a.tst", {"ns.b.tst": ""}), *delegation("x.s.a.tst", {"ns.b.tst": ""})], "RFC 1034 §4.2.1"),
        ([Record("d.a.tst", "DNAME", 1, "b.tst"), a("x.d.a.tst")], "below .* DNAME.*RFC 6672 §2.4"),
        ([a("x.y.d.a.tst"), Record("d.a.tst", "DNAME", 1, "b.tst")], "below .* DNAME.*RFC 6672 §2.4"),
        ([Record("d.a.tst", "DNAME", 1, "b.tst"), Record("d.a.tst", "DNAME", 1, "c.tst")], "a name has one DNAME"),
    ],
)
def test_what_the_rfcs_forbid_is_refused_at_once_and_later_unless_the_zone_is_not_strict(records, complaint):
    with pytest.raises(MisuseError, match=complaint):
        Zone("a.tst", [*SOUND, *records])
    zone = Zone("a.tst", SOUND)
    with pytest.raises(MisuseError, match=complaint):
        zone.add(*records)
    assert set(zone.records) == set(SOUND)
    assert set(Zone("a.tst", [*SOUND, *records], strict=False).records) == {*SOUND, *records}


@pytest.mark.parametrize(
    "records",
    [
        [mx("0 .")],
        [mx("10 nobody.a.tst")],
        [mx("10 www.b.tst")],
        [Record("www.a.tst", "RRSIG", 9, "CNAME 13 3 1 2 1 1 a.tst AA==")],
        [*delegation("s.a.tst", {"s.a.tst": "127.0.0.1"}), Record("s.a.tst", "DS", 1, "1 8 2 " + "00" * 32)],
        [Record("a.tst", "DNAME", 1, "b.tst"), mx("10 mx.b.tst")][1:],
        [Record("a.tst", "RRSIG", 9, f"{rrtype} 13 2 1 2 1 1 a.tst AA==") for rrtype in ("MX", "NS")],
    ],
)
def test_and_what_they_allow_is_not(records):
    assert set(Zone("a.tst", [*SOUND, *records]).records) == {*SOUND, *records}


def test_an_alias_does_not_come_in_later_under_a_host_that_is_named():
    zone = Zone("a.tst", [*SOUND, mx("10 new.a.tst")])
    with pytest.raises(MisuseError, match=r"names this host, which thus cannot be an alias .RFC 2181 §10.3"):
        zone.add(Record("new.a.tst", "CNAME", 1, "b.tst"))
    zone.replace("a.tst", "MX", [mx("10 mx.a.tst")])
    zone.add(Record("new.a.tst", "CNAME", 1, "b.tst"))
    assert zone.find("new.a.tst", "A").kind is Kind.ALIAS


def test_a_zone_that_was_not_strict_once_is_not_strict_again():
    zone = Zone("a.tst", SOUND)
    assert zone.strict
    zone.replace("a.tst", "MX", [mx("10 192.0.2.1")], strict=False)
    assert not zone.strict
    zone.add(a("www.a.tst"), mx("0 ."))
    assert [record.data for record in zone.find("a.tst", "MX").records] == ["10 192.0.2.1", "0 ."]
    assert zone.find("www.a.tst", "A").kind is Kind.ANSWER
    assert zone.find("www.a.tst", "AAAA").kind is Kind.ALIAS


def test_a_change_that_is_not_strict_and_yet_refused_leaves_the_zone_strict():
    zone = Zone("a.tst", SOUND)
    with pytest.raises(MisuseError, match="outside of the zone"):
        zone.add(a("b.tst"), strict=False)
    assert zone.strict


def test_the_soa_and_the_name_servers_stay():
    zone = Zone("a.tst", SOUND)
    for rrtype, complaint in ((None, "exactly one SOA"), ("SOA", "exactly one SOA"), ("NS", "needs an NS at its origin")):
        with pytest.raises(MisuseError, match=complaint):
            zone.remove("a.tst", rrtype)
    assert (set(zone.records), zone.serial) == (set(SOUND), 1)
    zone.replace("a.tst", "NS", [], strict=False)
    with pytest.raises(MisuseError, match="a whole one"):
        Zone("a.tst", [Record("a.tst", "SOA", 1, r"\# 1 00")], strict=False)


def test_a_name_or_a_type_is_removed():
    zone = Zone("a.tst", [*SOUND, Record("mx.a.tst", "TXT", 1, "x")])
    zone.remove("MX.a.tst", "TXT")
    assert zone.find("mx.a.tst", "TXT").kind is Kind.NODATA
    zone.remove("mx.a.tst.")
    assert zone.find("mx.a.tst", "A").kind is Kind.NXDOMAIN
    assert zone.serial == 3


def test_what_is_not_there_is_not_removed():
    zone = Zone("a.tst", SOUND)
    with pytest.raises(MisuseError, match=r"no name in the zone 'mxx.a.tst'; did you mean 'mx.a.tst'"):
        zone.remove("mxx.a.tst")
    with pytest.raises(MisuseError, match=r"no record of mx.a.tst of the type 'AAAA' .known: A"):
        zone.remove("mx.a.tst", "AAAA")
    assert zone.serial == 1


@pytest.mark.parametrize(
    ("before", "declared", "after"),
    [(1, 1, 2), (1, 5, 5), (5, 1, 6), (2**32 - 1, 2**32 - 1, 0), (2**32 - 1, 3, 3), (1, 2**31 + 1, 2)],
)
def test_the_serial_goes_on_or_jumps_ahead_in_its_circle(before, declared, after):
    """RFC 1982 §3.2: one number is later than another if less than half of the circle lies between them."""
    zone = Zone("a.tst", SOUND, serial=before)
    zone.replace("a.tst", "SOA", apex("a.tst", ["ns.b.tst"], serial=declared)[:1])
    assert (zone.serial, zone.soa.data.split()[2]) == (after, str(after))


def test_an_empty_non_terminal_lasts_as_long_as_something_is_below_it():
    zone = Zone("a.tst", [*SOUND, a("1.x.y.a.tst"), a("2.x.y.a.tst"), a("y.a.tst")])
    zone.remove("1.x.y.a.tst")
    zone.remove("y.a.tst")
    assert zone.find("y.a.tst", "A").kind is zone.find("x.y.a.tst", "A").kind is Kind.NODATA
    zone.remove("2.x.y.a.tst")
    assert zone.find("y.a.tst", "A").kind is zone.find("x.y.a.tst", "A").kind is Kind.NXDOMAIN
    zone.add(a("x.y.a.tst"))
    assert zone.find("y.a.tst", "A").kind is Kind.NODATA


NAMES = st.lists(st.sampled_from("xyz*"), min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "a.tst"]))


@given(st.lists(st.tuples(st.booleans(), NAMES), max_size=30), NAMES)
def test_a_zone_that_changed_answers_as_one_declared_anew(changes, asked):
    zone = Zone("a.tst", SOUND)
    for add, name in changes:
        zone.replace(name, "A", [a(name)] if add else [])
    anew = Zone("a.tst", zone.records)
    assert zone.find(asked, "A") == anew.find(asked, "A")
    assert zone.find(asked, "MX").kind is anew.find(asked, "MX").kind


def test_a_zone_needs_a_name_server():
    with pytest.raises(MisuseError, match="needs a name server"):
        apex("a.tst", [])


def test_replacing_an_rrset_bumps_the_serial_and_is_heard_of(zone):
    heard = []
    zone.watch(lambda: heard.append(zone.serial))
    zone.replace("x.y.exampleB.tst", "A", [a("X.y.exampleB.tst", "127.0.0.2")])
    assert [record.data for record in zone.find("x.y.exampleb.tst", "A").records] == ["127.0.0.2"]
    assert heard == [zone.serial] == [2]
    assert zone.soa.data.split()[2] == "2"


def test_removing_the_last_record_of_a_name_removes_the_names_above_it(zone):
    assert zone.find("y.exampleB.tst", "A").kind is Kind.NODATA
    zone.replace("x.y.exampleB.tst", "A", [])
    assert zone.find("y.exampleB.tst", "A").kind is Kind.NXDOMAIN
    assert zone.find("ns.exampleB.tst", "A").kind is Kind.ANSWER


@pytest.mark.parametrize(
    ("name", "rrtype", "records"),
    [
        ("ns.exampleB.tst", "A", [a("x.exampleB.tst")]),
        ("ns.exampleB.tst", "MX", [a("ns.exampleB.tst")]),
        ("ns.exampleB.tst", "CNAME", [Record("ns.exampleB.tst", "CNAME", 1, "b.tst")]),
        ("exampleB.tst", "SOA", []),
    ],
)
def test_a_refused_change_changes_nothing(zone, name, rrtype, records):
    before = set(zone.records), zone.serial
    with pytest.raises(MisuseError):
        zone.replace(name, rrtype, records)
    assert (set(zone.records), zone.serial) == before


def test_a_refused_addition_adds_nothing(zone):
    before = set(zone.records), zone.serial
    with pytest.raises(MisuseError, match="stands alone"):
        zone.add(a("new.exampleB.tst"), a("ns.exampleB.tst", "127.0.0.9"), Record("NS.exampleB.tst", "CNAME", 1, "b.tst"))
    with pytest.raises(MisuseError, match="exactly one SOA"):
        zone.add(apex("exampleB.tst", ["other.tst"])[0])
    assert (set(zone.records), zone.serial) == before


def test_an_address_becomes_an_alias_in_two_changes(zone):
    zone.replace("x.y.exampleB.tst", "A", [])
    zone.replace("x.y.exampleB.tst", "CNAME", [Record("x.y.exampleB.tst", "CNAME", 1, "b.tst")])
    assert zone.find("x.y.exampleB.tst", "A").kind is Kind.ALIAS


def test_ten_thousand_delegations_are_added_one_by_one_and_found():
    tst = Zone("tst", apex("tst", ["ns.tst"]))
    for number in range(10_000):
        tst.add(*delegation(f"d{number}.tst", {f"ns.d{number}.tst": "127.0.0.1"}))
    found = tst.find("mail.d9999.tst", "A")
    assert (found.kind, found.records[0].name) == (Kind.DELEGATION, "d9999.tst")
    assert tst.serial == 10_001


def test_a_record_declared_twice_is_there_once():
    zone = Zone("a.tst", [*apex("a.tst", ["ns.a.tst"]), a("w.a.tst"), a("W.a.tst.")])
    assert len(zone.find("w.a.tst", "A").records) == 1


def test_long_text_is_split_into_strings():
    assert txt("a.tst", "x" * 300).data == f'"{"x" * 255}" "{"x" * 45}"'
