"""Octets: what is answered to good packets and bad ones, and that a remembered answer is the answer."""

import struct

import dnslib
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mailharness.dns import (
    Asked,
    Authority,
    Question,
    Record,
    Response,
    Zone,
    apex,
    make_query,
    parse_response,
    respond,
    txt,
    write_response,
)
from mailharness.dns.name import complaint_about
from mailharness.dns.packing import parse_message
from tests.dns.records import zones
from tests.dns.test_authority import ANSWERS, build_authority


def ask(authority, name, rrtype, *, tcp=False, **how):
    sent = respond(authority, make_query(name, rrtype, **how), tcp=tcp)
    assert sent is not None
    return parse_response(sent.wire)


@pytest.fixture
def authority():
    return build_authority()


@pytest.fixture
def crowded():
    """A server with more records at one name than 512 octets, or even 4,096, hold."""
    many = [Record("many.a.tst", "A", 300, f"127.0.0.{n}") for n in range(40)]
    mx = [Record("a.tst", "MX", 300, f"{n} mx{n}.a.tst") for n in range(14)]
    hosts = [Record(f"mx{n}.a.tst", "A", 300, f"127.0.1.{n}") for n in range(14)]
    texts = [txt("huge.a.tst", f"{n} " + "x" * 900) for n in range(70)]
    authority = Authority("ns.a.tst")
    authority.add(Zone("a.tst", [*apex("a.tst", ["ns.a.tst"]), *many, *mx, *hosts, *texts]))
    return authority


# -- the way there and back ----


@pytest.mark.parametrize("question", [row[0] for row in ANSWERS if "AXFR" not in row[0]])
def test_a_response_comes_off_the_wire_as_it_went_on(authority, question):
    asked = Question(*question.split())
    said = authority.answer(asked)
    heard = ask(authority, *asked, id=77)
    assert heard.question == asked
    assert (heard.rcode, heard.aa, heard.id) == (said.rcode, said.aa, 77)
    assert [str(r) for r in heard.answer] == [str(r) for r in said.answer]
    assert [str(r) for r in heard.authority] == [str(r) for r in said.authority]
    assert [str(r) for r in heard.additional] == [str(r) for r in said.additional]


def test_names_come_back_as_declared_however_they_were_asked_for(authority):
    heard = ask(authority, "EXAMPLEB.TST", "MX")
    assert heard.question.name == "EXAMPLEB.TST"
    assert {record.name for record in heard.answer} == {"exampleB.tst"}


def test_what_there_is_to_tell_of_a_response(authority):
    sent = respond(authority, make_query("exampleb.tst", "MX"))
    assert sent is not None
    assert sent.about == ("exampleb.tst", "MX", "NOERROR", ("20 mx2.exampleB.tst", "10 mx1.exampleB.tst"), "")
    referral = respond(authority, make_query("w.sub.exampleB.tst", "A"))
    assert referral is not None
    assert referral.about.referral == "sub.exampleB.tst"


def test_a_type_that_no_zone_holds_keeps_its_octets():
    question = Question("_imap._tcp.a.tst", "SRV")
    srv = dnslib.RR(question.name, dnslib.QTYPE.SRV, ttl=60, rdata=dnslib.SRV(0, 1, 143, "a.tst"))
    foreign = dnslib.DNSRecord(dnslib.DNSHeader(qr=1), q=dnslib.DNSQuestion(question.name, dnslib.QTYPE.SRV), a=srv)
    heard = parse_response(bytes(foreign.pack())).answer
    assert heard == (Record(question.name, "SRV", 60, r"\# 13 00000001008f01610374737400"),)
    passed_on = write_response(Asked(1, question), Response(question, answer=heard))
    assert dnslib.DNSRecord.parse(passed_on).a == srv


