"""Faults of POP3, at every command, at a login and at the maildrop that it opens.

``command`` is a verb or CONNECT, the greeting. What is *instead* of an effect (``answer``, ``garbage``, ``close``,
``reset``, ``hang``) leaves the world as if nothing had been said; what is done to the *response* (``slow_reply``, ``drip``,
``cut_after``, ``lose_reply``) comes after the effect. Besides how often and when, ``user=`` (who has logged in),
``client=``, ``session=`` and ``nth=`` narrow a fault down; ``help(faults.selection)`` explains them.
"""

from typing import Unpack

from mailharness.errors import MisuseError
from mailharness.faults.fault import Fault
from mailharness.faults.mailboxes import GARBAGE, SILENCE, at, instead, octets_of, to_reply
from mailharness.faults.selection import Visits
from mailharness.faults.spec import told
from mailharness.faults.verdict import Alter, Answer, Cut, Delay, Midway, Pace, Renumber
from mailharness.trace.events import POP3, LoggingIn, Opening

__all__ = [
    "answer",
    "close",
    "cut_after",
    "delay",
    "drip",
    "garbage",
    "hang",
    "locked",
    "login_delay",
    "lose_reply",
    "new_uidls",
    "refuse_login",
    "reset",
    "slow_reply",
    "trouble",
]

STATUSES = ("+OK", "-ERR")
NOT_YOU = "[AUTH] wrong name or password"

# -- instead of the effect ----


@told("pop3")
def answer(host: str, command: str, text: str, **which: Unpack[Visits]) -> Fault:
    """``host`` answers ``command`` (a verb, "CONNECT" for the greeting) with ``text``. Raises MisuseError for a
    verb that POP3 does not know, and for a text that begins with neither +OK nor -ERR.
    """
    return instead(POP3, "answer", host, command, Answer(_checked(text)), f": {text}", **which)


@told("pop3")
def garbage(host: str, command: str, text: str = GARBAGE, **which: Unpack[Visits]) -> Fault:
    """``host`` says ``text`` (one octet a character, a CRLF is added) where it should answer ``command``."""
    return instead(POP3, "garbage", host, command, Alter(octets_of(text)), **which)


@told("pop3")
def delay(host: str, command: str, seconds: float, **which: Unpack[Visits]) -> Fault:
    """``host`` obeys ``command`` only ``seconds`` later, and all that comes behind it. Raises MisuseError for a time that
    never comes."""
    return instead(POP3, f"delay by {seconds:g} s", host, command, Delay(seconds), **which)


@told("pop3")
def hang(host: str, command: str, **which: Unpack[Visits]) -> Fault:
    """From ``command`` on ``host`` says nothing more; the connection stays until the client loses patience."""
    return instead(POP3, "hang", host, command, SILENCE, **which)


@told("pop3")
def close(host: str, command: str, **which: Unpack[Visits]) -> Fault:
    """``host`` hangs up at ``command`` without a word."""
    return instead(POP3, "close", host, command, Cut(gently=True), **which)


@told("pop3")
def reset(host: str, command: str, **which: Unpack[Visits]) -> Fault:
    """``host`` resets the connection at ``command``, as a crash would."""
    return instead(POP3, "reset", host, command, Cut(), **which)


# -- what is done to the response ----


@told("pop3")
def slow_reply(host: str, command: str, seconds: float, **which: Unpack[Visits]) -> Fault:
    """``host`` does what ``command`` says and answers ``seconds`` later."""
    return to_reply(POP3, f"slow reply by {seconds:g} s", host, command, Delay(seconds), **which)


@told("pop3")
def drip(host: str, command: str = "RETR", octets_per_second: float = 1.0, **which: Unpack[Visits]) -> Fault:
    """The response to ``command`` comes at this pace, on the world's clock."""
    return to_reply(POP3, f"drip {octets_per_second:g} octets a second", host, command, Pace(octets_per_second), **which)


@told("pop3")
def cut_after(host: str, octets: int, command: str = "RETR", **which: Unpack[Visits]) -> Fault:
    """The connection is closed when so many ``octets`` of the response to ``command`` have crossed."""
    verdict = Midway(Cut(gently=True), octets)
    return to_reply(POP3, f"cut after {octets} octets", host, command, verdict, **which)


@told("pop3")
def lose_reply(host: str, command: str, **which: Unpack[Visits]) -> Fault:
    """``host`` does what ``command`` says, and the connection is lost before the client hears of it."""
    return to_reply(POP3, "lose the reply", host, command, Cut(), **which)


# -- codes (RFC 2449 §8.1, RFC 3206 §4) ----


@told("pop3")
def trouble(host: str, command: str = "PASS", permanent: bool = False, **which: Unpack[Visits]) -> Fault:
    """``command`` is answered with ``-ERR [SYS/TEMP]``, or ``[SYS/PERM]``: the server is at fault, not the client."""
    code = "[SYS/PERM] nothing will help" if permanent else "[SYS/TEMP] try again later"
    return answer(host, command, f"-ERR {code}", **which)


@told("pop3")
def login_delay(host: str, **which: Unpack[Visits]) -> Fault:
    """Whoever logs in is told by ``-ERR [LOGIN-DELAY]`` that it was too soon."""
    return at(LoggingIn, POP3, "login too soon", host, Answer("[LOGIN-DELAY] wait a while"), **which)


@told("pop3")
def refuse_login(host: str, text: str = NOT_YOU, **which: Unpack[Visits]) -> Fault:
    """Whoever logs in, by whatever means and with the right password, is refused with ``-ERR`` and this ``text``."""
    return at(LoggingIn, POP3, "refuse the login", host, Answer(text), **which)


# -- the maildrop ----


@told("pop3")
def locked(host: str, **which: Unpack[Visits]) -> Fault:
    """Whoever logs in finds the maildrop locked by another session: ``-ERR [IN-USE]``."""
    return at(Opening, POP3, "maildrop locked", host, Answer("[IN-USE] another session has this maildrop"), **which)


@told("pop3")
def new_uidls(host: str, **which: Unpack[Visits]) -> Fault:
    """Whoever logs in finds each message under another unique-id than before, for good (RFC 1939 §7 forbids it); IMAP
    shows another UIDVALIDITY."""
    return at(Opening, POP3, "new unique-ids", host, Renumber(validity=True, uids=False), **which)


def _checked(text: str) -> str:
    if text.partition(" ")[0] not in STATUSES:
        raise MisuseError(f"{text!r} is no response of POP3: write +OK or -ERR first, as in '-ERR [SYS/TEMP] later'")
    return text
