"""Faults of the name system: name servers that fail, lie, or say nothing at all.

Each is scoped alike. ``name`` is whose questions are meant: one name, or ``*.b.test`` for all beneath it, ``*`` for every
name. ``type`` narrows them to one record type. ``server`` says who fails: without it the server that would answer with
authority, else one host ("ns.b.test", "resolver") or the servers of a zone ("tst", "."), whatever they would have said.

What is made up has a TTL of nothing unless ``ttl`` says otherwise: it is not remembered, so a fault ends with its block.
"""

import ipaddress
import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

from mailharness.errors import MisuseError
from mailharness.faults.fault import Fault
from mailharness.faults.selection import When
from mailharness.faults.spec import breaking, told
from mailharness.faults.verdict import PASS, Answer, Cut, Delay, Drop, Forged, Row, Verdict
from mailharness.mail.address import ascii_form, is_domain
from mailharness.trace.events import DNS_TYPES, Event, Queried

NOBODY = "127.0.0.2"
"""An address of loopback that no world gives to a host."""
_NUMBERED = re.compile(r"TYPE[0-9]{1,5}")
_DAY = 86_400


class Asked(When, total=False):
    """How often and when it fails; and for which ``client``, the ``nth`` question of all."""

    client: str | None
    nth: int | None


class Place(Asked, total=False):
    """The same, and who fails."""

    server: str | None


class Scope(Place, total=False):
    """The same, and questions of which ``type``; None means all."""

    type: str | None


# -- answers that say no ----


@told("dns")
def servfail(name: str, **scope: Unpack[Scope]) -> Fault:
    """The server could not find out (RFC 1035 §4.1.1). As all here it raises MisuseError for what is no name or type."""
    return _fault("SERVFAIL for", name, Answer("SERVFAIL"), **scope)


@told("dns")
def refused(name: str, **scope: Unpack[Scope]) -> Fault:
    """The server does not answer this asker (RFC 1035 §4.1.1)."""
    return _fault("REFUSED for", name, Answer("REFUSED"), **scope)


@told("dns")
def nxdomain(name: str, *, ttl: int = 0, **scope: Unpack[Scope]) -> Fault:
    """The name does not exist, which a resolver may remember for ``ttl`` seconds (RFC 2308 §5)."""
    return _fault("NXDOMAIN for", name, lambda asked: _nxdomain(asked, ttl), **scope)


@told("dns")
def empty_answer(name: str, **scope: Unpack[Scope]) -> Fault:
    """No error and no record, not even the SOA that a "no" should carry (RFC 2308 §2.2)."""
    return _fault("empty answer for", name, Forged.without_records("NOERROR", aa=True), **scope)


# -- answers that do not come, or not like this ----


@told("dns")
def no_answer(name: str, **scope: Unpack[Scope]) -> Fault:
    """The question, or the answer to it, is lost; a TCP connection stays open."""
    return _fault("no answer for", name, Drop(), **scope)


@told("dns")
def delay(name: str, seconds: float, **scope: Unpack[Scope]) -> Fault:
    """The answer comes ``seconds`` later, on the world's clock. Raises MisuseError for a time that never comes."""
    if not 0 <= seconds < math.inf:
        raise MisuseError(f"delay({name!r}, {seconds}): an answer comes later by a finite number of seconds")
    return _fault(f"delay by {seconds:g} s for", name, Delay(seconds), **scope)


@told("dns")
def dead_server(host: str, **which: Unpack[Asked]) -> Fault:
    """The name server ``host`` (or that of a zone) answers nobody: datagrams are lost, connections reset."""
    return _fault("dead server for", "*", Cut(), server=host, **which)


@told("dns")
def truncate(name: str, **scope: Unpack[Scope]) -> Fault:
    """Over UDP nothing comes but TC: who wants the answer asks again over TCP (RFC 7766 §5)."""
    truncated = Forged(tc=True, answer=(), authority=(), additional=())
    return _fault("truncate", name, lambda asked: truncated if asked.transport == "udp" else PASS, **scope)


# -- answers to something else ----


@told("dns")
def wrong_id(name: str, **scope: Unpack[Scope]) -> Fault:
    """The answer carries a number that nobody asked with: an asker must take it for a stranger's (RFC 5452 §9.1)."""
    return _fault("wrong ID for", name, Forged(other_id=True), **scope)


