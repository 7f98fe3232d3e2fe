"""What a name server answers: one table, a row a question (RFC 1034 §4.3.2)."""

import pytest

from mailharness.dns import Authority, Question, Record, Zone, apex, delegation, parse_master_file, txt
from mailharness.dns.authority import MAX_ALIASES


def build_authority():
    """One server for two zones that hold a sample of everything."""
    authority = Authority("ns.exampleB.tst")
    authority.add(
        Zone(
            "exampleB.tst",
            [
                *apex("exampleB.tst", ["ns.exampleB.tst", "ns.other.tst"], ttl=3600, negative_ttl=300),
                Record("ns.exampleB.tst", "A", 300, "127.0.0.1"),
                Record("exampleB.tst", "MX", 300, "20 mx2.exampleB.tst"),
                Record("exampleB.tst", "MX", 300, "10 mx1.exampleB.tst"),
                Record("mx1.exampleB.tst", "A", 300, "127.0.0.11"),
                Record("mx1.exampleB.tst", "AAAA", 300, "::1"),
                Record("mx2.exampleB.tst", "A", 300, "127.0.0.12"),
                txt("exampleB.tst", "v=spf1 mx -all"),
                Record("www.exampleB.tst", "CNAME", 300, "mx1.exampleB.tst"),
                Record("ftp.exampleB.tst", "CNAME", 300, "www.exampleB.tst"),
                Record("far.exampleB.tst", "CNAME", 300, "www.elsewhere.tst"),
                Record("near.exampleB.tst", "CNAME", 300, "host.exampleC.tst"),
                Record("dead.exampleB.tst", "CNAME", 300, "gone.exampleB.tst"),
                Record("bare.exampleB.tst", "CNAME", 300, "mx2.exampleB.tst"),
                Record("loop1.exampleB.tst", "CNAME", 300, "loop2.exampleB.tst"),
                Record("loop2.exampleB.tst", "CNAME", 300, "loop1.exampleB.tst"),
                Record("into.exampleB.tst", "CNAME", 300, "host.sub.exampleB.tst"),
                Record("deep.under.exampleB.tst", "A", 300, "127.0.0.20"),
                Record("*.wild.exampleB.tst", "MX", 300, "10 mx1.exampleB.tst"),
                Record("real.wild.exampleB.tst", "A", 300, "127.0.0.30"),
                Record("*.alias.exampleB.tst", "CNAME", 300, "mx1.exampleB.tst"),
                Record("old.exampleB.tst", "DNAME", 300, "wild.exampleB.tst"),
                Record("_smtp._tcp.exampleB.tst", "SRV", 300, "0 1 25 mx2.exampleB.tst"),
                *delegation("sub.exampleB.tst", {"ns.sub.exampleB.tst": "127.0.0.40", "ns.far.tst": ""}),
                Record("odd.exampleB.tst", "MX", 300, "10 host.sub.exampleB.tst"),
                Record("host.sub.exampleB.tst", "A", 300, "127.0.0.99"),
            ],
        )
    )
    authority.add(
        Zone("exampleC.tst", [*apex("exampleC.tst", ["ns.x.tst"]), Record("host.exampleC.tst", "A", 300, "127.0.0.50")])
    )
    return authority


NO = "SOA ns.exampleB.tst hostmaster.exampleB.tst 1 7200 900 1209600 300"
NO_C = "SOA ns.x.tst hostmaster.exampleC.tst 1 7200 900 1209600 300"
MX1 = "A 127.0.0.11 AAAA ::1"

