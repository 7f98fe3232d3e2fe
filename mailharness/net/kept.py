"""What a world keeps: its queues, its mailboxes, or both, so that nothing falls between the two.

An entry of a queue is forgotten only when the mailbox that it went into has been written.
"""

import asyncio
import contextlib

from mailharness.net.mailstore import MailStore
from mailharness.net.storage import SqliteStorage
from mailharness.net.writing import Told
from mailharness.queue import Entry


class KeptTogether:
    """Implements ``agents.ports.Storage`` for a world with a ``store`` and perhaps a ``spool``."""

    def __init__(self, store: MailStore, spool: SqliteStorage | None) -> None:
        self._store = store
        self._spool = spool
        self._ended: dict[Entry, None] = {}

    def put(self, host: str, entry: Entry) -> None:
        """Note ``entry`` of ``host``'s queue as it is now."""
        if self._spool is not None:
            self._spool.put(host, entry)

    def remove(self, entry: Entry) -> None:
        """Forget ``entry`` as soon as what became of it is written."""
        if self._spool is None or not entry.key:
            return
        if not self._store.is_behind:
            self._spool.remove(entry)
            return
        self._ended[entry] = None
        loop = asyncio.get_running_loop()

        def tell(problem: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(self._forget, entry, problem)

        self._store.when_written(tell)

    def _forget(self, entry: Entry, problem: str) -> None:
        if entry in self._ended and not problem and self._spool is not None:
            del self._ended[entry]
            self._spool.remove(entry)

    @property
    def is_behind(self) -> bool:
        """Whether something of a mailbox was noted that is not known to be written yet."""
        return self._store.is_behind

    def when_written(self, told: Told) -> None:
        """Call ``told``, on the writer's thread, when all of the mailboxes is written: with "", or why it is not."""
        self._store.when_written(told)

    async def written(self) -> str:
        """Return when all that was noted before is safe: "" if it is, else why it cannot be."""
        problem = await self._store.written()
        return problem or (await self._spool.written() if self._spool is not None else "")

    def close(self) -> None:
        """Write what is left, the mailboxes first, and close the files."""
        self._store.close()
        if self._spool is not None:
            for entry in () if self._store.is_behind else self._ended:
                self._spool.remove(entry)
            self._spool.close()
