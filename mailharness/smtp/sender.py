"""The sender: one client session over a socket that is connected already.

aiosmtplib connects, says EHLO (or HELO), does STARTTLS and AUTH; an ``Exchange`` does the transactions, with pipelining
where it is offered and byte-exact data. Errors are values, and an ending before the final dot is told from one after it:
only then may the server have the message (RFC 5321 §4.5.3.2.6).
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiosmtplib import (
    SMTP,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPResponse,
    SMTPResponseException,
)

from mailharness.errors import RemoteProtocolError
from mailharness.mail import Address, Envelope, Message, Reply
from mailharness.smtp.conduct import Conduct, HungUpError, JudgedExchange, hang_up
from mailharness.smtp.exchange import Exchange
from mailharness.smtp.replies import read_reply

SAY_HELO = b"HELO\r\n"
"""What a fault says to have HELO, with its argument, in the place of EHLO."""
NO_SMTPUTF8 = Reply(550, "The next server does not speak SMTPUTF8, which this letter needs", "5.6.7")


@dataclass(frozen=True, slots=True)
class Opening:
    """How a session began: ``reply`` to the last of greeting and hello, or the ``problem`` why there is none."""

    reply: Reply | None
    problem: str = ""
    secured: str = ""
    """The TLS version, "" without."""
    tls_problem: str = ""
    """STARTTLS was tried and failed for this reason; a new connection may do without (RFC 7435)."""

    @property
    def ok(self) -> bool:
        return not self.problem and self.reply is not None and self.reply.is_positive


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a transaction went."""

    recipients: dict[Address, Reply] = field(default_factory=dict)
    """The reply that settles each recipient: the final one for those that RCPT took, else the refusal.

    A recipient is missing where the connection ended before any such reply.
    """
    reply: Reply | None = None
    """The last reply: to the end of data, or the one that ended the transaction before."""
    problem: str = ""
    """Why there is no final reply, "" where there is one."""
    reply_lost: bool = False
    """The final dot was sent and no reply came: the server may have the message (RFC 5321 §4.5.3.2.6)."""

    @property
    def accepted(self) -> tuple[Address, ...]:
        """The recipients that are the server's responsibility now."""
        return tuple(address for address, reply in self.recipients.items() if reply.is_positive)


