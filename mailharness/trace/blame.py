"""Blame: which fault of the test's own made an attempt, a look-up or a delivery fail."""

from mailharness.trace.events import (
    Attempted,
    Commanded,
    DataEnded,
    Event,
    Greeted,
    Judged,
    LookedUp,
    Queried,
    Queued,
    Refused,
)
from mailharness.trace.journal import Journal


def blamed(journal: Journal, failure: Event) -> str:
    """`` (fault: refuse mx1.b.test)`` where a fault was at work since what came before the failure; else empty."""
    verdicts = [event for event in _since_the_last(journal, failure) if isinstance(event, Judged)]
    found = next((one for one in reversed(verdicts) if _has_to_do(journal, one, failure)), None)
    return f" (fault: {found.fault})" if found else ""


def _since_the_last(journal: Journal, failure: Event) -> list[Event]:
    """What happened in the whole world since the copy last failed, or began; of a refusal, since the client said it."""
    before: list[Event]
    if isinstance(failure, Refused):
        before = [one for one in journal.of_session(failure.session) if isinstance(one, Greeted | Commanded | DataEnded)]
    else:
        before = [one for one in journal.of_letter(failure.letter) if _is_such(one, failure)]
    starts = [one.serial for one in before if one.serial < failure.serial]
    return journal.between(starts[-1] if starts else 0, failure.serial)


def _is_such(event: Event, failure: Event) -> bool:
    return event.copy == failure.copy and isinstance(event, Attempted | Queued) and event is not failure


def _has_to_do(journal: Journal, verdict: Judged, failure: Event) -> bool:
    if isinstance(failure, LookedUp):
        return any(isinstance(event, Queried) for event in journal.between(verdict.about - 1, verdict.about + 1))
    if failure.session and verdict.session == failure.session:
        return True
    return bool(failure.copy) and failure.copy in (verdict.copy, verdict.parent)
