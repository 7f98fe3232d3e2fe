"""Packets that are no good: the rcode each deserves, and that no octets make anything worse happen than a refusal."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.dns import Asked, Complaint, Question, make_query, parse_response, read_query, respond
from mailharness.errors import MisuseError, RemoteProtocolError
from tests.dns.test_authority import build_authority


@pytest.fixture
def authority():
    return build_authority()


HEAD = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0)
NAME = b"\x08exampleB\x03tst\0"
ASK_MX = b"\0\x0f\0\x01"
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"


def head(flags=0x0100, counts=(1, 0, 0, 0)):
    return struct.pack("!HHHHHH", 7, flags, *counts)


@pytest.mark.parametrize(
    ("packet", "rcode"),
    [
        (head() + NAME + ASK_MX, 0),
        (head() + NAME + b"\0\x0f\0\x03", 5),  # class CH
        (head() + NAME + b"\0\x0f\0\xff", 5),  # class ANY
        (head(0x2000) + NAME + ASK_MX, 4),  # NOTIFY
        (head(0x2800) + NAME, 4),  # UPDATE
        (head(), 1),
        (head(counts=(0, 0, 0, 0)), 1),
        (head(counts=(2, 0, 0, 0)) + (NAME + ASK_MX) * 2, 1),
        (head(counts=(1, 1, 0, 0)) + NAME + ASK_MX + OPT, 1),
        (head(counts=(1, 0, 0, 3)) + NAME + ASK_MX + OPT * 3, 1),
        (head(counts=(0xFFFF,) * 4) + NAME + ASK_MX, 1),
        (head() + NAME, 1),
        (head() + b"\xc0\x0c" + ASK_MX, 1),  # a name that points at itself
        (head() + b"\xc0\x02" + ASK_MX, 1),  # or into the header
        (head() + b"\x41" + b"x" * 65 + b"\0" + ASK_MX, 1),
        (head() + (b"\x3f" + b"x" * 63) * 4 + b"\0" + ASK_MX, 1),
        (head(counts=(1, 0, 0, 2)) + NAME + ASK_MX + OPT * 2, 1),
        (head(counts=(1, 0, 0, 1)) + NAME + ASK_MX + OPT[:-1], 1),
        (head(counts=(1, 0, 0, 1)) + NAME + ASK_MX + OPT, 0),
        (head() + NAME + ASK_MX + b"x", 1),  # octets behind the end
        (head() + NAME + ASK_MX + OPT, 1),  # an OPT that nobody counted
        (head(counts=(1, 0, 0, 1)) + NAME + ASK_MX, 1),  # and one that is not there
        (head(counts=(1, 0, 1, 0)) + NAME + ASK_MX + OPT, 1),  # or in the wrong section (RFC 6891 §6.1.1)
        (head(counts=(1, 0, 0, 1)) + NAME + ASK_MX + b"\x01a" + OPT, 1),  # or at another name than the root
        (head(counts=(1, 0, 0, 1)) + NAME + ASK_MX + OPT[:-1] + b"\x03\0\x0a\0", 1),  # an option that ends too early
        (head(counts=(1, 0, 0, 1)) + NAME + ASK_MX + OPT[:-1] + b"\x04\0\x0a\0\x01", 1),
        (head(counts=(1, 0, 0, 1)) + NAME + ASK_MX + OPT[:-1] + b"\x05\0\x0a\0\x01x", 0),
        (head(counts=(1, 0, 0, 1)) + NAME + ASK_MX + b"\0\0\x01\0\x01\0\0\0\0\0\x04\x7f\0\0\x01", 0),  # an address
        (head(counts=(1, 0, 0, 1)) + NAME + ASK_MX + b"\0\0\x01\0\x01\0\0\0\0\0\x03\x7f\0\0", 1),  # half of one
        (head(0x0900) + NAME + ASK_MX, 4),  # IQUERY
        (head(0x1100) + NAME + ASK_MX, 4),  # STATUS
        (head(0x7900), 4),  # an opcode that nobody has
    ],
)
def test_a_packet_gets_the_rcode_it_deserves(authority, packet, rcode):
    sent = respond(authority, packet)
    assert sent is not None
    assert sent.wire[:2] == packet[:2]
    assert sent.wire[2] & 0x80
    assert sent.wire[3] & 0xF == rcode
    assert sent.wire[2] & 0x79 == packet[2] & 0x79
    assert respond(authority, packet) == sent


@pytest.mark.parametrize("packet", [b"", b"x", HEAD[:11], head(0x8000) + NAME + ASK_MX, head(0x8000)])
def test_silence_is_the_answer_to_a_stub_or_a_response(authority, packet):
    assert respond(authority, packet) is None
    assert read_query(packet) is None


def test_a_complaint_carries_no_record():
    complaint = read_query(head() + NAME)
    assert isinstance(complaint, Complaint)
    assert (complaint.rcode, len(complaint.wire)) == ("FORMERR", 12)


def test_a_query_is_read_as_it_was_made():
    assert read_query(make_query("exampleB.tst", "MX", id=9, rd=True, edns=1232)) == Asked(
        9, Question("exampleB.tst", "MX"), True, 1232
    )
    assert read_query(make_query(".", "NS")) == Asked(0, Question(".", "NS"), False)


@pytest.mark.parametrize(
    ("name", "rrtype"), [("a..tst", "A"), ("x" * 64, "A"), ("a.tst", "NONSENSE"), ("a.tst", "TYPE70000")]
)
def test_a_query_for_nothing_is_misuse(name, rrtype):
    with pytest.raises(MisuseError):
        make_query(name, rrtype)


AUTHORITY = build_authority()
PIECES = [NAME, ASK_MX, OPT, b"\xc0\x0c", b"\xc0\x10", b"\0", b"\x03*\0x"]
COUNTS = st.tuples(*[st.integers(0, 3)] * 4)
GOOD = make_query("exampleB.tst", "MX", id=7, edns=1232)
PACKETS = st.one_of(
    st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=8)).map(lambda cut: GOOD[: cut[0]] + cut[1]),
    st.tuples(st.integers(2, len(GOOD) - 1), st.integers(0, 255)).map(
        lambda flaw: GOOD[: flaw[0]] + bytes((flaw[1],)) + GOOD[flaw[0] + 1 :]
    ),
    st.binary(max_size=80),
    st.binary(max_size=60).map(HEAD.__add__),
    st.tuples(st.integers(0, 0xFFFF), COUNTS, st.lists(st.sampled_from(PIECES))).map(
        lambda parts: head(parts[0], parts[1]) + b"".join(parts[2])
    ),
)


@given(PACKETS, st.booleans())
@settings(max_examples=400)
def test_no_octets_make_respond_raise(packet, tcp):
    sent = respond(AUTHORITY, packet, tcp=tcp)
    if len(packet) < 12 or packet[2] & 0x80:
        assert sent is None
    else:
        assert sent is not None
        assert sent.wire[:2] == packet[:2]
        assert sent.wire[2] & 0x80
        assert respond(AUTHORITY, packet, tcp=tcp) == sent
        if isinstance(read_query(packet), Complaint):
            assert sent.wire[3] & 0xF in (1, 4)  # FORMERR, NOTIMP
            assert len(sent.wire) == 12


@given(PACKETS.map(lambda packet: packet[:2] + b"\x84" + packet[3:]))
@settings(max_examples=400)
def test_no_octets_make_the_parser_raise_anything_else(packet):
    try:
        response = parse_response(packet)
    except RemoteProtocolError:
        return
    assert packet[:2] == struct.pack("!H", response.id)


@given(
    st.integers(0, 200),
    st.integers(0, 255),
    st.sampled_from(["exampleB.tst MX", "w.sub.exampleB.tst A", "x.exampleB.tst A"]),
)
def test_a_damaged_response_is_parsed_or_refused(at, octet, question):
    sent = respond(AUTHORITY, make_query(*question.split(), edns=1232))
    assert sent is not None
    packet = bytearray(sent.wire)
    packet[at % len(packet)] = octet
    try:
        response = parse_response(bytes(packet))
    except RemoteProtocolError:
        return
    assert len(response.answer) <= struct.unpack_from("!H", packet, 6)[0]


def test_a_chain_of_pointers_is_refused_and_does_not_break_the_stack():
    question = NAME + ASK_MX
    chain_at = 12 + len(question) + 11
    links = [0, *(0xC000 | chain_at + 2 * n for n in range(7000))]
    chain = struct.pack(f"!{len(links)}H", *links)
    carrier = b"\0" + struct.pack("!HHIH", 65000, 1, 0, len(chain)) + chain
    victim = struct.pack("!HHHIH", links[-1], 65000, 1, 0, 1) + b"x"
    assert len(parse_response(head(0x8400, (1, 1, 0, 0)) + question + carrier).answer) == 1
    with pytest.raises(RemoteProtocolError):
        parse_response(head(0x8400, (1, 2, 0, 0)) + question + carrier + victim)


def test_a_packet_of_crossing_pointers_is_refused_at_once():
    """Four thousand names of nine hundred jumps each, which would keep a patient parser busy for many seconds."""
    chain_at = 12 + 5 + 11
    links = [b"\0\0", b"\x01a" + struct.pack("!H", 0xC000 | chain_at)]
    links += [b"\x01a" + struct.pack("!H", 0xC000 | chain_at + 2 + 4 * n) for n in range(900)]
    chain = b"".join(links)
    carrier = b"\0" + struct.pack("!HHIH", 65000, 1, 0, len(chain)) + chain
    victim = struct.pack("!HHHIH", 0xC000 | chain_at + 2 + 4 * 899, 65000, 1, 0, 1) + b"x"
    with pytest.raises(RemoteProtocolError, match="over 255 octets"):
        parse_response(head(0x8400, (1, 4001, 0, 0)) + b"\0\0\1\0\1" + carrier + victim * 4000)


def test_labels_may_hold_any_octets(authority):
    name = b"\x02\xff.\x08exampleB\x03tst\0"
    sent = respond(authority, head() + name + ASK_MX)
    assert sent is not None
    assert sent.about[:3] == (r"\255\046.exampleB.tst", "MX", "NXDOMAIN")


@pytest.mark.parametrize("packet", [make_query("a.tst", "A"), head(0x8400, (0, 0, 0, 0)), head(0x8400)[:11]])
def test_what_is_no_response_to_one_question_is_refused(packet):
    with pytest.raises(RemoteProtocolError):
        parse_response(packet)
