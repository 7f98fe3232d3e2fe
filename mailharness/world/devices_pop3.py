"""Downloading by POP3: what is new by its unique-id comes, and goes from the server when it is time (RFC 1939 §7)."""

import poplib
from collections.abc import Iterator
from typing import Any

from mailharness.mail import Message
from mailharness.world.devices import Disk, Held

_DAY = 86_400.0
INBOX = "INBOX"


class Pop3Sync:
    """One session of a program with the server; ``client`` is a poplib client that has logged in.

    ``keep``: True leaves everything on the server, False nothing, a number what was downloaded less than so many days ago.
    What the program's owner has deleted is deleted there as well.
    """

    def __init__(self, client: Any, disk: Disk, now: float, *, keep: bool | float) -> None:
        self._client = client
        self._disk = disk
        self._now = now
        self._keep = keep

    def run(self) -> None:
        known = self._disk.from_mailbox(INBOX)
        there = dict(_listing(self._client.uidl()[1]))
        for number, unique_id in there.items():
            held = known.get(unique_id) or self._download(number, unique_id)
            if held.deleted or not self._stays(held):
                self._client.dele(number)
        self._client.quit()
        self._disk.drop(one for one in known.values() if one.deleted)

    def _download(self, number: int, unique_id: str) -> Held:
        lines = self._client.retr(number)[1]
        message = Message(b"".join(line + b"\r\n" for line in lines))
        held = Held(message, INBOX, (INBOX, unique_id), since=self._now)
        self._disk.held.append(held)
        return held

    def _stays(self, held: Held) -> bool:
        if isinstance(self._keep, bool):
            return self._keep
        return self._now < held.since + self._keep * _DAY


class PlainPop3(poplib.POP3):
    """poplib takes lines of up to 2,048 octets; a letter may have longer ones, and has arrived with them."""

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline()
        if not line:
            raise poplib.error_proto("-ERR EOF")
        return line.removesuffix(b"\n").removesuffix(b"\r"), len(line)


class SecuredPop3(PlainPop3, poplib.POP3_SSL):
    """The same over TLS."""


def _listing(lines: list[bytes]) -> Iterator[tuple[int, str]]:
    for line in lines:
        number, unique_id = line.decode("ascii").split()
        yield int(number), unique_id
