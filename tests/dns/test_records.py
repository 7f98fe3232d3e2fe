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
        ("SRV", "0 0 0 ."),
        ("CAA", '0 issue ";"'),
        ("NAPTR", '100 10 "" "" "/urn:cid:.+@([^\\\\.]+\\\\.)(.*)$/\\\\2/i" .'),
        ("TLSA", "3 1 0 AA bb\tCC"),
        ("TLSA", "3 1 255 00"),
        ("DS", "0 8 0 00"),
        ("RRSIG", "SOA 13 1 3600 4294967295 0 1 a.tst AA=="),
        ("URI", f'10 1 "https://{"x" * 300}"'),
        ("HTTPS", "0 svc.a.tst"),
        ("SVCB", "1 ."),
        ("SVCB", 'key65534="any"'.join(("1 . ", ""))),
        ("NSEC", r"\# 6 0161 00 0001 40"),
        ("TYPE65535", r"\# 0"),
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
        ("TXT", r'"\256"', "RFC 1035 §5.1"),
        ("TXT", f'"{"x" * 255}" ' * 256 + '""', "over 65535 octets .RFC 1035 §3.2.1"),
        ("TXT", '"open', "RFC 1035 §3.3.14"),
        ("AAAA", "fe80::1%eth0", "RFC 3596 §2.2"),
        # an address where a host is wanted
        ("MX", "10 192.0.2.1", "'192.0.2.1' is an address, not the name of a host.*RFC 5321 §5.1"),
        ("MX", "10 192.0.2.1.", "RFC 5321 §5.1"),
        ("NS", "192.0.2.1", "RFC 1035 §3.3.11"),
        ("CNAME", "192.0.2.1", "RFC 1035 §3.3.1"),
        ("SRV", "0 0 25 192.0.2.1", "RFC 2782"),
        ("MX", "10 .", "no null MX, which is '0 .' .RFC 7505 §3"),
        # the newer types
        ("SRV", "0 1 mail.a.tst", "as in '0 1 143 imap.acme.test' .RFC 2782"),
        ("SRV", "0 1 65536 mail.a.tst", "RFC 2782"),
        ("CAA", "256 issue ca", "RFC 8659 §4.1"),
        ("CAA", "0 is-sue ca", "RFC 8659 §4.1"),
        ("CAA", '0 "issue" ca', "RFC 8659 §4.1"),
        ("TLSA", "3 1 1", "RFC 6698 §2.2"),
        ("TLSA", "3 1 1 abc", "RFC 6698 §2.2"),
        ("TLSA", "3 1 1 abcd", "has 32 octets, not 2 .RFC 6698 §2.1.3"),
        ("TLSA", f"3 1 2 {'00' * 32}", "has 64 octets, not 32"),
        ("DS", f"1 13 2 {'00' * 31}", "RFC 4034 §5.1.4"),
        ("SSHFP", f"4 1 {'00' * 32}", "RFC 4255 §3.1.3"),
        ("DNSKEY", "257 3 13 ???", "RFC 4034 §2.2"),
        ("DNSKEY", "257 2 13 AA==", "the protocol of a key is 3, not 2"),
        ("RRSIG", "SOA 13 1 3600 20301301000000 0 1 a.tst AA==", "RFC 4034 §3.2"),
        ("RRSIG", "NONSENSE 13 1 3600 1 0 1 a.tst AA==", "RFC 4034 §3.2"),
        ("NAPTR", "1 1 a b c", "RFC 3403 §4.1"),
        ("NAPTR", f'1 1 "{"x" * 256}" "" "" .', "a string is over 255 octets"),
        ("SVCB", "1 . port=70000", "RFC 9460 §2.1"),
        ("SVCB", "1 . port=1 port=2", "port stands twice"),
        ("SVCB", "1 . alpn=", "RFC 9460 §2.1"),
        ("SVCB", "1 . alpn=a,,b", "RFC 9460 §2.1"),
        ("SVCB", "1 . speed=9", "'speed' is no key .*write key667"),
        ("SVCB", "1 . key65535=x", "no key of a service parameter"),
        ("SVCB", "1 . mandatory=port", "port is mandatory and is not there"),
        ("SVCB", "1 . mandatory=port,port port=1", "each key once"),
        ("SVCB", "1 . no-default-alpn=x", "takes no value"),
        ("SVCB", "1 . ech=?", "RFC 9460 §2.1"),
        ("SVCB", "1 . ipv4hint=::1", "RFC 9460 §2.1"),
        # generic data (RFC 3597 §5)
        ("TYPE65280", "abc", "is not generic data, as in .*RFC 3597 §5"),
        ("TYPE65280", r"\# 3 c0ff", "the length in octets"),
        ("TYPE65280", r"\# x c0ff", "RFC 3597 §5"),
        ("TYPE65280", r"\#", "RFC 3597 §5"),
        ("A", r"\# 3 c00002", "the octets of .* are not an IPv4 address"),
        ("ANY", r"\# 0", "a type of questions.*RFC 6895 §3.1"),
        ("OPT", r"\# 0", "RFC 6895 §3.1"),
    ],
)
def test_bad_data_is_refused_with_its_rule(rrtype, data, rule):
    with pytest.raises(MisuseError, match=rule):
        check(Record("a.tst", rrtype, 300, data))


