"""Faults of the network: what can go wrong before a word is spoken, and how long it takes to cross.

``a`` and ``b`` are the host that dials and the host that listens; "*" is every one. All times are the world's clock's:
who waits for the network rests until time moves.
"""

from typing import Unpack

from mailharness.errors import MisuseError
from mailharness.faults.fault import Fault, Judge
from mailharness.faults.selection import When, Which
from mailharness.faults.spec import breaking, told
from mailharness.faults.verdict import PASS, Answer, Cut, Delay, Drop, Midway, Pace, Verdict
from mailharness.mail.address import is_domain
from mailharness.trace.events import DataEnded, Dialed, Event, Opened, Replied


class Arriving(When, total=False):
    """How often and when; and ``client``, whose connections are meant, ``nth`` of them."""

    client: str | None
    nth: int | None


@told("network")
def refuse(host: str, **which: Unpack[Arriving]) -> Fault:
    """Nobody listens at ``host``: our own hosts get "connection refused"; a foreign client is reset as it connects.

    Both ends are judged, since a host of ours is turned away where it dials and a foreign client where it arrives.
    """
    return _at_the_door(f"refuse {host}", host, Cut(), Cut(), **which)


@told("network")
def blackhole(host: str, **which: Unpack[Arriving]) -> Fault:
    """What is sent to ``host`` is lost: a connection hangs until the time-out (RFC 5321 §4.5.3.2.1)."""
    return _at_the_door(f"blackhole {host}", host, Drop(), Drop(), **which)


@told("network")
def unreachable(host: str, **which: Unpack[Arriving]) -> Fault:
    """No route leads to ``host``: our own hosts are told so at once; a foreign client is reset as it connects."""
    return _at_the_door(f"unreachable {host}", host, Answer("no route to host"), Cut(), **which)


@told("network")
def partition(a: str, b: str, **which: Unpack[When]) -> Fault:
    """Neither of the two hosts reaches the other: connections between them hang until the time-out."""

    def judge(event: Event) -> Verdict:
        apart = isinstance(event, Dialed) and (_is_link(a, b, event.host, event.to) or _is_link(b, a, event.host, event.to))
        return Drop() if apart else PASS

    _check_link(a, b)
    return breaking(f"partition {a} from {b}", judge, a, b, **which)


@told("network")
def latency(a: str, b: str, seconds: float, **which: Unpack[When]) -> Fault:
    """Each way from ``a`` to ``b`` or back takes ``seconds``: a connection a round trip, and so each reply.

    Simplified: replies that cross together because commands were pipelined are waited for one by one.
    """
    round_trip = Delay(2 * seconds)

    def judge(event: Event) -> Verdict:
        dialed = isinstance(event, Dialed) and _is_link(a, b, event.host, event.to)
        return round_trip if dialed or (isinstance(event, Replied) and _is_host(b, event.host)) else PASS

    return _over_link(f"latency of {seconds:g} s from {a} to {b}", judge, a, b, **which)


@told("network")
def bandwidth(a: str, b: str, octets_per_second: float, **which: Unpack[When]) -> Fault:
    """The body of a letter crosses from ``a`` to ``b`` at this pace. Raises MisuseError for a pace that never ends."""
    pace = Pace(octets_per_second)

    def judge(event: Event) -> Verdict:
        return pace if isinstance(event, DataEnded) and _is_host(b, event.host) else PASS

    return _over_link(f"{octets_per_second:g} octets a second from {a} to {b}", judge, a, b, **which)


@told("network")
def reset_after(host: str, octets: int, **which: Unpack[Arriving]) -> Fault:
    """A connection to ``host`` is reset when so many ``octets`` have come over it, whatever they are."""
    return _at_the_door(f"reset {host} after {octets} octets", host, PASS, Midway(Cut(), octets), **which)


def _at_the_door(does: str, host: str, dialed: Verdict, opened: Verdict, **which: Unpack[Which]) -> Fault:
    """``dialed`` for the hosts of ours that dial, ``opened`` for whoever arrives all the same."""
    name = host.lower()

    def judge(event: Event) -> Verdict:
        if isinstance(event, Dialed) and event.to.lower() == name:
            return dialed
        if isinstance(event, Opened) and event.host.lower() == name and (dialed is PASS or not is_domain(event.peer)):
            return opened  # a host of ours was judged where it dialed
        return PASS

    return breaking(does, judge, host, **which)


def _over_link(does: str, judge: Judge, a: str, b: str, **which: Unpack[Which]) -> Fault:
    _check_link(a, b)
    if a != "*":
        which["client"] = a
    return breaking(does, judge, a, b, **which)


def _is_host(pattern: str, name: str) -> bool:
    return pattern in ("*", name) or pattern.lower() == name.lower()


def _is_link(a: str, b: str, dials: str, listens: str) -> bool:
    return _is_host(a, dials) and _is_host(b, listens)


def _check_link(a: str, b: str) -> None:
    """Raise MisuseError for a link between all hosts and all others, where nothing is meant."""
    if a == b == "*":
        raise MisuseError("name at least one of the two hosts")
