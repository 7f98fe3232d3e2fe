r"""One IMAP session as a machine: octets in any slicing go in, octets to send come out, faults are carried out.

    session.connected();  session.receive(b"a LOGIN bob secret\r\n");  session.take_output();  session.closed

Whoever owns the socket sends what ``take_output`` gives, then looks at ``wants_tls``, ``aborted`` and ``closed``.
"""

import zlib
from collections.abc import Callable
from functools import partial

from mailharness.clock import Clock
from mailharness.faults import After, Cut, Verdict
from mailharness.imap.capabilities import capabilities
from mailharness.imap.commands import Request, answered, beginning, may_tell_expunges, respond
from mailharness.imap.compressing import Deflated
from mailharness.imap.framing import Command, Framer, Problem
from mailharness.imap.profiles import EVERYTHING, Profile
from mailharness.imap.visit import Continue, Outcome, State, Status, Visit
from mailharness.imap.wording import shown
from mailharness.mail import Copy
from mailharness.mailbox import Hears, Login, MailboxSession, Named, Then, deaf, nobody
from mailharness.mailbox.session import OUTPUT_LIMIT
from mailharness.trace.events import Event, Idling

KEEPING = ("APPEND", "REPLACE", "UID REPLACE")
"""The commands whose literals are messages."""
LITERAL_LIMIT = 65_536
"""Octets of literals in any other command."""


