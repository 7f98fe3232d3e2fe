"""The transcript of one session, in the notation of swaks, as its client saw it.

``===`` tells what happened, ``***`` what went wrong; `` ->`` is sent and ``<-`` is answered, ``~`` for the dash means
inside TLS, and a star that the answer is an error (``<**``, ``<~*``).
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from mailharness.errors import MisuseError
from mailharness.trace.events import (
    IMAP,
    LMTP,
    POP3,
    SMTP,
    Closed,
    Commanded,
    DataEnded,
    Event,
    Judged,
    LoggedIn,
    Opened,
    Replied,
    Secured,
)
from mailharness.trace.journal import Journal

_SENT, _ANSWERED, _ERRED = " -> ", "<-  ", "<** "
_INSIDE_TLS = {_SENT: " ~> ", _ANSWERED: "<~  ", _ERRED: "<~* "}
_ERROR = {
    SMTP: re.compile(r"[45]"),
    LMTP: re.compile(r"[45]"),
    POP3: re.compile(r"-ERR"),
    IMAP: re.compile(r"\S+ (?:NO|BAD)\b"),
}
_END = {
    "quit": "=== Connection closed with remote host.",
    "eof": "*** The client left without a farewell.",
    "cut": "*** Remote host closed connection unexpectedly.",
    "reset": "*** Connection reset.",
}
"""How a session ended, by ``Closed.how``."""


def transcript(journal: Journal, session: int, *, letter: int = 0) -> str:
    """One session's lines. With ``letter``, the lines that belong to other letters of the session are left out.

    Raises MisuseError for a session that the journal does not have.
    """
    events = journal.of_session(session)
    if not events:
        raise MisuseError(
            f"no session {session} in the journal (sessions are numbered from 1; an evicted letter takes its own)"
        )
    return "\n".join(_lines(events, letter))


def _lines(events: list[Event], letter: int) -> Iterator[str]:
    secured = skipped = False
    for event in events:
        if letter and event.letter not in (0, letter):
            if not skipped:
                yield "=== (lines of other letters are left out)"
            skipped = True
            continue
        skipped = False
        for line in _TABLE.get(type(event), _nothing)(event):
            yield _INSIDE_TLS.get(line[:4], line[:4]) + line[4:] if secured else line
        secured = secured or isinstance(event, Secured) or (isinstance(event, Opened) and event.secured)


def _nothing(event: Event) -> Iterator[str]:  # noqa: ARG001 - the shape of the table
    yield from ()


def _opened(event: Opened) -> Iterator[str]:
    address = f"{event.address}:{event.port}"
    yield f"=== Trying {event.host}..."
    yield f"=== Connected to {event.host} from {event.peer}" + (f" ({address})." if address != event.peer else ".")
    if event.secured:
        yield "=== TLS from the first octet."


def _secured(event: Secured) -> Iterator[str]:
    yield f"=== TLS started with cipher {event.version}:{event.cipher}"


def _logged_in(event: LoggedIn) -> Iterator[str]:
    yield f"=== Logged in as {event.user} by {event.mechanism}."


def _commanded(event: Commanded) -> Iterator[str]:
    yield _SENT + event.line


def _data_ended(event: DataEnded) -> Iterator[str]:
    yield f"{_SENT}<{event.size} bytes of data>"
    if event.ended_by not in ("", "BDAT"):
        yield f"*** Taken for the end of the data: {event.ended_by}."
    elif event.protocol in (SMTP, LMTP) and not event.ended_by:
        yield f"{_SENT}."


def _replied(event: Replied) -> Iterator[str]:
    error = _ERROR.get(event.protocol)
    for line in event.text.split("\n"):
        yield (_ERRED if error and error.match(line) else _ANSWERED) + line


def _judged(event: Judged) -> Iterator[str]:
    yield f"*** Fault: {event.fault}: {event.verdict}"


def _closed(event: Closed) -> Iterator[str]:
    yield _END.get(event.how, f"=== Connection closed ({event.how}).")


_TABLE: dict[type[Event], Callable[[Any], Iterator[str]]] = {
    Opened: _opened,
    Secured: _secured,
    LoggedIn: _logged_in,
    Commanded: _commanded,
    DataEnded: _data_ended,
    Replied: _replied,
    Judged: _judged,
    Closed: _closed,
}
