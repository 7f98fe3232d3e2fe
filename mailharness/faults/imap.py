"""Faults of IMAP, at every command and at what no command asks for: news, waiting, logging in.

``command`` is a verb (``FETCH`` is ``UID FETCH`` too) or CONNECT, the greeting. What is *instead* of an effect (``answer``,
``garbage``, ``close``, ``reset``, ``hang``) leaves the world as if nothing had been said; what is done to the *response*
(``slow_reply``, ``drip``, ``cut_after``, ``lose_reply``, ``short_literal``) comes after the effect. Besides how often and
when, ``user=`` (who has logged in), ``client=``, ``session=`` and ``nth=`` narrow a fault down;
``help(faults.selection)`` explains them.
"""

from typing import Unpack

from mailharness.errors import MisuseError
from mailharness.faults.fault import Fault
from mailharness.faults.mailboxes import GARBAGE, GREETING, SILENCE, at, instead, octets_of, to_reply
from mailharness.faults.selection import Visits, moment_of
from mailharness.faults.spec import breaking, told
from mailharness.faults.verdict import PASS, After, Alter, Answer, Cut, Delay, Drop, Edit, Midway, Pace, Shorten, Verdict
from mailharness.trace.events import IMAP, Announcing, Event, Idling, LoggingIn, Replied

__all__ = [
    "answer",
    "close",
    "cut_after",
    "delay",
    "drip",
    "drop_in_idle",
    "garbage",
    "hang",
    "in_use",
    "late_exists",
    "login_disabled",
    "lose_reply",
    "missed_exists",
    "over_quota",
    "refuse_login",
    "reset",
    "short_literal",
    "slow_reply",
    "unavailable",
]

STATUSES = ("NO", "BAD", "BYE", "OK")
NOT_YOU = "[AUTHENTICATIONFAILED] wrong name or password"
DISABLED = "NO [PRIVACYREQUIRED] LOGIN is disabled here"

# -- instead of the effect ----


@told("imap")
def answer(host: str, command: str, text: str, **which: Unpack[Visits]) -> Fault:
    """``host`` answers ``command`` (a verb, "CONNECT" for the greeting) with ``text``: NO and BAD refuse, BYE ends the
    session (RFC 9051 §7.1). Raises MisuseError for a verb that IMAP does not know and for another status.
    """
    return instead(IMAP, "answer", host, command, Answer(_checked(text)), f": {text}", **which)


@told("imap")
def garbage(host: str, command: str, text: str = GARBAGE, **which: Unpack[Visits]) -> Fault:
    """``host`` says ``text`` (one octet a character, a CRLF is added) where it should answer ``command``."""
    return instead(IMAP, "garbage", host, command, Alter(octets_of(text)), **which)


@told("imap")
def delay(host: str, command: str, seconds: float, **which: Unpack[Visits]) -> Fault:
    """``host`` obeys ``command`` only ``seconds`` later, and all that comes behind it. Raises MisuseError for a time that
    never comes."""
    return instead(IMAP, f"delay by {seconds:g} s", host, command, Delay(seconds), **which)


@told("imap")
def hang(host: str, command: str, **which: Unpack[Visits]) -> Fault:
    """From ``command`` on ``host`` says nothing more; the connection stays until the client loses patience."""
    return instead(IMAP, "hang", host, command, SILENCE, **which)


@told("imap")
def close(host: str, command: str, **which: Unpack[Visits]) -> Fault:
    """``host`` hangs up at ``command`` without a word."""
    return instead(IMAP, "close", host, command, Cut(gently=True), **which)


@told("imap")
def reset(host: str, command: str, **which: Unpack[Visits]) -> Fault:
    """``host`` resets the connection at ``command``, as a crash would."""
    return instead(IMAP, "reset", host, command, Cut(), **which)


# -- what is done to the response ----


@told("imap")
def slow_reply(host: str, command: str, seconds: float, **which: Unpack[Visits]) -> Fault:
    """``host`` does what ``command`` says and answers ``seconds`` later."""
    return to_reply(IMAP, f"slow reply by {seconds:g} s", host, command, Delay(seconds), **which)


@told("imap")
def drip(host: str, command: str = "FETCH", octets_per_second: float = 1.0, **which: Unpack[Visits]) -> Fault:
    """The response to ``command`` comes at this pace, on the world's clock."""
    return to_reply(IMAP, f"drip {octets_per_second:g} octets a second", host, command, Pace(octets_per_second), **which)