class ImapSession(MailboxSession):
    """The server's side of one connection to ``host``, number ``session`` in the journal.

    ``login(name, password)`` returns the account or None, ``named(name)`` asks for no password; ``new_copy()`` is the
    identity of a message that is appended;
    ``tls_available`` offers STARTTLS, ``secured`` says that TLS is on from the start, ``require_tls`` that no password is
    taken before it is; ``append_limit`` is in octets. ``mechanisms`` of SASL are offered, to those who are ``named``;
    ``profile`` says what else is.
    Nothing here raises for what a client sends.
    """

    _visit: Visit
    _waiting: tuple[str, Continue] | None = None
    _deflated: Deflated | None = None
    _in_clear = b""
    _busy = False

    def __init__(
        self,
        *,
        host: str,
        session: int,
        clock: Clock,
        announce: Callable[[Event], Verdict],
        login: Login,
        new_copy: Callable[[], Copy],
        tls_available: bool,
        secured: bool,
        require_tls: bool,
        append_limit: int,
        profile: Profile = EVERYTHING,
        named: Named = nobody,
        mechanisms: tuple[str, ...] = ("PLAIN",),
        hears: Hears = deaf,
    ) -> None:
        visit = Visit(
            host=host,
            session=session,
            clock=clock,
            announce=announce,
            login=login,
            new_copy=new_copy,
            tls_available=tls_available,
            secured=secured,
            require_tls=require_tls,
            write=self._write,
            on_news=self._news,
            profile=profile,
            append_limit=append_limit,
            named=named,
            mechanisms=mechanisms,
            hears=hears,
        )
        self._framer = Framer(limit_for=self._literal_limit, go_ahead=self._go_ahead)
        self._framer.unasked_limit = profile.unasked_limit
        super().__init__(visit, self._framer, clock)

    def take_output(self) -> bytes:
        if self._visit.notices is not None:
            self._push()
        output = super().take_output()
        if self._deflated is None:
            return output
        in_clear, self._in_clear = self._in_clear, b""
        return in_clear + (self._deflated.deflate(output) if output else b"")

    def _follow(self, then: Then) -> None:
        if then is Then.COMPRESS:  # RFC 4978 §3: the response itself is not deflated yet
            self._in_clear = bytes(self._output)
            self._output.clear()
            self._arrived = self._deflated = Deflated(self._framer, self._framer.drain())
        else:
            super()._follow(then)

    # -- the greeting ----

    def _greet(self) -> None:
        """RFC 3501 §7.1.1."""
        self._say("*", f"OK [{capabilities(self._visit)}] {self._visit.host} IMAP ready")

    def _answer_greeting(self, text: str) -> None:
        """An answer given instead that is no OK is a BYE (RFC 3501 §7.1.5)."""
        if text.startswith("OK"):
            self._say("*", text)
        else:
            self._bye(text)

    # -- commands ----

    def _literal_limit(self, segments: list[bytes]) -> int:
        keeps = beginning(segments[0]).verb in KEEPING and self._visit.state is not State.NOT_AUTHENTICATED
        return self._visit.append_limit if keeps else LITERAL_LIMIT

    def _go_ahead(self) -> None:
        self._write(b"+ go ahead\r\n")

    def _step(self) -> bool:
        try:
            while not self._next():
                if self._deflated is None or not self._deflated.pour():
                    return False
        except zlib.error:
            self._bye("BYE that is not deflated")
        return True

    def _next(self) -> bool:
        """Carry out the next command or line that has arrived; False if none is whole."""
        if self._waiting is not None:
            line = self._framer.next_line()
            if line is not None:
                self._take_line(line, *self._waiting)
            return line is not None
        command = self._framer.next()
        if command is not None:
            self._take(command)
        return command is not None

    def _take(self, command: Command) -> None:
        request = beginning(command.segments[0])
        answer = partial(self._answer, request.tag or "*")
        self._command(request.verb, shown(command.segments), lambda: self._perform(request, command), answer)

    def _take_line(self, line: bytes, tag: str, awaited: Continue) -> None:
        """The line that IDLE or AUTHENTICATE waits for; the latter is a secret and none of the journal's business."""

        def effect() -> None:
            self._waiting = None
            self._conclude(tag, answered(lambda: awaited.take(line)), expunges=True)

        def answer(text: str) -> None:
            self._waiting = None
            self._answer(tag, text)

        if awaited.idles:
            self._command("DONE", shown([line]), effect, answer)
        else:
            effect()

    def _answer(self, tag: str, text: str) -> None:
        """A fault's words instead of ours."""
        if text.startswith("BYE"):
            self._bye(text)
        else:
            self._say(tag, text if text.startswith(("OK", "NO", "BAD")) else f"NO {text}")

    # -- responses ----

    def _perform(self, request: Request, command: Command) -> None:
        self._busy = True
        match command.problem:
            case Problem.TOO_LONG:
                outcome: Outcome = Status("BAD the command line is too long")
            case Problem.TOO_BIG:
                outcome = Status("NO [TOOBIG] the literal is too big")
            case _:
                outcome = respond(self._visit, request, command.segments)
        self._conclude(request.tag or "*", outcome, expunges=may_tell_expunges(request))
        self._busy = False

    def _conclude(self, tag: str, outcome: Outcome, *, expunges: bool) -> None:
        if isinstance(outcome, Continue):
            self._write(f"{outcome.prompt}\r\n".encode("ascii"))
            self._waiting = (tag, outcome)
            self._tell_idler()
            if outcome.idles and self._visit.hears(Idling):
                self._judge_idling(outcome)
            return
        if outcome.then is not Then.CLOSE:  # who leaves has no use for them, and may have forgotten what the numbers mean
            self._visit.tell_news(expunges=expunges)
        self._say(tag, outcome.text)
        self._follow(outcome.then)

    def _judge_idling(self, waiting: Continue) -> None:
        visit = self._visit
        match self._announce(Idling(host=visit.host, session=visit.session, protocol=visit.protocol, user=visit.user)):
            case After() as after:
                self._later(after, lambda: self._waiting is not None and self._waiting[1] is waiting)
            case Cut(gently):
                self._cut(gently)

    def _say(self, tag: str, text: str) -> None:
        line = f"{tag} {text}".replace("\r", " ").replace("\n", " ")
        self._reply(f"{line}\r\n".encode("utf-8", "backslashreplace"), line)

    def _tell_idler(self) -> None:
        if self._waiting is not None and self._waiting[1].idles and not self._held:
            self._visit.tell_news(expunges=True)

    def _news(self) -> None:
        """Others changed something: a client that idles, or has asked to be notified, is told at once (RFC 2177 §3)."""
        if self._waiting is not None:
            self._tell_idler()
        elif self._visit.notices is None:
            return
        self._push()
        if self._output and not self._busy and self.on_output is not None:
            self.on_output()

    def _push(self) -> None:
        """RFC 5465 §3: between commands, and no faster than the client takes it."""
        if not (self._held or self._busy or self.closed or len(self._output) >= OUTPUT_LIMIT) and self._waiting is None:
            self._visit.push()

    def _bye(self, text: str) -> None:
        self._say("*", text if text.startswith("BYE") else f"BYE {text}")
        self._end("cut")
