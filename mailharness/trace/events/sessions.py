"""What crosses a connection: who opened it, what was said, how it ended; the side that serves it records the lines."""

from dataclasses import dataclass

from mailharness.trace.events.event import Event


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
