"""A machine's description: what is special about one host of a domain, or about all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from types import NoneType

from mailharness.agents.behaviours import Behaviour, find_personality
from mailharness.errors import MisuseError
from mailharness.imap.profiles import find_profile
from mailharness.mail.sasl import MECHANISMS
from mailharness.queue import Schedule
from mailharness.world.blueprint.account import OCTETS
from mailharness.world.blueprint.receiving import RECEIVING, check_proxy
from mailharness.world.checks import FLAG, Rule, check, is_list, is_number, kind

LEAST_SIZE = 64_000
"""Octets of a message that every server takes (RFC 5321 §4.5.3.1.7)."""
_HOST = {
    "name": kind(str, cure="the host's name, as in Host('mx1')"),
    "max_size": OCTETS,
    "max_recipients": kind(int, NoneType, cure="a whole number of recipients, as in max_recipients=100, or None for 1000"),
    "retry": kind(Schedule, NoneType, cure="a schedule, as in retry=Schedule(every=3600), or None for the domain's"),
    "external": FLAG,
    "coded_addresses": FLAG,
    "greeting": Rule(
        lambda text: isinstance(text, str) and text.isprintable() and len(text) <= 200,
        "write text of one line, as in greeting='ESMTP Postfix'",
    ),
    "behaviours": Rule(
        lambda given: is_list(given) and all(isinstance(one, Behaviour) for one in given),
        "write a list of what mailharness.behaviours makes, as in behaviours=[behaviours.greylisting(delay=300)]",
    ),
    "personality": kind(str, cure="the name of a make, as in personality='postfix'"),
    "imap": kind(str, cure="the name of a make, as in imap='gmail'"),
    "proxy": FLAG,
    "pop_login_delay": Rule(
        lambda seconds: is_number(seconds) and seconds >= 0,
        "write seconds of the world's clock, as in pop_login_delay=300",
    ),
    "pop_expire": Rule(
        lambda days: days is None or (type(days) is int and days >= 0),
        "write a whole number of days, as in pop_expire=7, or None for never",
    ),
    "timeout": Rule(
        lambda seconds: seconds is None or (is_number(seconds) and seconds > 0),
        "write real seconds that a client may be idle, as in timeout=2.5, or None for what is usual",
    ),
}


@dataclass(frozen=True)
class Host:
    """One machine: ``Domain("b.test", mx=["mx1", Host("mx2", max_recipients=1)])``.

    ``name`` is its first label or its full name. Without a name it describes every machine of a domain that is not
    described by itself: ``Domain("b.test", host=Host(greeting="ESMTP Postfix"))``.

    ``max_size`` (octets) and ``retry`` are the domain's unless given. ``max_recipients`` are taken in one transaction,
    1000 unless given; ``greeting`` stands behind the host's name in its 220.

    ``behaviours`` are asked in order who may speak, send and receive; each host has a memory of its own. A
    ``personality`` is a make or a provider ("postfix", "gmail"), whose greeting, limits and words for its replies it has
    where nothing else is given.

    ``hide`` names extensions that its SMTP server shall not know, by their keyword in EHLO; ``auth`` the mechanisms that
    submission, IMAP and POP3 hosts offer, in order. ``limits`` are announced and kept (RFC 9422): MAILMAX transactions in a
    session, RCPTMAX recipients in one, RCPTDOMAINMAX domains. From ``trusted`` networks XCLIENT is taken; with ``proxy``
    each connection has to begin with a PROXY header, of either version, from one of them. ``timeout`` is how many real
    seconds a client may be idle: 300 where the world's clock is the wall's, else for ever. ``smuggling`` makes the host
    vulnerable: it names what is taken for the end of the data besides the true one.

    Over POP3 ``pop_login_delay`` seconds have to pass from one login of a user to the next, and what was retrieved is
    removed ``pop_expire`` days later: 0 for at once, None for never (RFC 2449 §6.5, §6.7); both on the world's clock.

    ``imap`` is the make whose offers its IMAP server has: "dovecot", "gmail", "exchange" or "minimal"; everything unless
    given. At Gmail's the mailboxes of the whole domain are labels (``mailharness.mailbox.labels``).

    With ``external`` the machine is a program of the test's own, such as a real Postfix: it has its name, its address
    and its records, and nobody of ours listens there. ``world.host("mx1.b.test").smtp`` is where it has to.

    With ``coded_addresses`` a recipient's own name says what shall become of it: ``450-4.2.1@``, ``timeout@`` (the table
    is in ``mailharness.faults.coded``).
    """

    name: str = ""
    _: KW_ONLY
    max_size: int | None = None
    max_recipients: int | None = None
    retry: Schedule | None = None
    greeting: str = ""
    behaviours: Iterable[Behaviour] = ()
    personality: str = ""
    hide: Sequence[str] = ()
    auth: Sequence[str] = tuple(MECHANISMS)
    limits: Mapping[str, int] = field(default_factory=dict, hash=False)
    trusted: Sequence[str] = ()
    proxy: bool = False
    timeout: float | None = None
    imap: str = ""
    smuggling: str | Sequence[str] = ()
    pop_login_delay: float = 0.0
    pop_expire: int | None = None
    external: bool = False
    coded_addresses: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.behaviours, Iterator):
            object.__setattr__(self, "behaviours", tuple(self.behaviours))
        call = f"Host({self.name!r})" if self.name else "Host"
        check(call, _HOST, **{key: getattr(self, key) for key in _HOST})
        object.__setattr__(self, "behaviours", tuple(self.behaviours))
        find_personality(self.personality)
        find_profile(self.imap)
        for key, read in RECEIVING.items():
            object.__setattr__(self, key, read(call, getattr(self, key)))
        check_proxy(call, self.proxy, self.trusted)
        if self.max_recipients is not None and self.max_recipients < 1:
            raise MisuseError(f"Host({self.name!r}, max_recipients={self.max_recipients}): write 1 or more")
        check_size(f"Host({self.name!r}", self.max_size)


def check_size(call: str, octets: int | None) -> None:
    """Raise MisuseError for a limit below what every server takes."""
    if octets is not None and octets < LEAST_SIZE:
        raise MisuseError(f"{call}, max_size={octets}): a server takes at least 64,000 octets (RFC 5321 §4.5.3.1.7)")


ANY_HOST = Host()
"""What is so where nothing else is said."""
