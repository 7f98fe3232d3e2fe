"""The vocabulary: everything observable in a world is one of these events.

Each event says where (``host``), in which session (0: none), and of which copy of which letter (``of``); the journal
stamps ``serial``, ``at`` (the world's clock) and ``real`` (real seconds, for durations). They are plain slotted objects,
cheap to make; nobody changes one after it has passed the switchboard.
"""

from dataclasses import dataclass, field

from mailharness.mail import NO_COPY, Address, Cause, Copy, Envelope, Message, Reply

SMTP, LMTP, IMAP, POP3, DNS = "smtp", "lmtp", "imap", "pop3", "dns"
SMTP_VERBS = frozenset("EHLO HELO LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP STARTTLS AUTH XCLIENT".split())
"""What a fault may name besides the phases: the commands of RFC 5321 §4.1, RFC 2033, RFC 3030, RFC 3207 and RFC 4954."""
SMTP_PHASES = frozenset({"CONNECT", "BODY", "EOD"})
"""Moments that a fault may name as if they were commands: the greeting, the middle of the data, and its end."""
CERTIFICATES = frozenset({"expired", "not yet valid", "wrong name", "unknown ca", "self-signed"})
"""What a fault may have a host show instead of its own certificate."""
RCODES = frozenset("NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE".split())
"""How a name server may answer because of a fault (RFC 1035 §4.1.1, RFC 2136 §2.2)."""
DNS_TYPES = frozenset(
    "A AAAA ANY AXFR CAA CNAME DNSKEY DS HINFO HTTPS IXFR LOC MX NAPTR NS NSEC NSEC3 OPENPGPKEY PTR RP RRSIG SMIMEA SOA "
    "SPF SRV SSHFP SVCB TLSA TXT URI".split()
)
"""What a fault may name as the type of a question, besides ``TYPE123`` (RFC 3597 §5)."""


@dataclass(slots=True, eq=False, kw_only=True)
class Event:
    """What every event says."""

    host: str = ""
    session: int = 0
    of: Copy = NO_COPY
    serial: int = field(default=0, init=False)
    at: float = field(default=0.0, init=False)
    real: float = field(default=0.0, init=False)

    @property
    def letter(self) -> int:
        return self.of.letter

    @property
    def copy(self) -> int:
        return self.of.copy

    @property
    def parent(self) -> int:
        return self.of.parent

    @property
    def cause(self) -> Cause:
        return self.of.cause


# -- sessions: what crossed one connection; the side that serves it records the lines ----


@dataclass(slots=True, eq=False, kw_only=True)
class Dialed(Event):
    """``host`` is about to open a connection to ``to`` (a host's name, or the address where it has none)."""

    to: str
    address: str
    port: int
    protocol: str


@dataclass(slots=True, eq=False, kw_only=True)
class Opened(Event):
    """``host`` took a connection from ``peer`` (a host's name where it is one of ours, else address:port), which came from
    ``address`` and ``port``."""

    protocol: str
    peer: str
    address: str
    port: int
    secured: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Greeted(Event):
    """The server is about to greet: the moment to answer 554 or 421 instead (RFC 5321 §3.1)."""

    protocol: str


@dataclass(slots=True, eq=False, kw_only=True)
class Commanded(Event):
    """A client's command line arrived: ``verb`` in upper case, ``line`` without CRLF and with secrets removed."""

    protocol: str
    verb: str
    line: str


@dataclass(slots=True, eq=False, kw_only=True)
class DataEnded(Event):
    """The final dot arrived (or an APPEND's last octet): ``size`` octets are here and nothing is accepted yet."""

    protocol: str
    size: int
    ended_by: str = ""
    """What took the place of the dot: "BDAT", or the variant that a vulnerable receiver fell for, such as "bare-lf"."""


@dataclass(slots=True, eq=False, kw_only=True)
class Replied(Event):
    """The server's answer to the last command, one or more lines joined by ``\\n``."""

    protocol: str
    text: str


@dataclass(slots=True, eq=False, kw_only=True)
class Said(Event):
    """``host``, a client of ``to``, is about to say ``line``: a command, or nothing yet at "CONNECT", or has said the final
    dot ("EOD"). Made only where an armed fault hears it; the server's Commanded tells what came across."""

    to: str
    protocol: str
    verb: str
    line: str


@dataclass(slots=True, eq=False, kw_only=True)
class Handshaking(Event):
    """``host`` is about to show its certificate."""

    protocol: str


@dataclass(slots=True, eq=False, kw_only=True)
class Secured(Event):
    """A TLS handshake was completed (``version`` such as "TLSv1.3")."""

    protocol: str
    version: str
    cipher: str


@dataclass(slots=True, eq=False, kw_only=True)
class LoggedIn(Event):
    """A user proved who they are."""

    protocol: str
    user: str
    mechanism: str


@dataclass(slots=True, eq=False, kw_only=True)
class Closed(Event):
    """The connection is over: ``how`` is "quit", "eof" (the peer just left), "cut" (we ended it) or "reset"."""

    protocol: str
    how: str


# -- names ----


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


# -- one letter's way ----