@given(st.data())
@settings(max_examples=300)
def test_whatever_stands_in_a_zone_any_question_is_answered(data):
    zone = data.draw(zones())
    owner = data.draw(st.sampled_from([record.name for record in zone.records]))
    below = data.draw(st.sampled_from(["", "x.", "*.", "x.y."]))
    rrtype = data.draw(st.sampled_from(sorted({record.rrtype for record in zone.records} | {"ANY", "AAAA"})))
    authority = Authority("ns.a.tst")
    authority.add(zone)
    assume(not complaint_about(below + owner))
    heard = ask(authority, below + owner, rrtype, tcp=True)
    said = authority.answer(Question(below + owner, rrtype))
    assert (heard.rcode, heard.answer, heard.authority) == (said.rcode, said.answer, said.authority)
    assert said.rcode in ("NOERROR", "NXDOMAIN", "YXDOMAIN")
    assert said.answer or said.authority


# -- sizes ----


def test_what_does_not_fit_is_cut_and_asked_again_over_tcp(crowded):
    cut = ask(crowded, "many.a.tst", "A")
    assert cut.tc
    assert cut.question == ("many.a.tst", "A")
    assert cut.answer == ()
    assert len(ask(crowded, "many.a.tst", "A", tcp=True).answer) == 40


def test_a_larger_size_by_edns_avoids_the_cut(crowded):
    assert len(ask(crowded, "many.a.tst", "A", edns=1232).answer) == 40
    assert ask(crowded, "many.a.tst", "A", edns=100).tc


def test_additional_records_are_left_out_before_anything_is_cut(crowded):
    short, full = ask(crowded, "a.tst", "MX"), ask(crowded, "a.tst", "MX", tcp=True)
    assert (short.tc, len(short.answer), len(short.additional)) == (False, 14, 0)
    assert len(full.additional) == 14


def test_glue_is_not_left_out_in_silence():
    authority = Authority("ns.tst")
    servers = [f"{n}{'x' * 50}.b.tst" for n in range(10)]
    ns = [Record("b.tst", "NS", 300, name) for name in servers]
    glue = [Record(name, "A", 300, "127.0.0.1") for name in servers]
    authority.add(Zone("tst", [*apex("tst", ["ns.tst"]), *ns, *glue]))
    assert ask(authority, "b.tst", "MX").tc
    assert len(ask(authority, "b.tst", "MX", edns=4096).additional) == 10


def test_an_answer_beyond_the_reach_of_a_pointer_is_still_sound(crowded):
    sent = respond(crowded, make_query("huge.a.tst", "TXT"), tcp=True)
    assert sent is not None
    assert len(sent.wire) > 0x4000
    heard = parse_response(sent.wire)
    assert heard.answer == crowded.answer(Question("huge.a.tst", "TXT")).answer


def test_a_recursive_servers_flags_survive_the_cut():
    asked = Asked(1, Question("a.tst", "A"))
    many = tuple(Record("a.tst", "A", 300, f"127.0.0.{n}") for n in range(60))
    heard = parse_response(write_response(asked, Response(asked.question, answer=many, ra=True)))
    assert (heard.tc, heard.ra, heard.aa, heard.answer) == (True, True, False, ())


# -- EDNS ----


def test_an_opt_is_answered_by_an_opt(authority):
    for edns, options in ((None, 0), (1232, 1)):
        sent = respond(authority, make_query("gone.exampleB.tst", "A", edns=edns))
        assert sent is not None
        message = dnslib.DNSRecord.parse(sent.wire)
        assert [rr.rtype for rr in message.ar].count(dnslib.QTYPE.OPT) == options


def test_another_version_of_edns_is_a_bad_one(authority):
    packet = bytearray(make_query("exampleB.tst", "MX", edns=1232))
    packet[-5] = 1
    sent = respond(authority, bytes(packet))
    assert sent is not None
    assert sent.about.rcode == "BADVERS"
    assert parse_response(sent.wire).rcode == "BADVERS"
    assert parse_response(sent.wire).answer == ()


