"""Reading a session or a look-up out of the journal: what was said, what was answered, and how long that took."""

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from mailharness.trace.events import (
    IMAP,
    Commanded,
    DataEnded,
    Dialed,
    Event,
    LookedUp,
    Queried,
    Replied,
    Responded,
    Secured,
)
from mailharness.trace.wording import octets, same_name

Line: TypeAlias = "tuple[str, str, float]"
"""What was said, what was answered, and the seconds between."""
_POLITE = frozenset("EHLO HELO CAPABILITY CAPA NOOP DATA QUIT LOGOUT".split())
"""What every session says, left out of the telling."""


def dialogue(events: Sequence[Event]) -> Iterator[Line]:
    """The commands of a session and their answers, without the courtesies."""
    said: Commanded | DataEnded | None = None
    for event in events:
        if isinstance(event, Commanded | DataEnded):
            said = event
        elif isinstance(event, Replied) and said is not None:
            if not (isinstance(said, Commanded) and said.verb in _POLITE):
                yield _words(said), _answer(event), event.real - said.real
            said = None


def _words(said: Commanded | DataEnded) -> str:
    if isinstance(said, DataEnded):
        return octets(said.size)
    return _without_tag(said.line, said.protocol)


def _answer(event: Replied) -> str:
    """The last line, without the response code that IMAP puts in brackets for programs to read (RFC 3501 §7.1)."""
    last = event.text.splitlines()[-1] if event.text else ""
    return re.sub(r"^(OK|NO|BAD) \[[^]]*\]", r"\1", _without_tag(last, event.protocol))


def _without_tag(line: str, protocol: str) -> str:
    """IMAP marks each command and its answer by a tag (RFC 3501 §2.2.1), which tells a reader nothing."""
    return line.partition(" ")[2] if protocol == IMAP and not line.startswith(("*", "+")) else line


def security(session: Sequence[Event]) -> str:
    """Whether the session was encrypted, and how."""
    secured = next((event for event in session if isinstance(event, Secured)), None)
    return f"encrypted by {secured.version}, {secured.cipher}" if secured else "not encrypted"


def exchange(before: Sequence[Event]) -> list[Event]:
    """The questions and answers since the last look-up had its outcome."""
    asked = [one for one in before if isinstance(one, Queried | Responded | LookedUp)]
    last = max((one.serial for one in asked if isinstance(one, LookedUp)), default=0)
    return [one for one in asked if one.serial > last]


def questions(events: Sequence[Event]) -> Iterator[tuple[Queried, str, float]]:
    """Each question to a name server, what it answered, and the seconds from the question before it to the answer."""
    start = events[0].real if events else 0.0
    for number, event in enumerate(events):
        if isinstance(event, Queried):
            answer = next((one for one in events[number:] if isinstance(one, Responded) and one.host == event.host), None)
            end = answer.real if answer else event.real
            yield event, _response(answer), end - start
            start = end


def _response(answer: Responded | None) -> str:
    if answer is None:
        return "no answer"
    if answer.referral:
        return f"not mine, ask the servers of {answer.referral}"
    return ", ".join(answer.answers) or answer.rcode


def dialed(host: str, events: Sequence[Event]) -> Dialed | None:
    """The last time that somebody connected to ``host``."""
    return next((one for one in reversed(events) if isinstance(one, Dialed) and same_name(one.to, host)), None)


def preference(host: str, before: Sequence[Event]) -> str:
    """Where the host stands among the MX records that were found last, as ``, preference 10 of 10, 20``."""
    found = [one.answers for one in before if isinstance(one, LookedUp) and one.rrtype == "MX" and one.answers]
    records = [answer.split(maxsplit=1) for answer in (found[-1] if found else ())]
    own = next((number for number, name in records if same_name(name, host)), None)
    if own is None:
        return ""
    return f", preference {own} of {', '.join(sorted((number for number, _ in records), key=int))}"