# question, rcode, aa, answer, authority, additional: the data of each section, types in front
ANSWERS = [
    ("mx1.exampleB.tst A", "NOERROR aa", "A 127.0.0.11", "", ""),
    ("MX1.EXAMPLEb.TST A", "NOERROR aa", "A 127.0.0.11", "", ""),
    ("mx1.exampleB.tst AAAA", "NOERROR aa", "AAAA ::1", "", ""),
    ("mx1.exampleB.tst ANY", "NOERROR aa", MX1, "", ""),
    ("exampleB.tst MX", "NOERROR aa", "MX 20 mx2.exampleB.tst MX 10 mx1.exampleB.tst", "", f"A 127.0.0.12 {MX1}"),
    ("exampleB.tst NS", "NOERROR aa", "NS ns.exampleB.tst NS ns.other.tst", "", "A 127.0.0.1"),
    ("exampleB.tst SOA", "NOERROR aa", NO, "", ""),
    ("exampleB.tst TXT", "NOERROR aa", 'TXT "v=spf1 mx -all"', "", ""),
    # no such records: the name is there
    ("exampleB.tst A", "NOERROR aa", "", NO, ""),
    ("mx2.exampleB.tst AAAA", "NOERROR aa", "", NO, ""),
    ("under.exampleB.tst A", "NOERROR aa", "", NO, ""),
    ("wild.exampleB.tst MX", "NOERROR aa", "", NO, ""),
    # no such name
    ("gone.exampleB.tst A", "NXDOMAIN aa", "", NO, ""),
    ("x.mx1.exampleB.tst A", "NXDOMAIN aa", "", NO, ""),
    ("gone.exampleC.tst MX", "NXDOMAIN aa", "", NO_C, ""),
    # aliases
    ("www.exampleB.tst A", "NOERROR aa", "CNAME mx1.exampleB.tst A 127.0.0.11", "", ""),
    ("www.exampleB.tst CNAME", "NOERROR aa", "CNAME mx1.exampleB.tst", "", ""),
    ("www.exampleB.tst ANY", "NOERROR aa", "CNAME mx1.exampleB.tst", "", ""),
    ("ftp.exampleB.tst A", "NOERROR aa", "CNAME www.exampleB.tst CNAME mx1.exampleB.tst A 127.0.0.11", "", ""),
    ("near.exampleB.tst A", "NOERROR aa", "CNAME host.exampleC.tst A 127.0.0.50", "", ""),
    ("far.exampleB.tst A", "NOERROR aa", "CNAME www.elsewhere.tst", "", ""),
    ("dead.exampleB.tst A", "NXDOMAIN aa", "CNAME gone.exampleB.tst", NO, ""),
    ("bare.exampleB.tst AAAA", "NOERROR aa", "CNAME mx2.exampleB.tst", NO, ""),
    ("loop1.exampleB.tst A", "NOERROR aa", "CNAME loop2.exampleB.tst CNAME loop1.exampleB.tst", "", ""),
    # wildcards
    ("any.wild.exampleB.tst MX", "NOERROR aa", "MX 10 mx1.exampleB.tst", "", MX1),
    ("a.b.wild.exampleB.tst MX", "NOERROR aa", "MX 10 mx1.exampleB.tst", "", MX1),
    ("any.wild.exampleB.tst A", "NOERROR aa", "", NO, ""),
    ("real.wild.exampleB.tst MX", "NOERROR aa", "", NO, ""),
    ("x.real.wild.exampleB.tst MX", "NXDOMAIN aa", "", NO, ""),
    ("*.wild.exampleB.tst MX", "NOERROR aa", "MX 10 mx1.exampleB.tst", "", MX1),
    ("any.alias.exampleB.tst A", "NOERROR aa", "CNAME mx1.exampleB.tst A 127.0.0.11", "", ""),
    # names that moved
    (
        "AnY.old.exampleB.tst MX",
        "NOERROR aa",
        "DNAME wild.exampleB.tst CNAME any.wild.exampleB.tst MX 10 mx1.exampleB.tst",
        "",
        MX1,
    ),
    ("old.exampleB.tst MX", "NOERROR aa", "", NO, ""),
    # services
    ("_smtp._tcp.exampleB.tst SRV", "NOERROR aa", "SRV 0 1 25 mx2.exampleB.tst", "", "A 127.0.0.12"),
    ("_tcp.exampleB.tst SRV", "NOERROR aa", "", NO, ""),
    # delegations
    ("sub.exampleB.tst MX", "NOERROR", "", "NS ns.sub.exampleB.tst NS ns.far.tst", "A 127.0.0.40"),
    ("sub.exampleB.tst NS", "NOERROR", "", "NS ns.sub.exampleB.tst NS ns.far.tst", "A 127.0.0.40"),
    ("host.sub.exampleB.tst A", "NOERROR", "", "NS ns.sub.exampleB.tst NS ns.far.tst", "A 127.0.0.40"),
    (
        "into.exampleB.tst A",
        "NOERROR aa",
        "CNAME host.sub.exampleB.tst",
        "NS ns.sub.exampleB.tst NS ns.far.tst",
        "A 127.0.0.40",
    ),
    ("odd.exampleB.tst MX", "NOERROR aa", "MX 10 host.sub.exampleB.tst", "", ""),
    # not ours
    ("elsewhere.tst A", "REFUSED", "", "", ""),
    ("tst NS", "REFUSED", "", "", ""),
    (". NS", "REFUSED", "", "", ""),
    ("exampleB.tst AXFR", "REFUSED", "", "", ""),
]


