"""The post: what users and their programs need of the world, done in the caller's own thread."""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

from mailharness.mail import Address, Copy, Message, Reply
from mailharness.mail.address import ascii_form
from mailharness.mailbox import Account
from mailharness.net.crossings import Crossing
from mailharness.net.dialer import connect_from
from mailharness.smtp import Login
from mailharness.smtp.login import spoken
from mailharness.trace.broken_off import broken_off
from mailharness.world.internet import Internet
from mailharness.world.letter import Letter
from mailharness.world.running_host import Endpoint
from mailharness.world.site import Site
from mailharness.world.stored import Reach
from mailharness.world.submission import Submission

_WORKSTATION = "127.0.0.1"


class Post:
    """One world's post, also when it was made as new. ``internet`` is the one there is now; ``read`` runs a function on
    the loop's thread once the world has settled."""

    def __init__(
        self,
        internet: Callable[[], Internet],
        letter: Callable[[int], Letter],
        read: "Callable[[Callable[[], Any]], Any]",
        before_blocking: Callable[[str], object],
        before_reading: Callable[[], None],
        patience: float,
        in_loop: "Callable[[Callable[[], object]], object]",
    ) -> None:
        self._internet_now = internet
        self._letter = letter
        self._read = read
        self.before_blocking = before_blocking
        self.before_reading = before_reading
        self.patience = patience
        self._in_loop = in_loop

    @property
    def _internet(self) -> Internet:
        return self._internet_now()

    def now(self) -> float:
        return self._internet.clock.now()

    def letters_written(self) -> int:
        """A number for the next Message-ID."""
        return next(self._internet.drafts)

    def ssl_context(self) -> ssl.SSLContext:
        return self._internet.certificates.client()

    def _site(self, address: Address) -> Site:
        return self._internet.sites[ascii_form(address.domain).lower()]

    def endpoint(self, address: Address, service: str) -> Endpoint:
        """Where the address's domain offers ``service`` ("imap", "pop3s", ...)."""
        endpoint: Endpoint = getattr(self._site(address), service)
        return endpoint

    def stored(self, address: Address) -> list[Message]:
        """What lies in the INBOX of ``address``, once the world has settled."""

        def look() -> list[Message]:
            account = self._site(address).store.find(address)
            return [stored.message for stored in account.inbox.messages] if account else []

        found: list[Message] = self._read(look)
        return found

    def reach(self, address: Address) -> Reach:
        """How to get at the account of ``address``."""

        def account() -> Account:
            found = self._site(address).store.find(address)
            assert found is not None
            return found

        def change(function: Callable[[Account], object]) -> object:
            self.before_blocking("user(...).mailbox(...).import_from(...)")
            return self._in_loop(lambda: function(account()))

        return Reach(lambda look: self._read(lambda: look(account())), change, self.now, lambda: self._internet.numbering)

    def submit(self, sender: Address, recipients: list[Address], octets: bytes, how: Submission) -> Letter:
        """Carry ``octets`` to the sender's submission host by smtplib."""
        self.before_blocking("user(...).send(...)")
        letter = self._letter(self._internet.numbering.letter())
        try:
            refused = self._carry(letter.number, sender, recipients, octets, how)
        except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
            refused = _all(recipients, error)
        letter.refused = {to: _reply(code, text) for to, (code, text) in refused.items()}
        return letter

    def _carry(
        self, letter: int, sender: Address, recipients: list[Address], octets: bytes, how: Submission
    ) -> dict[str, tuple[int, bytes]]:
        """Who was refused, and how."""
        with self._client(sender, letter) as client:
            if how.tls:
                client.starttls(context=self.ssl_context())
            if how.login is not None:
                _log_in(client, how.login)
            client.ehlo_or_helo_if_needed()
            try:
                options = how.mail_options(sender, recipients, octets)
                return client.carry(str(sender), list(map(str, recipients)), octets, options, how)
            except smtplib.SMTPRecipientsRefused as error:
                return error.recipients
            except smtplib.SMTPResponseException as error:
                return _all(recipients, error)

    @contextlib.contextmanager
    def _client(self, sender: Address, letter: int) -> Iterator["_Client"]:
        crossing: list[Crossing] = []

        def connect(target: Endpoint) -> socket.socket:
            sock, pair = connect_from(_WORKSTATION, target)
            crossing.append(self._internet.crossings.open(pair, str(sender)))
            crossing[0].copy = Copy(letter, 0)
            sock.settimeout(self.patience)
            try:
                sock.connect(target)
            except BaseException:
                sock.close()
                raise
            return sock

        client = _Client(connect)
        try:
            code, text = client.connect(*self.endpoint(sender, "submission"))
            if code != 220:
                raise smtplib.SMTPConnectError(code, text)
            yield client
            with contextlib.suppress(smtplib.SMTPException, OSError):
                client.quit()
        except (smtplib.SMTPException, OSError) as error:
            self._explain(error, crossing)
            raise
        finally:
            client.close()
            for opened in crossing:
                self._internet.crossings.close(opened)

    def _explain(self, error: Exception, crossing: list[Crossing]) -> None:
        """Note on the error of smtplib what it cannot know: where the submission stopped, and by which fault."""
        stops = [broken_off(self._internet.switchboard.journal, one.session) for one in crossing]
        for stop in filter(None, stops):
            error.add_note(stop.text)


