"""A machine's description: what is special about one host of a domain, or about all of them."""

from dataclasses import KW_ONLY, dataclass
from types import NoneType

from mailharness.errors import MisuseError
from mailharness.queue import Schedule
from mailharness.world.blueprint.account import OCTETS
from mailharness.world.checks import FLAG, Rule, check, kind

LEAST_SIZE = 64_000
"""Octets of a message that every server takes (RFC 5321 §4.5.3.1.7)."""
_HOST = {
    "name": kind(str, cure="the host's name, as in Host('mx1')"),
    "max_size": OCTETS,
    "max_recipients": kind(int, cure="a whole number of recipients, as in max_recipients=100"),
    "retry": kind(Schedule, NoneType, cure="a schedule, as in retry=Schedule(every=3600), or None for the domain's"),
    "coded_addresses": FLAG,
    "greeting": Rule(
        lambda text: isinstance(text, str) and text.isprintable() and len(text) <= 200,
        "write text of one line, as in greeting='ESMTP Postfix'",
    ),
}


@dataclass(frozen=True)
class Host:
    """One machine: ``Domain("b.test", mx=["mx1", Host("mx2", max_recipients=1)])``.

    ``name`` is its first label or its full name. Without a name it describes every machine of a domain that is not
    described by itself: ``Domain("b.test", host=Host(greeting="ESMTP Postfix"))``.

    ``max_size`` (octets) and ``retry`` are the domain's unless given. ``max_recipients`` are taken in one transaction,
    ``greeting`` stands behind the host's name in its 220. With ``coded_addresses`` a recipient's own name says what shall
    become of it: ``450-4.2.1@``, ``timeout@`` (the table is in ``mailharness.faults.coded``).
    """

    name: str = ""
    _: KW_ONLY
    max_size: int | None = None
    max_recipients: int = 1000
    retry: Schedule | None = None
    greeting: str = ""
    coded_addresses: bool = False

    def __post_init__(self) -> None:
        check(f"Host({self.name!r})" if self.name else "Host", _HOST, **{key: getattr(self, key) for key in _HOST})
        if self.max_recipients < 1:
            raise MisuseError(f"Host({self.name!r}, max_recipients={self.max_recipients}): write 1 or more")
        check_size(f"Host({self.name!r}", self.max_size)


def check_size(call: str, octets: int | None) -> None:
    """Raise MisuseError for a limit below what every server takes."""
    if octets is not None and octets < LEAST_SIZE:
        raise MisuseError(f"{call}, max_size={octets}): a server takes at least 64,000 octets (RFC 5321 §4.5.3.1.7)")


ANY_HOST = Host()
"""What is so where nothing else is said."""
