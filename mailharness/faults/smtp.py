"""Faults of SMTP, at every command and phase, at the end that serves and (``end="client"``) at the end that sends.

``command`` is a verb or a phase: CONNECT (before the greeting), BODY (in the middle of the data), EOD (the final dot).
With ``end="client"`` ``host`` is a relaying host of ours that misbehaves as it is about to say the command (at EOD:
when it has said the final dot and reads no reply); ``client=`` is then the server it speaks to.

What is *instead* of an effect (``reply``, ``garbage``, ``close``, ``reset``, ``hang``) leaves the world as if nothing had
been said; what is done to the *reply* (``slow_reply``, ``drip``, ``multi_line``, ``wrong_code``, ``lose_reply``) comes
after the effect: what was stored is stored.

    faults.smtp.close("mx1.b.test", "DATA", sender="*@a.test", nth=2, times=1)

``client``, ``sender``, ``recipient``, ``session`` and ``nth`` say whom a fault is for, ``times``, ``after``, ``until``,
``probability`` and ``seed`` when and how often, in every family; ``help(faults.selection)`` explains them.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Unpack

from mailharness.errors import MisuseError
from mailharness.faults.fault import Fault
from mailharness.faults.selection import Which, moment_of
from mailharness.faults.spec import breaking, told
from mailharness.faults.verdict import PASS, Alter, Answer, Cut, Delay, Drop, Hide, Midway, Pace, Verdict
from mailharness.mail import Reply
from mailharness.trace.events import SMTP, SMTP_PHASES, SMTP_VERBS, Commanded, Event, Replied, Said

__all__ = [
    "close",
    "delay",
    "drip",
    "drop_after",
    "garbage",
    "hang",
    "hide",
    "lose_reply",
    "multi_line",
    "reply",
    "reset",
    "say_helo",
    "skip_quit",
    "slow_reply",
    "wrong_code",
    "wrong_command",
]

ENDS = ("server", "client")
GARBAGE = "\x00\x7f\x80garbage"
_BODY = ("DATA", "BDAT")
"""The commands that a body follows."""
_NOBODY_YET = ("CONNECT", "EHLO", "HELO", "STARTTLS")
"""Moments that come before any sender is known."""
_PARAMETERS = {
    "SIZE": ("SIZE",),
    "8BITMIME": ("BODY",),
    "BINARYMIME": ("BODY",),
    "SMTPUTF8": ("SMTPUTF8",),
    "DSN": ("RET", "ENVID", "NOTIFY", "ORCPT"),
    "AUTH": ("AUTH",),
    "REQUIRETLS": ("REQUIRETLS",),
}
"""The parameters of MAIL and RCPT that an extension brings."""
_COMMANDS = {"STARTTLS": "STARTTLS", "AUTH": "AUTH", "CHUNKING": "BDAT", "XCLIENT": "XCLIENT"}
"""The command that an extension brings."""
EXTENSIONS = frozenset({*_PARAMETERS, *_COMMANDS, "PIPELINING", "ENHANCEDSTATUSCODES", "HELP", "LIMITS"})
_PROMISES_OCTETS = re.compile(rb"^BDAT +0*[1-9]", re.IGNORECASE | re.MULTILINE)
UNKNOWN_PARAMETER = Answer("555 5.5.4 Parameter not recognized or not implemented")
NOT_IMPLEMENTED = Answer("502 5.5.1 Command not implemented")

# -- instead of the effect ----


@told("smtp")
def reply(host: str, command: str, text: str, **which: Unpack[Which]) -> Fault:
    """``host`` answers ``command`` (an SMTP verb, "CONNECT" for the greeting, "EOD" for the final dot) with ``text``.

    Raises MisuseError for a verb that SMTP does not know or a text that is not a reply of 200 to 599.
    """
    return _instead("reply", host, command, Answer(str(Reply.parse(text))), f": {text}", **which)


@told("smtp")
def garbage(host: str, command: str, text: str = GARBAGE, *, end: str = "server", **which: Unpack[Which]) -> Fault:
    """``host`` says ``text`` (one octet a character, a CRLF is added) where it should answer, or say, ``command``."""
    try:
        octets = text.encode("latin-1")
    except UnicodeEncodeError:
        raise MisuseError(f"garbage(..., {text!r}): each character stands for one octet, from \\x00 to \\xff") from None
    octets = octets if octets.endswith(b"\n") else octets + b"\r\n"
    return _instead("garbage", host, command, Alter(octets), end=end, **which)


@told("smtp")
def delay(host: str, command: str, seconds: float, *, end: str = "server", **which: Unpack[Which]) -> Fault:
    """``host`` obeys, or says, ``command`` only ``seconds`` later. Raises MisuseError for a time that never comes."""
    return _instead(f"delay by {seconds:g} s", host, command, Delay(seconds), end=end, **which)


@told("smtp")
def hang(host: str, command: str, *, end: str = "server", **which: Unpack[Which]) -> Fault:
    """From ``command`` on ``host`` says nothing more; the connection stays until the other end loses patience."""
    return _instead("hang", host, command, Drop(), end=end, **which)


@told("smtp")
def close(host: str, command: str, *, end: str = "server", **which: Unpack[Which]) -> Fault:
    """``host`` hangs up at ``command`` without a word, no 421 and no QUIT."""
    return _instead("close", host, command, Cut(gently=True), end=end, **which)


@told("smtp")
def reset(host: str, command: str, *, end: str = "server", **which: Unpack[Which]) -> Fault:
    """``host`` resets the connection at ``command``, as a crash would."""
    return _instead("reset", host, command, Cut(), end=end, **which)


@told("smtp")
def drop_after(host: str, octets: int, *, end: str = "server", **which: Unpack[Which]) -> Fault:
    """The connection is lost after so many ``octets`` of the body, at the latest before its end is seen."""
    return _instead(f"drop after {octets} octets", host, "BODY", Cut(), octets=octets, end=end, **which)


# -- what is done to the reply ----


@told("smtp")
def slow_reply(host: str, command: str, seconds: float, **which: Unpack[Which]) -> Fault:
    """``host`` does what ``command`` says and answers ``seconds`` later."""
    return _to_reply(f"slow reply by {seconds:g} s", host, command, Delay(seconds), **which)


@told("smtp")
def drip(host: str, command: str, octets_per_second: float, **which: Unpack[Which]) -> Fault:
    """The reply to ``command`` comes octet by octet, at this pace."""
    return _to_reply(f"drip {octets_per_second:g} octets a second", host, command, Pace(octets_per_second), **which)


@told("smtp")
def multi_line(host: str, command: str, lines: int = 3, **which: Unpack[Which]) -> Fault:
    """The reply to ``command`` has so many ``lines`` more, as it may (RFC 5321 §4.2.1)."""
    if lines < 1:
        raise MisuseError(f"multi_line(..., lines={lines}): write 1 or more")
    more = "".join(f"\nLine {n + 1} of more" for n in range(lines))

    def longer(event: Replied) -> Verdict:
        said = Reply.parse(event.text)
        return Answer(str(replace(said, text=f"{said.text}{more}")))

    return _to_reply(f"{lines} more lines", host, command, longer, **which)


@told("smtp")
def wrong_code(host: str, command: str, code: int, **which: Unpack[Which]) -> Fault:
    """``host`` does what ``command`` says and answers with another ``code`` (200 to 599) than it should."""
    lie = Answer(str(Reply.parse(f"{code} So be it")))
    return _to_reply(f"wrong code {code}", host, command, lie, **which)


@told("smtp")
def lose_reply(host: str, command: str = "EOD", **which: Unpack[Which]) -> Fault:
    """``host`` does what ``command`` says, and the connection is lost before its reply: after the final dot the letter is
    stored, the client does not know, and sends it again (RFC 5321 §4.5.3.2.6)."""
    return _to_reply("lose the reply", host, command, Cut(), **which)


@told("smtp")
def hide(host: str, *extensions: str, **which: Unpack[Which]) -> Fault:
    """EHLO does not announce these ``extensions``; their parameters and commands are refused as unknown."""
    names = tuple(one.upper() for one in extensions)
    for name in names:
        if name not in EXTENSIONS:
            raise MisuseError.unknown("extension", name, EXTENSIONS)
    if not names:
        raise MisuseError("hide(...) names no extension, as in hide('mx1.b.test', 'PIPELINING')")
    return breaking(f"hide {', '.join(names)} at {host}", _hiding(host, names), host, **which)


# -- what a client alone can do wrong ----


@told("smtp")
def wrong_command(host: str, command: str, line: str, **which: Unpack[Which]) -> Fault:
    """``host``, as a client, says ``line`` where it should say ``command``."""
    octets = f"{line}\r\n".encode()
    return _instead(f"say {line!r}", host, command, Alter(octets), end="client", **which)


@told("smtp")
def say_helo(host: str, **which: Unpack[Which]) -> Fault:
    """``host``, as a client, says HELO where it should say EHLO (RFC 5321 §3.2)."""
    return _instead("say HELO", host, "EHLO", Alter(b"HELO\r\n"), end="client", **which)


@told("smtp")
def skip_quit(host: str, **which: Unpack[Which]) -> Fault:
    """``host``, as a client, leaves without QUIT (which RFC 5321 §4.1.1.10 forbids)."""
    return _instead("leave without QUIT", host, "QUIT", Cut(gently=True), end="client", **which)


# -- how they are made ----


def checked_command(command: str) -> str:
    """The verb or phase in upper case. Raises MisuseError for one that SMTP does not know."""
    verb = command.upper()
    if verb not in SMTP_VERBS | SMTP_PHASES:
        raise MisuseError.unknown("SMTP verb or phase", command, SMTP_VERBS | SMTP_PHASES)
    return verb


def _instead(
    does: str,
    host: str,
    command: str,
    verdict: Verdict,
    tail: str = "",
    *,
    octets: int = 1,
    end: str = "server",
    **which: Unpack[Which],
) -> Fault:
    verb, name = checked_command(command), host.lower()
    if end not in ENDS:
        raise MisuseError.unknown("end", end, ENDS)
    _check_known(verb, which)
    if end == "client" and verb in ("CONNECT", "EOD") and isinstance(verdict, Alter):
        raise MisuseError(f"a client has no command to say at {verb}; name EHLO, or BODY for the middle of the data")
    if end == "client" and isinstance(verdict, Alter) and _PROMISES_OCTETS.search(verdict.octets):
        raise MisuseError(
            "BDAT promises octets that would never come; to break one off, write drop_after(..., end='client')"
        )
    kind: type[Event] = Said if end == "client" else Event
    meant = _BODY if verb == "BODY" else (verb,)
    said = Midway(verdict, octets) if verb == "BODY" else verdict

    def judge(event: Event) -> Verdict:
        mine = event.host.lower() == name and isinstance(event, Said) == (kind is Said)
        return said if mine and smtp_moment(event) in meant else PASS

    words = f"{does} at {host} to {verb}{tail}" if end == "server" else f"{does} by client {host} at {verb}{tail}"
    return breaking(words, judge, host, hears=(Said,) if end == "client" else (), **which)


def _to_reply(
    does: str, host: str, command: str, verdict: Verdict | Callable[[Replied], Verdict], **which: Unpack[Which]
) -> Fault:
    verb, name = checked_command(command), host.lower()
    if verb == "BODY":
        raise MisuseError("nothing is answered in the middle of the data; name EOD for the reply to the final dot")
    _check_known(verb, which)

    def judge(event: Event) -> Verdict:
        if not isinstance(event, Replied) or event.protocol != SMTP or event.host.lower() != name:
            return PASS
        return verdict(event) if callable(verdict) else verdict

    return breaking(f"{does} at {host} to {verb}", judge, host, answering=verb, **which)


def smtp_moment(event: Event) -> str:
    """The verb or phase of SMTP that the event is, as a fault names it; "" for none, as the line inside of an AUTH."""
    is_line = isinstance(event, Commanded) and not event.verb
    return moment_of(event) if getattr(event, "protocol", "") == SMTP and not is_line else ""


def _check_known(verb: str, which: Which) -> None:
    """Nobody is known at the greeting, and no recipient at MAIL: such a fault would never fire."""
    for word in ("sender", "recipient"):
        early = verb in _NOBODY_YET or (verb == "MAIL" and word == "recipient")
        if which.get(word) is not None and early:
            raise MisuseError(f"{word}={which[word]!r} is not known yet at {verb}")


def _hiding(host: str, names: tuple[str, ...]) -> Callable[[Event], Verdict]:
    name, without = host.lower(), Hide(names)
    parameters = {word for one in names for word in _PARAMETERS.get(one, ())}
    commands = {_COMMANDS[one] for one in names if one in _COMMANDS}

    def judge(event: Event) -> Verdict:
        if event.host.lower() != name or getattr(event, "protocol", "") != SMTP:
            return PASS
        match event:
            case Replied(text=text) if any(_keyword(line) in names for line in text.split("\n")[1:]):
                return without
            case Commanded(verb=verb) if verb in commands:
                return NOT_IMPLEMENTED
            case Commanded(verb="MAIL" | "RCPT", line=line):
                given = {word.partition("=")[0].upper() for word in line.rpartition(">")[2].split()}
                return UNKNOWN_PARAMETER if given & parameters else PASS
        return PASS

    return judge


def _keyword(line: str) -> str:
    """The extension that a line of the answer to EHLO announces (RFC 5321 §4.1.1.1)."""
    return line[4:].partition(" ")[0].upper()
