"""What a name server answers: one table, a row a question (RFC 1034 §4.3.2)."""

import pytest

from mailharness.dns import Authority, Question, Record, Zone, apex, delegation, txt


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
