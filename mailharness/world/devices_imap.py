"""Synchronising by IMAP: first the program's owner is obeyed on the server, then the program learns what is there.

What others did meanwhile is found by CONDSTORE, and what they removed by QRESYNC, where the server has them (RFC 7162);
by comparing UIDs and flags where it has not (RFC 4549).
"""

import contextlib
from typing import Any

from mailharness.mail import Message
from mailharness.world.devices import Disk, Folder, Held

SENT = "Sent"
"""The program's folder of what was sent."""
_CHUNK = 200
"""Messages asked for by one FETCH."""


class ImapSync:
    """One session of a program with the server; ``client`` is an imapclient that has logged in.

    ``marks`` reads as a program does that shows what it fetches: the server marks it as seen.
    """

    def __init__(self, client: Any, disk: Disk, now: float, *, marks: bool) -> None:
        self._client = client
        self._disk = disk
        self._now = now
        self._body = "BODY[]" if marks else "BODY.PEEK[]"
        self._condstore = client.has_capability("CONDSTORE")
        self._qresync = client.has_capability("QRESYNC") and client.has_capability("ENABLE")
        if self._qresync:
            client.enable("QRESYNC")

    def run(self) -> None:
        """Both ways, for every folder that the program follows."""
        for name in {one.folder for one in self._disk.held} - self._disk.folders.keys():
            self._disk.folders[name] = Folder()
        for name in list(self._disk.folders):
            self._push(name)
        self._append()
        for name, folder in self._disk.folders.items():
            self._pull(name, folder)
        self._disk.sort()

    # -- what the owner has done ----

    def _push(self, name: str) -> None:
        changed = [
            one
            for one in self._disk.from_mailbox(name).values()
            if one.deleted or one.added or one.removed or one.folder != name
        ]
        if not changed or not self._select(name, self._disk.folders[name]):
            return
        for one in changed:
            self._push_one(one, name)

    def _push_one(self, one: Held, name: str) -> None:
        assert one.origin is not None
        uid = one.origin[1]
        if one.deleted:
            self._delete([uid])
            return
        if one.added:
            self._client.add_flags([uid], sorted(one.added), silent=True)
        if one.removed:
            self._client.remove_flags([uid], sorted(one.removed), silent=True)
        one.known = one.flags
        if one.folder != name:
            self._move(uid, one.folder)

    def _move(self, uid: int | str, target: str) -> None:
        self._provide(target)
        if self._client.has_capability("MOVE"):
            self._client.move([uid], target)
        else:
            self._client.copy([uid], target)
            self._delete([uid])

    def _delete(self, uids: list[Any]) -> None:
        self._client.delete_messages(uids, silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)
        else:
            self._client.expunge()

    def _provide(self, name: str) -> None:
        if not self._client.folder_exists(name):
            self._client.create_folder(name)

    def _on_server(self, name: str) -> str:
        """What is sent goes where the server keeps it, under whatever name (RFC 6154 §2)."""
        if name != SENT or self._client.folder_exists(name):
            return name
        return self._client.find_special_folder(b"\\Sent") or name

    def _append(self) -> None:
        """What was made here, as a copy of what was sent; it comes back with a UID."""
        fresh = [one for one in self._disk.held if one.origin is None]
        for one in fresh:
            if not one.deleted:
                folder = self._on_server(one.folder)
                self._provide(folder)
                self._client.append(folder, bytes(one.message), sorted(one.flags))
        self._disk.drop(fresh)

    # -- what is there ----

    def _select(self, name: str, folder: Folder) -> bool:
        """Whether the mailbox is there, and still the one that is known; else what was known of it is void."""
        import imapclient

        try:
            selected = self._client.select_folder(name)
        except imapclient.exceptions.IMAPClientError:
            self._disk.drop(self._disk.from_mailbox(name).values())
            self._disk.folders[name] = Folder()
            return False
        validity = int(selected[b"UIDVALIDITY"])
        if validity != folder.uid_validity:  # RFC 3501 §2.3.1.1
            self._disk.drop(self._disk.from_mailbox(name).values())
            folder.uid_validity, folder.uid_next, folder.modseq = validity, 1, 0
        self._highest = int(selected.get(b"HIGHESTMODSEQ", 0))
        return True

    def _pull(self, name: str, folder: Folder) -> None:
        if not self._select(name, folder):
            return
        known = self._disk.from_mailbox(name)
        moved = [one for one in known.values() if one.folder != name or one.deleted]
        self._disk.drop(moved)  # whatever the server made of it is told by the server
        known = self._disk.from_mailbox(name)
        self._learn_changes(folder, known)
        self._download(name, folder)
        folder.modseq = self._highest

    def _learn_changes(self, folder: Folder, known: dict[int | str, Held]) -> None:
        uids = list(known)
        if not uids or (folder.modseq and folder.modseq == self._highest):
            return
        modifiers = None
        if self._condstore and folder.modseq:
            modifiers = [f"CHANGEDSINCE {folder.modseq}", *["VANISHED"] * self._qresync]
        there = None if modifiers and self._qresync else set(self._client.search(["ALL"]))
        changed = self._client.fetch(uids, ["FLAGS"], modifiers)
        gone = self._vanished() if there is None else known.keys() - there
        self._disk.drop(known[uid] for uid in gone if uid in known)
        for uid, told in changed.items():
            if b"FLAGS" in told:
                known[uid].flags = known[uid].known = _flags(told)

    def _vanished(self) -> set[int]:
        """The UIDs that the server has just told to be gone (RFC 7162 §3.2.10)."""
        _, told = self._client._imap.response("VANISHED")  # imapclient keeps what it does not know
        sets = b",".join(line.rpartition(b" ")[2] for line in told if line)
        found: set[int] = set()
        for part in filter(None, sets.decode("ascii").split(",")):
            first, _, last = part.partition(":")
            found.update(range(int(first), int(last or first) + 1))
        return found

    def _download(self, name: str, folder: Folder) -> None:
        start = folder.uid_next
        fresh = sorted(uid for uid in self._client.search(["UID", f"{start}:*"]) if uid >= start)
        for at in range(0, len(fresh), _CHUNK):
            found = self._client.fetch(fresh[at : at + _CHUNK], [self._body, "FLAGS"])
            for uid in fresh[at : at + _CHUNK]:
                with contextlib.suppress(KeyError):  # it has gone meanwhile
                    self._take(name, uid, found[uid])
        if fresh:
            folder.uid_next = fresh[-1] + 1

    def _take(self, name: str, uid: int, told: dict[bytes, Any]) -> None:
        flags = _flags(told)
        self._disk.held.append(Held(Message(told[b"BODY[]"]), name, (name, uid), flags, flags, self._now))

    def remove_downloaded(self, name: str) -> None:
        """Expunge from the server what is held of a mailbox; the program's own copies stay until the next time."""
        self._client.select_folder(name)
        uids = list(self._disk.from_mailbox(name))
        if uids:
            self._delete(uids)


def _flags(told: dict[bytes, Any]) -> frozenset[str]:
    return frozenset(flag.decode("ascii", "replace") for flag in told[b"FLAGS"]) - {"\\Recent"}
