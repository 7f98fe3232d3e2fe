"""Breakdowns: a filter or handler of the test's own failed, and what became of the letter since then proves nothing.

A gateway defers such a letter, and what stands on aiosmtpd answers 500, as real ones would, so nothing is lost; but no
claim about it may hold by accident.
"""

from collections.abc import Sequence

from mailharness.trace.events import Attempted, Event, Filtered
from mailharness.trace.leaves import Leaf

_FAILURES = {
    "defer": "filter {event.filter} {event.reason}; the letter is deferred: mend the filter",
    "fail": "handler {event.filter} {event.reason}; mend the handler",
}
"""What is told of each verdict of what failed."""


def breakdown(events: Sequence[Event], leaf: Leaf) -> Filtered | None:
    """The failure of a filter or handler that keeps the leaf where it is; None where it arrived, or went on since."""
    if leaf.delivered:
        return None
    sessions = [one.session for one in events if isinstance(one, Attempted) and leaf.recipient in one.recipients]
    for event in reversed(events):
        if isinstance(event, Filtered) and (event.session in sessions[-1:] or event.copy == leaf.copy.of.copy):
            return event if event.verdict in _FAILURES else None
    return None


def tell(event: Filtered) -> str:
    """``stopped at gateway.b.test: filter guard raised KeyError: 'x' (test_mail.py:7); mend the filter``."""
    return f"stopped at {event.host}: {_FAILURES[event.verdict].format(event=event)}"
