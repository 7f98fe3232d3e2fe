"""A mail program: imapclient or poplib in the caller's own thread, with a copy of the mailbox on its own disk.

The libraries are the ones that applications use, and they block; so does this, in whichever thread calls it.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mailharness.errors import MisuseError
from mailharness.mail import Address, Message
from mailharness.mailbox import DELETED, INBOX, SEEN, canonical
from mailharness.trace.values import Subjects
from mailharness.world.checks import FLAG, NAMES, Rule, check, is_number, kind, listed
from mailharness.world.compose import Draft
from mailharness.world.devices import Disk, Folder, Held
from mailharness.world.devices_imap import SENT, ImapSync
from mailharness.world.devices_pop3 import PlainPop3, Pop3Sync, SecuredPop3
from mailharness.world.letter import Letter
from mailharness.world.post import Post

_PROTOCOLS = ("imap", "pop3")
_PROGRAM = {
    "name": kind(str, cure="a name, as in mua('phone')"),
    "keep": Rule(
        lambda keep: isinstance(keep, bool) or (is_number(keep) and keep >= 0),
        "write True, False, or for how many days what was downloaded stays on the server",
    ),
    "tls": FLAG,
    "folders": listed(str, cure="a list of mailboxes, as in folders=['INBOX', 'Archive']"),
}
Write = Callable[..., Draft]
"""Writes what ``User.send`` sends."""


class Mua:
    """The program called ``name`` of whoever has ``address``, with messages of its own that need no server to be read.

    What its owner does to them (``mark_read``, ``flag``, ``move``, ``delete``) is done here at once, and on the server by
    the next ``sync()``.
    """

    def __init__(
        self,
        address: Address,
        password: str,
        name: str,
        *,
        via: str,
        keep: bool | float,
        tls: bool,
        folders: Iterable[str] = (INBOX,),
        marks: bool = False,
        post: Post,
        draft: Write,
    ) -> None:
        if via not in _PROTOCOLS:
            raise MisuseError.unknown("protocol to fetch mail by", via, _PROTOCOLS)
        check("mua", _PROGRAM, name=name, keep=keep, tls=tls, folders=folders)
        if via == "imap" and not isinstance(keep, bool):
            raise MisuseError(f"mua(keep={keep!r}): days are counted by programs that download; write via='pop3' too")
        self.address = address
        self.name = name
        self.via = via
        self.keep = keep
        self._password = password
        self._tls = tls
        self._marks = marks
        self._post = post
        self._draft = draft
        self._outbox: list[Draft] = []
        self._disk = Disk(folders={canonical(folder): Folder() for folder in (INBOX, *folders)})

    def __repr__(self) -> str:
        return f"<Mua {self.name!r} of {self.address} via {self.via}: {len(self.messages)} messages>"

    # -- what it holds ----

    @property
    def messages(self) -> tuple[Message, ...]:
        """The program's own copies of the INBOX, oldest first: they stay readable without a server."""
        return self.folder(INBOX)

    @property
    def subjects(self) -> list[str]:
        return Subjects(str(self.address), (message.subject for message in self.messages))

    def folder(self, name: str) -> tuple[Message, ...]:
        """The program's own copies in the folder called ``name``; none where it has no such folder."""
        check("folder", NAMES, name=name)
        return tuple(one.message for one in self._disk.in_folder(canonical(name)))

    def flags(self, message: Message) -> frozenset[str]:
        """The flags of a message as the program shows them."""
        return self._find(message).flags

    # -- what its owner does, with a server or without ----

    def mark_read(self, message: Message, *, read: bool = True) -> None:
        """Mark a message as read, or as unread."""
        self._flag(message, SEEN, on=read)

    def flag(self, message: Message, flag: str = "\\Flagged", *, on: bool = True) -> None:
        """Give a message a flag or keyword, or take it away. Raises MisuseError for ``\\Deleted``: that is ``delete``."""
        check("flag", {"flag": kind(str, cure="a flag, as in '\\\\Flagged', or a keyword")}, flag=flag)
        if flag.lower() == DELETED.lower():
            raise MisuseError(f"{self}: write .delete(message), which removes it from the server at the next sync()")
        self._flag(message, flag, on=on)

    def move(self, message: Message, folder: str) -> None:
        """Put a message into another folder, which the program follows from then on. Raises MisuseError over POP3."""
        check("move", NAMES, name=folder)
        if self.via == "pop3":
            raise MisuseError(f"{self} cannot move: POP3 knows the INBOX alone; make the program with via='imap'")
        held = self._find(message)
        held.folder = canonical(folder)
        self._disk.folders.setdefault(held.folder, Folder())

    def delete(self, message: Message) -> None:
        """Remove a message: here at once, from the server at the next ``sync()``."""
        self._find(message).deleted = True

    def compose(self, to: Any = (), subject: str = "", text: str = "", **more: Any) -> None:
        """Write a letter as ``send`` does, without a server: it waits in the ``outbox`` for the next ``sync()``."""
        self._outbox.append(self._draft(to=to, subject=subject, text=text, **more))

    @property
    def outbox(self) -> tuple[Message, ...]:
        """What was composed and has not been sent."""
        return tuple(Message(draft.octets) for draft in self._outbox)

    def _flag(self, message: Message, flag: str, *, on: bool) -> None:
        held = self._find(message)
        held.flags = held.flags | {flag} if on else held.flags - {flag}

    def _find(self, message: Message) -> Held:
        if not isinstance(message, Message):
            raise MisuseError(f"{self}: {message!r} is no message; give one of its messages, as in laptop.messages[0]")
        return self._disk.find(message, str(self))

    # -- with a server ----

    def send(self, to: Any = (), subject: str = "", text: str = "", **more: Any) -> Letter:
        """Send a letter as ``User.send`` does, and keep a copy in Sent: over IMAP on the server too, at once."""
        draft = self._draft(to=to, subject=subject, text=text, **more)
        letter = draft.post()
        self._keep_a_copy(draft)
        if self.via == "imap":
            self.sync()
        return letter

    def _keep_a_copy(self, draft: Draft) -> None:
        self._disk.held.append(Held(Message(draft.octets), SENT, None, frozenset({SEEN})))

    def _empty_outbox(self) -> Iterator[Letter]:
        """Send what was composed; what no server takes for anybody waits on."""
        waiting, self._outbox = self._outbox, []
        for draft in waiting:
            letter = draft.post()
            if len(letter.refused) == len(draft.recipients):
                self._outbox.append(draft)
            else:
                self._keep_a_copy(draft)
                yield letter

    def sync(self) -> tuple[Letter, ...]:
        """Send what was composed, then one session with the server, once the world has settled: what was sent before is
        there to be read. The letters that left the outbox.

        Over POP3 new messages are downloaded, and deleted there unless they are kept, or when their days are over. Over
        IMAP the server is told what the owner has done, and the local copy becomes what the server holds; ``keep=False``
        expunges there what was downloaded of INBOX.
        """
        self._post.before_blocking(f"user(...).mua({self.name!r}).sync()")
        sent = tuple(self._empty_outbox())
        self._post.before_reading()
        if self.via == "pop3":
            self._sync_pop3()
        else:
            self._sync_imap()
        return sent

    def _sync_imap(self) -> None:
        with self._imap() as client:
            session = ImapSync(client, self._disk, self._post.now(), marks=self._marks)
            session.run()
            if not self.keep:
                session.remove_downloaded(INBOX)

    def _sync_pop3(self) -> None:
        endpoint, timeout = self._post.endpoint(self.address, "pop3s" if self._tls else "pop3"), self._post.patience
        if self._tls:
            client: PlainPop3 = SecuredPop3(*endpoint, timeout=timeout, context=self._post.ssl_context())
        else:
            client = PlainPop3(*endpoint, timeout=timeout)
        try:
            client.user(str(self.address))
            client.pass_(self._password)
            Pop3Sync(client, self._disk, self._post.now(), keep=self.keep).run()
        except BaseException:
            client.close()
            raise

    @contextlib.contextmanager
    def _imap(self) -> Iterator[Any]:
        import imapclient

        endpoint, timeout = self._post.endpoint(self.address, "imaps" if self._tls else "imap"), self._post.patience
        context = self._post.ssl_context() if self._tls else None
        with imapclient.IMAPClient(*endpoint, ssl=self._tls, ssl_context=context, timeout=timeout) as client:
            if client.has_capability("AUTH=PLAIN"):  # in UTF-8 (RFC 4616 §2), which a LOGIN may not be
                client.plain_login(str(self.address), self._password)
            else:
                client.login(str(self.address), self._password)
            yield client
