"""The storage: queues in an SQLite file, which a process that is killed leaves behind whole."""

import itertools
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mailharness.errors import MisuseError
from mailharness.mail import Cause, Copy, Message
from mailharness.net.rows import envelope_of, envelope_text, standings_of, standings_text
from mailharness.net.writing import Kind, Note, Writer, open_file
from mailharness.queue import Entry

_SCHEMA = """
CREATE TABLE letters (key INTEGER PRIMARY KEY, host TEXT, cause TEXT, domain TEXT, local INTEGER, queued_at REAL,
                      message BLOB);
CREATE TABLE states (key INTEGER PRIMARY KEY, letter INTEGER, envelope TEXT, standings TEXT, attempts INTEGER, due REAL,
                     held INTEGER, warn_at REAL);
"""
_KIND = Kind("spool", "spool", application=0x6D61696C, version=1, schema=_SCHEMA)
"""Its header says that it is a spool by the octets of "mail"."""
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


class SqliteStorage:
    """Implements ``agents.ports.Storage`` in the file at ``path``, which is made if it is not there.

    Raises MisuseError for a file that cannot be opened, is something else or damaged, or is in use by another world.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._connection = open_file(self.path, _KIND)
        self.kept = _read(self._connection, self.path)
        """What the file held when it was opened, the oldest first."""
        self._keys = itertools.count(max((kept.entry.key for kept in self.kept), default=0) + 1)
        self._writer = Writer(self.path, self._connection)

    def put(self, host: str, entry: Entry) -> None:
        """Note ``entry`` of ``host``'s queue as it is now."""
        fresh = not entry.key
        if fresh:
            entry.key = next(self._keys)
        self._writer.note(Note(_writing(host, entry, fresh), entry.key, fresh=fresh))

    def remove(self, entry: Entry) -> None:
        """Forget ``entry``."""
        key, entry.key = entry.key, 0
        if key:
            self._writer.note(Note(lambda connection: _remove(connection, key), key, gone=True))

    async def written(self) -> str:
        """Return when all that was noted before is safe: "" if it is, else why it cannot be."""
        return await self._writer.written()

    def close(self) -> None:
        """Write what is left and close the file; in a forked child, whose it is not, do nothing."""
        self._writer.close()


def _read(connection: sqlite3.Connection, path: Path) -> tuple[Kept, ...]:
    try:
        return tuple(_kept(row) for row in connection.execute(_READ))
    except (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError) as error:
        connection.close()
        raise MisuseError(f"spool={str(path)!r}: this file is damaged: {error}; name another, or a new one") from None


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
