"""What faults make of a session: each event is judged before it takes effect, and the verdict is carried out here.

A session that a fault delays or silences waits for the world's clock and holds no work meanwhile.
"""

import inspect
import socket
import struct
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from mailharness.clock import Clock, Token
from mailharness.faults import PASS, Answer, Cut, Delay, Drop, Verdict
from mailharness.mail import Reply
from mailharness.smtp import replies
from mailharness.smtp.dialogue import Step
from mailharness.smtp.reception import Announce
from mailharness.smtp.security import SecuredSmtp
from mailharness.trace.events import Greeted, Judged, Replied

_AT_ONCE = struct.pack("ii", 1, 0)


class JudgedSmtp(SecuredSmtp):
    """The verdicts on what a receiver hears and says; the rest is the subclass's."""

    transport: Any
    _announce: Announce
    _clock: Clock
    _on_rest: Callable[[bool], None]
    _protocol: str
    _input: Token | None

    def _prepare_verdicts(self) -> None:
        self._stalled = False
        self._hushed = False
        self._silent = False
        self._ended = False

    # -- what the receiver has to offer ----

    def _write(self, reply: Reply) -> None:
        raise NotImplementedError

    def _flush(self) -> None:
        raise NotImplementedError

    def _tell_end(self, how: str) -> None:
        raise NotImplementedError

    def _rest(self) -> None:
        raise NotImplementedError

    # -- what is said ----

    def _utter(self, reply: Reply) -> Coroutine[Any, Any, None] | None:
        """Say it as the faults will have it; what is to be awaited first, if it is to be late."""
        if self._ended:
            return None
        event = self._event(Replied, text=replies.rendered(reply)[0])
        verdict = self._announce(event)
        if self.session.pace is not None and verdict is PASS:
            verdict = self._paced(event, reply)
        if isinstance(verdict, Delay):
            return self._delayed(verdict.seconds, partial(self._write, reply))
        if isinstance(verdict, Answer):
            reply = self._dialogue.retold(reply, Reply.parse(verdict.text))
        if isinstance(verdict, Cut):
            self._cut()
        elif isinstance(verdict, Drop):
            self._fall_silent()
        else:
            self._write(reply)
        return None

    def _paced(self, event: Replied, reply: Reply) -> Verdict:
        """The host's own slowness, carried out and told like a fault's."""
        assert self.session.pace is not None
        seconds = self.session.pace(self._dialogue.verb, reply)
        if not seconds:
            return PASS
        late = Delay(seconds)
        about, host = event.serial, self.session.host
        self._announce(
            Judged(host=host, session=event.session, of=event.of, about=about, fault=f"tarpit of {host}", verdict=str(late))
        )
        return late

    # -- what is heard ----

    def _event(self, kind: Callable[..., Any], **details: object) -> Any:
        session = self.session
        return kind(host=session.host, session=session.number, of=self._dialogue.of, protocol=self._protocol, **details)

    def _judge(self, event: Any, proceed: Callable[[], Step]) -> Step:
        verdict = self._announce(event)
        if verdict is PASS:
            return proceed()
        if isinstance(verdict, Delay):
            return self._delayed(verdict.seconds, proceed)
        if isinstance(verdict, Answer):
            self._dialogue.refusing = self._dialogue.refusing or (type(event) is Greeted and verdict.text[:1] != "2")
            return Reply.parse(verdict.text)
        if isinstance(verdict, Cut):
            self._cut()
        elif isinstance(verdict, Drop):
            self._fall_silent()
        return None

    def _announce_only(self, event: Any) -> None:
        if isinstance(self._announce(event), Cut):
            self._cut()

    async def _delayed(self, seconds: float, proceed: Callable[[], Any]) -> Any:
        self._stall()
        self._stalled = True
        try:
            await self._clock.sleep(seconds)
        finally:
            self._stalled = False
            self._wake()
        step = proceed()
        return await step if inspect.isawaitable(step) else step

    def _fall_silent(self) -> None:
        """Hear and say nothing more: replies are told apart by their order alone, so none may follow a missing one."""
        self._silent = True
        self._stall()

    def _stall(self) -> None:
        """A fault makes the session wait for time to move, and whoever dialed with it."""
        self._hush()
        self._on_rest(True)

    def _hush(self) -> None:
        """A session that waits, for time or for a client that thinks, holds no work."""
        self._hushed = True
        for token in self._tokens():
            token.suspend()

    def _wake(self) -> None:
        if self._hushed and not self._stalled:
            self._hushed = False
            self._on_rest(False)
            for token in self._tokens():
                token.resume()
        self._rest()

    def _tokens(self) -> tuple[Token, ...]:
        transaction = self._dialogue.transaction
        held = (self._input, transaction.token if transaction is not None else None)
        return tuple(token for token in held if token is not None)

    def _cut(self) -> None:
        """Reset the connection, as a crash would."""
        self._flush()
        self._how, self._ended = "cut", True
        self._tell_end("cut")
        if self.transport is not None:
            sock = self.transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.transport.abort()