def test_a_cookie_is_no_obstacle_and_is_not_remembered(authority):
    query = dnslib.DNSRecord.question("exampleB.tst", "MX")
    query.add_ar(dnslib.EDNS0(opts=[dnslib.EDNSOption(10, b"12345678")], udp_len=1232))
    before = respond(authority, make_query("exampleB.tst", "MX", edns=1232))
    remembered = len(authority.memo)
    sent = respond(authority, bytes(query.pack()))
    assert before is not None
    assert sent is not None
    assert sent.wire[2:] == before.wire[2:3].replace(b"\x84", b"\x85") + before.wire[3:]
    assert len(authority.memo) == remembered


def test_the_do_bit_is_repeated_and_remembered_apart(authority):
    packet = bytearray(make_query("exampleB.tst", "MX", edns=1232))
    with_do = bytes(packet[:-4] + b"\x80" + packet[-3:])
    for _ in range(2):
        for query, do in ((bytes(packet), False), (with_do, True)):
            sent = respond(authority, query)
            assert sent is not None
            assert [opt.do for opt in parse_message(sent.wire).options] == [do]


# -- what is remembered ----


@pytest.mark.parametrize("edns", [None, 1232])
@pytest.mark.parametrize(
    "question",
    [
        "exampleB.tst MX",
        "AnY.wild.exampleB.tst MX",
        "AnY.old.exampleB.tst MX",
        "gone.exampleB.tst A",
        "w.sub.exampleB.tst A",
    ],
)
def test_a_remembered_answer_is_the_answer_that_would_be_made(authority, question, edns):
    name, rrtype = question.split()
    respond(authority, make_query(name.lower(), rrtype, id=1, edns=edns))
    for spelling in (name, name.upper(), name.swapcase()):
        for rd in (False, True):
            packet = make_query(spelling, rrtype, id=0xBEEF, rd=rd, edns=edns)
            afresh = respond(build_authority(), packet)
            assert respond(authority, packet) == afresh
            assert respond(authority, packet) == afresh


def test_types_whose_octets_are_letters_in_two_cases_are_two(authority):
    for rrtype in ("TYPE97", "HTTPS", "TYPE97"):  # 97 is an a, 65 an A
        heard = respond(authority, make_query("exampleB.tst", rrtype, id=1))
        assert heard is not None
        assert heard.about.rrtype == rrtype


def test_the_asker_gets_its_own_id_rd_and_spelling_back(authority):
    for number, rd, name in ((1, False, "exampleB.tst"), (2, True, "EXAMPLEB.tst"), (3, False, "exampleB.tst")):
        heard = respond(authority, make_query(name, "MX", id=number, rd=rd))
        assert heard is not None
        assert heard.wire[:2] == struct.pack("!H", number)
        assert bool(heard.wire[2] & 1) is rd
        assert parse_response(heard.wire).question.name == name
        assert heard.about.name == name


def test_a_change_of_a_zone_is_seen_by_the_next_query(authority):
    assert ask(authority, "mx1.exampleB.tst", "A").answer[0].data == "127.0.0.11"
    zone = authority.zone_of("exampleB.tst")
    assert zone is not None
    zone.replace("mx1.exampleB.tst", "A", [Record("mx1.exampleB.tst", "A", 300, "127.9.9.9")])
    assert ask(authority, "mx1.exampleB.tst", "A").answer[0].data == "127.9.9.9"
    zone.add(Record("mx1.exampleB.tst", "A", 300, "127.9.9.8"))
    assert len(ask(authority, "mx1.exampleB.tst", "A").answer) == 2
    zone.remove("mx1.exampleB.tst")
    assert ask(authority, "mx1.exampleB.tst", "A").rcode == "NXDOMAIN"
    authority.add(Zone("exampleB.tst", apex("exampleB.tst", ["ns.exampleB.tst"])))
    assert ask(authority, "mx1.exampleB.tst", "A").rcode == "NXDOMAIN"


def test_udp_and_tcp_are_remembered_apart(crowded):
    for _ in range(2):
        assert ask(crowded, "many.a.tst", "A").tc
        assert not ask(crowded, "many.a.tst", "A", tcp=True).tc
