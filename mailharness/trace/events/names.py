"""What is asked of the name system, and what it answers."""

from dataclasses import dataclass

from mailharness.trace.events.event import Event


@dataclass(slots=True, eq=False, kw_only=True)
class Queried(Event):
    """``host``, a name server, was asked by ``by`` (a host's name where it is one of ours).

    A packet that asks nothing has neither ``name`` nor ``rrtype``.
    """

    by: str
    name: str
    rrtype: str
    transport: str = "udp"
    zone: str = ""
    """The zone of ``host`` that the name belongs to; "" where it has none, as a resolver."""
    referral: str = ""
    """The zone that ``host`` would send the asker to, "" where it answers itself."""


@dataclass(slots=True, eq=False, kw_only=True)
class Responded(Event):
    """``host``, a name server, answered ``by``: ``rcode``, the ``answers`` as text, ``referral`` to which zone if any.

    It tells what was sent, true or not; ``name`` is the one that was asked.
    """

    by: str
    name: str
    rrtype: str
    rcode: str
    answers: tuple[str, ...] = ()
    referral: str = ""
    transport: str = "udp"
    cached: bool = False
    """A resolver knew it and had to ask nobody."""
    truncated: bool = False
    """Sent without its records: the asker has to come again over TCP (RFC 1035 §4.2.1)."""
    forged: str = ""
    """What a fault made of it: "forged", "another ID", "another question"; "" for the truth."""


@dataclass(slots=True, eq=False, kw_only=True)
class LookedUp(Event):
    """``host`` asked its resolver and has the outcome: from the cache (``cached``) or after asking ``asked`` servers."""

    name: str
    rrtype: str
    rcode: str
    answers: tuple[str, ...] = ()
    cached: bool = False
    asked: tuple[str, ...] = ()
    problem: str = ""
