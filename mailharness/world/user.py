"""A user: someone with a mailbox, who writes letters and reads them with programs of the real world."""

from collections.abc import Iterable, Iterator
from email.message import Message as AnyMessage
from pathlib import Path
from types import NoneType
from typing import Any, TypeAlias

from mailharness.errors import MisuseError
from mailharness.mail import Address, Message
from mailharness.mailbox import INBOX, canonical
from mailharness.world.checks import NAMES, Rule, check, is_list, kind
from mailharness.world.compose import Attachment, Draft, compose
from mailharness.world.inbox import Inbox
from mailharness.world.letter import Letter
from mailharness.world.mua import Mua
from mailharness.world.post import Post
from mailharness.world.stored import StoredMailbox, StoredMailboxes
from mailharness.world.submission import submission

Who: TypeAlias = "str | Address | User"
Recipients: TypeAlias = "Who | Iterable[Who]"


_TEXT = kind(str, cure="text, as in subject='Hello'")
_WHO = Rule(
    lambda who: isinstance(who, str | Address | User) or (is_list(who) and not isinstance(who, AnyMessage)),
    "write an address, a user, or a list of them, as in to='bob@acme.test'",
)
_LETTER = {
    "to": _WHO,
    "cc": _WHO,
    "bcc": _WHO,
    "subject": _TEXT,
    "text": _TEXT,
    "html": kind(str, NoneType, cure="text, as in html='<p>Hello</p>'"),
    "attachments": Rule(
        lambda files: is_list(files) and all(map(_is_file, files)),
        "write pairs of a file name and its octets, as in attachments=[('report.pdf', b'%PDF-1.7')]",
    ),
    "message": kind(bytes, AnyMessage, NoneType, cure="bytes, or a message of the standard library's email package"),
}
"""What the arguments of ``User.send`` must be."""


def _is_file(file: object) -> bool:
    """A pair of a name and octets; not more, not less."""
    return isinstance(file, tuple | list) and [type(one) for one in file] in ([str, bytes], [str, bytearray])


