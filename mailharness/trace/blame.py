"""Blame: which fault of the test's own made an attempt, a look-up or a delivery fail.

A fault that was at work is not always the culprit: a host that says of itself "no such user" says so on a slow line too.
"""

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
    Said,
)
from mailharness.trace.journal import Journal

_HARMLESS = ("delay", "pace", "hide", "show")
"""How verdicts begin that leave it to the host what it answers."""
_MISUNDERSTOOD = (500, 501, 502, 503, 504, 530, 555)
"""What a host answers to commands, or their want, that a fault may have brought about some time before."""


def blamed(journal: Journal, failure: Event) -> str:
    """`` (fault: refuse mx1.b.test)`` where a fault was at work since what came before the failure; else empty."""
    verdicts = [event for event in _since_the_last(journal, failure) if isinstance(event, Judged)]
    if own := _own_refusal(journal, failure):
        verdicts = [event for event in verdicts if _brought_about(journal, event, own)]
    found = next((one for one in reversed(verdicts) if _has_to_do(journal, one, failure)), None)
    return f" (fault: {found.fault})" if found else ""


def _own_refusal(journal: Journal, failure: Event) -> Refused | None:
    """The refusal of the host itself that the failure is, or that was heard; None where no host said so."""
    if isinstance(failure, Refused):
        return failure
    if not (isinstance(failure, Attempted) and failure.session and failure.reply):
        return None
    said = [one for one in journal.of_session(failure.session) if isinstance(one, Refused)]
    return next((one for one in said if one.reply.code == failure.reply.code), None)


def _brought_about(journal: Journal, verdict: Judged, refusal: Refused) -> bool:
    """Whether the host would not have refused without the verdict: it spoke in the host's place, or in the client's."""
    if refusal.reply.code in _MISUNDERSTOOD:
        return True
    if verdict.verdict.startswith(_HARMLESS):
        return False
    match journal.between(verdict.about - 1, verdict.about + 1):
        case [Said(verb=verb)]:
            return verb != "EHLO"
        case [Commanded() | DataEnded() | Greeted() as event]:
            return event.serial >= _last_moment(journal, refusal)
    return False


def _last_moment(journal: Journal, refusal: Refused) -> int:
    """The serial of what the refusal answers; 0 where the session's events do not say."""
    return max((one.serial for one in _moments(journal, refusal) if one.serial < refusal.serial), default=0)


def _moments(journal: Journal, refusal: Refused) -> list[Event]:
    events = journal.of_session(refusal.session)
    return [one for one in events if isinstance(one, Greeted | Commanded | DataEnded)]


def _since_the_last(journal: Journal, failure: Event) -> list[Event]:
    """What happened in the whole world since the copy last failed, or began; of a refusal, since the client said it."""
    if isinstance(failure, Refused):
        return journal.between(_last_moment(journal, failure), failure.serial)
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