class _Client(smtplib.SMTP):
    """smtplib over a socket whose own address is known before it connects."""

    def __init__(self, connect: Callable[[Endpoint], socket.socket]) -> None:
        self._connect_to = connect
        super().__init__(local_hostname="[127.0.0.1]")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002
        self._host = host  # what STARTTLS checks the certificate for
        return self._connect_to(Endpoint(host, port))

    def ehlo(self, name: str = "") -> tuple[int, bytes]:
        """As smtplib does it, but that a 421 is the last word and no reason to say HELO (RFC 5321 §3.8)."""
        code, text = super().ehlo(name)
        if code == 421:
            raise smtplib.SMTPHeloError(code, text)
        return code, text

    def carry(
        self, sender: str, recipients: list[str], octets: bytes, options: list[str], how: Submission
    ) -> dict[str, tuple[int, bytes]]:
        """One letter, and who was refused; as ``sendmail``, but that a binary one goes by BDAT, which smtplib has not."""
        if not how.binary:
            return self.sendmail(sender, recipients, octets, options, how.rcpt_options)
        code, text = self.mail(sender, [f"SIZE={len(octets)}"] * self.has_extn("size") + options)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, text, sender)
        answers = {recipient: self.rcpt(recipient, how.rcpt_options) for recipient in recipients}
        refused = {recipient: answer for recipient, answer in answers.items() if answer[0] not in (250, 251)}
        if len(refused) == len(answers):
            raise smtplib.SMTPRecipientsRefused(refused)
        self.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
        code, text = self.getreply()
        if code != 250:
            raise smtplib.SMTPDataError(code, text)
        return refused


def _all(recipients: list[Address], error: smtplib.SMTPResponseException) -> dict[str, tuple[int, bytes]]:
    """The same refusal for everyone."""
    said = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
    return {str(address): (error.smtp_code, said) for address in recipients}


def _log_in(client: smtplib.SMTP, login: Login) -> None:
    """AUTH in UTF-8, by any of our mechanisms: smtplib's own login is ASCII (RFC 4616 §2)."""
    client.ehlo_or_helo_if_needed()
    conversation = spoken(login, login.mechanism)
    code, text = client.docmd(next(conversation))
    with contextlib.suppress(StopIteration):
        while code == 334:
            code, text = client.docmd(conversation.send(text.decode("ascii", "replace")))
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)


def _reply(code: int, text: bytes) -> Reply:
    words = text.decode("utf-8", "replace")
    return Reply.parse(f"{code} {words}") if 200 <= code <= 599 else Reply(451, words)
