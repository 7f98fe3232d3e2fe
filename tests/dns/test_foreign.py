"""Another implementation reads what we write, and is understood in what it writes: dnspython as the peer."""

import pytest

from mailharness.dns import make_query, parse_response, read_query, respond
from tests.dns.test_authority import ANSWERS, build_authority

message = pytest.importorskip("dns.message")
flags = pytest.importorskip("dns.flags")
rcode = pytest.importorskip("dns.rcode")


@pytest.mark.parametrize(("question", "head"), [(row[0], row[1]) for row in ANSWERS if "AXFR" not in row[0]])
@pytest.mark.parametrize("edns", [False, True])
def test_it_asks_and_reads_the_same_answer_as_we_do(question, head, edns):
    query = message.make_query(*question.split(), use_edns=0 if edns else -1)
    sent = respond(build_authority(), query.to_wire(), tcp=True)
    assert sent is not None
    theirs, ours = message.from_wire(sent.wire), parse_response(sent.wire)
    assert query.is_response(theirs)
    assert rcode.to_text(theirs.rcode()) + (" aa" if theirs.flags & flags.AA else "") == head
    assert theirs.edns == (0 if edns else -1)
    for section, records in (
        (theirs.answer, ours.answer),
        (theirs.authority, ours.authority),
        (theirs.additional, ours.additional),
    ):
        assert sum(len(rrset) for rrset in section) == len(records)
        assert {rrset.name.to_text(omit_final_dot=True) for rrset in section} == {record.name for record in records}
        assert {rrset.ttl for rrset in section} == {record.ttl for record in records}


@pytest.mark.parametrize(
    ("name", "rrtype", "edns"), [("exampleB.tst", "MX", None), (".", "NS", None), (r"\255\046.tst", "TXT", 1232)]
)
def test_it_reads_our_queries_as_we_do(name, rrtype, edns):
    packet = make_query(name, rrtype, id=7, rd=True, edns=edns)
    theirs = message.from_wire(packet)
    assert (theirs.id, bool(theirs.flags & flags.RD), theirs.payload) == (7, True, edns or 0)
    assert read_query(theirs.to_wire()) == read_query(packet)