EXAMPLE = r"""
$TTL 3600
@                 SOA  ns.example.com. hostmaster 1 7200 900 1209600 300
                  NS   ns.example.com.
                  NS   ns.example.net.
*                 TXT  "this is a wildcard"
*                 MX   10 host1
sub.*             TXT  "this is not a wildcard"
host1             A    192.0.2.1
_ssh._tcp.host1   SRV  0 0 22 host1
_ssh._tcp.host2   SRV  0 0 22 host1
subdel            NS   ns.example.com.
                  NS   ns.example.net.
"""
"""The zone of RFC 4592 §2.2.1, but for a host2 with an address outside of itself."""

WILDCARDS = [
    # the RFC's own: made from the wildcard
    ("host3.example MX", "NOERROR", "MX 10 host1.example"),
    ("host3.example A", "NOERROR", ""),
    ("foo.bar.example TXT", "NOERROR", 'TXT "this is a wildcard"'),
    # and not
    ("host1.example MX", "NOERROR", ""),
    ("sub.*.example MX", "NOERROR", ""),
    ("_telnet._tcp.host1.example SRV", "NXDOMAIN", ""),
    ("host.subdel.example A", "NOERROR", ""),
    ("ghost.*.example MX", "NXDOMAIN", ""),
    # what follows from it
    ("sub.*.example TXT", "NOERROR", 'TXT "this is not a wildcard"'),
    ("*.example TXT", "NOERROR", 'TXT "this is a wildcard"'),
    ("_tcp.host1.example TXT", "NOERROR", ""),
    ("host2.example TXT", "NOERROR", ""),
    ("x.host1.example TXT", "NXDOMAIN", ""),
    ("example MX", "NOERROR", ""),
]


@pytest.mark.parametrize(("question", "rcode", "answer"), WILDCARDS, ids=[row[0] for row in WILDCARDS])
def test_wildcards_answer_as_their_rfc_says(question, rcode, answer):
    authority = Authority("ns.example.com")
    authority.add(Zone("example", parse_master_file(EXAMPLE, "example")))
    response = authority.answer(Question(*question.split()))
    assert (response.rcode, spelled(response.answer)) == (rcode, answer)
    assert response.referral == ("subdel.example" if "subdel" in question else "")


def test_a_name_that_a_dname_makes_too_long_says_so():
    """RFC 6672 §2.2: YXDOMAIN, and the DNAME that did it."""
    authority = Authority("ns.b.tst")
    long = ".".join(["x" * 63] * 3)
    authority.add(Zone("a.tst", [*apex("a.tst", ["ns.b.tst"]), Record("a.tst", "DNAME", 5, f"{long}.b.tst")]))
    response = authority.answer(Question(f"{'y' * 63}.a.tst", "A"))
    assert (response.rcode, response.aa, spelled(response.answer)) == ("YXDOMAIN", True, f"DNAME {long}.b.tst")
    assert authority.answer(Question("y.a.tst", "A")).answer[1] == Record("y.a.tst", "CNAME", 5, f"y.{long}.b.tst")


def test_dnames_that_lead_into_each_other_end():
    authority = Authority("ns.b.tst")
    loop = [Record("c.a.tst", "DNAME", 5, "d.a.tst"), Record("d.a.tst", "DNAME", 5, "c.a.tst")]
    authority.add(Zone("a.tst", [*apex("a.tst", ["ns.b.tst"]), *loop]))
    response = authority.answer(Question("x.c.a.tst", "A"))
    assert [record.rrtype for record in response.answer] == ["DNAME", "CNAME"] * 2


def test_a_chain_that_grows_ends():
    authority = Authority("ns.b.tst")
    growing = [Record("a.tst", "DNAME", 5, "z.c.tst"), Record("c.tst", "DNAME", 5, "z.a.tst")]
    for record in growing:
        authority.add(Zone(record.name, [*apex(record.name, ["ns.e.tst"]), record]))
    response = authority.answer(Question("x.a.tst", "A"))
    assert (response.rcode, len(response.answer)) == ("NOERROR", 2 * MAX_ALIASES)