@dataclass(slots=True, eq=False, kw_only=True)
class Accepted(Event):
    """``host`` took responsibility: from here on the copy is delivered, passed on or reported (RFC 5321 §4.2.5)."""

    envelope: Envelope
    message: Message
    user: str = ""
    """Who submitted it with a password; empty for a relay or a trusted network."""
    trusted: bool = False
    """Submitted without a password, as from a trusted network."""


@dataclass(slots=True, eq=False, kw_only=True)
class Refused(Event):
    """``host`` would not take the copy for ``recipient`` (None: for none of them) and said so in the session."""

    recipient: Address | None
    reply: Reply
    by: str = ""
    """The filter or rule that refused; empty for the server's own reasons."""


@dataclass(slots=True, eq=False, kw_only=True)
class Filtered(Event):
    """A gateway's filter judged the copy: "accept", "refuse", "tag" or "quarantine", with its ``reason``; or "defer": it
    failed, for the ``reason``. A handler that failed is told of by "fail"."""

    filter: str
    verdict: str
    reason: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class Queued(Event):
    """``host`` keeps the copy for ``recipients`` until ``due`` (the world's clock), because of ``reason``."""

    recipients: tuple[Address, ...]
    due: float
    attempts: int
    reason: str = ""
    reply: Reply | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Held(Event):
    """The postmaster of ``host`` keeps the copy for ``recipients`` in the queue, whatever falls due."""

    recipients: tuple[Address, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Released(Event):
    """What was held for ``recipients`` may go on."""

    recipients: tuple[Address, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Attempted(Event):
    """``host`` tried to hand ``recipients`` to ``to``: how it ended; ``session`` is the receiver's where there was one."""

    recipients: tuple[Address, ...]
    to: str
    address: str = ""
    attempt: int = 1
    reply: Reply | None = None
    problem: str = ""
    """Why there is no reply: refused, timed out, no such host."""


@dataclass(slots=True, eq=False, kw_only=True)
class Relayed(Event):
    """``to`` answered 250: its responsibility now. ``copy_there`` is the copy it holds (0: a program we do not own)."""

    recipients: tuple[Address, ...]
    to: str
    reply: Reply
    copy_there: int = 0
    reply_lost: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Expanded(Event):
    """``recipient`` stood for others (alias, list, forward); copies were made for them, but for those whom the
    transaction had reached ``already``."""

    recipient: Address
    copies: tuple[int, ...]
    already: tuple[Address, ...] = ()


@dataclass(slots=True, eq=False, kw_only=True)
class Storing(Event):
    """The MDA is about to put the copy from ``sender`` into ``recipient``'s mailbox. Made only where an armed fault hears
    it."""

    recipient: Address
    sender: Address | None
    size: int


@dataclass(slots=True, eq=False, kw_only=True)
class Delivered(Event):
    """The MDA put the copy for ``recipient`` into ``account``'s ``mailbox`` under ``uid``."""

    recipient: Address
    account: str
    mailbox: str
    uid: int


@dataclass(slots=True, eq=False, kw_only=True)
class Bounced(Event):
    """``host`` gave up on ``recipient`` and told the sender by ``report`` (the letter number of the DSN; 0: none owed)."""

    recipient: Address
    status: str
    reply: Reply | None
    reason: str
    report: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Delayed(Event):
    """``host`` told the sender by ``report`` (a DSN's letter number) that ``recipient`` has to wait (RFC 3464 §2.3.3)."""

    recipient: Address
    status: str
    reply: Reply | None
    reason: str
    report: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Reported(Event):
    """``host`` answered the sender by ``report`` (a letter's number) for ``recipient``, and nothing is wrong: ``action`` is
    "delivered", "relayed" or "expanded" for a DSN that was asked for (RFC 3464 §2.3.3), "complaint" or "auto-reply"."""

    recipient: Address
    action: str
    status: str = ""
    report: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Quarantined(Event):
    """A gateway holds the copy for ``recipients``: accepted, not passed on."""

    recipients: tuple[Address, ...]
    filter: str
    reason: str


@dataclass(slots=True, eq=False, kw_only=True)
class Discarded(Event):
    """An explicit rule threw the copy for ``recipient`` away."""

    recipient: Address
    rule: str


# -- the mailbox ----


@dataclass(slots=True, eq=False, kw_only=True)
class Fetched(Event):
    """``user`` read (some of) the message over ``protocol``; ``peek`` means that it was not marked as seen."""

    protocol: str
    user: str
    mailbox: str
    uid: int
    peek: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Flagged(Event):
    """The flags of a message were changed to ``flags``."""

    user: str
    mailbox: str
    uid: int
    flags: tuple[str, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Removed(Event):
    """A message left a mailbox for good: by IMAP's EXPUNGE or POP3's DELE and QUIT."""

    protocol: str
    user: str
    mailbox: str
    uid: int


# -- faults ----


@dataclass(slots=True, eq=False, kw_only=True)
class FaultArmed(Event):
    """From here on the ``fault`` judges, ``times`` times at most (None: always)."""

    fault: str
    times: int | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Judged(Event):
    """A fault gave the event ``about`` (its serial) a ``verdict`` other than Pass."""

    about: int
    fault: str
    verdict: str
