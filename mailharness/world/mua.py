"""A mail program: imapclient or poplib in the caller's own thread, with a copy of the mailbox on its own disk.

The libraries are the ones that applications use, and they block; so does this, in whichever thread calls it.
"""

import poplib
from collections.abc import Iterator
from typing import Any

from mailharness.errors import MisuseError
from mailharness.mail import Address, Message
from mailharness.world.checks import FLAG, check, kind
from mailharness.world.post import Post

_PROTOCOLS = ("imap", "pop3")
_PROGRAM = {"name": kind(str, cure="a name, as in mua('phone')"), "keep": FLAG, "tls": FLAG}
_CHUNK = 200
"""Messages asked for by one FETCH."""


class Mua:
    """The program called ``name`` of whoever has ``address``. ``keep=False`` removes from the server what it downloads."""

    def __init__(self, address: Address, password: str, name: str, *, via: str, keep: bool, tls: bool, post: Post) -> None:
        if via not in _PROTOCOLS:
            raise MisuseError.unknown("protocol to fetch mail by", via, _PROTOCOLS)
        check("mua", _PROGRAM, name=name, keep=keep, tls=tls)
        self.address = address
        self.name = name
        self.via = via
        self.keep = keep
        self._password = password
        self._tls = tls
        self._post = post
        self._local: dict[object, Message] = {}
        self._uid_validity: int | None = None

    def __repr__(self) -> str:
        return f"<Mua {self.name!r} of {self.address} via {self.via}: {len(self._local)} messages>"

    @property
    def messages(self) -> tuple[Message, ...]:
        """The program's own copies, oldest first: they stay readable without a server."""
        return tuple(self._local.values())

    @property
    def subjects(self) -> list[str]:
        return [message.subject for message in self.messages]

    def sync(self) -> None:
        """One session with the server, once the world has settled: what was sent before is there to be read.

        Over POP3 new messages are downloaded, and deleted there unless they are kept; over IMAP the local copy becomes
        what the server's INBOX holds, and what was downloaded is expunged unless it is kept.
        """
        self._post.before_blocking(f"user(...).mua({self.name!r}).sync()")
        self._post.before_reading()
        if self.via == "pop3":
            self._sync_pop3()
        else:
            self._sync_imap()

    # -- POP3 ----

    def _sync_pop3(self) -> None:
        endpoint, timeout = self._post.endpoint(self.address, "pop3s" if self._tls else "pop3"), self._post.patience
        if self._tls:
            context = self._post.ssl_context()
            client: poplib.POP3 = _SecuredPop3(*endpoint, timeout=timeout, context=context)
        else:
            client = _Pop3(*endpoint, timeout=timeout)
        try:
            client.user(str(self.address))
            client.pass_(self._password)
            for number, unique_id in _listing(client.uidl()[1]):
                if unique_id not in self._local:
                    lines = client.retr(number)[1]
                    self._local[unique_id] = Message(b"".join(line + b"\r\n" for line in lines))
                if not self.keep:
                    client.dele(number)
            client.quit()
        except BaseException:
            client.close()
            raise

    # -- IMAP ----

    def _sync_imap(self) -> None:
        import imapclient

        endpoint, timeout = self._post.endpoint(self.address, "imaps" if self._tls else "imap"), self._post.patience
        context = self._post.ssl_context() if self._tls else None
        with imapclient.IMAPClient(*endpoint, ssl=self._tls, ssl_context=context, timeout=timeout) as client:
            if client.has_capability("AUTH=PLAIN"):  # in UTF-8 (RFC 4616 §2), which a LOGIN may not be
                client.plain_login(str(self.address), self._password)
            else:
                client.login(str(self.address), self._password)
            selected = client.select_folder("INBOX")
            if selected[b"UIDVALIDITY"] != self._uid_validity:  # RFC 3501 §2.3.1.1: what was known by UID is void
                self._uid_validity = selected[b"UIDVALIDITY"]
                self._local.clear()
            uids = client.search("ALL")
            fetched = _fetch(client, [uid for uid in uids if uid not in self._local])
            self._local = {uid: self._local.get(uid) or fetched[uid] for uid in uids}
            if not self.keep and uids:
                client.delete_messages(uids)
                client.expunge()


class _Pop3(poplib.POP3):
    """poplib takes lines of up to 2,048 octets; a letter may have longer ones, and has arrived with them."""

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline()
        if not line:
            raise poplib.error_proto("-ERR EOF")
        return line.removesuffix(b"\n").removesuffix(b"\r"), len(line)


class _SecuredPop3(_Pop3, poplib.POP3_SSL):
    """The same over TLS."""


def _listing(lines: list[bytes]) -> Iterator[tuple[int, str]]:
    for line in lines:
        number, unique_id = line.decode("ascii").split()
        yield int(number), unique_id


def _fetch(client: Any, uids: list[int]) -> dict[int, Message]:
    found: dict[int, Message] = {}
    for start in range(0, len(uids), _CHUNK):
        chunk = client.fetch(uids[start : start + _CHUNK], ["BODY[]"])
        found.update({uid: Message(data[b"BODY[]"]) for uid, data in chunk.items()})
    return found
