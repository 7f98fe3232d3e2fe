r"""One POP3 session as a machine: octets in any slicing go in, octets to send come out, faults are carried out.

    session.connected();  session.receive(b"CAPA\r\nQUIT\r\n");  session.take_output();  session.closed

Whoever owns the socket sends what ``take_output`` gives, then looks at ``wants_tls``, ``aborted`` and ``closed``.
"""

import re
from collections.abc import Callable

from mailharness.clock import Clock
from mailharness.faults import Verdict
from mailharness.mailbox import Hears, Login, MailboxSession, Named, deaf, nobody
from mailharness.pop3.commands import respond
from mailharness.pop3.lines import LIMIT, LONGEST_RESPONSE, CommandLines
from mailharness.pop3.policy import Policy
from mailharness.pop3.visit import Response, Visit
from mailharness.trace.events import Event

_LINE_END = re.compile(r"\r?\n")
_SECRET = re.compile(r"(?i)\A\W*(PASS|AUTH\W+[\w-]+|APOP [^ ]+)[^\w-].*", re.DOTALL)
_NO_VERB = re.compile(r"[^\w-].*", re.DOTALL)


class Pop3Session(MailboxSession):
    """The server's side of one connection to ``host``, number ``session`` in the journal.

    ``login(name, password)`` returns the account or None; ``tls_available`` offers STLS, ``secured`` says that TLS is on
    from the start, ``require_tls`` that no password is taken before it is. ``mechanisms`` of SASL are offered, and APOP, to
    those who are ``named``; ``policy`` is the host's. Nothing here raises for what a client sends.
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
        named: Named = nobody,
        mechanisms: tuple[str, ...] = ("PLAIN",),
        policy: Policy | None = None,
        hears: Hears = deaf,
    ) -> None:
        visit = Visit(
            host=host,
            session=session,
            announce=announce,
            login=login,
            tls_available=tls_available,
            secured=secured,
            require_tls=require_tls,
            clock=clock,
            named=named,
            mechanisms=mechanisms,
            policy=policy or Policy(),
            hears=hears,
        )
        self._lines = CommandLines()
        self._taking: Callable[[bytes], Response] | None = None
        super().__init__(visit, self._lines, clock)

    def _greet(self) -> None:
        """RFC 1939 §4."""
        self._say(f"+OK {self._visit.host} POP3 ready {self._visit.stamp()}".rstrip())

    def _answer_greeting(self, text: str) -> None:
        """An answer given instead that is no +OK ends the session, as no session has begun."""
        self._answer(text)
        if not text.startswith("+OK"):
            self._end("cut")

    def _answer(self, text: str) -> None:
        """A fault's words instead of ours."""
        self._say(text if text.startswith(("+OK", "-ERR")) else f"-ERR {text}")

    def _step(self) -> bool:
        line = self._lines.next(LIMIT if self._taking is None else LONGEST_RESPONSE)
        if line is None:
            return False
        if self._taking is None:
            self._take(line)
        else:
            self._take_response(line, self._taking)
        return True

    def _take(self, line: bytes) -> None:
        if len(line) > LIMIT:  # RFC 2449 §4
            self._say(f"-ERR a command line has at most {LIMIT} octets")
            return
        text = _ended(line).decode("utf-8", "surrogateescape")
        word, _, arguments = text.partition(" ")
        verb = word.upper() if word.isascii() else word
        shown, name = _shown(_SECRET.sub(r"\1 ***", text)), _NO_VERB.sub("", verb)
        self._command(name, shown, lambda: self._perform(lambda: respond(self._visit, verb, arguments)), self._answer)

    def _take_response(self, line: bytes, take: Callable[[bytes], Response]) -> None:
        """The client's answer to a challenge, which no event shows (RFC 5034 §4)."""
        self._taking = None
        octets = _ended(line)
        if len(line) > LONGEST_RESPONSE:
            self._say(f"-ERR an answer has at most {LONGEST_RESPONSE} octets")
            return
        self._command("", "*" if octets == b"*" else "***", lambda: self._perform(lambda: take(octets)), self._answer)

    def _perform(self, run: Callable[[], Response]) -> None:
        response = run()
        self._taking = response.take
        self._say(response.status, response.data)
        self._follow(response.then)

    def _say(self, status: str, data: bytes = b"") -> None:
        lines = _LINE_END.split(status)
        octets = "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
        self._reply(octets + data, "\n".join(lines))


def _ended(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _shown(text: str) -> str:
    """``text`` as the journal may keep it: octets that are no UTF-8 as escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
