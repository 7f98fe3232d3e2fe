"""The writer: a thread that keeps an SQLite file up to date behind a loop which only notes what has changed.

All that has come together is written in one transaction. The file keeps a write-ahead log with ``synchronous=NORMAL``:
when a commit has returned the octets are the operating system's, so that a killed process loses none of them. Only a
machine that loses its power could lose the last ones, and would find the file whole all the same; a file system's flush
for every letter would cost milliseconds and guard against nothing else.
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from mailharness.errors import MisuseError


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to write about what has that key: ``fresh`` if it is not in the file yet, ``gone`` to remove it."""

    write: Callable[[sqlite3.Connection], object]
    key: int = 0
    fresh: bool = False
    gone: bool = False


Told = Callable[[str], object]
"""To be told when all before it is written: "", or why it is not."""


class Writer:
    """Writes to the file at ``path`` by ``connection``, both of which are its own from now on."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._owner = os.getpid()
        self._connection = connection
        self._inbox: SimpleQueue[Note | Told | None] = SimpleQueue()
        self._noted = self._written = 0
        self._thread = threading.Thread(target=self._work, name="mailharness-storage", daemon=True)
        self._thread.start()

    # -- the loop's side ----

    def note(self, note: Note) -> None:
        """Have it written soon."""
        self._noted += 1
        self._inbox.put(note)

    @property
    def is_behind(self) -> bool:
        """Whether something was noted that is not known to be written yet."""
        return self._written != self._noted

    async def written(self) -> str:
        """Return when all that was noted before is safe: "" if it is, else why it cannot be."""
        if not self.is_behind:
            return ""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()

        def tell(problem: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(_unless_done, future, problem)

        self.tell(tell)
        return await future

    def tell(self, told: Told) -> None:
        """Call ``told``, on the writer's thread, when all that was noted before is written, or is known not to be."""
        self._inbox.put(told)

    def close(self) -> None:
        """Write what is left and close the file; in a forked child, whose it is not, do nothing."""
        if os.getpid() == self._owner and self._thread.is_alive():
            self._inbox.put(None)
            self._thread.join()

    # -- the writer's side ----

    def _work(self) -> None:
        left: list[Note] = []
        going = True
        while going:
            batch = self._batch()
            going = None not in batch
            notes = left + [one for one in batch if isinstance(one, Note)]
            problem = self._write(notes)
            if not problem:
                self._written += len(notes)
            left = notes if problem else []
            for one in batch:
                if one is not None and not isinstance(one, Note):
                    one(problem)
        self._connection.close()

    def _batch(self) -> list[Note | Told | None]:
        """All that has come in; at least one thing."""
        batch = [self._inbox.get()]
        with contextlib.suppress(Empty):
            while True:
                batch.append(self._inbox.get_nowait())
        return batch

    def _write(self, notes: list[Note]) -> str:
        """All in one transaction; why it could not be, "" if it could."""
        passing = {one.key for one in notes if one.fresh and one.key} & {one.key for one in notes if one.gone}
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


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: the ``option`` of a world that names it, what it is called, how it is known, its tables."""

    option: str
    name: str
    application: int
    version: int
    schema: str

    def error(self, path: Path, problem: str) -> MisuseError:
        return MisuseError(f"{self.option}={str(path)!r}: {problem}")


def open_file(path: Path, kind: Kind) -> sqlite3.Connection:
    """The file, made if it is not there, locked for this process alone, with its tables in it.

    Raises MisuseError for a file that cannot be opened, is something else, or is in use by another world.
    """
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=0, check_same_thread=False, cached_statements=16)
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        _check_ours(connection, path, kind)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if not _number(connection, "user_version"):
            marks = f"PRAGMA application_id={kind.application}; PRAGMA user_version={kind.version};"
            connection.executescript(f"BEGIN EXCLUSIVE; {kind.schema} {marks} COMMIT;")
        connection.execute("BEGIN EXCLUSIVE").connection.commit()
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise kind.error(path, _cure(error, kind)) from None
    except MisuseError:
        if connection is not None:
            connection.close()
        raise
    return connection


def _check_ours(connection: sqlite3.Connection, path: Path, kind: Kind) -> None:
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    known = (_number(connection, "application_id"), _number(connection, "user_version"))
    if not empty and known != (kind.application, kind.version):
        raise kind.error(path, f"this file is no {kind.name} of this version; name another, or a new one")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _cure(error: sqlite3.Error, kind: Kind) -> str:
    told = str(error)
    if "locked" in told:
        return "another world uses this file; stop that one, or name another file"
    if "not a database" in told:
        return f"this file is no {kind.name}; name another, or a new one"
    if "malformed" in told:
        return f"this file is damaged: {told}; name another, or a new one"
    return f"{told}; name a file in a folder that is there and may be written to"
