"""Names and records: shown as declared, compared without case, refused with the rule they break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.dns import Record, txt
from mailharness.dns.name import ancestors, checked, complaint_about, is_within, key_of, labels_of, name_of
from mailharness.dns.record import check
from mailharness.dns.strings import quoted, strings_of
from mailharness.errors import MisuseError

LONG_LABEL = "x" * 64
LONG_NAME = ".".join(["x" * 63] * 4)


def test_a_name_is_shown_as_declared_and_looked_up_without_case():
    assert checked("Mail.exampleB.tst.") == "Mail.exampleB.tst"
    assert key_of("Mail.exampleB.tst.") == key_of("mail.EXAMPLEb.tst") == "mail.exampleb.tst"


def test_the_root_is_a_dot_and_everything_is_within_it():
    assert (checked("."), key_of("."), labels_of("."), name_of(())) == (".", "", (), ".")
    assert is_within("tst", "")
    assert is_within("a.tst", "tst")
    assert not is_within("atst", "tst")


def test_the_ancestors_of_a_name_end_at_the_root():
    assert list(ancestors("a.b.tst")) == ["a.b.tst", "b.tst", "tst", ""]


def test_an_internationalised_name_is_looked_up_by_its_a_labels():
    assert key_of("Bücher.tst") == key_of("xn--bcher-kva.tst")
    assert labels_of("bücher.tst") == (b"xn--bcher-kva", b"tst")
    assert checked("bücher.tst") == "bücher.tst"


@given(st.lists(st.binary(min_size=1, max_size=63), max_size=3))
def test_any_labels_survive_the_way_to_text_and_back(labels):
    name = name_of(labels)
    assert labels_of(name) == tuple(labels)
    assert complaint_about(name) == ""


@pytest.mark.parametrize("name", ["mail.a.tst", "a.tst.", "_dmarc.a.tst", "*.a.tst", "a", ".", r"a\046b.tst", "x" * 63])
def test_good_names(name):
    assert complaint_about(name) == ""


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "RFC 1035 §2.3.1"),
        ("a..tst", "RFC 1035 §2.3.1"),
        (".a", "RFC 1035 §2.3.1"),
        ("a b.tst", "RFC 1035 §2.3.1"),
        (r"a\9.tst", "RFC 1035 §2.3.1"),
        (r"a\999.tst", "RFC 1035 §2.3.1"),
        ("é..tst", "RFC 1035 §2.3.1"),
        (f"{LONG_LABEL}.tst", "RFC 1035 §2.3.4"),
        (LONG_NAME, "RFC 1035 §2.3.4"),
    ],
)
def test_a_bad_name_is_refused_with_its_rule(name, rule):
    with pytest.raises(MisuseError, match=rule):
        checked(name)


def test_records_compare_without_case_but_for_text():
    mx = Record("exampleB.tst", "MX", 300, "10 mail.exampleB.tst")
    assert mx == Record("EXAMPLEB.tst.", "MX", 300, "10 MAIL.exampleB.tst.")
    assert len({mx, Record("exampleb.tst", "MX", 300, "10 mail.exampleb.tst")}) == 1
    assert mx != mx._replace(ttl=301)
    assert txt("a.tst", "Hello") != txt("a.tst", "hello")
    assert str(mx) == "exampleB.tst 300 IN MX 10 mail.exampleB.tst"


SOA = "ns.a.tst hostmaster.a.tst 1 7200 900 1209600 300"


@pytest.mark.parametrize(
    ("rrtype", "data"),
    [
        ("A", "127.0.0.1"),
        ("A", "255.255.255.255"),
        ("AAAA", "::1"),
        ("AAAA", "2001:db8::127.0.0.1"),
        ("MX", "0 mail.a.tst"),
        ("MX", "0 ."),
        ("NS", "ns.a.tst"),
        ("CNAME", "b.tst."),
        ("PTR", "mail.a.tst"),
        ("SOA", SOA),
        ("TXT", '"v=spf1 -all"'),
        ("TXT", '""'),
        ("TXT", "bare words"),
    ],
)
def test_good_data(rrtype, data):
    check(Record("a.tst", rrtype, 300, data))


@pytest.mark.parametrize(
    ("rrtype", "data", "rule"),
    [
        ("A", "127.0.0", "RFC 1035 §3.4.1"),
        ("A", "127.0.0.256", "RFC 1035 §3.4.1"),
        ("A", "127.0.0.01", "RFC 1035 §3.4.1"),
        ("A", "127.0.0.1 ", "RFC 1035 §3.4.1"),
        ("AAAA", "127.0.0.1", "RFC 3596 §2.2"),
        ("MX", "mail.a.tst", "RFC 1035 §3.3.9"),
        ("MX", "65536 mail.a.tst", "RFC 1035 §3.3.9"),
        ("MX", "10", "RFC 1035 §3.3.9"),
        ("MX", "10 a..tst", "RFC 1035 §2.3.1"),
        ("MX", "10 a.tst b.tst", "RFC 1035 §3.3.9"),
        ("NS", LONG_LABEL, "RFC 1035 §2.3.4"),
        ("SOA", "ns.a.tst hostmaster.a.tst 1 2 3", "RFC 1035 §3.3.13"),
        ("SOA", SOA.replace(" 1 ", " 4294967296 "), "RFC 1035 §3.3.13"),
        ("TXT", "", "RFC 1035 §3.3.14"),
        ("TXT", 'un"closed', "RFC 1035 §3.3.14"),
        ("TXT", "x" * 256, "RFC 1035 §3.3"),
    ],
)
def test_bad_data_is_refused_with_its_rule(rrtype, data, rule):
    with pytest.raises(MisuseError, match=rule):
        check(Record("a.tst", rrtype, 300, data))


def test_an_unknown_type_names_the_known_ones():
    with pytest.raises(MisuseError, match=r"no record type 'SRVV'; did you mean 'SRV'.*known: A, AAAA"):
        check(Record("a.tst", "SRVV", 300, "x"))


@pytest.mark.parametrize("ttl", [-1, 2**31])
def test_a_ttl_has_31_bits(ttl):
    with pytest.raises(MisuseError, match="RFC 2181 §8"):
        check(Record("a.tst", "A", ttl, "127.0.0.1"))


@given(st.binary(max_size=600))
def test_text_of_any_octets_and_length_survives_quoting(octets):
    strings = strings_of(quoted(octets))
    assert b"".join(strings) == octets
    assert max(map(len, strings)) <= 255
