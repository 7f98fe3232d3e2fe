"""What one server's response means to a resolver that asked it as a server of some zone (RFC 1034 §5.3.3 step 4).

A server is believed only within its zone, and not about what its zone has given to others: records from elsewhere are
dropped before anything is read, so that nobody can plant addresses of names that are not theirs (RFC 5452 §6).
"""

from collections.abc import Callable
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
    TRUNCATED = auto()
    NO_EDNS = auto()
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


_WITHOUT_EDNS = frozenset({"FORMERR", "NOTIMP", "BADVERS"})
"""What a server may say that does not know EDNS (RFC 6891 §6.2.2, §7); for one that was asked without, a failure."""


def _nothing(key: str) -> bool:  # noqa: ARG001 - nothing has been given away
    return False


def read(response: Response, asked: Question, zone: str, given_away: Callable[[str], bool] = _nothing) -> Reading:
    """What ``response`` of a server of ``zone`` says to the question ``asked``.

    ``given_away`` tells of a name's key whether it is known to lie in a zone that was delegated from this one.
    """
    if response.tc:
        return Reading(Meaning.TRUNCATED, "truncated")
    if response.rcode not in ("NOERROR", "NXDOMAIN"):
        return Reading(Meaning.NO_EDNS if response.rcode in _WITHOUT_EDNS else Meaning.FAILURE, response.rcode)
    answer = _believed(response.answer, zone)
    chain = _aliases(answer, asked, given_away)
    target = key_of(chain[-1].target) if chain else key_of(asked.name)
    ours = not chain or not given_away(target)
    records = tuple(r for r in answer if ours and r.key == target and asked.rrtype in (r.rrtype, "ANY"))
    if (chain or records) and not response.aa:
        return Reading(Meaning.FAILURE, f"lame: no authority for {zone}")
    if records:
        return Reading(Meaning.ANSWER, ", ".join(r.data for r in records), chain, records)
    return _read_without_answer(response, asked, zone, target, chain, ours)


def _believed(records: Records, zone: str) -> Records:
    bailiwick = key_of(zone)
    return tuple(record for record in records if is_within(record.key, bailiwick))


def _aliases(answer: Records, asked: Question, given_away: Callable[[str], bool]) -> Records:
    """The CNAMEs that lead away from the name asked for, in order, each once; of two at one name the first counts."""
    if asked.rrtype in ("CNAME", "ANY"):
        return ()
    aliases = {record.key: record for record in reversed(answer) if record.rrtype == "CNAME"}
    chain: list[Record] = []
    key = key_of(asked.name)
    while key in aliases and not (chain and given_away(key)):
        chain.append(aliases.pop(key))
        key = key_of(chain[-1].target)
    return tuple(chain)


def _read_without_answer(
    response: Response, asked: Question, zone: str, target: str, chain: Records, ours: bool
) -> Reading:
    authority = _believed(response.authority, zone)
    soa = tuple(r for r in authority if ours and r.rrtype == "SOA" and is_within(target, r.key))[:1]
    if chain and not soa:
        return Reading(Meaning.ALIAS, f"CNAME {chain[-1].target}", chain)
    servers = () if soa or response.rcode == "NXDOMAIN" else _referral(authority, asked, key_of(zone), target)
    if servers:
        return Reading(Meaning.REFERRAL, f"referral to {servers[0].name}", (), servers, _glue(response, zone, servers))
    if response.aa:
        outcome = response.rcode if response.rcode == "NXDOMAIN" else "no such records"
        return Reading(Meaning.NO, outcome, chain, (), soa, response.rcode)
    away = next((f", refers to {r.name}" for r in response.authority if r.rrtype == "NS"), "")
    return Reading(Meaning.FAILURE, f"lame: no authority for {zone}{away}")


def _referral(authority: Records, asked: Question, zone: str, target: str) -> Records:
    """The NS records of a zone nearer to the target; one that leads sideways or up would lead round (RFC 1034 §5.3.3).

    A DS is its parent's to give, so nobody is sent to the child for it (RFC 4035 §3.1.4.1).
    """
    own = asked.rrtype == "DS" and target
    nearer = [r for r in authority if r.rrtype == "NS" and r.key not in (zone, own) and is_within(target, r.key)]
    return tuple(r for r in nearer if r.key == nearer[0].key)


def _glue(response: Response, zone: str, servers: Records) -> Records:
    names = {key_of(ns.data) for ns in servers}
    return tuple(r for r in _believed(response.additional, zone) if r.rrtype == "A" and r.key in names)
