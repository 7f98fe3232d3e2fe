"""What the receiver takes from aiosmtpd as it is: the STARTTLS upgrade, the AUTH exchange and its mechanisms.

Where aiosmtpd reads, writes or decides, the receiver's own is bound in: the reader, ``push``, ``_authenticate``.
"""

import asyncio
from dataclasses import replace
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, TLSSetupException, _AuthMechAttr

from mailharness.faults import PASS
from mailharness.mail import Reply
from mailharness.smtp.dialogue import Dialogue
from mailharness.smtp.octets import LineBuffer
from mailharness.smtp.reception import Announce, SmtpSession
from mailharness.trace.events import Commanded, Handshaking, LoggedIn, Secured


class SecuredSmtp(SMTP):
    """STARTTLS and AUTH for a receiver that has no StreamReader; the rest is the subclass's."""

    AuthLoginUsernameChallenge = "Username:"  # what clients that read the question look for; LOGIN has no standard
    AuthLoginPasswordChallenge = "Password:"

    session: SmtpSession
    _dialogue: Dialogue
    _inbox: LineBuffer
    _line_wanted: asyncio.Future[bytes] | None
    _how: str
    _announce: Announce

    def _prepare_security(self) -> None:
        """What SMTP.__init__ would set for these parts; it looks through class and handler anew for each connection."""
        self.envelope = None
        self._original_transport: Any = None
        self._tls_protocol: Any = None
        self._shaking_hands = False
        self._auth_require_tls = False  # asked before, by the dialogue
        self._auth_required = False
        self._auth_methods = {}
        self._handle_hooks = {}
        self._authenticator = None
        self._reader: Any = self

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

    async def _log_in(self, argument: str) -> None:
        """AUTH (RFC 4954 §4) as aiosmtpd does it, with the mechanism's name in any case."""
        mechanism, *response = argument.split()
        self._auth_methods = {
            "PLAIN": _AuthMechAttr(self.auth_PLAIN, True),
            "LOGIN": _AuthMechAttr(self.auth_LOGIN, True),
        }
        await super().smtp_AUTH(" ".join((mechanism.upper(), *response)))

    def _authenticate(self, mechanism: str, auth_data: LoginPassword) -> AuthResult:
        login, password = (secret.decode("utf-8", "surrogateescape") for secret in auth_data)
        account = self._dialogue.reception.authenticate(login, password)
        if account is None:
            return AuthResult(success=False, handled=False)
        self.session.user = account
        self._announce_only(self._event(LoggedIn, user=account, mechanism=mechanism))
        return AuthResult(success=True, auth_data=account)

    async def readline(self) -> bytes:
        """The client's answer to a challenge; called by aiosmtpd, to whom the receiver is the reader."""
        line = await self._next_line()
        shown = "*" if line.strip() == b"*" else "***"
        self._announce_only(self._event(Commanded, verb="", line=shown))
        return line

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
