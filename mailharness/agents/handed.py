"""A host whose decisions are the test's own: an aiosmtpd handler, unmodified, behind our receiver.

The receiver speaks SMTP, so faults, trace and rest are as at any other host; what it would ask of an MTA it asks of the
handler's hooks, with the arguments that aiosmtpd gives them. A letter that ``handle_DATA`` answers with 2xx has left the
world: the trace names the handler as a program that is not ours to follow.
"""

import asyncio
import inspect
import weakref
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as ShownEnvelope
from aiosmtpd.smtp import Session as ShownSession

from mailharness.agents.filters.judgement import place
from mailharness.agents.ports import Surroundings
from mailharness.agents.reception import HostReception
from mailharness.agents.routing import Router
from mailharness.agents.store import Store
from mailharness.errors import MisuseError
from mailharness.mail import NO_COPY, Address, Copy, Envelope, Message, Reply
from mailharness.queue import Schedule
from mailharness.smtp import Decision, SmtpSession, Transaction
from mailharness.smtp.xtext import xtext
from mailharness.trace.events import Filtered, Relayed

T = TypeVar("T")

CALLED = ("handle_EHLO", "handle_HELO", "handle_MAIL", "handle_RCPT", "handle_DATA", "handle_VRFY", "handle_exception")
"""The hooks that are called here."""
_NEVER = frozenset(f"handle_{verb}" for verb in ("AUTH", "NOOP", "PROXY", "QUIT", "RSET", "STARTTLS"))
_NEEDS_HELLO = Reply(503, "Error: send HELO first")
_NEEDS_MAIL = Reply(503, "Error: need MAIL command")
_NEEDS_RCPT = Reply(503, "Error: need RCPT command")
_OVERDUE = Reply(451, "The handler did not finish, try again later", "4.3.0")
_TEXT = 400
"""Characters of an exception's text that are told to a client."""


