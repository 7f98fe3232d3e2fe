"""The mail store: mailboxes in an SQLite file, which a process that is killed leaves behind whole.

Mailboxes live in memory as ever; every change of one is noted, and written behind its back. The octets of a message are
in the file once, whichever mailboxes hold it; what delivery put above them belongs to each place.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from mailharness.mail import Message
from mailharness.mailbox import Account, Appended, Change, Expunged, Flags, Mailbox, StoredMessage
from mailharness.mailbox.keeping import Gone, KeptAccount, KeptMailbox, describe, describe_mailbox, take_up
from mailharness.net.writing import Kind, Note, Told, Writer, open_file

_SCHEMA = """
CREATE TABLE accounts (address TEXT PRIMARY KEY, subscriptions TEXT, notes TEXT, next_validity INTEGER, vacated TEXT,
                       answered TEXT);
CREATE TABLE mailboxes (key INTEGER PRIMARY KEY, address TEXT, name TEXT, uid_validity INTEGER, object_id TEXT,
                        special_use TEXT, notes TEXT, uid_next INTEGER, modseq INTEGER, unclaimed INTEGER,
                        url_key INTEGER);
CREATE TABLE bodies (digest BLOB PRIMARY KEY, octets BLOB) WITHOUT ROWID;
CREATE TABLE messages (mailbox INTEGER, uid INTEGER, body BLOB, above BLOB, flags TEXT, modseq INTEGER, internal_date REAL,
                       save_date REAL, thread INTEGER, PRIMARY KEY (mailbox, uid)) WITHOUT ROWID;
CREATE INDEX uses ON messages (body);
CREATE TABLE gone (mailbox INTEGER, modseq INTEGER, uid INTEGER, PRIMARY KEY (mailbox, modseq, uid)) WITHOUT ROWID;
"""
_KIND = Kind("store", "mail store", application=0x6D626F78, version=2, schema=_SCHEMA)
"""Its header says that it is a store by the octets of "mbox"."""


class MailStore:
    """Keeps the accounts that it is given in the file at ``path``, which is made if it is not there.

    Raises MisuseError for a file that cannot be opened, is something else or damaged, or is in use by another world.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._connection = open_file(self.path, _KIND)
        try:
            self._kept = _read(self._connection)
        except (sqlite3.Error, ValueError, TypeError) as error:
            self._connection.close()
            raise _KIND.error(self.path, f"this file is damaged: {error}; name another, or a new one") from None
        self._keys: dict[Mailbox, int] = {}
        self._next_key = self._connection.execute("SELECT coalesce(max(key), 0) + 1 FROM mailboxes").fetchone()[0]
        self._writer = Writer(self.path, self._connection)

    @property
    def left(self) -> dict[str, int]:
        """How many messages are kept of those accounts that nobody has taken up."""
        return {address: sum(len(part[2]) for part in parts) for address, (_, parts) in self._kept.items()}

    def take_in(self, account: Account) -> None:
        """Let ``account``, which is new, go on with what was kept of it, and keep it from now on."""
        known = self._kept.pop(account.address.folded, None)
        if known is not None:
            kept, parts = known
            take_up(account, kept, ((one, messages, gone) for _, one, messages, gone in parts))
            for key, one, *_ in parts:
                self._watch(account.get(one.name), key)
            account.complete()
        account.on_change = partial(self._on_change, account)
        self._on_change(account)

    async def written(self) -> str:
        """Return when all that was noted before is safe: "" if it is, else why it cannot be."""
        return await self._writer.written()

    def when_written(self, told: Told) -> None:
        """Call ``told``, on the writer's thread, when all that was noted before is written: with "", or why it is not."""
        self._writer.tell(told)

    @property
    def is_behind(self) -> bool:
        """Whether something was noted that is not known to be written yet."""
        return self._writer.is_behind

    def close(self) -> None:
        """Write what is left and close the file; in a forked child, whose it is not, do nothing."""
        self._writer.close()

    # -- what changes ----

    def _watch(self, mailbox: Mailbox, key: int) -> None:
        self._keys[mailbox] = key
        mailbox.watch(partial(self._on_message, mailbox, key))

    def _on_change(self, account: Account) -> None:
        """Mailboxes have come, gone or other names; or what is noted about them has changed."""
        fresh = []
        for mailbox in account.mailboxes.values():
            if mailbox not in self._keys:
                self._watch(mailbox, self._next_key)
                self._next_key += 1
                fresh.append((self._keys[mailbox], [*mailbox.messages]))
        mailboxes = {self._keys[mailbox]: describe_mailbox(mailbox) for mailbox in account.mailboxes.values()}
        self._writer.note(Note(partial(_write_account, account.address.folded, describe(account), mailboxes)))
        for key, messages in fresh:
            for stored in messages:
                self._writer.note(Note(_appending(key, stored)))

    def _on_message(self, mailbox: Mailbox, key: int, change: Change) -> None:
        match change:
            case Appended(stored):
                write = _appending(key, stored)
            case Flags(stored):
                write = _flagging(key, stored)
            case Expunged(uids, modseq):
                write = partial(_expunge, key, uids, modseq)
        numbers = (mailbox.uid_next, mailbox.highest_modseq, mailbox.first_unclaimed, key)

        def both(connection: sqlite3.Connection) -> None:
            write(connection)
            connection.execute("UPDATE mailboxes SET uid_next = ?, modseq = ?, unclaimed = ? WHERE key = ?", numbers)

        self._writer.note(Note(both))