class SenderSession:
    """A client session as ``helo`` over ``sock``, to the server whose certificate names ``server_name``.

    Takes the socket over. ``open`` first, then ``send`` as often as ``usable``; cancelling either one aborts the session.
    ``conduct`` makes it misbehave as faults will have it.
    """

    def __init__(self, sock: socket.socket, *, helo: str, server_name: str = "", conduct: Conduct | None = None) -> None:
        self._client = SMTP(
            sock=sock, hostname=server_name or None, local_hostname=helo, timeout=None, start_tls=False, use_tls=False
        )
        self._sock = sock
        self._helo = helo
        self._conduct = conduct
        self._server_name = server_name
        self._exchange: Exchange | None = None
        self._dirty = False
        self._connecting = False
        self.extensions: dict[str, str] = {}
        """What EHLO announced: keyword in lower case to its parameters; empty after HELO."""

    @property
    def usable(self) -> bool:
        """Whether another transaction may be tried on this connection."""
        exchange = self._exchange
        return exchange is not None and not (exchange.problem or exchange.unasked or exchange.transport.is_closing())

    @property
    def problem(self) -> str:
        """Why the session ended, "" while it lives."""
        return self._exchange.problem if self._exchange else ""

    # -- opening ----

    async def open(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        login: tuple[str, str] | None = None,
    ) -> Opening:
        """Greeting, hello, STARTTLS where ``tls`` is given and the server offers it, AUTH where ``login`` is given.

        ``implicit_tls`` starts TLS before the greeting. Raises nothing of the network: the Opening says what went wrong.
        """
        try:
            return await self._open(tls, implicit_tls, login)
        except HungUpError as error:
            if self._client.transport is not None:
                hang_up(self._client.transport, gently=error.gently)
            self.abort()
            return Opening(None, _words(error))
        except (SMTPConnectResponseError, SMTPHeloError, SMTPResponseException) as error:
            self.abort()
            return _opening(error.code, error.message)
        except (SMTPException, OSError, asyncio.IncompleteReadError) as error:
            self.abort()
            return Opening(None, _words(error))
        except BaseException:
            self.abort()
            raise

    async def _open(self, tls: ssl.SSLContext | None, implicit: bool, login: tuple[str, str] | None) -> Opening:
        client = self._client
        client.tls_context = tls
        if self._conduct is not None:
            await self._conduct.obey(self._conduct.judge("CONNECT", ""))
        self._connecting = True
        try:
            await client.connect(use_tls=implicit)
        finally:
            self._connecting = False
        reply, tls_problem = await self._hello(), ""
        if tls is not None and not implicit and client.supports_extension("starttls"):
            tls_problem = await self._start_tls(tls)
            if tls_problem and not client.is_connected:
                return Opening(None, tls_problem, tls_problem=tls_problem)
            reply = await self._hello()
        if login is not None:
            await client.login(*login)
        secured = client.get_transport_info("ssl_object")
        self.extensions = dict(client.esmtp_extensions)
        self._exchange = self._established(client.transport)
        return Opening(reply, "", (secured.version() or "TLS") if secured is not None else "", tls_problem)

    def _established(self, transport: object) -> Exchange:
        loop = asyncio.get_running_loop()
        return Exchange(transport, loop) if self._conduct is None else JudgedExchange(transport, loop, self._conduct)

    async def _hello(self) -> Reply | None:
        try:
            answer = await self._said("EHLO", self._client.ehlo)
        except SMTPHeloError as error:
            if error.code == 421 or not self._client.is_connected:
                raise
            answer = await self._said("HELO", self._client.helo)  # RFC 5321 §3.2
        return _reply(answer.code, answer.message)

    async def _start_tls(self, tls: ssl.SSLContext) -> str:
        """Why it failed, "" if it did not; after a mere refusal, as a 454, the session goes on in clear."""
        try:
            await self._said(
                "STARTTLS", lambda: self._client.starttls(server_hostname=self._server_name or None, tls_context=tls)
            )
        except HungUpError:
            raise
        except SMTPResponseException as error:
            return f"STARTTLS refused: {error.code} {error.message}"
        except (SMTPException, OSError) as error:
            self.abort()
            return f"STARTTLS failed: {_words(error)}"
        return ""

    async def _said(self, verb: str, say: Callable[[], Awaitable[SMTPResponse]]) -> SMTPResponse:
        """``say`` the command of that verb, or what a fault makes us say."""
        if self._conduct is None:
            return await say()
        line = f"{verb} {self._helo}\r\n".encode()
        said = await self._conduct.say(line)
        if said == line:
            return await say()
        if said == SAY_HELO:
            return await self._said("HELO", self._client.helo)
        protocol = self._client.protocol
        assert protocol is not None
        protocol.write(said)
        answer = await protocol.read_response()
        if answer.code != 250:
            raise SMTPHeloError(answer.code, answer.message)
        return answer

    # -- transactions ----

    async def send(self, envelope: Envelope, message: Message) -> Outcome:
        """One transaction. The message goes out byte for byte, with a CRLF added if it does not end in one.

        Eight-bit data goes to a server without 8BITMIME as it is; a letter that needs SMTPUTF8 goes to no server without
        it (RFC 6531 §3.2) and fails with 5.6.7 unsent.
        """
        exchange = self._exchange
        if exchange is None:
            return Outcome(problem="the session is not open")
        utf8 = _needs_smtputf8(envelope, message)
        if utf8 and "smtputf8" not in self.extensions:
            return Outcome(dict.fromkeys(envelope.recipients, NO_SMTPUTF8), NO_SMTPUTF8)
        commands = [self._mail(envelope, message, utf8)]
        commands += [f"RCPT TO:<{address}>\r\n".encode() for address in envelope.recipients]
        try:
            return await self._transact(exchange, commands, envelope, message)
        except BaseException:
            self.abort()
            raise

    def _mail(self, envelope: Envelope, message: Message, utf8: bool) -> bytes:
        offered = self.extensions
        words = [f"MAIL FROM:{envelope.reverse_path}"]
        if "size" in offered:  # RFC 1870 §3
            words.append(f"SIZE={len(message) + _missing_crlf(message)}")
        if "8bitmime" in offered and (envelope.eight_bit or not all(map(bytes.isascii, message.pieces()))):
            words.append("BODY=8BITMIME")
        if utf8:
            words.append("SMTPUTF8")
        return (" ".join(words) + "\r\n").encode()

    async def _transact(self, exchange: Exchange, commands: list[bytes], envelope: Envelope, message: Message) -> Outcome:
        reset = [b"RSET\r\n"] if self._dirty else []
        if "pipelining" in self.extensions:
            answers = await exchange.ask(b"".join((*reset, *commands, b"DATA\r\n")), len(reset) + len(commands) + 1)
        else:
            answers = await _one_by_one(exchange, reset, commands)
        if answers and answers[-1].code == 421:  # RFC 5321 §3.8
            exchange.retire("the server is closing")
        answers = answers[len(reset) :]
        self._dirty = bool(answers) and answers[0].is_positive
        if len(answers) < len(commands) + 1:
            return _cut_short(envelope, answers, exchange.problem)
        return await self._data(exchange, _settle(envelope, answers), answers, message)

    async def _data(
        self, exchange: Exchange, recipients: dict[Address, Reply], answers: list[Reply], message: Message
    ) -> Outcome:
        taken = [address for address, reply in recipients.items() if reply.is_positive]
        go_ahead = answers[-1]
        if not taken:
            if go_ahead.code == 354:  # RFC 2920 §3.1: then an empty message ends it
                await exchange.ask(b".\r\n")
            return Outcome(recipients, _last_refusal(answers))
        if go_ahead.is_positive and go_ahead.code != 354:  # RFC 5321 §4.3.2 knows no other: it is in no known state
            exchange.fail(f"protocol error: {go_ahead} is no answer to DATA")
            return Outcome(
                {address: reply for address, reply in recipients.items() if address not in taken}, problem=exchange.problem
            )
        if go_ahead.code != 354:
            return Outcome(recipients | dict.fromkeys(taken, go_ahead), go_ahead)
        dot_sent = await exchange.write_data(message.pieces())
        final = await exchange.replies()
        if not final:
            refused = {address: reply for address, reply in recipients.items() if not reply.is_positive}
            return Outcome(refused, problem=exchange.problem, reply_lost=dot_sent)
        self._dirty = not dot_sent
        if final[0].code == 421:
            exchange.retire("the server is closing")
        return Outcome(recipients | dict.fromkeys(taken, final[0]), final[0])

    # -- ending ----

    async def quit(self) -> Reply | None:
        """QUIT, then close. The server's reply, or None if it was gone already."""
        if self._exchange is None or not self.usable:
            self.abort()
            return None
        try:
            answers = await self._exchange.ask(b"QUIT\r\n")
        finally:
            self.abort()
        await self._exchange.gone()
        return answers[0] if answers else None

    def abort(self) -> None:
        """Close at once, without a word."""
        if self._conduct is not None:
            self._conduct.let_go()
        if self._exchange is not None:
            self._exchange.fail("aborted")
        elif self._client.transport is not None:
            transport = self._client.transport
            self._client.close()
            transport.abort()  # type: ignore[attr-defined]
        elif self._connecting:  # not taken over yet, though about to be: then its end is read at once
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
        else:
            self._sock.close()


