"""A user: someone with a mailbox, who writes letters and reads them with programs of the real world."""

from collections.abc import Iterable, Iterator, Sequence
from email.message import EmailMessage
from typing import TypeAlias, overload

from mailharness.errors import MisuseError
from mailharness.mail import Address, Message
from mailharness.world.compose import Attachment, compose
from mailharness.world.letter import Letter
from mailharness.world.mua import Mua
from mailharness.world.post import Post

Who: TypeAlias = "str | Address | User"
Recipients: TypeAlias = "Who | Iterable[Who]"


class Inbox(Sequence[Message]):
    """What lay in a user's INBOX at one moment, oldest first: a direct look at the store, which marks nothing as read."""

    def __init__(self, owner: str, messages: Iterable[Message]) -> None:
        self._owner = owner
        self._messages = tuple(messages)

    @property
    def subjects(self) -> list[str]:
        """The subjects, decoded, oldest first."""
        return [message.subject for message in self._messages]

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        return self._messages[index]

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages)

    def __repr__(self) -> str:
        return f"<Inbox of {self._owner}: {self.subjects}>"


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
        message: bytes | EmailMessage | None = None,
        tls: bool = False,
        login: bool = False,
    ) -> Letter:
        """Write a letter and submit it to the domain's submission host by SMTP, as a mail program does.

        ``attachments`` are (file name, octets). ``message`` is a finished message instead of subject, text, html and
        attachments; its bytes are sent as they are. ``tls`` uses STARTTLS and checks the certificate, ``login`` proves
        who it is with the password. Recipients that the submission host refuses are in the letter's ``refused``.
        Raises MisuseError for a bad address, no recipient, or both kinds of content.
        """
        visible, copied, hidden = _addresses(to), _addresses(cc), _addresses(bcc)
        if not (visible or copied or hidden):
            raise MisuseError("a letter needs a recipient: send(to='bob@acme.test')")
        if message is None:
            number = self._post.letters_written()
            octets = compose(
                sender=self.address,
                to=visible,
                cc=copied,
                subject=subject,
                text=text,
                html=html,
                attachments=attachments,
                now=self._post.now(),
                message_id=f"<{number}.{int(self._post.now())}@{self.address.domain}>",
            )
        else:
            if subject or text or html is not None or tuple(attachments):
                raise MisuseError("send(message=...) is the whole letter: leave out subject, text, html and attachments")
            octets = (
                message if isinstance(message, bytes) else message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
            )
        return self._post.submit(
            self.address, [*visible, *copied, *hidden], octets, tls=tls, password=self.password if login else None
        )

    # -- reading ----

    @property
    def inbox(self) -> Inbox:
        """A direct look at the store once the world has settled: reads nothing over the wire, marks nothing."""
        return Inbox(str(self.address), self._post.stored(self.address))

    def fetch(self, via: str = "imap", *, keep: bool = True, tls: bool = False) -> list[Message]:
        """Read the whole INBOX in a real session, by imapclient ("imap") or poplib ("pop3"), oldest first.

        ``keep=False`` removes from the server what was fetched; ``tls`` connects to the TLS port and checks the
        certificate. Raises MisuseError for another protocol.
        """
        self._post.before_blocking("user(...).fetch(...)")
        mua = self.mua("fetch", via=via, keep=keep, tls=tls)
        mua.sync()
        return list(mua.messages)

    def mua(self, name: str, *, via: str = "imap", keep: bool = True, tls: bool = False) -> Mua:
        """A mail program called ``name`` with a copy of its own of the mailbox; ``sync()`` brings it up to date."""
        return Mua(self.address, self.password, name, via=via, keep=keep, tls=tls, post=self._post)


def _addresses(who: Recipients) -> list[Address]:
    everyone = [who] if isinstance(who, str | Address | User) else list(who)
    return [one.address if isinstance(one, User) else Address.parse(one) for one in everyone]
