"""Records of every type, drawn at random: the strategies of the property tests, and one sample a type."""

import base64
import ipaddress

from hypothesis import strategies as st

from mailharness.dns import Record, Zone, apex
from mailharness.dns.name import name_of
from mailharness.dns.strings import quoted, quoted_once

ORIGIN = "a.tst"
LABELS = st.one_of(
    st.sampled_from([b"mx", b"WWW", b"_tcp", b"*", b"a.b", b'";()@$\\ ']), st.binary(min_size=1, max_size=20)
)
NAMES = st.one_of(st.just("."), st.lists(LABELS, min_size=1, max_size=4).map(name_of))
OWNERS = st.lists(LABELS, max_size=3).map(lambda labels: name_of([*labels, b"A", b"tst"]))
TTLS = st.integers(0, 2**31 - 1)
U8, U16, U32 = (st.integers(0, 256**size - 1).map(str) for size in (1, 2, 4))
STRINGS = st.binary(max_size=255).map(quoted_once)
HEX = st.binary(min_size=1, max_size=40).map(bytes.hex)
BASE64 = st.binary(min_size=1, max_size=40).map(lambda octets: base64.b64encode(octets).decode())
DATES = st.integers(1971, 2099).map(lambda year: f"{year}0102030405")


def fields(*each):
    return st.tuples(*each).map(" ".join)


DATA = {
    "A": st.integers(0, 2**32 - 1).map(lambda number: str(ipaddress.IPv4Address(number))),
    "AAAA": st.integers(0, 2**128 - 1).map(lambda number: str(ipaddress.IPv6Address(number))),
    "MX": fields(U16, NAMES),
    "NS": NAMES,
    "CNAME": NAMES,
    "DNAME": NAMES,
    "PTR": NAMES,
    "TXT": st.one_of(st.binary(max_size=1000).map(quoted), st.lists(STRINGS, min_size=1, max_size=4).map(" ".join)),
    "SPF": st.binary(max_size=400).map(quoted),
    "HINFO": fields(STRINGS, STRINGS),
    "RP": fields(NAMES, NAMES),
    "AFSDB": fields(U16, NAMES),
    "KX": fields(U16, NAMES),
    "SRV": fields(U16, U16, U16, NAMES),
    "NAPTR": fields(U16, U16, STRINGS, STRINGS, STRINGS, NAMES),
    "CAA": fields(U8, st.sampled_from(["issue", "issuewild", "iodef"]), st.binary(max_size=400).map(quoted_once)),
    "URI": fields(U16, U16, st.binary(min_size=1, max_size=400).map(quoted_once)),
    "TLSA": fields(U8, U8, st.just("0"), HEX),
    "SMIMEA": fields(U8, U8, st.just("0"), HEX),
    "SSHFP": fields(U8, st.just("3"), HEX),
    "DS": fields(U16, U8, st.just("200"), HEX),
    "CDS": fields(U16, U8, st.just("200"), HEX),
    "DNSKEY": fields(U16, st.just("3"), U8, BASE64),
    "CDNSKEY": fields(U16, st.just("3"), U8, BASE64),
    "OPENPGPKEY": BASE64,
    "CERT": fields(U16, U16, U8, BASE64),
    "RRSIG": fields(st.sampled_from(["A", "MX", "TYPE65280"]), U8, U8, U32, DATES, DATES, U16, NAMES, BASE64),
    "SVCB": fields(
        st.just("1"), NAMES, st.sampled_from(["alpn=h2,h3 port=53", 'key667="a\\"b\\\\ \\009"', "mandatory=port port=1"])
    ),
    "HTTPS": fields(
        st.just("2"), NAMES, st.sampled_from(["no-default-alpn alpn=h2", "ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=::1"])
    ),
    "TYPE65280": st.binary(max_size=40).map(lambda octets: rf"\# {len(octets)} {octets.hex()}".rstrip()),
}
"""For each type the text of data that could stand in a packet; some of it breaks a rule of zones."""


@st.composite
def records(draw, types=tuple(DATA)):
    rrtype = draw(st.sampled_from(types))
    return Record(draw(OWNERS), rrtype, draw(TTLS), draw(DATA[rrtype]))


def zones(types=tuple(DATA)):
    """Zones that are not strict, of a.tst."""
    many = st.lists(records(types), max_size=12)
    return many.map(lambda each: Zone(ORIGIN, [*apex(ORIGIN, ["ns.b.tst", "ns.c.tst"]), *each], strict=False))


SAMPLES = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "MX": "10 mail.a.tst",
    "NS": "ns.a.tst",
    "SOA": "ns.a.tst hostmaster.a.tst 1 7200 900 1209600 300",
    "CNAME": "b.tst",
    "DNAME": "b.tst",
    "PTR": "mail.a.tst",
    "TXT": rf'"v=spf1 -all" "" "{"x" * 255}" "a\"b\\c\009"',
    "SPF": '"v=spf1 -all"',
    "HINFO": '"PDP-11" "UNIX"',
    "RP": "hostmaster.a.tst text.a.tst",
    "AFSDB": "1 afs.a.tst",
    "KX": "1 kx.a.tst",
    "SRV": "0 1 143 imap.a.tst",
    "NAPTR": r'100 10 "U" "E2U+email" "!^.*$!mailto:x@a.tst!i" .',
    "CAA": '128 issue "ca.a.tst; policy=ev"',
    "URI": '10 1 "https://a.tst/"',
    "TLSA": f"3 1 1 {'0c' * 32}",
    "SMIMEA": f"3 0 2 {'0c' * 64}",
    "SSHFP": f"4 2 {'12' * 32}",
    "DS": f"60485 13 2 {'d4' * 32}",
    "CDS": f"60485 5 1 {'2b' * 20}",
    "DNSKEY": "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxIL",
    "CDNSKEY": "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxIL",
    "OPENPGPKEY": "mDMEXEcE6RYJKwYBBAHaRw8BAQdA",
    "CERT": "1 0 5 mDMEXEcE6RYJ",
    "RRSIG": "A 13 2 3600 20300101000000 20260101000000 2642 a.tst oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr",
    "SVCB": '1 svc.a.tst alpn="h2,h3" port=8004 ech=AAQBAgME key667="hello"',
    "HTTPS": "1 . mandatory=alpn,port alpn=h2 no-default-alpn port=443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1",
    "TYPE65280": r"\# 3 c0ffee",
}
