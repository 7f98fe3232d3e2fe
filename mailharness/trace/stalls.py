"""Copies that wait: a fault holds up a session, a connection or a look-up, and only time will end it."""

from collections.abc import Sequence

from mailharness.trace.copies import CopyStory
from mailharness.trace.events import Closed, Dialed, Event, Judged, Queried
from mailharness.trace.journal import Journal

_STALLING = ("drop", "delay", "pace")
"""How the verdicts begin that leave a session waiting for the clock."""


class Stalls:
    """The verdicts of one journal that leave something waiting."""

    def __init__(self, journal: Journal, verdicts: Sequence[Judged]) -> None:
        self.journal = journal
        self.verdicts = [one for one in verdicts if one.verdict.startswith(_STALLING) or self._is_about_a_question(one)]

    def hold(self, story: CopyStory) -> bool:
        """A fault holds up the session, the connection or the look-up that the copy's fate waits for."""
        own = [event for event in story.events if not isinstance(event, Dialed | Judged | Queried) and not _is_line(event)]
        since = own[-1].serial if own else 0
        dialed = {event.to.lower() for event in story.events if isinstance(event, Dialed) and event.serial > since}
        return any(
            verdict.serial > since
            and (story.of.copy in (verdict.copy, verdict.parent) or self._may_concern(verdict, dialed))
            and not self._closed(verdict.session)
            for verdict in self.verdicts
        )

    def _may_concern(self, verdict: Judged, dialed: set[str]) -> bool:
        """A verdict given before a letter was known: on the host that was dialed, or on a question to a name server."""
        if verdict.letter:
            return False
        return verdict.host.lower() in dialed or self._is_about_a_question(verdict)

    def _is_about_a_question(self, verdict: Judged) -> bool:
        """Whatever is made of a question, by an answer that its asker must not believe it is held up too."""
        about = self.journal.between(verdict.about - 1, verdict.about + 1)
        return any(isinstance(event, Queried) for event in about)

    def _closed(self, session: int) -> bool:
        return bool(session) and any(isinstance(event, Closed) for event in self.journal.of_session(session))


def _is_line(event: Event) -> bool:
    """A line of a session, not a word of the host's own."""
    return hasattr(event, "protocol")
