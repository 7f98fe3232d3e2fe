"""The frame of a session that opens mailboxes: octets in any slicing go in, octets to send come out, verdicts are obeyed.

What POP3 and IMAP have in common is here once: the greeting, commands that are judged before they take effect, the delay
that holds all that follows, the upgrade to TLS, the end. A protocol adds how a command is found in what has arrived and
what it does.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from mailharness.clock import Clock
from mailharness.faults import Answer, Cut, Delay, Drop, Verdict
from mailharness.mailbox.visit import MailboxVisit, Then
from mailharness.trace.events import Closed, Commanded, Greeted, Replied, Secured

INPUT_LIMIT = 65_536
"""Octets that may wait for their turn before the session asks for no more."""
OUTPUT_LIMIT = 65_536
"""Octets that may wait to be sent before the session carries no further command out."""


class Arrivals(Protocol):
    """The octets that have arrived and are in no command yet."""

    def feed(self, octets: bytes) -> None: ...
    def clear(self) -> None: ...
    def __len__(self) -> int: ...


class MailboxSession(ABC):
    """The server's side of one connection.

    Whoever owns the socket sends what ``take_output`` gives, asks again until nothing comes, then looks at ``wants_tls``,
    ``aborted`` and ``closed``. Nothing here raises for what a client sends.
    """

    def __init__(self, visit: MailboxVisit, arrived: Arrivals, clock: Clock) -> None:
        self._visit = visit
        self._arrived = arrived
        self._clock = clock
        self._announce = visit.announce
        self._output = bytearray()
        self._held = False
        self._behind = False
        self._eof = False
        self.wants_tls = False
        """After flushing, the transport is to be upgraded and ``secured`` called."""
        self.closed = False
        """After flushing, the connection is to be closed."""
        self.aborted = False
        """The connection is to be reset instead: a fault cut it. ``closed`` is true as well."""
        self.on_output: Callable[[], None] | None = None
        """Called when there is output, or the connection is over, and nobody asked: after a delay, or by news."""

    # -- what a protocol says ----

    @abstractmethod
    def _greet(self) -> None:
        """Say the greeting."""

    @abstractmethod
    def _answer_greeting(self, text: str) -> None:
        """Say a fault's words instead of the greeting."""

    @abstractmethod
    def _step(self) -> bool:
        """Take one command of what has arrived to ``_command``; False if none is whole."""

    # -- what the owner of the socket calls ----

    def connected(self) -> None:
        """Greet, unless a fault says otherwise."""
        visit = self._visit
        verdict = self._announce(Greeted(host=visit.host, session=visit.session, protocol=visit.protocol))
        self._carry_out(verdict, self._greet, self._answer_greeting)

    def receive(self, data: bytes) -> None:
        """Take octets from the client. Those between the command for TLS and ``secured`` came in the clear and are lost."""
        if not (self.closed or self.wants_tls or self._eof):
            self._arrived.feed(data)
            self._run()

    def receive_eof(self) -> None:
        """The client sends no more. What has arrived is carried out, and what is half there is nothing."""
        self._eof = True
        self._run()

    @property
    def reading(self) -> bool:
        """Whether more may be received now: False while too much waits behind a delay, or for its output to be taken."""
        return not (self._held or self._behind) or len(self._arrived) <= INPUT_LIMIT

    def take_output(self) -> bytes:
        """What is to be sent now, whole responses only; asked again, nothing until there is more.

        Where ``OUTPUT_LIMIT`` was reached, asking again carries out the commands behind it.
        """
        if self._behind and len(self._output) < OUTPUT_LIMIT:
            self._run()
        output = bytes(self._output)
        self._output.clear()
        return output

    def secured(self, version: str, cipher: str) -> None:
        """TLS is on, by the protocol's own command or from the start."""
        visit = self._visit
        self.wants_tls = False
        visit.secure()
        self._announce(
            Secured(host=visit.host, session=visit.session, protocol=visit.protocol, version=version, cipher=cipher)
        )
        self._run()

    # -- commands and verdicts ----

    def _run(self) -> None:
        """Go on with what has arrived, as far as it goes."""
        self._behind = False
        while not (self._held or self.closed or self.wants_tls):
            if len(self._output) >= OUTPUT_LIMIT:
                self._behind = True
                return
            if not self._step():
                break
        if self._eof and not (self._held or self.closed):
            self._end("eof")

    def _command(self, verb: str, line: str, effect: Callable[[], None], answer: Callable[[str], None]) -> None:
        """Tell of a command and obey the verdict: ``effect`` carries it out, ``answer`` says a fault's words instead."""
        visit = self._visit
        event = Commanded(host=visit.host, session=visit.session, protocol=visit.protocol, verb=verb, line=line)
        self._carry_out(self._announce(event), effect, answer)

    def _carry_out(self, verdict: Verdict, effect: Callable[[], None], answer: Callable[[str], None]) -> None:
        match verdict:
            case Answer(text):
                answer(text)
            case Delay(seconds):
                self._hold(seconds, effect)
            case Cut():
                self.aborted = True
                self._end("cut")
            case Drop():
                pass
            case _:
                effect()

    def _hold(self, seconds: float, effect: Callable[[], None]) -> None:
        """Do nothing until ``seconds`` of the world's time have passed; then ``effect``, then what has arrived since."""

        def go_on() -> None:
            self._held = False
            effect()
            self._run()
            if self.on_output is not None:
                self.on_output()

        self._held = True
        self._clock.call_later(seconds, go_on)

    # -- responses ----

    def _write(self, octets: bytes) -> None:
        self._output += octets

    def _reply(self, octets: bytes, told: str) -> None:
        """Send the response to a command; the journal keeps ``told`` of it."""
        visit = self._visit
        self._write(octets)
        self._announce(Replied(host=visit.host, session=visit.session, protocol=visit.protocol, text=told))

    def _follow(self, then: Then) -> None:
        """Do what a response announced."""
        if then is Then.START_TLS:
            self._arrived.clear()  # what was pipelined behind it came unprotected and must not be obeyed
            self.wants_tls = True
        elif then is Then.CLOSE:
            self._end("quit")

    def _end(self, how: str) -> None:
        visit = self._visit
        self.closed = True
        visit.leave()
        self._arrived.clear()
        self._announce(Closed(host=visit.host, session=visit.session, protocol=visit.protocol, how=how))
