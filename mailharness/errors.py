"""Ground floor: whose fault it was.

``MisuseError`` is for the author of a test who held the library wrong; it is raised at the call, names what is known
and the nearest match. ``ProtocolError`` is for a peer (``Remote``) or for us (``Local``) breaking an RFC, and carries
the reply that belongs on the wire. The rest are findings about a world, and fail a test as an assertion does.
"""

import difflib
from collections.abc import Iterable


def _nearest(given: str, names: list[str]) -> str:
    """The name that was meant, if one is near: ``mx1`` and ``mx01`` are near ``mx1.acme.test``."""
    first_labels = {name.lower().partition(".")[0]: name for name in reversed(names)}
    if given in first_labels:
        return first_labels[given]
    whole = {name.lower(): name for name in names}
    for known, cutoff in ((whole, 0.5), (first_labels, 0.6)):
        if near := difflib.get_close_matches(given, known, n=1, cutoff=cutoff):
            return known[near[0]]
    return ""


class MailharnessError(Exception):
    """Everything this library raises on purpose."""


class MisuseError(MailharnessError, ValueError):
    """A wrong argument or a call in the wrong place; the message names the cure."""

    @classmethod
    def unknown(cls, what: str, given: object, known: Iterable[str]) -> "MisuseError":
        """The error for a name that is not known: ``no user 'bop@b.tst'; did you mean 'bob@b.tst'? (known: ...)``."""
        names = sorted(known)
        near = _nearest(str(given).lower(), names)
        hint = f"; did you mean {near!r}?" if near else ""
        listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        return cls(f"no {what} {str(given)!r}{hint} (known: {listed or 'none'})")


class WorldStoppedError(MailharnessError):
    """The world is not running: it was not started, or it was stopped."""


class ProtocolError(MailharnessError):
    """An RFC was broken; ``reply`` is the line that tells the peer so."""

    def __init__(self, message: str, reply: str = "") -> None:
        super().__init__(message)
        self.reply = reply


class LocalProtocolError(ProtocolError):
    """We, or a program that uses us, were about to break the RFC."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the RFC."""


class UnsettledError(MailharnessError, AssertionError):
    """The world did not come to rest; the message names the work that is still held, and by whom."""


class UnusedFaultError(MailharnessError, AssertionError):
    """A fault was armed and its scope ended, yet it never fired: the test tested nothing."""


class ConservationError(MailharnessError, AssertionError):
    """A letter that was accepted is in no state, or in two."""


class ExpectationError(MailharnessError, AssertionError):
    """What a test expected of a letter, an inbox or a trace did not happen; the message tells the story so far."""


class EgressError(MailharnessError, OSError):
    """Something was about to leave loopback; the message names it."""