@told("dns")
def wrong_question(name: str, other: str = "wrong.invalid", **scope: Unpack[Scope]) -> Fault:
    """The answer is one to a question about ``other``, which nobody asked (RFC 5452 §9.1)."""
    return _fault("wrong question for", name, Forged(other_question=_checked(other)), **scope)


@told("dns")
def lame(name: str, *, upward: bool = True, **scope: Unpack[Scope]) -> Fault:
    """The server does not know that it should answer: it points ``upward`` to the root, else gives the records without
    authority (RFC 1912 §2.8)."""
    root: Row = (".", "NS", 0, "a.root-servers.")
    away = Forged("NOERROR", False, answer=(), authority=(root,), additional=())
    return _fault("lame server for", name, away if upward else Forged(aa=False), **scope)


# -- records that lead astray ----


@told("dns")
def cname_loop(name: str, *, ttl: int = 0, **scope: Unpack[Scope]) -> Fault:
    """The name is an alias of another, and that one an alias of the name (RFC 1034 §3.6.2)."""
    name = _checked(name)
    loop = f"loop.{name}"
    return _fault("CNAME loop at", name, _records((name, "CNAME", ttl, loop), (loop, "CNAME", ttl, name)), **scope)


@told("dns")
def mx_to_cname(name: str, to: str = "", *, ttl: int = 0, **place: Unpack[Place]) -> Fault:
    """The MX names an alias, which it must not (RFC 2181 §10.3): ``alias.<name>``, of the host ``to`` (``mail.<name>``)."""
    target = _checked(to or f"mail.{name}")
    return _mx_fault("an alias", name, "alias", lambda host, _: _records((host, "CNAME", ttl, target)), ttl, **place)


@told("dns")
def mx_to_nothing(name: str, *, ttl: int = 0, **place: Unpack[Place]) -> Fault:
    """The MX names a host that does not exist, ``nowhere.<name>``."""
    return _mx_fault("nothing", name, "nowhere", lambda _, asked: _nxdomain(asked, ttl), ttl, **place)


@told("dns")
def mx_to_dead(name: str, address: str = NOBODY, *, ttl: int = 0, **place: Unpack[Place]) -> Fault:
    """The MX names a host, ``dead.<name>``, at an IPv4 ``address`` where nobody listens."""
    where = _checked_address(address)

    def about(host: str, asked: Queried) -> Verdict:
        return _records((host, "A", ttl, where)) if asked.rrtype == "A" else _records()

    return _mx_fault("a dead address", name, "dead", about, ttl, **place)


@told("dns")
def poison(name: str, victim: str, address: str = NOBODY, **scope: Unpack[Scope]) -> Fault:
    """The true answer, and with it records of ``victim`` that this server has no right to give: a name server at
    ``address``, and the victim's own address there. A resolver must not believe them (RFC 5452 §6)."""
    owner, where = _checked(victim), _checked_address(address)
    server = f"ns.{owner}"
    delegation: Row = (owner, "NS", _DAY, server)
    glue: tuple[Row, ...] = ((server, "A", _DAY, where), (owner, "A", _DAY, where))
    return _fault(f"poison {owner} by", name, Forged(authority=(..., delegation), additional=(..., *glue)), **scope)


@told("dns")
def expired_signature(name: str, **scope: Unpack[Scope]) -> Fault:
    """The true answer, and with it a signature that was good until yesterday (RFC 4034 §3.1.5)."""
    return _fault("expired signature for", name, _with_old_signature, **scope)


# -- how they are made ----


Say = Verdict | Callable[[Queried], Verdict]


@dataclass(frozen=True, slots=True)
class _Questions:
    """The questions that are meant; all names in lower case."""

    names: tuple[str, ...]
    rrtype: str | None
    server: str | None

    def have(self, asked: Queried) -> bool:
        meant = bool(asked.rrtype) and self.rrtype in (None, asked.rrtype)
        return meant and self._reach(asked) and any(_covers(name, _key(asked.name)) for name in self.names)

    def _reach(self, asked: Queried) -> bool:
        if self.server is None:
            return bool(asked.zone) and not asked.referral
        return self.server in (_key(asked.host), asked.zone and _key(asked.zone))


