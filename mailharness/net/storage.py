"""The storage: queues in an SQLite file, which a process that is killed leaves behind whole.

The loop's thread only notes what has changed; a thread of its own writes it, all that has come together in one
transaction. The file keeps a write-ahead log with ``synchronous=NORMAL``: when a commit has returned the octets are the
operating system's, so that a killed process loses none of them. Only a machine that loses its power could lose the last
ones, and would find the file whole all the same; a file system's flush for every letter would cost milliseconds and guard
against nothing else.
"""

import asyncio
import contextlib
import itertools
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from mailharness.errors import MisuseError
from mailharness.mail import Cause, Copy, Message
from mailharness.net.rows import envelope_of, envelope_text, standings_of, standings_text
from mailharness.queue import Entry

_APPLICATION = 0x6D61696C
"""What says in the file's header that it is a spool: the octets of "mail"."""
_VERSION = 1
_SCHEMA = """
CREATE TABLE letters (key INTEGER PRIMARY KEY, host TEXT, cause TEXT, domain TEXT, local INTEGER, queued_at REAL,
                      message BLOB);
CREATE TABLE states (key INTEGER PRIMARY KEY, letter INTEGER, envelope TEXT, standings TEXT, attempts INTEGER, due REAL,
                     held INTEGER, warn_at REAL);
"""
_READ = """
SELECT letters.key, host, letter, cause, domain, local, queued_at, message,
       envelope, standings, attempts, due, held, warn_at
FROM letters JOIN states USING (key) ORDER BY letters.key
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry that an earlier world left in the file, and the ``host`` whose queue it was in."""

    host: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class _Note:
    """One thing to write about the entry of that key: ``fresh`` if it is not in the file yet, ``gone`` to remove it."""

    key: int
    write: Callable[[sqlite3.Connection], object]
    fresh: bool = False
    gone: bool = False


_Told = Callable[[str], object]
"""To be told when all before it is written: "", or why it is not."""


