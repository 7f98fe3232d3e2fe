"""TLS and AUTH for a receiver: the STARTTLS upgrade is aiosmtpd's, the exchanges of AUTH are ours (RFC 4954).

Where aiosmtpd writes, the receiver's own is bound in: ``push``.
"""

import asyncio
import binascii
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

from aiosmtpd.smtp import SMTP, TLSSetupException

from mailharness.clock import Clock
from mailharness.errors import RemoteProtocolError
from mailharness.faults import PASS
from mailharness.mail import Reply
from mailharness.mail.sasl import MECHANISMS, Checks, Exchange
from mailharness.smtp import replies
from mailharness.smtp.dialogue import Dialogue
from mailharness.smtp.limits import AUTH_FAILURES, LONGEST_LINE
from mailharness.smtp.octets import LineBuffer
from mailharness.smtp.reception import Announce, SmtpSession
from mailharness.trace.events import Commanded, Handshaking, LoggedIn, Secured


class SecuredSmtp(SMTP):
    """STARTTLS and AUTH for a receiver that has no StreamReader; the rest is the subclass's."""

    session: SmtpSession
    _dialogue: Dialogue
    _inbox: LineBuffer
    _line_wanted: asyncio.Future[bytes] | None
    _how: str
    _clock: Clock
    _announce: Announce

    def _prepare_security(self) -> None:
        """What SMTP.__init__ would set for STARTTLS; it looks through class and handler anew for each connection."""
        self.envelope = None
        self._original_transport: Any = None
        self._tls_protocol: Any = None
        self._shaking_hands = False
        self._logins = 0
        self._failures = 0

    # -- what the receiver has to offer ----

    def _event(self, kind: Any, **details: object) -> Any:
        raise NotImplementedError

    def _announce_only(self, event: Any) -> None:
        raise NotImplementedError

    async def _say_now(self, reply: Reply) -> None:
        raise NotImplementedError

    def _hush(self) -> None:
        raise NotImplementedError

    def _wake(self) -> None:
        raise NotImplementedError

    def _read_on(self) -> None:
        raise NotImplementedError

    # -- TLS ----

    def _forget_input(self) -> None:
        self._inbox.clear()
        self._read_on()

    async def _secure(self) -> None:
        """STARTTLS. Whatever was sent in clear behind it is dropped (RFC 3207 §4.2, CVE-2011-0411)."""
        self._forget_input()
        context = self._dialogue.options.tls
        verdict = self._announce(self._event(Handshaking))
        self.tls_context = (context() if verdict is PASS else context(verdict)) if context else None
        self._shaking_hands = True
        try:
            await super().smtp_STARTTLS("")
            self._wake()
        except TLSSetupException as error:
            self._how = self._how or "reset"
            self._original_transport.abort()
            self.connection_lost(error)
        finally:
            self._shaking_hands = False

    def _note_tls(self, transport: Any) -> None:
        self._forget_input()
        tls = transport.get_extra_info("ssl_object")
        self.session.forget(tls.version() or "TLS")
        self._announce_only(self._event(Secured, version=self.session.secured, cipher=(tls.cipher() or ("",))[0]))

    # -- AUTH ----

    async def _log_in(self, mechanism: str, response: str | None) -> Reply:
        """AUTH: challenges out and responses in, until the mechanism has the account's name or gives up (RFC 4954 §4)."""
        self._logins += 1
        session, reception = self.session, self._dialogue.reception
        nonce = f"{self._logins}.{session.number}.{int(self._clock.now())}@{session.host}"
        checks = Checks(reception.authenticate, reception.credentials, nonce)
        account = await self._exchange(MECHANISMS[mechanism](checks, None if response is None else _decoded(response)))
        if account is None:
            self._failures += 1
            return replies.NOT_YOU if self._failures < AUTH_FAILURES else replies.TOO_MANY_FAILURES
        session.user = account
        self._announce_only(self._event(LoggedIn, user=account, mechanism=mechanism))
        return replies.LOGGED_IN

    async def _exchange(self, exchange: Exchange) -> str | None:
        try:
            challenge = next(exchange)
            while True:
                challenge = exchange.send(await self._challenge(challenge))
        except StopIteration as end:
            account: str | None = end.value
            return account

    async def _challenge(self, challenge: bytes) -> bytes:
        """The client's answer, which no event shows. Raises RemoteProtocolError for one that is none."""
        await self._say_now(Reply(334, b64encode(challenge).decode()))
        line = await self._next_line()
        response = line.strip()
        self._announce_only(self._event(Commanded, verb="", line="*" if response == b"*" else "***"))
        if len(line) > LONGEST_LINE:
            raise _said(replies.EXCHANGE_TOO_LONG)
        if response == b"*":
            raise _said(replies.ABANDONED)
        return _decoded(response.decode("ascii", "replace"))

    async def _next_line(self) -> bytes:
        """The client's next line inside a command; while it thinks, the session is at rest."""
        self._line_wanted = self.loop.create_future()
        self._pass_line()
        try:
            return await self._line_wanted
        finally:
            self._line_wanted = None

    def _pass_line(self) -> None:
        line = self._inbox.line()
        if line is None:
            self._hush()
        elif self._line_wanted is not None and not self._line_wanted.done():
            self._line_wanted.set_result(line)

    async def push(self, status: str | bytes) -> None:
        """Say what aiosmtpd says, with the enhanced code that it leaves out."""
        reply = Reply.parse(status if isinstance(status, str) else status.decode())
        if not reply.status and reply.code // 100 != 3:
            reply = replace(reply, status=f"{reply.code // 100}.0.0")
        await self._say_now(reply)
        if self._shaking_hands:  # the client's turn: one that does not take it holds no work, here as at any other door
            self._hush()


def _decoded(response: str) -> bytes:
    """A response as it was before base64; "=" is an empty one (RFC 4954 §4)."""
    if response == "=":
        return b""
    try:
        return b64decode(response.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise _said(replies.NOT_BASE64) from None


def _said(reply: Reply) -> RemoteProtocolError:
    return RemoteProtocolError(reply.text, str(reply))