@told("imap")
def cut_after(host: str, octets: int, command: str = "FETCH", **which: Unpack[Visits]) -> Fault:
    """The connection is closed when so many ``octets`` of the response to ``command`` have crossed."""
    verdict = Midway(Cut(gently=True), octets)
    return to_reply(IMAP, f"cut after {octets} octets", host, command, verdict, **which)


@told("imap")
def lose_reply(host: str, command: str, **which: Unpack[Visits]) -> Fault:
    """``host`` does what ``command`` says, and the connection is lost before the client hears of it."""
    return to_reply(IMAP, "lose the reply", host, command, Cut(), **which)


@told("imap")
def short_literal(host: str, octets: int = 1, command: str = "FETCH", **which: Unpack[Visits]) -> Fault:
    """The first literal in the response to ``command`` brings so many ``octets`` fewer than it announces."""
    return to_reply(IMAP, f"a literal short by {octets} octets", host, command, Shorten(octets), **which)


# -- codes (RFC 5530 §3, RFC 9208 §4.3) ----


@told("imap")
def unavailable(host: str, command: str = "LOGIN", **which: Unpack[Visits]) -> Fault:
    """``command`` is answered with ``NO [UNAVAILABLE]``: something that it needs is away for a while."""
    return answer(host, command, "NO [UNAVAILABLE] try again later", **which)


@told("imap")
def over_quota(host: str, command: str = "APPEND", **which: Unpack[Visits]) -> Fault:
    """``command`` is answered with ``NO [OVERQUOTA]``."""
    return answer(host, command, "NO [OVERQUOTA] there is no room left", **which)


@told("imap")
def in_use(host: str, command: str = "SELECT", **which: Unpack[Visits]) -> Fault:
    """``command`` is answered with ``NO [INUSE]``: another session is in the way."""
    return answer(host, command, "NO [INUSE] another session has it", **which)


# -- logging in ----


@told("imap")
def refuse_login(host: str, text: str = NOT_YOU, **which: Unpack[Visits]) -> Fault:
    """Whoever logs in, by whatever mechanism and with the right password, is refused with ``NO`` and this ``text``."""
    return at(LoggingIn, IMAP, "refuse the login", host, Answer(text), **which)


@told("imap")
def login_disabled(host: str, **which: Unpack[Visits]) -> Fault:
    """``host`` announces LOGINDISABLED (RFC 9051 §7.2.2) and refuses LOGIN; AUTHENTICATE works."""
    name, announced = host.lower(), Edit(b"CAPABILITY ", b"CAPABILITY LOGINDISABLED ")

    def judge(event: Event) -> Verdict:
        if event.host.lower() != name or getattr(event, "protocol", "") != IMAP or isinstance(event, Replied):
            return PASS
        return {GREETING: announced, "CAPABILITY": announced, "LOGIN": Answer(DISABLED)}.get(moment_of(event), PASS)

    return breaking(f"LOGINDISABLED at {host}", judge, host, **which)


# -- what no command asks for ----


@told("imap")
def drop_in_idle(host: str, seconds: float = 0.0, **which: Unpack[Visits]) -> Fault:
    """The connection is reset when its client has waited ``seconds`` in IDLE, if it still does."""
    return at(Idling, IMAP, f"drop in IDLE after {seconds:g} s", host, After(Cut(), seconds), **which)


@told("imap")
def late_exists(host: str, seconds: float, **which: Unpack[Visits]) -> Fault:
    """A session learns ``seconds`` late of a message that has come into its mailbox, and of all that follows it."""
    return at(Announcing, IMAP, f"EXISTS late by {seconds:g} s", host, Delay(seconds), **which)


@told("imap")
def missed_exists(host: str, **which: Unpack[Visits]) -> Fault:
    """A session never learns of a message that has come into its mailbox, until it opens that again."""
    return at(Announcing, IMAP, "EXISTS missed", host, Drop(), **which)


def _checked(text: str) -> str:
    if text.partition(" ")[0] not in STATUSES:
        raise MisuseError(f"{text!r} is no response of IMAP: begin with NO, BAD, BYE or OK, as in 'NO [INUSE] later'")
    return text
