"""Sessions that came to nothing: where one broke off in which a program had a letter to hand over, and why."""

from mailharness.trace.events import LMTP, SMTP, Closed, Commanded, Event, Judged, Opened, Replied
from mailharness.trace.journal import Journal
from mailharness.trace.stop import Stop, said_in


def broken_off(journal: Journal, session: int) -> Stop | None:
    """The stop that a session of SMTP is in which no letter was taken, and none refused: ``stopped at out.a.test, MAIL:
    the connection ended before a letter was taken (fault: close ...)``. None for a session of another kind."""
    events = journal.of_session(session)
    opened = next((one for one in events if isinstance(one, Opened) and one.protocol in (SMTP, LMTP)), None)
    if opened is None:
        return None
    moment, answer = _last_words(events)
    faults = dict.fromkeys(one.fault for one in events if isinstance(one, Judged))
    by = f" (fault: {list(faults)[-1]})" if faults else ""
    place = f"stopped at {opened.host}{f', {moment}' if moment else ''}"
    return Stop(opened.host, f"{place}: {answer or _end(events)}{by}", session)


def _last_words(events: list[Event]) -> tuple[str, str]:
    """What the client said last, but for QUIT, and what it was answered if that was no."""
    moment = answer = ""
    for event in events:
        if isinstance(event, Commanded) and event.verb == "QUIT":
            break
        if word := said_in(event):
            moment, answer = word, ""
        elif isinstance(event, Replied):
            answer = event.text if event.text[:1] in ("4", "5") else ""
    return moment, answer


def _end(events: list[Event]) -> str:
    if any(isinstance(one, Closed) for one in events):
        return "the connection ended before a letter was taken"
    return "no letter has been taken yet"
