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
from mailharness.faults import PASS, Alter, Answer, Cut, Delay, Drop, Hide, Midway, Pace, Verdict
from mailharness.mail import Reply
from mailharness.smtp import replies
from mailharness.smtp.dialogue import Step
from mailharness.smtp.reception import Announce
from mailharness.smtp.security import SecuredSmtp
from mailharness.trace.events import DataEnded, Greeted, Judged, Replied

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
        self._midway: Midway | None = None
        self._said_midway = False
        self._client_rests = False

    # -- what the receiver has to offer ----

    def _write(self, reply: Reply) -> None:
        raise NotImplementedError

    def _write_octets(self, octets: bytes) -> None:
        raise NotImplementedError

    def _flush(self) -> None:
        raise NotImplementedError

    def _end(self, how: str) -> None:
        raise NotImplementedError

    def _tell_end(self, how: str) -> None:
        raise NotImplementedError

    def _rest(self) -> None:
        raise NotImplementedError

    # -- what is said ----

    def _utter(self, reply: Reply) -> Coroutine[Any, Any, None] | None:
        """Say it as the faults will have it; what is to be awaited first, if it is to be late."""
        if self._ended or self._silent:
            return None
        event = self._event(Replied, text=replies.rendered(reply)[0])
        verdict = self._announce(event)
        if self.session.pace is not None and verdict is PASS:
            verdict = self._paced(event, reply)
        if verdict is not PASS:
            return self._utter_so(verdict, reply)
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

    def _utter_so(self, verdict: Verdict, reply: Reply) -> Coroutine[Any, Any, None] | None:
        match verdict:
            case Delay(seconds):
                return self._delayed(seconds, partial(self._write, reply))
            case Pace(octets_per_second):
                return self._dripped(reply, 1 / octets_per_second)
            case Answer(text):
                self._write(self._dialogue.retold(reply, Reply.parse(text)))
            case Hide(extensions):
                self._write(_without(reply, extensions))
            case Alter():
                self._say_octets(verdict)
            case Cut(gently):
                self._cut(gently=gently)
            case Drop():
                self._fall_silent()
            case _:
                self._write(reply)
        return None

    def _say_octets(self, instead: Alter) -> None:
        """Say what is no reply. Who waits for the rest of it waits for the clock."""
        self._write_octets(instead.octets)
        if not instead.is_whole:
            self._flush()
            self._fall_silent()

    async def _dripped(self, reply: Reply, pause: float) -> None:
        """Write a reply octet by octet; the last one the usual way, so that a 421 ends as it must."""
        self._flush()
        octets = replies.rendered(reply)[1]
        for n in range(len(octets) - 1):
            await self._delayed(pause, partial(self._write_now, octets[n : n + 1]))
        await self._delayed(pause, partial(self._write_last, reply, octets[-1:]))

    def _write_now(self, octets: bytes) -> None:
        self._write_octets(octets)
        self._flush()

    # -- what is heard ----

    def _event(self, kind: Callable[..., Any], **details: object) -> Any:
        session = self.session
        return kind(host=session.host, session=session.number, of=self._dialogue.of, protocol=self._protocol, **details)

    def _judge(self, event: Any, proceed: Callable[[], Step]) -> Step:
        verdict = self._announce(event)
        return proceed() if verdict is PASS else self._obey_verdict(verdict, event, proceed)

    def _obey_verdict(self, verdict: Verdict, event: Any, proceed: Callable[[], Step]) -> Step:
        if self._dialogue.chunk_follows and isinstance(verdict, Answer | Alter):
            self._dialogue.ending = True  # a message without one of its chunks is none
        match verdict:
            case Delay(seconds):
                return self._delayed(seconds, proceed)
            case Pace(octets_per_second) if isinstance(event, DataEnded):
                return self._delayed(event.size / octets_per_second, proceed)
            case Midway():
                step = proceed()
                self._midway = verdict if self._dialogue.collector is not None else None
                return step
            case Answer(text):
                self._dialogue.refusing = self._dialogue.refusing or (type(event) is Greeted and text[:1] != "2")
                return Reply.parse(text)
            case Alter() if self._dialogue.chunk_follows:
                return self._dialogue.discard(verdict)
            case Alter():
                self._say_octets(verdict)
            case Cut(gently):
                self._cut(gently=gently)
            case Drop():
                self._fall_silent()
        return None

    def _break_midway(self) -> Step:
        """What a fault says in the middle of a body; an answer given there is the one to its end too."""
        midway, self._midway = self._midway, None
        assert midway is not None
        if isinstance(midway.verdict, Answer | Alter):
            self._said_midway = not self._dialogue.give_up_chunk()
        return self._obey_verdict(midway.verdict, None, lambda: None)

    def _at_the_end(self, proceed: Callable[[], Step]) -> Callable[[], Step]:
        """What is done at the end of a body: what a fault still has to say of its middle, or nothing if it has."""
        midway, self._midway = self._midway, None
        if midway is not None:
            return lambda: self._obey_verdict(midway.verdict, None, proceed)
        said, self._said_midway = self._said_midway, False
        return (lambda: None) if said else proceed

    def _write_last(self, reply: Reply, octets: bytes) -> None:
        self._write_octets(octets)
        if reply.code == 421:  # RFC 5321 §3.8
            self._end("cut")

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

    def rest_with_client(self, resting: bool) -> None:
        """The client, a host of ours, waits for the clock or goes on; what it left open is at rest meanwhile."""
        self._client_rests = resting
        if resting:
            self._hush()
        else:
            self._wake()

    def _wake(self) -> None:
        if self._hushed and not self._stalled and not (self._client_rests and self.transport is not None):
            self._hushed = False
            self._on_rest(False)
            for token in self._tokens():
                token.resume()
        self._rest()

    def _tokens(self) -> tuple[Token, ...]:
        transaction = self._dialogue.transaction
        held = (self._input, transaction.token if transaction is not None else None)
        return tuple(token for token in held if token is not None)

    def _cut(self, *, gently: bool = False) -> None:
        """Reset the connection, as a crash would; or ``gently`` close it."""
        self._flush()
        self._how, self._ended = "cut", True
        self._tell_end("cut")
        if self.transport is not None and gently:
            self.transport.close()
        elif self.transport is not None:
            sock = self.transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.transport.abort()


def _without(reply: Reply, extensions: tuple[str, ...]) -> Reply:
    """The answer to EHLO without the lines of these extensions."""
    name, *lines = reply.text.split("\n")
    kept = [line for line in lines if line.partition(" ")[0].upper() not in extensions]
    return Reply(reply.code, "\n".join((name, *kept)), reply.status)
