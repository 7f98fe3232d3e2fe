"""A worker that waits for mail with IDLE (RFC 2177), and connects again when it is cut off."""

import queue
import threading

from imapclient import IMAPClient

PATIENCE = 10
"""Seconds without a word after which the connection is looked at."""


class Worker(threading.Thread):
    """Puts the subject of every letter into ``heard``, each once."""

    def __init__(self, imap: tuple[str, int], user: str, password: str) -> None:
        super().__init__(daemon=True)
        self._imap, self._user, self._password = imap, user, password
        self.heard: queue.Queue[str] = queue.Queue()
        self.connections = 0
        self.idling = threading.Event()
        self._ends = threading.Event()
        self._next_uid = 1

    def run(self) -> None:
        while not self._ends.is_set():
            try:
                with IMAPClient(*self._imap, ssl=False, timeout=PATIENCE) as client:
                    client.login(self._user, self._password)
                    client.select_folder("INBOX", readonly=True)
                    self.connections += 1
                    self._listen(client)
            except Exception:  # noqa: BLE001 - whatever it was: begin anew
                self.idling.clear()

    def _listen(self, client: IMAPClient) -> None:
        self._read(client)
        while not self._ends.is_set():
            client.idle()
            self.idling.set()
            client.idle_check(timeout=PATIENCE)
            client.idle_done()
            self._read(client)

    def _read(self, client: IMAPClient) -> None:
        new = [uid for uid in client.search(["UID", f"{self._next_uid}:*"]) if uid >= self._next_uid]
        for uid, found in sorted(client.fetch(new, ["ENVELOPE"]).items()) if new else ():
            self.heard.put(found[b"ENVELOPE"].subject.decode())
            self._next_uid = uid + 1

    def end(self) -> None:
        self._ends.set()
