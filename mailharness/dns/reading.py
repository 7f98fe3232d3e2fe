"""What one server's response means to a resolver that asked it as a server of some zone (RFC 1034 §5.3.3 step 4).

A server is believed only within its zone: records from elsewhere are dropped before anything is read, so that nobody
can plant addresses of names that are not theirs.
"""

from enum import Enum, auto
from typing import NamedTuple

from mailharness.dns.message import Question, Records, Response
from mailharness.dns.name import is_within, key_of
from mailharness.dns.record import Record


class Meaning(Enum):
    """Why the resolver goes on, or need not."""

    ANSWER = auto()
    ALIAS = auto()
    NO = auto()
    REFERRAL = auto()
    FAILURE = auto()


class Reading(NamedTuple):
    """The meaning, and what came with it.

    ``chain`` holds the CNAMEs on the way, ``records`` the RRset asked for or the NS of a referral, ``extra`` its glue or
    the SOA of a "no"; ``outcome`` is the whole in words.
    """

    meaning: Meaning
    outcome: str
    chain: Records = ()
    records: Records = ()
    extra: Records = ()
    rcode: str = "NOERROR"


def read(response: Response, asked: Question, zone: str) -> Reading:
    """What ``response`` of a server of ``zone`` says to the question ``asked``."""
    refusal = _refusal(response, asked)
    if refusal:
        return Reading(Meaning.FAILURE, refusal)
    answer = _believed(response.answer, zone)
    chain = _aliases(answer, asked)
    target = key_of(chain[-1].target) if chain else key_of(asked.name)
    records = tuple(r for r in answer if r.key == target and asked.rrtype in (r.rrtype, "ANY"))
    if (chain or records) and not response.aa:
        return Reading(Meaning.FAILURE, f"lame: no authority for {zone}")
    if records:
        return Reading(Meaning.ANSWER, ", ".join(r.data for r in records), chain, records)
    return _read_without_answer(response, zone, target, chain)


def _refusal(response: Response, asked: Question) -> str:
    if response.question.key != asked.key:
        return "answered another question"
    if response.tc:
        return "truncated"
    return "" if response.rcode in ("NOERROR", "NXDOMAIN") else response.rcode


def _believed(records: Records, zone: str) -> Records:
    bailiwick = key_of(zone)
    return tuple(record for record in records if is_within(record.key, bailiwick))


def _aliases(answer: Records, asked: Question) -> Records:
    """The CNAMEs that lead away from the name asked for, in order, each once."""
    if asked.rrtype in ("CNAME", "ANY"):
        return ()
    aliases = {record.key: record for record in answer if record.rrtype == "CNAME"}
    chain: list[Record] = []
    key = key_of(asked.name)
    while key in aliases:
        chain.append(aliases.pop(key))
        key = key_of(chain[-1].target)
    return tuple(chain)


def _read_without_answer(response: Response, zone: str, target: str, chain: Records) -> Reading:
    authority = _believed(response.authority, zone)
    soa = tuple(r for r in authority if r.rrtype == "SOA" and is_within(target, r.key))[:1]
    if chain and not soa:
        return Reading(Meaning.ALIAS, f"CNAME {chain[-1].target}", chain)
    servers = () if soa or response.rcode == "NXDOMAIN" else _referral(authority, key_of(zone), target)
    if servers:
        return Reading(Meaning.REFERRAL, f"referral to {servers[0].name}", (), servers, _glue(response, zone, servers))
    if response.aa:
        outcome = response.rcode if response.rcode == "NXDOMAIN" else "no such records"
        return Reading(Meaning.NO, outcome, chain, (), soa, response.rcode)
    return Reading(Meaning.FAILURE, f"lame: no authority for {zone}")


def _referral(authority: Records, zone: str, target: str) -> Records:
    """The NS records of a zone nearer to the target; one that leads sideways or up would lead round (RFC 1034 §5.3.3)."""
    nearer = [r for r in authority if r.rrtype == "NS" and r.key != zone and is_within(target, r.key)]
    return tuple(r for r in nearer if r.key == nearer[0].key)


def _glue(response: Response, zone: str, servers: Records) -> Records:
    names = {key_of(ns.data) for ns in servers}
    return tuple(r for r in _believed(response.additional, zone) if r.rrtype == "A" and r.key in names)