def _covers(name: str, key: str) -> bool:
    if name.startswith("*"):
        return key.endswith(name[1:])
    return key == name


def _fault(
    does: str,
    name: str,
    say: Say,
    *,
    also: str | None = None,
    type: str | None = None,  # noqa: A002 - the name system's own word
    server: str | None = None,
    **which: Unpack[Asked],
) -> Fault:
    """The fault with the verdict ``say``, or what it says of each question that is meant."""
    names = tuple(_key(_checked(one)) for one in (name, also) if one is not None)
    questions = _Questions(names, _checked_type(type), None if server is None else _key(server))

    def judge(event: Event) -> Verdict:
        if not isinstance(event, Queried) or not questions.have(event):
            return PASS
        return say(event) if callable(say) else say

    words = (does, "every name" if name == "*" else name, questions.rrtype or "", "" if server is None else f"at {server}")
    servers = () if server is None else (server.removesuffix(".") or server,)
    return breaking(" ".join(filter(None, words)), judge, servers=servers, **which)


def _mx_fault(
    what: str, name: str, label: str, about: Callable[[str, Queried], Verdict], ttl: int, **place: Unpack[Place]
) -> Fault:
    """An MX that names ``<label>.<name>``, and what is said ``about`` that host."""
    owner = _checked(name)
    host = f"{label}.{owner}"
    mx = _records((owner, "MX", ttl, f"10 {host}"))

    def say(asked: Queried) -> Verdict:
        if _key(asked.name) == _key(host):
            return about(host, asked)
        return mx if asked.rrtype == "MX" else PASS

    return _fault(f"MX to {what} for", owner, say, also=host, **place)


# -- what they say ----


def _records(*rows: Row) -> Forged:
    """These records with authority, and nothing beside them."""
    return Forged("NOERROR", aa=True, answer=rows, authority=(), additional=())


def _nxdomain(asked: Queried, ttl: int) -> Forged:
    """NXDOMAIN as the zone's own server says it, with a SOA (RFC 2308 §2.1)."""
    zone = asked.zone or "."
    soa: Row = (zone, "SOA", ttl, f"{asked.host} hostmaster.{zone}".rstrip(".") + f" 1 7200 900 1209600 {ttl}")
    return Forged("NXDOMAIN", aa=True, answer=(), authority=(soa,), additional=())


def _with_old_signature(asked: Queried) -> Forged:
    """An RRSIG over the type that was asked for, its octets as RFC 4034 §3.1 lays them out; the signature is made up."""
    yesterday = int(asked.at) - _DAY
    labels = [label.encode() for label in (_key(asked.zone) or _key(asked.name)).split(".") if label]
    signer = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    number = _NUMBERS.get(asked.rrtype, 1)
    octets = struct.pack("!HBBIIIH", number, 13, len(labels), 3600, yesterday, yesterday - 30 * _DAY, 4711)
    data = octets + signer + bytes(range(64))
    return Forged(answer=(..., (asked.name, "RRSIG", 0, rf"\# {len(data)} {data.hex()}")))


_NUMBERS = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "TLSA": 52}
"""The types that are signed in a world of mail (RFC 1035 §3.2.2); any other is taken for an A."""


# -- what is no name, no type, no address ----


def _key(name: str) -> str:
    return ascii_form(name).lower().removesuffix(".") or "."


def _checked(name: str) -> str:
    """The name without its final dot; raises MisuseError for what is neither a name nor ``*`` in front of one."""
    plain = name.removesuffix(".")
    if name in (".", "*") or is_domain(plain.removeprefix("*.")):
        return plain or "."
    raise MisuseError(f"{name!r} is not a domain name, as 'b.test' or '*.b.test' is (RFC 1035 §2.3.1)")


def _checked_type(rrtype: str | None) -> str | None:
    if rrtype is None or rrtype.upper() in DNS_TYPES or _NUMBERED.fullmatch(rrtype.upper()):
        return rrtype and rrtype.upper()
    raise MisuseError.unknown("record type", rrtype, DNS_TYPES)


def _checked_address(address: str) -> str:
    try:
        return str(ipaddress.IPv4Address(address))
    except ValueError:
        raise MisuseError(f"{address!r} is not an IPv4 address (RFC 1035 §3.4.1)") from None
