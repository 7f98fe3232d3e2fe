"""An application that takes orders by mail: it looks into a mailbox from time to time, and files what it has read."""

import re
from dataclasses import dataclass, field

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

ORDER = re.compile(rb"order (\d+) x (\w+)")


@dataclass
class Orders:
    imap: tuple[str, int]
    user: str
    password: str
    taken: list[tuple[str, int, str]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def poll(self) -> bool:
        """Whether the mailbox could be looked into; what cannot be read now is read the next time."""
        try:
            with IMAPClient(*self.imap, ssl=False, timeout=10) as client:
                client.login(self.user, self.password)
                self._take(client)
        except (OSError, IMAPClientError):
            return False
        return True

    def _take(self, client: IMAPClient) -> None:
        if not client.folder_exists("Done"):
            client.create_folder("Done")
        client.select_folder("INBOX")
        for uid, found in client.fetch(client.search(), ["ENVELOPE", "BODY.PEEK[TEXT]"]).items():
            envelope = found[b"ENVELOPE"]
            match = ORDER.search(found[b"BODY[TEXT]"])
            # Whoever is cut off before the move sees the letter again: its Message-ID tells.
            if match and envelope.message_id not in self.known:
                self.known.add(envelope.message_id)
                sender = envelope.from_[0]
                self.taken.append((f"{sender.mailbox.decode()}@{sender.host.decode()}", int(match[1]), match[2].decode()))
            client.move([uid], "Done")
