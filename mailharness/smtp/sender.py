"""The sender: one client session over a socket that is connected already.

aiosmtplib connects, says EHLO (or HELO) and does STARTTLS; AUTH and the transactions are done over an ``Exchange``, with
pipelining where it is offered and byte-exact data. Errors are values, and an ending before the final dot is told from one
after it: only then may the server have the message (RFC 5321 §4.5.3.2.6).
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Literal

from aiosmtplib import (
    SMTP,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPResponse,
    SMTPResponseException,
)

from mailharness.errors import MisuseError, RemoteProtocolError
from mailharness.mail import Envelope, Message, Reply
from mailharness.smtp.conduct import Conduct, HungUpError, JudgedExchange, hang_up
from mailharness.smtp.exchange import Exchange
from mailharness.smtp.login import NO_AUTH, NO_MECHANISM, Login, choose, spoken
from mailharness.smtp.offer import Offer, read_offer
from mailharness.smtp.outcome import Opening, Outcome, TlsPolicy
from mailharness.smtp.replies import read_reply
from mailharness.smtp.transmission import Transmission

SAY_HELO = b"HELO\r\n"
"""What a fault says to have HELO, with its argument, in the place of EHLO."""
NO_TLS_OFFERED = Reply(451, "TLS is required, and the server does not offer STARTTLS", "4.7.4")
TLS_FAILED = Reply(451, "TLS is required, and could not be established", "4.7.5")


class SenderSession:
    """A client session as ``helo`` over ``sock``, to the server whose certificate names ``server_name``.

    ``protocol`` is "smtp" or "lmtp" (RFC 2033); ``chunking`` prefers BDAT to DATA where it is offered (RFC 3030).
    Takes the socket over. ``open`` first, then ``send`` as often as ``usable``; cancelling either one aborts the session.
    ``conduct`` makes it misbehave as faults will have it.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        helo: str,
        server_name: str = "",
        protocol: Literal["smtp", "lmtp"] = "smtp",
        chunking: bool = False,
        conduct: Conduct | None = None,
    ) -> None:
        self._client = SMTP(
            sock=sock, hostname=server_name or None, local_hostname=helo, timeout=None, start_tls=False, use_tls=False
        )
        self._sock = sock
        self._helo = helo
        self._server_name = server_name
        self._lmtp = protocol == "lmtp"
        self._chunking = chunking
        self._conduct = conduct
        self._handed_over = False
        """The socket is a transport's, which alone may close it: TLS says goodbye on it first."""
        self._exchange: Exchange | None = None
        self._transmission: Transmission | None = None
        self.offer = Offer()
        """What the server offers; nothing after HELO."""

    @property
    def extensions(self) -> Mapping[str, str]:
        """What EHLO announced: keyword in lower case to its parameters; empty after HELO."""
        return self.offer.extensions

    @property
    def usable(self) -> bool:
        """Whether another transaction may be tried on this connection."""
        return self._is_alive and self._transmission is not None and self._transmission.usable

    @property
    def _is_alive(self) -> bool:
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
        policy: TlsPolicy = TlsPolicy.OPPORTUNISTIC,
        implicit_tls: bool = False,
        login: Login | tuple[str, str] | None = None,
    ) -> Opening:
        """Greeting, hello, STARTTLS where ``tls`` is given and the server offers it, AUTH where ``login`` is given.

        A ``login`` of two words is a name and a password.

        ``implicit_tls`` starts TLS before the greeting; ``policy`` says whether there may be a session without TLS. Raises
        nothing of the network: the Opening says what went wrong. Raises MisuseError for a policy that ``tls`` cannot keep.
        """
        if policy is not TlsPolicy.OPPORTUNISTIC and (tls is None or (policy is TlsPolicy.VERIFIED and not _verifies(tls))):
            raise MisuseError(f"policy {policy.value!r} needs a TLS context that can keep it: see Certificates.client()")
        try:
            return await self._open(tls, policy, implicit_tls, Login(*login) if isinstance(login, tuple) else login)
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

    async def _open(self, tls: ssl.SSLContext | None, policy: TlsPolicy, implicit: bool, login: Login | None) -> Opening:
        client = self._client
        client.tls_context = tls
        await self._connect(implicit)
        reply, tls_problem = await self._hello(), ""
        if tls is not None and not implicit and client.supports_extension("starttls"):
            tls_problem = await self._start_tls(tls)
            if tls_problem and not client.is_connected:
                return _insisting(policy, TLS_FAILED, Opening(None, tls_problem, tls_problem=tls_problem))
            reply = await self._hello()
        self._begin(verified=tls is not None and _verifies(tls))
        version = self._client.get_transport_info("ssl_object")
        secured = (version.version() or "TLS") if version is not None else ""
        opening = Opening(reply, "", secured, tls_problem, self.offer.verified)
        if not secured:
            opening = _insisting(policy, TLS_FAILED if tls_problem else NO_TLS_OFFERED, opening)
        return await self._log_in(login, opening) if login is not None and opening.ok else opening

    async def _connect(self, implicit: bool) -> None:
        if self._conduct is not None:
            await self._conduct.obey(self._conduct.judge("CONNECT", ""))
        self._handed_over = True
        await self._client.connect(use_tls=implicit)

    def _begin(self, *, verified: bool) -> None:
        """Take the connection over from aiosmtplib."""
        client = self._client
        secured = client.get_transport_info("ssl_object") is not None
        self.offer = read_offer(dict(client.esmtp_extensions), secured=secured, verified=secured and verified)
        self._exchange = self._established(client.transport)
        self._transmission = Transmission(self._exchange, self.offer, lmtp=self._lmtp, chunking=self._chunking)

    def _established(self, transport: object) -> Exchange:
        loop = asyncio.get_running_loop()
        return Exchange(transport, loop) if self._conduct is None else JudgedExchange(transport, loop, self._conduct)

    async def _hello(self) -> Reply | None:
        if self._lmtp:  # RFC 2033 §4.1
            answer = await self._said("LHLO", lambda: self._client.execute_command(b"LHLO", self._helo.encode("ascii")))
            if answer.code != 250:
                raise SMTPHeloError(answer.code, answer.message)
            self._client.last_ehlo_response = answer
            return _reply(answer.code, answer.message)
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
            return f"STARTTLS refused: {error.code} {_on_one_line(error.message)}"
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

    async def _log_in(self, login: Login, opening: Opening) -> Opening:
        """AUTH (RFC 4954 §4); the opening says what the server answered, or why it was not asked."""
        exchange, name = self._exchange, choose(login, self.offer.mechanisms, secured=self.offer.secured)
        assert exchange is not None
        if name is None:
            refusal = NO_MECHANISM if "auth" in self.offer else NO_AUTH
            return replace(opening, reply=refusal, problem=refusal.text)
        conversation = spoken(login, name)
        line = next(conversation)
        answer = await exchange.ask(f"{line}\r\n".encode())
        while answer:
            if answer[0].code != 334:
                if answer[0].code == 235 or not answer[0].is_positive:
                    return replace(opening, reply=answer[0])
                break
            try:
                line = conversation.send(answer[0].text)
            except StopIteration:
                break
            answer = await exchange.answer(f"{line}\r\n".encode())
        exchange.fail(f"protocol error: {answer[0]} is no answer to AUTH" if answer else "")
        return replace(opening, reply=None, problem=exchange.problem)

    # -- transactions ----

    async def send(self, envelope: Envelope, message: Message) -> Outcome:
        """One transaction. Where the letter fits the server it goes out byte for byte; DATA ends it in CRLF if it does not.

        What the server cannot take is not offered: a letter over its SIZE (5.3.4), one that needs SMTPUTF8 (5.6.7),
        BINARYMIME (5.6.3) or REQUIRETLS (5.7.10, 5.7.30), recipients beyond its LIMITS (452 4.5.3). 8-bit content is
        converted for a server without 8BITMIME, or else refused (5.6.3).
        """
        if self._transmission is None:
            return Outcome(problem="the session is not open")
        try:
            return await self._transmission.send(envelope, message)
        except BaseException:
            self.abort()
            raise

    # -- ending ----

    async def quit(self) -> Reply | None:
        """QUIT, then close. The server's reply, or None if it was gone already."""
        if self._exchange is None or not self._is_alive:
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
        elif self._handed_over:  # the transport reads the end at once
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
        else:
            self._sock.close()


def _verifies(tls: ssl.SSLContext) -> bool:
    return tls.verify_mode is ssl.CERT_REQUIRED and tls.check_hostname


def _insisting(policy: TlsPolicy, refusal: Reply, opening: Opening) -> Opening:
    """``opening`` where it may be without TLS, else this side's refusal."""
    if policy is TlsPolicy.OPPORTUNISTIC:
        return opening
    return replace(opening, reply=refusal, problem=opening.tls_problem or refusal.text)


def _opening(code: int, text: str) -> Opening:
    reply = _reply(code, text)
    return Opening(reply, "" if reply else f"protocol error: {_on_one_line(text)}")


def _on_one_line(text: str) -> str:
    """What a library tells of a server's octets, fit to be read: it may have quoted any of them."""
    words = " ".join(text.split())
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in words)


def _reply(code: int, text: str) -> Reply | None:
    try:
        return read_reply("\n".join(f"{code} {line}" for line in text.split("\n")).encode("utf-8", "surrogateescape"))
    except RemoteProtocolError:
        return None


def _words(error: BaseException) -> str:
    return _on_one_line(str(error)) or type(error).__name__
