"""Breakdowns: a filter of the test's own failed, and what became of the letter since then proves nothing.

The gateway defers such a letter, as a real one would, so nothing is lost; but no claim about it may hold by accident.
"""

from collections.abc import Sequence

from mailharness.trace.events import Attempted, Event, Filtered
from mailharness.trace.leaves import Leaf

DEFERRED = "defer"
"""The verdict of a filter that failed."""


def breakdown(events: Sequence[Event], leaf: Leaf) -> Filtered | None:
    """The failure of a filter that keeps the leaf where it is; None where it arrived, or went on since."""
    if leaf.delivered:
        return None
    sessions = [one.session for one in events if isinstance(one, Attempted) and leaf.recipient in one.recipients]
    for event in reversed(events):
        if isinstance(event, Filtered) and (event.session in sessions[-1:] or event.copy == leaf.copy.of.copy):
            return event if event.verdict == DEFERRED else None
    return None


def tell(event: Filtered) -> str:
    """``stopped at gateway.b.test: filter guard raised KeyError: 'x' (test_mail.py:7); mend the filter``."""
    return f"stopped at {event.host}: filter {event.filter} {event.reason}; the letter is deferred: mend the filter"
