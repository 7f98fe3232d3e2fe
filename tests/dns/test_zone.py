"""Zones: what they hold, what they refuse, and that a change is heard of."""

import pytest

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