def test_an_unknown_type_names_the_known_ones():
    with pytest.raises(MisuseError, match=r"no record type 'SRVV'; did you mean 'SRV'.*known: A, AAAA"):
        check(Record("a.tst", "SRVV", 300, "x"))


@pytest.mark.parametrize(
    "record",
    [
        Record("a.tst", "MX", 300, "10 192.0.2.1"),
        Record("a.tst", "MX", 300, "10 ."),
        Record("a.tst", "TLSA", 300, "3 1 1 ab"),
        Record("a.tst", "A", 300, r"\# 3 c00002"),
        Record("a.tst", "A", 2**32 - 1, "192.0.2.1"),
    ],
)
def test_what_can_stand_in_a_packet_is_admitted_on_purpose(record):
    with pytest.raises(MisuseError, match="strict=False admits it"):
        check(record)
    assert check(record, strict=False) == record


@pytest.mark.parametrize(
    "record",
    [
        Record("a.tst", "MX", 300, "65536 mx"),
        Record("a.tst", "TXT", 300, "x" * 256),
        Record("x" * 64, "A", 300, "192.0.2.1"),
        Record("a.tst", "A", 2**32, "192.0.2.1"),
        Record("a.tst", "ANY", 300, r"\# 0"),
    ],
)
def test_what_cannot_is_refused_in_any_case(record):
    with pytest.raises(MisuseError):
        check(record, strict=False)


def test_generic_data_and_numbered_types_are_shown_for_what_they_are():
    assert str(check(Record("a.tst", "TYPE1", 1, r"\# 4 C0000201"))) == "a.tst 1 IN A 192.0.2.1"
    assert check(Record("a.tst", "TYPE65280", 1, r"\# 1 ab")).rrtype == "TYPE65280"
    assert Record("a.tst", "A", 1, r"\# 4 C0000201") == Record("a.tst", "A", 1, "192.0.2.1")


def test_data_compares_by_what_it_means():
    assert Record("a.tst", "AAAA", 1, "2001:DB8:0::1") == Record("a.tst", "AAAA", 1, "2001:db8::1")
    assert Record("a.tst", "TLSA", 1, "3 1 0 AB cd") == Record("a.tst", "TLSA", 1, "3 1 0 abcd")
    assert Record("a.tst", "SRV", 1, "0 0 1 MX.a.tst.") == Record("a.tst", "SRV", 1, "0 0 1 mx.a.tst")
    assert Record(r"\097.tst", "TXT", 1, "a") == Record("A.tst", "TXT", 1, '"a"')
    assert Record("a.tst", "CAA", 1, "0 issue CA") != Record("a.tst", "CAA", 1, "0 issue ca")
    assert Record("a.tst", "DNSKEY", 1, "0 3 8 AAAA") != Record("a.tst", "DNSKEY", 1, "0 3 8 aaaa")


@pytest.mark.parametrize("ttl", [-1, 2**31])
def test_a_ttl_has_31_bits(ttl):
    with pytest.raises(MisuseError, match="RFC 2181 §8"):
        check(Record("a.tst", "A", ttl, "127.0.0.1"))


@given(st.binary(max_size=600))
def test_text_of_any_octets_and_length_survives_quoting(octets):
    strings = strings_of(quoted(octets))
    assert b"".join(strings) == octets
    assert max(map(len, strings)) <= 255


SPELLINGS = [
    ("MX", "10 mail.a.test", "10  Mail.A.Test."),
    ("MX", "10 mail.a.test", "010 mail.a.test"),
    ("NS", "ns.a.test", r"n\115.a.test."),
    ("A", "127.0.0.1", r"\# 4 7f000001"),
    ("CNAME", "b.test", r"\# 8 0162047465737400"),
    ("TXT", '"hello"', "hello"),
]


@pytest.mark.parametrize(("rrtype", "one", "other"), SPELLINGS)
def test_records_in_two_spellings_are_one(rrtype: str, one: str, other: str) -> None:
    first, second = Record("a.test", rrtype, 60, one), Record("A.test.", rrtype, 60, other)
    assert first == second
    assert len({first, second}) == 1
