"""The post: what users and their programs need of the world, done in the caller's own thread."""

import base64
import contextlib
import itertools
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator

from mailharness.mail import Address, Copy, Message, Reply
from mailharness.mail.address import ascii_form
from mailharness.mail.header import body_start
from mailharness.net.crossings import Crossing
from mailharness.net.dialer import connect_from
from mailharness.world.internet import Internet
from mailharness.world.letter import Letter
from mailharness.world.running_host import Endpoint
from mailharness.world.site import Site

_WORKSTATION = "127.0.0.1"


class Post:
    """One world's post. ``read`` runs a function on the loop's thread once the world has settled."""

    def __init__(
        self,
        internet: Internet,
        letter: Callable[[int], Letter],
        read: "Callable[[Callable[[], list[Message]]], list[Message]]",
        before_blocking: Callable[[str], object],
        before_reading: Callable[[], None],
        patience: float,
    ) -> None:
        self._internet = internet
        self._letter = letter
        self._read = read
        self.before_blocking = before_blocking
        self.before_reading = before_reading
        self.patience = patience
        self._written = itertools.count(1)

    def now(self) -> float:
        return self._internet.clock.now()

    def letters_written(self) -> int:
        """A number for the next Message-ID."""
        return next(self._written)

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

        return self._read(look)

    def submit(
        self, sender: Address, recipients: list[Address], octets: bytes, *, tls: bool, password: str | None
    ) -> Letter:
        """Carry ``octets`` to the sender's submission host by smtplib; with a ``password``, log in before."""
        self.before_blocking("user(...).send(...)")
        letter = self._letter(self._internet.numbering.letter())
        try:
            refused = self._carry(letter.number, sender, recipients, octets, tls, password)
        except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
            refused = _all(recipients, error)
        letter.refused = {to: _reply(code, text) for to, (code, text) in refused.items()}
        return letter

    def _carry(
        self, letter: int, sender: Address, recipients: list[Address], octets: bytes, tls: bool, password: str | None
    ) -> dict[str, tuple[int, bytes]]:
        """Who was refused, and how."""
        with self._client(sender, letter) as client:
            if tls:
                client.starttls(context=self.ssl_context())
            if password is not None:
                _log_in(client, str(sender), password)
            client.ehlo_or_helo_if_needed()
            try:
                return client.sendmail(
                    str(sender), [str(address) for address in recipients], octets, _options(sender, recipients, octets)
                )
            except smtplib.SMTPRecipientsRefused as error:
                return error.recipients
            except smtplib.SMTPResponseException as error:
                return _all(recipients, error)

    @contextlib.contextmanager
    def _client(self, sender: Address, letter: int) -> Iterator[smtplib.SMTP]:
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
        finally:
            client.close()
            for opened in crossing:
                self._internet.crossings.close(opened)


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


def _all(recipients: list[Address], error: smtplib.SMTPResponseException) -> dict[str, tuple[int, bytes]]:
    """The same refusal for everyone."""
    said = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
    return {str(address): (error.smtp_code, said) for address in recipients}


def _log_in(client: smtplib.SMTP, user: str, password: str) -> None:
    """AUTH PLAIN in UTF-8 (RFC 4616 §2), which smtplib's own login is not."""
    client.ehlo_or_helo_if_needed()
    secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")
    code, text = client.docmd("AUTH", f"PLAIN {secret}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)


def _options(sender: Address, recipients: list[Address], octets: bytes) -> list[str]:
    """What a submission declares: 8-bit data (RFC 6152), addresses or header fields in UTF-8 (RFC 6531 §3.4)."""
    header = octets[: body_start(octets)]
    international = not header.isascii() or not all(address.is_ascii for address in (sender, *recipients))
    options = [] if octets.isascii() else ["BODY=8BITMIME"]
    return [*options, "SMTPUTF8"] if international else options


def _reply(code: int, text: bytes) -> Reply:
    words = text.decode("utf-8", "replace")
    return Reply.parse(f"{code} {words}") if 200 <= code <= 599 else Reply(451, words)
