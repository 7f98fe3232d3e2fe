"""BIND and NSD load the master files that we write, and we read the one that BIND writes: the same records each time."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from mailharness.dns import Record, Zone, apex, parse_master_file
from tests.dns.conformance import CHILD_ORIGIN, ORIGIN
from tests.dns.records import zones
from tests.dns.test_conformance import build_zones
from tests.interop.nameservers import find_server
from tests.interop.running import attempt, run

LOADED = {"A", "AAAA", "MX", "TXT", "SRV", "CAA", "TLSA", "SSHFP", "PTR", "HINFO", "RP", "URI", "TYPE65280"}
"""Types that may stand together at any name, with any data (BIND wants a real expression in a NAPTR)."""


@pytest.mark.parametrize("origin", [ORIGIN, CHILD_ORIGIN])
def test_both_find_our_file_in_order(program: Callable[[str], str], tmp_path: Path, origin: str) -> None:
    file = tmp_path / "zone"
    file.write_text(build_zones()[origin].to_master_file())
    assert b"is ok" in run(find_server(program, "nsd-checkzone"), origin, file)
    assert run(find_server(program, "named-checkzone"), "-i", "local", origin, file).endswith(b"OK\n")


@pytest.mark.parametrize("origin", [ORIGIN, CHILD_ORIGIN])
@pytest.mark.parametrize("style", ["full", "relative"])
def test_what_bind_makes_of_our_file_we_read_as_the_same_records(
    program: Callable[[str], str], tmp_path: Path, origin: str, style: str
) -> None:
    zone = build_zones()[origin]
    assert set(rewritten(find_server(program, "named-compilezone"), tmp_path, zone, style)) == set(zone.records)


def rewritten(command: str, folder: Path, zone: Zone, style: str) -> list[Record]:
    ours, theirs = folder / "ours", folder / "theirs"
    ours.write_text(zone.to_master_file())
    run(command, "-i", "none", "-k", "ignore", "-n", "ignore", "-r", "ignore", "-s", style, "-o", theirs, zone.origin, ours)
    return parse_master_file(theirs.read_text(), zone.origin)


@given(zone=zones(types=tuple(sorted(LOADED))))
@settings(max_examples=25)
def test_any_zone_comes_back_from_bind(
    program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, zone: Zone
) -> None:
    """One TTL a set, which BIND demands, and no two records that differ in case alone, which it takes for one."""
    even = {(record.key, record.rrtype): record.ttl for record in zone.records}
    records = [record._replace(ttl=even[record.key, record.rrtype]) for record in zone.records]
    plain = Zone(zone.origin, records, strict=False)
    again = rewritten(find_server(program, "named-compilezone"), tmp_path_factory.mktemp("zone"), plain, "full")
    assert set(again) == set(plain.records)


def test_both_refuse_what_we_refuse(program: Callable[[str], str], tmp_path: Path) -> None:
    """What only ``strict=False`` admits: data beside a CNAME."""
    beside = [Record("w.a.tst", "CNAME", 5, "b.tst"), Record("w.a.tst", "A", 5, "192.0.2.1")]
    file = tmp_path / "zone"
    file.write_text(Zone("a.tst", [*apex("a.tst", ["ns.b.tst"]), *beside], strict=False).to_master_file())
    assert attempt(find_server(program, "nsd-checkzone"), "a.tst", file).returncode != 0
    assert attempt(find_server(program, "named-checkzone"), "a.tst", file).returncode != 0
