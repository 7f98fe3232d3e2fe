"""How faults of IMAP and POP3 are made: instead of what a command does, or to what is said to it."""

from typing import Unpack

from mailharness.errors import MisuseError
from mailharness.faults.fault import Fault
from mailharness.faults.selection import Visits, moment_of
from mailharness.faults.spec import breaking
from mailharness.faults.verdict import PASS, Alter, Verdict
from mailharness.trace.events import IMAP, IMAP_VERBS, POP3, POP3_VERBS, Event, Replied

GREETING = "CONNECT"
VERBS = {IMAP: IMAP_VERBS | {GREETING}, POP3: POP3_VERBS | {GREETING}}
"""What a fault of either protocol may name."""
GARBAGE = "\x00\x7f\x80garbage"
SILENCE = Alter(b"")
_ENDED_BY = {"IDLE": "DONE"}
"""Commands that are answered when another line has come."""
_BEFORE_LOGIN = (GREETING, "STARTTLS", "STLS", "LOGIN", "AUTHENTICATE", "USER", "PASS", "APOP", "AUTH")


def checked_command(protocol: str, command: str) -> str:
    """The verb in upper case. Raises MisuseError for one that the protocol does not know."""
    verb = command.upper().removeprefix("UID ")
    if verb not in VERBS[protocol]:
        raise MisuseError.unknown(f"{protocol.upper()} command", command, VERBS[protocol])
    return verb


def octets_of(text: str) -> bytes:
    """``text`` as a line, one octet a character. Raises MisuseError for one that has no such octet."""
    try:
        octets = text.encode("latin-1")
    except UnicodeEncodeError:
        raise MisuseError(f"garbage(..., {text!r}): each character stands for one octet, from \\x00 to \\xff") from None
    return octets if octets.endswith(b"\n") else octets + b"\r\n"


def instead(
    protocol: str, does: str, host: str, command: str, verdict: Verdict, tail: str = "", **which: Unpack[Visits]
) -> Fault:
    """``verdict`` in the place of what ``command`` does at ``host``: the world is as if it had not been said."""
    verb, name = checked_command(protocol, command), host.lower()
    if which.get("user") is not None and verb in _BEFORE_LOGIN:
        raise MisuseError(f"user={which['user']!r} is not known yet at {verb}; refuse_login(..., user=...) knows")

    def judge(event: Event) -> Verdict:
        mine = event.host.lower() == name and getattr(event, "protocol", "") == protocol
        return verdict if mine and not isinstance(event, Replied) and moment_of(event) == verb else PASS

    return breaking(f"{does} at {host} to {protocol.upper()} {verb}{tail}", judge, host, **which)


def to_reply(protocol: str, does: str, host: str, command: str, verdict: Verdict, **which: Unpack[Visits]) -> Fault:
    """``verdict`` on all that ``host`` says to ``command``, which has taken effect."""
    verb, name = checked_command(protocol, command), host.lower()

    def judge(event: Event) -> Verdict:
        mine = isinstance(event, Replied) and event.protocol == protocol and event.host.lower() == name
        return verdict if mine else PASS

    words = f"{does} at {host} to {protocol.upper()} {verb}"
    return breaking(words, judge, host, answering=_ENDED_BY.get(verb, verb), **which)


def at(kind: type[Event], protocol: str, does: str, host: str, verdict: Verdict, **which: Unpack[Visits]) -> Fault:
    """``verdict`` at what is announced for faults alone: a login, a mailbox that is opened, news, a client that waits."""
    name = host.lower()

    def judge(event: Event) -> Verdict:
        mine = isinstance(event, kind) and getattr(event, "protocol", "") == protocol and event.host.lower() == name
        return verdict if mine else PASS

    return breaking(f"{does} at {host} over {protocol.upper()}", judge, host, hears=(kind,), **which)
