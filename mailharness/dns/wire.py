"""Octets in, octets out: queries, responses, EDNS(0) and truncation (RFC 1035 §4, RFC 6891).

``respond`` is a name server's whole work on one packet. An authority gives the same answer until one of its zones
changes, so finished packets are remembered; what differs between two askers of one thing (the ID, RD, the spelling of
the name) is spliced in. Answers show names as declared: they are compressed against each other, never against the
question.
"""

import struct
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import dnslib

from mailharness.dns.authority import Authority
from mailharness.dns.buffer import Octets
from mailharness.dns.message import Question, Records, Response
from mailharness.dns.name import complaint_about, labels_of, name_of
from mailharness.dns.packing import EDNS_LIMIT, Message, Opt, parse_message, write_opt, write_question, write_record
from mailharness.dns.rdata import type_name
from mailharness.errors import MisuseError, RemoteProtocolError

PLAIN_UDP_LIMIT = 512  # RFC 1035 §4.2.1
_QUERIES, _RESPONSES = 1_000, 1_000
"""How many of each are remembered in a process, packets of its resolvers all of them."""
_QR, _AA, _TC, _RD, _RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
_HEADER = 12
_NO_MESSAGE = (dnslib.BufferError, struct.error, ValueError)
_RCODES = {dnslib.RCODE[number]: number for number in range(11)} | {"BADVERS": 16}


class Asked(NamedTuple):
    """One well-formed query: who asks wants ``id`` back, and takes UDP answers of up to ``edns`` octets (None: no OPT)."""

    id: int
    question: Question
    rd: bool = True
    edns: int | None = None
    version: int = 0
    qclass: int = 1
    do: bool = False
    """The DO bit, which the response repeats (RFC 3225 §3)."""

    @property
    def refusal(self) -> str:
        """The rcode for what no server of ours does: another EDNS version, another class than IN; else ""."""
        return "BADVERS" if self.version else "REFUSED" if self.qclass != 1 else ""  # RFC 6891 §6.1.3


class Complaint(NamedTuple):
    """The finished response to a packet that asks nothing we could answer."""

    wire: bytes
    rcode: str


class About(NamedTuple):
    """What there is to tell of one response."""

    name: str
    rrtype: str
    rcode: str
    answers: tuple[str, ...] = ()
    referral: str = ""


class Sent(NamedTuple):
    """What goes back to the asker, and what there is to tell of it."""

    wire: bytes
    about: About


# -- reading a query ----


def read_query(packet: bytes) -> Asked | Complaint | None:
    """The query in ``packet``; a Complaint (FORMERR, NOTIMP) for what is none; None where silence is the answer.

    Silence is for what is shorter than a header or says that it is a response: two servers must not talk for ever.
    """
    if len(packet) < _HEADER or packet[2] & 0x80:
        return None
    if packet[2] & 0x78:
        return _complain(packet, "NOTIMP")
    if not _question_end(packet) or not _counts_are_a_querys(packet):
        return _complain(packet, "FORMERR")
    try:
        return _asked(parse_message(packet)) or _complain(packet, "FORMERR")
    except _NO_MESSAGE:
        return _complain(packet, "FORMERR")


def _asked(message: Message) -> Asked | None:
    if message.behind or len(message.options) > 1 or any(opt.misplaced for opt in message.options):  # RFC 6891 §6.1.1
        return None
    labels, number, qclass = message.questions[0]
    question = Question(name_of(labels), type_name(number))
    if complaint_about(question.name):
        return None
    opt = message.options[0] if message.options else None
    edns, version, do = (opt.size, opt.version, opt.do) if opt else (None, 0, False)
    return Asked(message.id, question, bool(message.flags & _RD), edns, version, qclass, do)


def _question_end(packet: bytes) -> int:
    """Where the first question ends if its name is spelled out, without a pointer back into the header; else 0."""
    at = _HEADER
    while at < len(packet) and 0 < packet[at] < 64:
        at += 1 + packet[at]
    return at + 5 if packet[at : at + 1] == b"\0" else 0


def _counts_are_a_querys(packet: bytes) -> bool:
    """One question (RFC 9619 §4), nothing answered, and no more behind it than an OPT and a signature."""
    questions, answers, authorities, additionals = struct.unpack_from("!HHHH", packet, 4)
    return bool(questions == 1 and answers == 0 and authorities <= 1 and additionals <= 2)


def _complain(packet: bytes, rcode: str) -> Complaint:
    flags = bytes((0x80 | packet[2] & 0x79, _RCODES[rcode]))
    return Complaint(packet[:2] + flags + bytes(8), rcode)


# -- writing a response ----


def write_response(asked: Asked, response: Response, *, tcp: bool = False) -> bytes:
    """The octets of ``response`` to ``asked``, cut to what the asker can take.

    What does not fit leaves without its additional section, if that is no glue (RFC 2181 §9); else without any record
    and with TC set, the question kept.
    """
    if asked.refusal:
        response = replace(response, rcode=asked.refusal, aa=False, answer=(), authority=(), additional=())
    limit = 0xFFFF if tcp else max(PLAIN_UDP_LIMIT, min(asked.edns or 0, EDNS_LIMIT))
    wire = _pack(asked, response, response.additional)
    if len(wire) > limit and not response.referral:
        wire = _pack(asked, response, ())
    if len(wire) > limit:
        wire = _pack(asked, replace(response, answer=(), authority=(), tc=True), ())
    return wire


