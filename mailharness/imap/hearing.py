"""How a session comes to know what happens in its mailbox; where a fault says so, late or never."""

from collections import deque

from mailharness.faults import Delay, Drop
from mailharness.mailbox import Appended, Change, Mailbox, MailboxVisit
from mailharness.mailbox.mailbox import Watcher
from mailharness.trace.events import Announcing


class Hearing:
    """Stands between a mailbox and one session's view of it. What comes behind news that are late waits for them."""

    def __init__(self, visit: MailboxVisit, mailbox: Mailbox) -> None:
        self._visit = visit
        self._mailbox = mailbox
        self._late: deque[Change] = deque()
        self._due = 0

    def hear(self, note: Watcher, change: Change) -> None:
        """Pass ``change`` on to ``note``, at once unless a fault says otherwise."""
        seconds = self._judge(change) if isinstance(change, Appended) and self._visit.hears(Announcing) else 0.0
        if seconds is None:
            return
        if seconds or self._late:
            self._keep(note, change, seconds)
        else:
            note(change)

    def _judge(self, change: Appended) -> float | None:
        """In how many seconds it is heard; None for never."""
        visit = self._visit
        verdict = visit.announce(
            Announcing(
                host=visit.host,
                session=visit.session,
                of=change.stored.of,
                protocol=visit.protocol,
                user=visit.user,
                mailbox=self._mailbox.name,
                uid=change.stored.uid,
            )
        )
        if isinstance(verdict, Drop):
            return None
        return verdict.seconds if isinstance(verdict, Delay) else 0.0

    def _keep(self, note: Watcher, change: Change, seconds: float) -> None:
        self._late.append(change)
        if not seconds:
            return
        self._due += 1

        def catch_up() -> None:
            self._due -= 1
            while self._late and not self._due:
                note(self._late.popleft())

        self._visit.clock.call_later(seconds, catch_up)
