"""Copies that wait: a fault holds up a session, a connection or a look-up, and only time will end it."""

from collections.abc import Sequence

from mailharness.mail import Address
from mailharness.trace.copies import CopyStory, concerns
from mailharness.trace.events import Closed, Dialed, Event, Judged, LookedUp, Queried, Responded, Said, Storing
from mailharness.trace.journal import Journal

_NOT_ITS_OWN = Dialed | Judged | LookedUp | Queried | Responded | Said | Storing
"""What says nothing of how far a copy has come for one of its recipients."""
_STALLING = ("drop", "delay", "pace")
"""How the verdicts begin that leave a session waiting for the clock."""


class Stalls:
    """The verdicts of one journal that leave something waiting."""

    def __init__(self, journal: Journal, verdicts: Sequence[Judged]) -> None:
        self.journal = journal
        self.verdicts = [one for one in verdicts if one.verdict.startswith(_STALLING) or self._is_about_a_question(one)]

    def hold(self, story: CopyStory, recipient: Address) -> bool:
        """A fault holds up the session, the connection or the look-up that the copy's fate for ``recipient`` waits for."""
        own = [event for event in story.events if not isinstance(event, _NOT_ITS_OWN) and not _is_line(event)]
        own = [event for event in own if concerns(event, recipient)]
        since = own[-1].serial if own else 0
        recent = [event for event in story.events if event.serial > since]
        places: set[str | int] = {event.to.lower() for event in recent if isinstance(event, Dialed)}
        places |= {event.session for event in recent if isinstance(event, Said) and event.session}
        return any(self._holds(verdict, story, since, places) for verdict in self.verdicts)

    def _holds(self, verdict: Judged, story: CopyStory, since: int, places: set[str | int]) -> bool:
        if self._closed(verdict.session):
            return False
        if story.of.copy not in (verdict.copy, verdict.parent):
            return verdict.serial > since and self._may_concern(verdict, places)
        if self._is_about_a_question(verdict):  # one recipient's; what became of others says nothing of it
            return not any(_has_asked(event, verdict) for event in story.events)
        return verdict.serial > since

    def _may_concern(self, verdict: Judged, places: set[str | int]) -> bool:
        """A verdict given where no letter was known: on the host that was dialed or in the session where it was spoken of,
        or on a question to a name server."""
        if verdict.letter:
            return False
        return not places.isdisjoint((verdict.host.lower(), verdict.session)) or self._is_about_a_question(verdict)

    def _is_about_a_question(self, verdict: Judged) -> bool:
        """Whatever is made of a question, by an answer that its asker must not believe it is held up too."""
        about = self.journal.between(verdict.about - 1, verdict.about + 1)
        return any(isinstance(event, Queried) for event in about)

    def _closed(self, session: int) -> bool:
        return bool(session) and any(isinstance(event, Closed) for event in self.journal.of_session(session))


def _has_asked(event: Event, verdict: Judged) -> bool:
    """A look-up that came to its end after the verdict, by way of the server that was judged."""
    ended = isinstance(event, LookedUp) and event.serial > verdict.serial
    return ended and any(asked.startswith(f"{verdict.host} (") for asked in event.asked)  # type: ignore[attr-defined]


def _is_line(event: Event) -> bool:
    """A line of a session, not a word of the host's own."""
    return hasattr(event, "protocol")