class SqliteStorage:
    """Implements ``agents.ports.Storage`` in the file at ``path``, which is made if it is not there.

    Raises MisuseError for a file that cannot be opened, is something else or damaged, or is in use by another world.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._owner = os.getpid()
        self._connection = _open(self.path)
        self.kept = _read(self._connection, self.path)
        """What the file held when it was opened, the oldest first."""
        self._keys = itertools.count(max((kept.entry.key for kept in self.kept), default=0) + 1)
        self._inbox: SimpleQueue[_Note | _Told | None] = SimpleQueue()
        self._noted = self._written = 0
        self._thread = threading.Thread(target=self._work, name="mailharness-storage", daemon=True)
        self._thread.start()

    # -- the loop's side ----

    def put(self, host: str, entry: Entry) -> None:
        """Note ``entry`` of ``host``'s queue as it is now."""
        fresh = not entry.key
        if fresh:
            entry.key = next(self._keys)
        self._note(_Note(entry.key, _writing(host, entry, fresh), fresh=fresh))

    def remove(self, entry: Entry) -> None:
        """Forget ``entry``."""
        key, entry.key = entry.key, 0
        if key:
            self._note(_Note(key, lambda connection: _remove(connection, key), gone=True))

    def _note(self, note: _Note) -> None:
        self._noted += 1
        self._inbox.put(note)

    async def written(self) -> str:
        """Return when all that was noted before is safe: "" if it is, else why it cannot be."""
        if self._written == self._noted:
            return ""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()

        def tell(problem: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(_unless_done, future, problem)

        self._inbox.put(tell)
        return await future

    def close(self) -> None:
        """Write what is left and close the file; in a forked child, whose it is not, do nothing."""
        if os.getpid() == self._owner and self._thread.is_alive():
            self._inbox.put(None)
            self._thread.join()

    # -- the writer's side ----

    def _work(self) -> None:
        left: list[_Note] = []
        going = True
        while going:
            batch = self._batch()
            going = None not in batch
            notes = left + [one for one in batch if isinstance(one, _Note)]
            problem = self._write(notes)
            if not problem:
                self._written += len(notes)
            left = notes if problem else []
            for one in batch:
                if one is not None and not isinstance(one, _Note):
                    one(problem)
        self._connection.close()

    def _batch(self) -> list[_Note | _Told | None]:
        """All that has come in; at least one thing."""
        batch = [self._inbox.get()]
        with contextlib.suppress(Empty):
            while True:
                batch.append(self._inbox.get_nowait())
        return batch

    def _write(self, notes: list[_Note]) -> str:
        """All in one transaction; why it could not be, "" if it could."""
        passing = {one.key for one in notes if one.fresh} & {one.key for one in notes if one.gone}
        lasting = [one for one in notes if one.key not in passing]
        if not lasting:
            return ""
        try:
            with self._connection:
                for one in lasting:
                    one.write(self._connection)
        except sqlite3.Error as error:
            return f"{self.path.name}: {error}"
        return ""


def _unless_done(future: "asyncio.Future[str]", problem: str) -> None:
    if not future.done():
        future.set_result(problem)


def _open(path: Path) -> sqlite3.Connection:
    """The file, locked for this process alone, with its tables in it."""
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=0, check_same_thread=False, cached_statements=16)
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        _check_ours(connection, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if not _number(connection, "user_version"):
            marks = f"PRAGMA application_id={_APPLICATION}; PRAGMA user_version={_VERSION};"
            connection.executescript(f"BEGIN EXCLUSIVE; {_SCHEMA} {marks} COMMIT;")
        connection.execute("BEGIN EXCLUSIVE").connection.commit()
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise MisuseError(f"spool={str(path)!r}: {_cure(error)}") from None
    except MisuseError:
        if connection is not None:
            connection.close()
        raise
    return connection


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    known = (_number(connection, "application_id"), _number(connection, "user_version"))
    if not empty and known != (_APPLICATION, _VERSION):
        raise MisuseError(f"spool={str(path)!r}: this file is no spool of this version; name another, or a new one")


def _read(connection: sqlite3.Connection, path: Path) -> tuple[Kept, ...]:
    try:
        return tuple(_kept(row) for row in connection.execute(_READ))
    except (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError) as error:
        connection.close()
        raise MisuseError(f"spool={str(path)!r}: this file is damaged: {error}; name another, or a new one") from None


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _cure(error: sqlite3.Error) -> str:
    told = str(error)
    if "locked" in told:
        return "another world uses this file; stop that one, or name another file"
    if "not a database" in told:
        return "this file is no spool; name another, or a new one"
    if "malformed" in told:
        return f"this file is damaged: {told}; name another, or a new one"
    return f"{told}; name a file in a folder that is there and may be written to"


def _writing(host: str, entry: Entry, fresh: bool) -> Callable[[sqlite3.Connection], object]:
    """What is to be written of ``entry`` as it is now; put into words by the writer's thread."""
    key, envelope, standings = entry.key, entry.envelope, dict(entry.standings)
    state = (entry.attempts, entry.due, entry.held, entry.warn_at)
    whole = (host, str(entry.copy.cause), entry.domain, entry.local, entry.queued_at)
    letter, message = entry.copy.letter, entry.message

    def write(connection: sqlite3.Connection) -> None:
        if fresh:
            connection.execute("INSERT INTO letters VALUES (?, ?, ?, ?, ?, ?, ?)", (key, *whole, bytes(message)))
        row = (key, letter, envelope_text(envelope), standings_text(standings), *state)
        connection.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    return write


def _remove(connection: sqlite3.Connection, key: int) -> None:
    connection.execute("DELETE FROM letters WHERE key = ?", (key,))
    connection.execute("DELETE FROM states WHERE key = ?", (key,))


def _nobody(entry: Entry) -> None:
    raise AssertionError(f"{entry.copy} was not taken up again")


def _kept(row: Iterable[object]) -> Kept:
    key, host, letter, cause, domain, local, queued_at, octets, envelope, standings, attempts, due, held, warn_at = row
    entry = Entry(
        Copy(int(letter), 0, 0, Cause(str(cause))),  # type: ignore[call-overload]
        envelope_of(str(envelope)),
        Message(bytes(octets)),  # type: ignore[call-overload]
        str(domain),
        float(queued_at),  # type: ignore[arg-type]
        _nobody,
        bool(local),
        None if warn_at is None else float(warn_at),  # type: ignore[arg-type]
        int(attempts),  # type: ignore[call-overload]
        float(due),  # type: ignore[arg-type]
        bool(held),
        standings=standings_of(str(standings)),
        key=int(key),  # type: ignore[call-overload]
    )
    return Kept(str(host), entry)
