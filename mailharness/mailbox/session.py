"""The frame of a session that opens mailboxes: octets in any slicing go in, octets to send come out, verdicts are obeyed.

What POP3 and IMAP have in common is here once: the greeting, commands that are judged before they take effect, the delay
that holds all that follows, the upgrade to TLS, the end. A protocol adds how a command is found in what has arrived and
what it does.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from mailharness.clock import Clock
from mailharness.faults import PASS, After, Alter, Answer, Cut, Delay, Drop, Edit, Midway, Pace, Shorten, Verdict
from mailharness.mailbox.pacing import pieces, shortened
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
        self._stuck = False
        self._eof = False
        self._mark = 0
        self._pending = Then.GO_ON
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
        self._mark = 0
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
        while not (self._held or self._stuck or self.closed or self.wants_tls):
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
        self._mark = len(self._output)
        if verdict is PASS:
            effect()
            return
        match verdict:
            case Answer(text):
                answer(text)
            case Delay(seconds):
                self._hold(seconds, effect)
            case Cut(gently):
                self._cut(gently)
            case Alter(octets):
                self._say_instead(octets)
            case Edit(old, new):
                effect()
                self._output[self._mark :] = self._output[self._mark :].replace(old, new)
            case Drop():
                pass
            case _:
                effect()

    def _say_instead(self, octets: bytes) -> None:
        """Behind what ends no line the session is stuck until the client has left."""
        self._write(octets)
        self._stuck = not octets.endswith(b"\n")

    def _cut(self, gently: bool) -> None:
        self.aborted = not gently
        self._end("cut")

    def _hold(self, seconds: float, effect: Callable[[], None]) -> None:
        """Do nothing until ``seconds`` of the world's time have passed; then ``effect``, then what has arrived since."""

        def go_on() -> None:
            self._held = False
            self._mark = len(self._output)
            effect()
            if not self._held:
                self._follow(self._pending)
                self._run()
            self._wake()

        self._held = True
        self._clock.call_later(seconds, go_on)

    def _wake(self) -> None:
        if self.on_output is not None:
            self.on_output()

    # -- responses ----

    def _write(self, octets: bytes) -> None:
        self._output += octets

    def _reply(self, octets: bytes, told: str) -> None:
        """Send the response to a command; the journal keeps ``told`` of it."""
        visit = self._visit
        self._write(octets)
        verdict = self._announce(Replied(host=visit.host, session=visit.session, protocol=visit.protocol, text=told))
        if verdict is not PASS:
            self._carry_out_of_reply(verdict, octets)

    def _carry_out_of_reply(self, verdict: Verdict, status: bytes) -> None:
        """The command has taken effect; ``status`` ends all that is said to it, the rest stands before it."""
        said = bytes(self._output[self._mark :])
        del self._output[self._mark :]
        match verdict:
            case Delay(seconds):
                self._hold(seconds, lambda: self._write(said))
            case Pace(octets_per_second):
                self._drip(pieces(said, octets_per_second))
            case Alter(octets):
                self._write(said.removesuffix(status))
                self._say_instead(octets)
            case Edit(old, new):
                self._write(said.replace(old, new))
            case Shorten(octets):
                self._write(shortened(said, octets))
            case Midway(_, octets) as midway:
                self._write(said[:octets])
                self._stuck = True
                self._carry_out(midway.verdict, lambda: None, lambda _text: None)
            case Cut(gently):
                self._cut(gently)

    def _drip(self, left: list[tuple[float, bytes]]) -> None:
        """Say each piece so many seconds after the one before it."""
        if left:
            (seconds, piece), *rest = left

            def say_piece() -> None:
                self._write(piece)
                self._drip(rest)

            self._hold(seconds, say_piece)

    def _later(self, after: After, still: Callable[[], bool]) -> None:
        """Carry a verdict out when its time has come, if it is ``still`` meant."""

        def carry_out() -> None:
            if not self.closed and still():
                self._carry_out(after.verdict, lambda: None, lambda _text: None)
                self._wake()

        self._clock.call_later(after.seconds, carry_out)

    def _follow(self, then: Then) -> None:
        """Do what a response announced, once it has been said."""
        self._pending = then if self._held else Then.GO_ON
        if self._held or self.closed:
            return
        if then is Then.START_TLS:
            self._arrived.clear()  # what was pipelined behind it came unprotected and must not be obeyed
            self.wants_tls = True
        elif then is Then.CLOSE:
            self._end("quit")

    def _end(self, how: str) -> None:
        if self.closed:
            return
        visit = self._visit
        self.closed = True
        visit.leave()
        self._arrived.clear()
        self._announce(Closed(host=visit.host, session=visit.session, protocol=visit.protocol, how=how))