async def _one_by_one(exchange: Exchange, reset: list[bytes], commands: list[bytes]) -> list[Reply]:
    """The same answers as from a pipeline, from a server that has none: what need not be said is answered like what was."""
    answers: list[Reply] = []
    for command in (*reset, *commands):
        answer = await exchange.ask(command)
        if not answer:
            return answers
        answers += answer
        if len(answers) == len(reset) + 1 and not answer[0].is_positive:
            return answers + answer * len(commands)
    if not any(answer.is_positive for answer in answers[len(reset) + 1 :]):
        return answers + answers[-1:]
    return answers + await exchange.ask(b"DATA\r\n")


def _settle(envelope: Envelope, answers: list[Reply]) -> dict[Address, Reply]:
    """What MAIL and RCPT have said about each recipient; ``answers`` may be fewer."""
    mail, rcpts = answers[0], answers[1:]
    if not mail.is_positive:
        return dict.fromkeys(envelope.recipients, mail)
    return dict(zip(envelope.recipients, rcpts, strict=False))


def _cut_short(envelope: Envelope, answers: list[Reply], problem: str) -> Outcome:
    """The connection ended between the commands: a 421 said before is the answer to all that had none."""
    if not answers:
        return Outcome(problem=problem)
    decided = {address: reply for address, reply in _settle(envelope, answers).items() if not reply.is_positive}
    last = answers[-1]
    if last.code != 421:
        return Outcome(decided, problem=problem)
    return Outcome({address: decided.get(address, last) for address in envelope.recipients}, last)


def _last_refusal(answers: list[Reply]) -> Reply:
    mail, *rcpts, _ = answers
    return mail if not mail.is_positive or not rcpts else rcpts[-1]


def _needs_smtputf8(envelope: Envelope, message: Message) -> bool:
    """Whether an address, or a header that was sent as internationalised, is not ASCII (RFC 6531 §3.4)."""
    addresses = (*envelope.recipients, envelope.sender) if envelope.sender else envelope.recipients
    if not all(address.is_ascii for address in addresses):
        return True
    return envelope.smtputf8 and not message.header_bytes.isascii()


def _missing_crlf(message: Message) -> int:
    """How many octets are added to end the message in CRLF."""
    return 0 if not len(message) or (message.original or message.prepended[-1]).endswith(b"\r\n") else 2


def _opening(code: int, text: str) -> Opening:
    reply = _reply(code, text)
    return Opening(reply, "" if reply else f"protocol error: {text}")


def _reply(code: int, text: str) -> Reply | None:
    try:
        return read_reply("\n".join(f"{code} {line}" for line in text.split("\n")).encode("utf-8", "surrogateescape"))
    except RemoteProtocolError:
        return None


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