class Hooks(Protocol):
    """Runs a handler's hooks in an event loop that is theirs alone."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop they run in."""
        ...

    async def run(self, what: str, hook: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What ``hook`` returns. Raises TimeoutError when it overruns, and whatever it raises."""
        ...


@dataclass(frozen=True, slots=True)
class _Failure:
    """A hook that raised, or answered with what is no reply: what the client is told, and the test."""

    reply: Reply
    problem: str


class _Server(SMTP):
    """What a handler sees of its server: who it is and whom it talks to. It speaks to nobody itself."""

    session: ShownSession
    envelope: ShownEnvelope

    def __init__(self, handler: object, hostname: str, loop: asyncio.AbstractEventLoop, client: SmtpSession) -> None:
        self.event_handler = handler  # and not as SMTP does it, which looks through the handler for each connection
        self.hostname = hostname
        self.loop = loop
        self.transport = None
        self.session = ShownSession(loop)
        self.session.peer = client.peer_address  # type: ignore[assignment]  # aiosmtpd annotates it wrongly
        self.session.ssl = {"version": client.secured} if client.secured else None
        self.envelope = ShownEnvelope()

    def __del__(self) -> None:
        """There is no connection that could have been left open."""


def check_handler(handler: object) -> None:
    """Raise MisuseError for what is no aiosmtpd handler, and for one with hooks that nobody would call."""
    name = handler_name(handler)
    if isinstance(handler, type):
        raise MisuseError(f"Domain(handler={name}): that is a class; write handler={name}()")
    hooks = [name for name in dir(handler) if name.startswith("handle_") and callable(getattr(handler, name, None))]
    if not hooks and not type(handler).__module__.startswith("aiosmtpd."):  # aiosmtpd's own Sink has none
        raise MisuseError(
            f"Domain(handler={handler!r}): that is no handler of aiosmtpd; give an object with hooks, as async handle_DATA"
        )
    never = [hook for hook in dir(handler) if hook in _NEVER or hook.startswith("auth_")]
    if never:
        raise MisuseError(
            f"Domain(handler={name}(...)): {never[0]} would never be called, only {', '.join(CALLED)} are; take it out, or "
            "run aiosmtpd itself where a Host(external=True) has its address"
        )


def handler_name(handler: object) -> str:
    """What a handler is called in the trace: the name of its class."""
    return handler.__name__ if isinstance(handler, type) else type(handler).__name__


class HandedReception(HostReception):
    """The host called ``host``, as ``handler`` would have it. Its hooks run as ``hooks`` runs them, never on the loop."""

    def __init__(
        self,
        host: str,
        around: Surroundings,
        store: Store,
        router: Router,
        schedule: Schedule,
        handler: object,
        hooks: Hooks,
    ) -> None:
        super().__init__(host, around, store, router, schedule)
        self._handler = handler
        self._name = handler_name(handler)
        self._hooks = hooks
        self._servers: weakref.WeakKeyDictionary[SmtpSession, _Server] = weakref.WeakKeyDictionary()

    def _has(self, verb: str) -> bool:
        return hasattr(self._handler, f"handle_{verb}")

    def _hook(self, verb: str) -> Any:
        return getattr(self._handler, f"handle_{verb}")

    def _server(self, session: SmtpSession) -> _Server:
        """The session as the handler knows it, which may keep things of its own there; a new one behind STARTTLS."""
        server = self._servers.get(session)
        if server is None or bool(server.session.ssl) != bool(session.secured):
            server = self._servers[session] = _Server(self._handler, self.host, self._hooks.loop, session)
        server.session.authenticated = True if session.user else None
        server.session.auth_data = session.user or None  # type: ignore[assignment]  # "can contain anything", says aiosmtpd
        return server

    # -- what the receiver asks ----

    def hello(self, session: SmtpSession, name: str) -> Decision:
        server, verb = self._server(session), "EHLO" if session.extending else "HELO"
        server.envelope = ShownEnvelope()
        server.session.extended_smtp = session.extending
        if self._has(verb):
            return self._greet(session, verb, name)
        server.session.host_name = name
        return None

    async def _greet(self, session: SmtpSession, verb: str, name: str) -> Reply | None:
        """The handler's answer: all lines of it, or for an EHLO hook of aiosmtpd's older kind the last one."""
        offered = session.offered
        newer = verb == "EHLO" and len(inspect.signature(self._hook(verb)).parameters) > 4
        answer = await self._ask(session, NO_COPY, verb, name, *([offered.lines()] if newer else []))
        if verb == "HELO" or newer or not answer.is_positive:
            return answer
        return Reply(250, "\n".join((offered.text, answer.text)))

    def sender(self, session: SmtpSession, transaction: Transaction) -> Decision:
        server = self._server(session)
        if not server.session.host_name:  # a hook has to note it, as aiosmtpd would
            return _NEEDS_HELLO
        shown = server.envelope = ShownEnvelope()
        shown.smtp_utf8 = transaction.smtputf8
        address, options = str(transaction.sender or "<>"), _mail_options(transaction)
        if self._has("MAIL"):
            return self._ask(session, transaction.copy, "MAIL", address, options)
        shown.mail_from = address
        shown.mail_options.extend(options)
        return None

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Decision:
        shown = self._server(session).envelope
        if not shown.mail_from:
            return _NEEDS_MAIL
        if self._has("RCPT"):
            return self._ask(session, transaction.copy, "RCPT", str(address), [])
        shown.rcpt_tos.append(str(address))
        return None

    def verify(self, session: SmtpSession, text: str) -> Decision:
        if not self._has("VRFY"):
            return super().verify(session, text)
        return self._ask(session, NO_COPY, "VRFY", text.partition(" ")[0].removeprefix("<").removesuffix(">"))

    async def accept(self, session: SmtpSession, envelope: Envelope, message: Message, copy: Copy) -> Reply:
        """The handler's answer to the whole letter; with a positive one the letter is the handler's."""
        shown = self._server(session).envelope
        if not shown.rcpt_tos:
            return _NEEDS_RCPT
        shown.content = shown.original_content = bytes(message)
        reply = await self._ask(session, copy, "DATA") if self._has("DATA") else Reply(250, "OK")
        if reply.is_positive:
            self.announce_accepted(session, envelope, message, copy)
            self.around.announce(
                Relayed(
                    host=self.host,
                    session=session.number,
                    of=copy,
                    recipients=envelope.recipients,
                    to=self._name,
                    reply=reply,
                )
            )
        return reply

    # -- what the handler is asked ----

    async def _ask(self, session: SmtpSession, copy: Copy, verb: str, *arguments: object) -> Reply:
        """What the hook for ``verb`` answers; where it fails, what aiosmtpd would say, and a word to the test."""
        server, hook = self._server(session), self._hook(verb)

        async def asking() -> Reply | _Failure:
            try:
                return _reply(await hook(server, server.session, server.envelope, *arguments))
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever a user's code raises is that handler's failure
                return await self._excuse(error)

        try:
            answer = await self._hooks.run(f"handle_{verb}", asking)
        except TimeoutError as error:
            answer = _Failure(_OVERDUE, str(error))
        if isinstance(answer, Reply):
            return answer
        told = Filtered(
            host=self.host, session=session.number, of=copy, filter=self._name, verdict="fail", reason=answer.problem
        )
        self.around.announce(told)
        return answer.reply

    async def _excuse(self, error: BaseException) -> Reply | _Failure:
        """The handler's own word on its failure, if it has one."""
        excuse = getattr(self._handler, "handle_exception", None)
        if excuse is not None and isinstance(error, Exception):
            try:
                return _reply(await excuse(error))
            except Exception as another:  # noqa: BLE001 - see above
                error = another
        said = " ".join(str(error).split())[:_TEXT]
        problem = f"raised {type(error).__name__}{f': {said}' if said else ''} ({place(error)})"
        return _Failure(Reply(500, f"Error: ({type(error).__name__}) {said}"), problem)


def _reply(status: object) -> Reply:
    """A hook's answer. Raises MisuseError for what is none."""
    if not isinstance(status, str | bytes | list) or not status:
        raise MisuseError(f"a hook answered {status!r}: write a status, as in '250 OK'")
    text = status.decode() if isinstance(status, bytes) else status
    lines = text.splitlines() if isinstance(text, str) else list(text)
    replies = [Reply.parse(line) for line in lines]
    return Reply(replies[-1].code, "\n".join(reply.text for reply in replies), replies[-1].status)


def _mail_options(transaction: Transaction) -> list[str]:
    """The parameters of MAIL as a hook is given them, in upper case but for the name of the transaction."""
    said = {
        f"SIZE={transaction.size}": transaction.size,
        "BODY=8BITMIME": transaction.eight_bit,
        "BODY=BINARYMIME": transaction.binary,
        "SMTPUTF8": transaction.smtputf8,
        f"RET={transaction.ret}": transaction.ret,
        f"ENVID={xtext(transaction.envid)}": transaction.envid,
        "REQUIRETLS": transaction.require_tls,
    }
    return [words for words, wanted in said.items() if wanted]