# -- writing ----

_Write = Callable[[sqlite3.Connection], object]


def _write_account(
    address: str, account: KeptAccount, mailboxes: dict[int, KeptMailbox], connection: sqlite3.Connection
) -> None:
    row = (address, json.dumps(account.subscriptions), _text(account.notes), account.next_validity)
    more = (json.dumps(account.vacated), json.dumps(account.answered))
    connection.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?)", (*row, *more))
    known = {key for (key,) in connection.execute("SELECT key FROM mailboxes WHERE address = ?", (address,))}
    for key in known - mailboxes.keys():
        _forget(key, connection)
    for key, one in mailboxes.items():
        rest = (one.special_use, _text(one.notes), one.uid_next, one.highest_modseq, one.first_unclaimed, one.url_key)
        values = (key, address, one.name, one.uid_validity, one.object_id, *rest)
        connection.execute("INSERT OR REPLACE INTO mailboxes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def _forget(key: int, connection: sqlite3.Connection) -> None:
    bodies = connection.execute("SELECT DISTINCT body FROM messages WHERE mailbox = ?", (key,)).fetchall()
    for table, column in (("mailboxes", "key"), ("messages", "mailbox"), ("gone", "mailbox")):
        connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (key,))
    _drop_unused(bodies, connection)


def _appending(key: int, stored: StoredMessage) -> _Write:
    message, flags = stored.message, " ".join(sorted(stored.flags))
    rest = (flags, stored.modseq, stored.internal_date, stored.save_date, stored.thread)

    def write(connection: sqlite3.Connection) -> None:
        digest = hashlib.sha256(message.original).digest()
        connection.execute("INSERT OR IGNORE INTO bodies VALUES (?, ?)", (digest, message.original))
        row = (key, stored.uid, digest, b"".join(message.prepended), *rest)
        connection.execute("INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    return write


def _flagging(key: int, stored: StoredMessage) -> _Write:
    row = (" ".join(sorted(stored.flags)), stored.modseq, key, stored.uid)
    statement = "UPDATE messages SET flags = ?, modseq = ? WHERE mailbox = ? AND uid = ?"
    return lambda connection: connection.execute(statement, row)


def _expunge(key: int, uids: Iterable[int], modseq: int, connection: sqlite3.Connection) -> None:
    bodies = []
    for uid in uids:
        which = (key, uid)
        bodies += connection.execute("SELECT body FROM messages WHERE mailbox = ? AND uid = ?", which).fetchall()
        connection.execute("DELETE FROM messages WHERE mailbox = ? AND uid = ?", which)
        connection.execute("INSERT OR REPLACE INTO gone VALUES (?, ?, ?)", (key, modseq, uid))
    _drop_unused(bodies, connection)


def _drop_unused(bodies: Iterable[tuple[bytes]], connection: sqlite3.Connection) -> None:
    for (digest,) in bodies:
        statement = "DELETE FROM bodies WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM messages WHERE body = ?)"
        connection.execute(statement, (digest, digest))


def _text(notes: dict[str, bytes]) -> str:
    return json.dumps({entry: value.decode("latin-1") for entry, value in notes.items()})


# -- reading ----

_Part = tuple[int, KeptMailbox, list[StoredMessage], list[Gone]]


def _read(connection: sqlite3.Connection) -> dict[str, tuple[KeptAccount, list[_Part]]]:
    """By address, what the file holds; octets that several messages share are one object."""
    bodies = {digest: bytes(octets) for digest, octets in connection.execute("SELECT digest, octets FROM bodies")}
    found: dict[str, tuple[KeptAccount, list[_Part]]] = {}
    for address, subscriptions, notes, next_validity, *more in connection.execute("SELECT * FROM accounts"):
        kept = KeptAccount(tuple(json.loads(subscriptions)), _notes(notes), next_validity, *map(json.loads, more))
        found[address] = (kept, [])
    for key, address, name, validity, identity, use, notes, *numbers in connection.execute(
        "SELECT * FROM mailboxes ORDER BY key"
    ):
        one = KeptMailbox(name, validity, identity, use, _notes(notes), *numbers)
        rows = connection.execute("SELECT * FROM messages WHERE mailbox = ? ORDER BY uid", (key,))
        messages = [_stored(row, bodies) for row in rows]
        gone = connection.execute("SELECT modseq, uid FROM gone WHERE mailbox = ? ORDER BY modseq, uid", (key,)).fetchall()
        found[address][1].append((key, one, messages, gone))
    return found


def _stored(row: tuple[int, int, bytes, bytes, str, int, float, float, int], bodies: dict[bytes, bytes]) -> StoredMessage:
    _, uid, digest, above, flags, modseq, internal_date, save_date, thread = row
    message = Message(bodies[digest], (above,) if above else ())
    return StoredMessage(uid, message, frozenset(flags.split()), internal_date, modseq, save_date, thread=thread)


def _notes(text: str) -> dict[str, bytes]:
    return {entry: value.encode("latin-1") for entry, value in json.loads(text).items()}
