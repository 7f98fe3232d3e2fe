"""The data of each type, from text to octets and back, and against what another implementation makes of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.dns import TYPES, Asked, Question, Record, Response, parse_response, write_response
from mailharness.dns.buffer import Octets, plain_name
from mailharness.dns.fields import Name
from mailharness.dns.packing import write_record
from mailharness.dns.rdata import pieces_of, text_of, type_name, type_number
from mailharness.dns.record import check
from mailharness.errors import MisuseError, RemoteProtocolError
from tests.dns.records import DATA, SAMPLES, records

name = pytest.importorskip("dns.name")
rdata = pytest.importorskip("dns.rdata")


def octets_of(rrtype, data):
    return b"".join(plain_name(p.labels) if isinstance(p, Name) else p for p in pieces_of(rrtype, data))


def over_the_wire(*answer):
    asked = Asked(1, Question(answer[0].name, answer[0].rrtype))
    return parse_response(write_response(asked, Response(asked.question, answer=answer), tcp=True)).answer


def test_every_type_has_a_sample():
    assert TYPES | {"TYPE65280"} == SAMPLES.keys() == DATA.keys() | {"SOA"}


@pytest.mark.parametrize("rrtype", SAMPLES)
def test_a_sample_comes_back_from_the_wire_and_stands_in_a_zone(rrtype):
    record = check(Record("a.tst", rrtype, 300, SAMPLES[rrtype]))
    (heard,) = over_the_wire(record)
    assert heard == record
    assert heard.data.replace('"', "") == record.data.replace('"', "")


@pytest.mark.parametrize("rrtype", SAMPLES)
def test_another_implementation_makes_the_same_octets(rrtype):
    theirs = rdata.from_text("IN", rrtype, SAMPLES[rrtype], origin=name.root, relativize=False)
    ours = octets_of(rrtype, SAMPLES[rrtype])
    assert ours == theirs.to_wire()
    assert octets_of(rrtype, text_of(rrtype, (ours,))) == ours


@given(records())
@settings(max_examples=300)
def test_any_data_survives_the_way_to_the_wire_and_back(record):
    (heard,) = over_the_wire(record)
    assert heard == record
    assert octets_of(record.rrtype, heard.data) == octets_of(record.rrtype, record.data)


@given(records(types=tuple(DATA.keys() - {"URI", "TYPE65280"})))
@settings(max_examples=300)
def test_another_implementation_reads_what_we_write_of_any_data(record):
    ours = octets_of(record.rrtype, record.data)
    theirs = rdata.from_wire("IN", record.rrtype, ours, 0, len(ours))
    assert rdata.GenericRdata not in type(theirs).__mro__
    assert theirs.to_wire() == ours


@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=40), st.integers(0, 60))
@settings(max_examples=500)
def test_any_octets_as_data_are_read_and_passed_on_as_they_were_or_refused(rrtype, octets, cut):
    start = octets_of(rrtype, SAMPLES[rrtype])[:cut]
    text = text_of(rrtype, (start + octets,))
    assert octets_of(rrtype, text) == start + octets


@pytest.mark.parametrize("rrtype", ["NS", "CNAME", "PTR", "MX", "SOA"])
def test_names_are_compressed_in_the_types_of_the_first_hour(rrtype):
    assert b"\xc0\x00" in packed(rrtype)


@pytest.mark.parametrize("rrtype", ["SRV", "NAPTR", "DNAME", "RP", "AFSDB", "RRSIG", "SVCB", "HTTPS", "KX"])
def test_and_in_no_other(rrtype):
    """RFC 3597 §4: whoever does not know the type could not follow the pointer."""
    assert b"\xc0\x00" not in packed(rrtype)[2:]
    assert octets_of(rrtype, DATA_WITH_OWNER[rrtype]) in packed(rrtype)


DATA_WITH_OWNER = {
    "NS": "a.tst",
    "CNAME": "a.tst",
    "PTR": "a.tst",
    "MX": "1 a.tst",
    "SOA": "a.tst a.tst 1 2 3 4 5",
    "SRV": "0 0 1 a.tst",
    "NAPTR": '1 1 "" "" "" a.tst',
    "DNAME": "a.tst",
    "RP": "a.tst a.tst",
    "AFSDB": "1 a.tst",
    "KX": "1 a.tst",
    "RRSIG": "A 13 2 1 2 3 4 a.tst AAAA",
    "SVCB": "1 a.tst",
    "HTTPS": "1 a.tst",
}


def packed(rrtype):
    buffer = Octets()
    write_record(buffer, Record("a.tst", rrtype, 1, DATA_WITH_OWNER[rrtype]))
    return bytes(buffer.data)


def test_a_compressed_name_is_read_where_none_should_be():
    """RFC 3597 §4 asks it of a receiver for SRV and NAPTR, which older servers compress."""
    head = b"\0\1\x84\0\0\1\0\1\0\0\0\0\x01a\x03tst\0\0\x21\0\x01"
    heard = parse_response(head + b"\xc0\x0c\0\x21\0\x01\0\0\0\x01\0\x08\0\0\0\x01\0\x8f\xc0\x0c").answer
    assert heard == (Record("a.tst", "SRV", 1, "0 1 143 a.tst"),)


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (1, b"\1\2\3"),
        (1, b"\1\2\3\4\5"),
        (28, b"\1" * 15),
        (15, b"\0"),
        (15, b"\0\1"),
        (15, b"\0\1\1a\0\0"),
        (16, b""),
        (16, b"\5abc"),
        (2, b"\xc0"),
        (6, b"\0\0" + b"\1" * 19),
    ],
)
def test_broken_data_of_a_type_that_a_resolver_reads_spoils_the_response(number, data):
    head = b"\0\1\x84\0\0\1\0\1\0\0\0\0\0\0\x01\0\x01"
    with pytest.raises(RemoteProtocolError, match="not a DNS message"):
        parse_response(head + b"\0" + number.to_bytes(2, "big") + b"\0\1\0\0\0\1" + len(data).to_bytes(2, "big") + data)


@pytest.mark.parametrize(("rrtype", "number"), [("A", 1), ("SMIMEA", 53), ("HIP", 55), ("CAA", 257), ("TYPE65280", 65280)])
def test_types_have_names_and_numbers(rrtype, number):
    assert (type_number(rrtype), type_name(number)) == (number, rrtype)
    assert type_number(f"TYPE{number}") == number


@pytest.mark.parametrize("rrtype", ["TYPE65536", "TYPE01", "TYPE", "NONSENSE", ""])
def test_what_is_no_type(rrtype):
    with pytest.raises(MisuseError, match="no record type"):
        type_number(rrtype)