def test_who_has_parent_and_child_answers_for_a_ds_as_the_parent():
    """RFC 4035 §3.1.4.1; who has the child alone says that there is none."""
    digest = "1 13 2 " + "00" * 32
    child = Zone("b.a.tst", apex("b.a.tst", ["ns.a.tst"]))
    parent = Zone(
        "a.tst",
        [*apex("a.tst", ["ns.c.tst"]), *delegation("b.a.tst", {"ns.c.tst": ""}), Record("b.a.tst", "DS", 5, digest)],
    )
    both, alone = Authority("ns.c.tst"), Authority("ns.c.tst")
    both.add(child)
    alone.add(child)
    assert both.answer(Question("b.a.tst", "DS")).soa == child.negative_soa
    both.add(parent)
    assert spelled(both.answer(Question("B.a.tst", "DS")).answer) == f"DS {digest}"
    assert both.answer(Question("b.a.tst", "NS")).answer == child.find("b.a.tst", "NS").records
    assert alone.answer(Question("b.a.tst", "DS")).aa
    both.add(Zone("tst", apex("tst", ["ns.c.tst"])))
    assert spelled(both.answer(Question("b.a.tst", "DS")).answer) == f"DS {digest}"


def test_a_zone_that_is_not_strict_is_served_as_it_is():
    authority = Authority("ns.a.tst")
    odd = [
        Record("a.tst", "MX", 5, "10 192.0.2.1"),
        Record("a.tst", "MX", 6, "0 ."),
        Record("w.a.tst", "CNAME", 5, "b.tst"),
        Record("w.a.tst", "CNAME", 5, "c.tst"),
        Record("w.a.tst", "A", 5, "192.0.2.1"),
        Record("x.a.tst", "A", 5, r"\# 3 c00002"),
        Record("x.a.tst", "CNAME", 5, r"\# 1 01"),
        Record("x.a.tst", "MX", 5, r"\# 0"),
        Record("*.y.a.tst", "NS", 5, "ns.a.tst"),
    ]
    authority.add(Zone("a.tst", [*apex("a.tst", ["ns.a.tst"]), *odd], strict=False))
    answers = {
        question: authority.answer(Question(*question.split())) for question in ("a.tst MX", "w.a.tst A", "x.a.tst MX")
    }
    assert spelled(answers["a.tst MX"].answer) == "MX 10 192.0.2.1 MX 0 ."
    assert spelled(answers["w.a.tst A"].answer) == "A 192.0.2.1"
    assert spelled(answers["x.a.tst MX"].answer) == r"MX \# 0"
    assert spelled(authority.answer(Question("w.a.tst", "AAAA")).answer) == "CNAME b.tst CNAME c.tst"
    assert authority.answer(Question("x.a.tst", "AAAA")).rcode == "NOERROR"
    assert authority.answer(Question("z.y.a.tst", "A")).answer == ()


def spelled(records):
    return " ".join(f"{record.rrtype} {record.data}" for record in records)


@pytest.mark.parametrize(
    ("question", "head", "answer", "authority", "additional"), ANSWERS, ids=[row[0] for row in ANSWERS]
)
def test_the_answer_is_what_the_rfc_says(question, head, answer, authority, additional):
    response = build_authority().answer(Question(*question.split()))
    assert response.rcode + (" aa" if response.aa else "") == head
    assert spelled(response.answer) == answer
    assert spelled(response.authority) == authority
    assert spelled(response.additional) == additional


def test_a_no_holds_for_the_lesser_of_the_two_ttls():
    response = build_authority().answer(Question("gone.exampleB.tst", "A"))
    assert response.soa is not None
    assert response.soa.ttl == 300


def test_owners_are_shown_as_declared_and_a_wildcards_as_asked():
    authority = build_authority()
    assert authority.answer(Question("MX1.exampleb.tst", "A")).answer[0].name == "mx1.exampleB.tst"
    assert authority.answer(Question("AnY.wild.exampleB.tst", "MX")).answer[0].name == "AnY.wild.exampleB.tst"


def test_a_referral_names_the_zone_and_nothing_else_does():
    authority = build_authority()
    assert authority.answer(Question("host.sub.exampleB.tst", "A")).referral == "sub.exampleB.tst"
    assert authority.answer(Question("exampleB.tst", "NS")).referral == ""
    assert authority.answer(Question("gone.exampleB.tst", "A")).referral == ""


def test_the_answers_in_words_give_the_type_only_where_it_is_another():
    response = build_authority().answer(Question("www.exampleB.tst", "A"))
    assert response.answers == ("CNAME mx1.exampleB.tst", "127.0.0.11")


def test_the_nearest_zone_answers_where_a_server_has_parent_and_child():
    authority = build_authority()
    authority.add(Zone("sub.exampleB.tst", [*apex("sub.exampleB.tst", ["ns.sub.exampleB.tst"])]))
    response = authority.answer(Question("sub.exampleB.tst", "NS"))
    assert response.aa
    assert response.answer[0].name == "sub.exampleB.tst"
