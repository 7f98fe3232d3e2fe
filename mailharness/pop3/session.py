r"""One POP3 session as a machine: octets in any slicing go in, octets to send come out, faults are carried out.

    session.connected();  session.receive(b"CAPA\r\nQUIT\r\n");  session.take_output();  session.closed

Whoever owns the socket sends what ``take_output`` gives, then looks at ``wants_tls``, ``aborted`` and ``closed``.
"""

import re
from collections.abc import Callable

from mailharness.clock import Clock
from mailharness.faults import Verdict
from mailharness.mailbox import Login, MailboxSession
from mailharness.pop3.commands import Visit, respond
from mailharness.pop3.lines import LIMIT, CommandLines
from mailharness.trace.events import Event

_LINE_END = re.compile(r"\r?\n")
_SECRET = re.compile(r"(?i)\A\W*(PASS|AUTH\W+[\w-]+)[^\w-].*", re.DOTALL)
_NO_VERB = re.compile(r"[^\w-].*", re.DOTALL)


class Pop3Session(MailboxSession):
    """The server's side of one connection to ``host``, number ``session`` in the journal.

    ``login(name, password)`` returns the account or None; ``tls_available`` offers STLS, ``secured`` says that TLS is on
    from the start, ``require_tls`` that no password is taken before it is. Nothing here raises for what a client sends.
    """

    _visit: Visit

    def __init__(
        self,
        *,
        host: str,
        session: int,
        clock: Clock,
        announce: Callable[[Event], Verdict],
        login: Login,
        tls_available: bool,
        secured: bool,
        require_tls: bool,
    ) -> None:
        visit = Visit(
            host=host,
            session=session,
            announce=announce,
            login=login,
            tls_available=tls_available,
            secured=secured,
            require_tls=require_tls,
        )
        self._lines = CommandLines()
        super().__init__(visit, self._lines, clock)

    def _greet(self) -> None:
        """RFC 1939 §4."""
        self._say(f"+OK {self._visit.host} POP3 ready")

    def _answer_greeting(self, text: str) -> None:
        """An answer given instead that is no +OK ends the session, as no session has begun."""
        self._answer(text)
        if not text.startswith("+OK"):
            self._end("cut")

    def _answer(self, text: str) -> None:
        """A fault's words instead of ours."""
        self._say(text if text.startswith(("+OK", "-ERR")) else f"-ERR {text}")

    def _step(self) -> bool:
        line = self._lines.next()
        if line is not None:
            self._take(line)
        return line is not None

    def _take(self, line: bytes) -> None:
        if len(line) > LIMIT:  # RFC 2449 §4
            self._say(f"-ERR a command line has at most {LIMIT} octets")
            return
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
        word, _, arguments = text.partition(" ")
        verb = word.upper() if word.isascii() else word
        shown = _shown(_SECRET.sub(r"\1 ***", text))
        self._command(_NO_VERB.sub("", verb), shown, lambda: self._perform(verb, arguments), self._answer)

    def _perform(self, verb: str, arguments: str) -> None:
        response = respond(self._visit, verb, arguments)
        self._say(response.status, response.data)
        self._follow(response.then)

    def _say(self, status: str, data: bytes = b"") -> None:
        lines = _LINE_END.split(status)
        octets = "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
        self._reply(octets + data, "\n".join(lines))


def _shown(text: str) -> str:
    """``text`` as the journal may keep it: octets that are no UTF-8 as escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