class User:
    """Someone with a mailbox in a world."""

    def __init__(self, address: Address, password: str, post: Post) -> None:
        self.address = address
        self.password = password
        self._post = post

    def __str__(self) -> str:
        return str(self.address)

    def __repr__(self) -> str:
        return f"<User {self.address}>"

    # -- writing ----

    def send(
        self,
        to: Recipients = (),
        subject: str = "",
        text: str = "",
        *,
        html: str | None = None,
        attachments: Iterable[Attachment] = (),
        cc: Recipients = (),
        bcc: Recipients = (),
        message: bytes | AnyMessage | None = None,
        tls: bool = False,
        login: bool | str = False,
        notify: Iterable[str] | None = None,
        ret: str = "",
        envid: str = "",
        require_tls: bool = False,
        binary: bool = False,
    ) -> Letter:
        """Write a letter and submit it to the domain's submission host by SMTP, as a mail program does.

        ``attachments`` are (file name, octets). ``message`` is a finished message instead of subject, text, html and
        attachments; its bytes are sent as they are. ``tls`` uses STARTTLS and checks the certificate, ``login`` proves
        who it is with the password, by AUTH PLAIN or by the mechanism it names.

        ``notify`` asks for reports of these events ("SUCCESS", "FAILURE", "DELAY", or "NEVER" alone), ``ret`` that they
        return the whole letter ("FULL") or its header ("HDRS"), ``envid`` that they bear this name (RFC 3461).
        ``require_tls`` asks each host on the way for verified TLS (RFC 8689); ``binary`` declares octets that are no
        lines, and sends them by BDAT (RFC 3030).

        Recipients that the submission host refuses are in the letter's ``refused``. Raises MisuseError for a bad address,
        no recipient, both kinds of content, or a word that is not known.
        """
        draft = self._draft(
            to=to,
            subject=subject,
            text=text,
            html=html,
            attachments=attachments,
            cc=cc,
            bcc=bcc,
            message=message,
            tls=tls,
            login=login,
            notify=notify,
            ret=ret,
            envid=envid,
            require_tls=require_tls,
            binary=binary,
        )
        return draft.post()

    def _draft(
        self,
        *,
        to: Recipients,
        subject: str,
        text: str,
        html: str | None = None,
        attachments: Iterable[Attachment] = (),
        cc: Recipients = (),
        bcc: Recipients = (),
        message: bytes | AnyMessage | None = None,
        tls: bool = False,
        login: bool | str = False,
        notify: Iterable[str] | None = None,
        **asked: Any,
    ) -> Draft:
        """The letter that ``send`` posts."""
        to, cc, bcc, attached = (_kept(each) for each in (to, cc, bcc, attachments))
        check("send", _LETTER, subject=subject, text=text, html=html, attachments=attached, message=message)
        check("send", _LETTER, to=to, cc=cc, bcc=bcc)
        told: dict[str, Any] = {
            "notify": _kept(notify),
            "ret": "",
            "envid": "",
            "require_tls": False,
            "binary": False,
            **asked,
        }
        how = submission(self.address, self.password, tls=tls, login=login, **told)
        visible, copied, hidden = _addresses(to), _addresses(cc), _addresses(bcc)
        if not (visible or copied or hidden):
            raise MisuseError("a letter needs a recipient: send(to='bob@acme.test'); its header is not read for that")
        if message is not None and (subject or text or html is not None or attached):
            raise MisuseError("send(message=...) is the whole letter: leave out subject, text, html and attachments")
        if message is None:
            octets = self._written(visible, copied, subject, text, html, tuple(attached))
        else:
            octets = _finished(message)
        everyone = [*visible, *copied, *hidden]
        return Draft(octets, tuple(everyone), lambda: self._post.submit(self.address, everyone, octets, how))

    def _written(
        self,
        to: list[Address],
        cc: list[Address],
        subject: str,
        text: str,
        html: str | None,
        attachments: tuple[Attachment, ...],
    ) -> bytes:
        number, now = self._post.letters_written(), self._post.now()
        return compose(
            sender=self.address,
            to=to,
            cc=cc,
            subject=subject,
            text=text,
            html=html,
            attachments=attachments,
            now=now,
            message_id=f"<{number}.{int(now)}@{self.address.domain}>",
        )

    # -- reading ----

    @property
    def inbox(self) -> Inbox:
        """A direct look at the store once the world has settled: reads nothing over the wire, marks nothing."""
        return Inbox(str(self.address), self._post.stored(self.address))

    def mailbox(self, name: str = "INBOX") -> StoredMailbox:
        """One of the user's mailboxes, to look into directly, to ``export``, and to ``import_from`` a Maildir or mbox."""
        check("mailbox", NAMES, name=name)
        return StoredMailbox(str(self.address), canonical(name), self._post.reach(self.address))

    @property
    def mailboxes(self) -> list[str]:
        """The names of the user's mailboxes, in the order in which they were made."""
        names = self._post.reach(self.address).look(lambda account: list(account.mailboxes))
        assert isinstance(names, list)
        return names

    def export(self, path: str | Path, form: str = "maildir") -> int:
        """Write all mailboxes to the folder ``path``, which must not be there: as Maildir++, or as "mbox" files; returns
        how many messages. Raises MisuseError."""
        return StoredMailboxes(str(self.address), self._post.reach(self.address)).export(path, form)

    def import_from(self, path: str | Path) -> int:
        """Add what is in a folder as ``export`` writes them, to mailboxes that are made where they are missing; returns
        how many messages. Raises MisuseError for what is none, and where it does not fit."""
        return StoredMailboxes(str(self.address), self._post.reach(self.address)).import_from(path)

    def fetch(self, via: str = "imap", *, keep: bool = True, tls: bool = False) -> list[Message]:
        """Read the whole INBOX in a real session, by imapclient ("imap") or poplib ("pop3"), oldest first.

        ``keep=False`` removes from the server what was fetched; ``tls`` connects to the TLS port and checks the
        certificate. Raises MisuseError for another protocol.
        """
        self._post.before_blocking("user(...).fetch(...)")
        mua = Mua(
            self.address,
            self.password,
            "fetch",
            via=via,
            keep=keep,
            tls=tls,
            marks=True,
            post=self._post,
            draft=self._draft,
        )
        mua.sync()
        return list(mua.messages)

    def mua(
        self,
        name: str,
        *,
        via: str = "imap",
        keep: bool | float = True,
        tls: bool = False,
        folders: Iterable[str] = (INBOX,),
    ) -> Mua:
        """A mail program called ``name`` with a copy of its own of the mailbox; ``sync()`` brings both up to date.

        ``via`` is "imap" or "pop3". ``keep=False`` removes from the server what was downloaded; over POP3 ``keep=14`` does
        so when it is 14 days old. ``folders`` are those that it follows over IMAP, INBOX always.
        """
        kept = tuple(folders) if isinstance(folders, Iterator) else folders
        how: dict[str, Any] = {"via": via, "keep": keep, "tls": tls, "folders": kept}
        return Mua(self.address, self.password, name, **how, post=self._post, draft=self._draft)


def _kept(given: Any) -> Any:
    """What can be gone through once, as what can be gone through again."""
    return tuple(given) if isinstance(given, Iterator) else given


def _finished(message: bytes | AnyMessage) -> bytes:
    return message if isinstance(message, bytes) else message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def _addresses(who: Recipients) -> list[Address]:
    everyone = [who] if isinstance(who, str | Address | User) else list(who)
    return [one.address if isinstance(one, User) else Address.parse(one) for one in everyone]