def _pack(asked: Asked, response: Response, additional: Records) -> bytes:
    buffer = Octets()
    _pack_head(buffer, asked, response, len(additional))
    for record in (*response.answer, *response.authority, *additional):
        write_record(buffer, record)
    if asked.edns is not None:
        write_opt(buffer, Opt(EDNS_LIMIT, rcode=_RCODES[response.rcode] >> 4, do=asked.do))
    return bytes(buffer.data)


def _pack_head(buffer: Octets, asked: Asked, response: Response, additional: int) -> None:
    set_flags = (response.aa and _AA, response.tc and _TC, asked.rd and _RD, response.ra and _RA)
    counts = (1, len(response.answer), len(response.authority), additional + (asked.edns is not None))
    buffer.pack("!HHHHHH", asked.id, _QR | sum(set_flags) | _RCODES[response.rcode] & 0xF, *counts)
    write_question(buffer, asked.question, asked.qclass)
    own_name = labels_of(asked.question.name)
    buffer.names = {own_name: _HEADER} if response.synthesized and own_name else {}


# -- a name server's work ----


def respond(authority: Authority, packet: bytes, *, tcp: bool = False) -> Sent | None:
    """The answer of ``authority`` to ``packet``, or None for silence. Never raises, whatever the octets."""
    known: Any = authority.memo.get((tcp, packet[2:]))
    if known is not None:
        return Sent(packet[:2] + known[0], known[1])
    asked = read_query(packet)
    if not isinstance(asked, Asked):
        return asked and Sent(asked.wire, About("", "", asked.rcode))
    sent = _respond_to(authority, asked, packet, tcp)
    authority.make_room()
    if _is_simple(packet):
        authority.memo[tcp, packet[2:]] = (sent.wire[2:], sent.about)
    return sent


def _respond_to(authority: Authority, asked: Asked, packet: bytes, tcp: bool) -> Sent:
    """By the packet that was made for the same question in another spelling, or afresh."""
    end = _question_end(packet)
    kind = packet[end - 4 : end]  # the octets of a type have no case
    key = (tcp, asked.edns, asked.version, asked.do, packet[_HEADER : end - 4].lower(), kind)
    known: Any = authority.memo.get(key)
    if known is None:
        response = authority.answer(asked.question) if not asked.refusal else Response(asked.question, asked.refusal)
        about = About(*asked.question, response.rcode, response.answers, response.referral)
        known = authority.memo[key] = (write_response(asked, response, tcp=tcp), about)
    wire, about = known
    head = packet[:2] + bytes((wire[2] & 0xFE | packet[2] & 1,)) + wire[3:_HEADER]
    return Sent(head + packet[_HEADER:end] + wire[end:], about._replace(name=asked.question.name))


def _is_simple(packet: bytes) -> bool:
    """Whether the packet may well come again: a question, perhaps an OPT, and no option such as a cookie."""
    return len(packet) - _question_end(packet) in (0, 11)


# -- a resolver's side ----


def make_query(name: str, rrtype: str, *, id: int = 0, rd: bool = False, edns: int | None = None) -> bytes:  # noqa: A002
    """A query packet; ``edns`` is the size of UDP answers that the asker takes. Raises MisuseError for no name or type."""
    return id.to_bytes(2) + _query(name, rrtype, rd, edns)


@lru_cache(_QUERIES)
def _query(name: str, rrtype: str, rd: bool, edns: int | None) -> bytes:
    """A query behind its ID."""
    complaint = complaint_about(name)
    if complaint:
        raise MisuseError(complaint)
    buffer = Octets()
    buffer.pack("!HHHHH", rd and _RD, 1, 0, 0, edns is not None)
    write_question(buffer, Question(name, rrtype))
    if edns is not None:
        write_opt(buffer, Opt(edns))
    return bytes(buffer.data)


def parse_response(packet: bytes) -> Response:
    """The response in ``packet`` as a plain value; raises RemoteProtocolError for octets that are none."""
    if len(packet) > PLAIN_UDP_LIMIT:
        return _read_response(packet)
    return replace(_known_response(packet[2:]), id=int.from_bytes(packet[:2]))


@lru_cache(_RESPONSES)
def _known_response(behind_id: bytes) -> Response:
    """What comes from the root is the same for every resolver, and in every world on the same ground."""
    return _read_response(b"\0\0" + behind_id)


def _read_response(packet: bytes) -> Response:
    try:
        message = parse_message(packet)
    except _NO_MESSAGE as error:
        raise RemoteProtocolError(f"not a DNS message: {error}") from error
    return _plain(message)


def _plain(message: Message) -> Response:
    if not message.flags & _QR or len(message.questions) != 1:
        raise RemoteProtocolError("not a response to one question")
    labels, number, _ = message.questions[0]
    rcode = message.flags & 0xF | (message.options[0].rcode << 4 if message.options else 0)
    return Response(
        Question(name_of(labels), type_name(number)),
        next((text for text, number in _RCODES.items() if number == rcode), f"RCODE{rcode}"),
        aa=bool(message.flags & _AA),
        answer=message.answer,
        authority=message.authority,
        additional=message.additional,
        tc=bool(message.flags & _TC),
        ra=bool(message.flags & _RA),
        id=message.id,
    )
