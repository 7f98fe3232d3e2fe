"""The receiver: aiosmtpd's protocol class with a reading loop of its own.

aiosmtpd gives the STARTTLS upgrade and the session's shape. Commands do not go
through its StreamReader: what arrives is answered where it arrives, in order, as far as nothing has to be awaited, with
one write for all replies of one read (RFC 2920 §3.2). So a kept connection costs no task and no future for a command.

Only ``<CRLF>.<CRLF>`` ends the data, and a message that holds a bare CR or a bare LF is refused with 550 5.5.2 after it
(RFC 5321 §2.3.8, §4.1.1.4): no second message can be smuggled in one. Lines of any length are taken up to the size limit.
The octets of a BDAT are read whatever becomes of it, and the reply is said behind them (RFC 3030 §2).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from mailharness.clock import Clock, Work
from mailharness.errors import RemoteProtocolError
from mailharness.faults import Alter
from mailharness.mail import Reply
from mailharness.smtp import replies
from mailharness.smtp.dialogue import END_OF_DATA, Dialogue, Step
from mailharness.smtp.esmtp import LIMITS, Command, read_command
from mailharness.smtp.limits import PROGRESS, READ_AHEAD, REPLY_BATCH, THROWN_AWAY, UNKNOWN_COMMANDS
from mailharness.smtp.octets import LineBuffer
from mailharness.smtp.reception import Announce, ReceiverOptions, Reception, SmtpSession
from mailharness.smtp.verdicts import JudgedSmtp
from mailharness.trace.events import Closed, Commanded, DataEnded, Greeted


class Receiver(JudgedSmtp):
    """One SMTP session as the server of ``options.hostname``; the protocol object for one accepted connection.

    ``session`` is its number and ``peer`` the other end's name in events; ``Opened`` is announced by whoever accepted
    the socket. ``peer_address`` is the client's own where a proxy stands between. ``on_rest`` is told True when the session
    begins to wait for the clock and False when it goes on, since whoever dialed waits with it. Nothing raised by the
    ``reception`` reaches the client: it reads 451 4.3.0, the loop's handler the rest.
    """

    command_size_limits: ClassVar[Mapping[str, int]] = MappingProxyType(dict(LIMITS))  # type: ignore[assignment,misc]

    def __init__(
        self,
        options: ReceiverOptions,
        reception: Reception,
        *,
        announce: Announce,
        work: Work,
        clock: Clock,
        session: int,
        peer: str = "",
        peer_address: tuple[str, int] | None = None,
        on_rest: Callable[[bool], None] = lambda _resting: None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.loop = loop or asyncio.get_running_loop()
        self.options = options
        self.hostname, self._protocol = options.hostname, options.protocol
        self.transport: Any = None
        self.session = SmtpSession(session, options.hostname, peer)
        self.session.lmtp = options.lmtp
        self._prepare_security()
        self._prepare_verdicts()
        self._dialogue = Dialogue(options, reception, self.session, announce, work, self._secure, self._log_in)
        self._announce = announce
        self._work = work
        self._clock = clock
        self._on_rest = on_rest
        self._inbox = LineBuffer()
        self._outbox: list[bytes] = []
        self._task: asyncio.Future[Reply | None] | None = None
        self._input = None
        self._line_wanted = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._writing_paused = False
        self._reading_paused = False
        self._end_told, self._how = False, ""
        self._errors = 0
        self._peer_address = peer_address
        self._alive_at, self._heard_in_drips = 0.0, 0

    # -- the transport's calls ----

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        if self._original_transport is not None:
            self._note_tls(transport)
            return
        peer = transport.get_extra_info("peername")
        at = (peer[0], peer[1]) if isinstance(peer, tuple) else (str(peer or ""), 0)
        self.session.peer_address, self.session.trusted = self._peer_address or at, self.options.trusts(at[0])
        if transport.get_extra_info("sslcontext") is not None:
            self._note_tls(transport)
        self._rest()
        self._do(lambda: self._judge(self._event(Greeted), self._dialogue.greet))
        self._advance()

    def data_received(self, data: bytes) -> None:
        if self._ended or self._silent:
            return
        self._inbox.feed(data)
        self._wake()
        if self._task is None and not self._writing_paused:
            self._advance()
        elif self._line_wanted is not None:
            self._pass_line()
        elif len(self._inbox) > READ_AHEAD and not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """A client that has half closed still reads the answers to what it has said, unless a fault stalls them."""
        self._how = self._how or "eof"
        answering = self._task is not None or self._writing_paused
        return answering and not (self._stalled or self._line_wanted is not None or self.session.secured)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is None:
            return
        self._ended, self.transport, self._silent = True, None, False
        self._wake()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self._original_transport is not None:
            self._original_transport.close()
        self._tell_end("reset" if error else "cut")
        if self._task is None:
            self._dialogue.end_transaction()
        elif not self._dialogue.accepting:  # what is being accepted is not ours to give up: RFC 5321 §4.2.5
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        if self._task is None:
            self._advance()

    # -- one read, all its answers ----

    def _advance(self) -> None:
        """Answer what has arrived whole, up to the first thing that must be awaited."""
        while self._task is None and not (self._ended or self._silent or self._writing_paused):
            if not (self._take_command() if self._dialogue.collector is None else self._take_data()):
                break
            if len(self._outbox) > REPLY_BATCH:
                self._flush()
        self._flush()
        self._read_on()
        if self._how == "eof" and self._task is None and not (self._ended or self._writing_paused):
            self._end("eof")

    def _take_command(self) -> bool:
        line = self._inbox.line()
        if line is None:
            return False
        if self._idle_timer is not None:
            self._note_life(PROGRESS)
        self._do(lambda: self._hear(read_command(line)))
        return True

    def _hear(self, command: Command) -> Step:
        self._dialogue.hear(command)
        event = self._event(Commanded, verb=command.verb, line=command.shown)
        return self._judge(event, lambda: self._obey(command))

    def _obey(self, command: Command) -> Step:
        step = self._dialogue.obey(command)
        if isinstance(step, Reply) and step.code == 500:
            self._errors += 1
            return step if self._errors < UNKNOWN_COMMANDS else replies.TOO_MANY_ERRORS
        if step is replies.BYE:
            self._how = "quit"
        return step

    def _take_data(self) -> bool:
        dialogue = self._dialogue
        collector = dialogue.collector
        assert collector is not None
        if self._midway is not None and collector.size >= self._midway.octets:
            self._do(self._break_midway)
            return True
        if not (len(self._inbox) or collector.whole):
            return False
        octets, later = self._up_to_midway(self._inbox.rest(), collector.size)
        if self._idle_timer is not None:
            self._note_life(len(octets))
        rest = collector.feed(octets)
        if rest is None:
            self._inbox.feed(later)
            return bool(later) or (collector.oversized and collector.size > THROWN_AWAY and self._have_enough())
        self._inbox.feed(rest + later)
        dialogue.collector = None
        if collector.reply is not None:
            self._end_chunk(collector.reply)
            return True
        dialogue.ending = True
        dialogue.hear(END_OF_DATA)
        message = collector.message()
        event = self._event(DataEnded, size=collector.size, ended_by=collector.ended_by)
        proceed = self._at_the_end(lambda: dialogue.end_of_data(collector, message))
        self._do(lambda: self._judge(event, proceed))
        return True

    def _end_chunk(self, reply: Reply | Alter) -> None:
        if isinstance(reply, Alter):
            self._say_octets(reply)
        self._conclude(reply if isinstance(reply, Reply) else None)

    def _up_to_midway(self, octets: bytes, size: int) -> tuple[bytes, bytes]:
        """What comes before the place in a body at which a fault bites, ``size`` octets being read, and what behind."""
        if self._midway is None:
            return octets, b""
        here = self._midway.octets - size
        return octets[:here], octets[here:]

    def _have_enough(self) -> bool:
        """A message without an end is not read for ever."""
        self._dialogue.collector = None
        self._conclude(replies.TOO_MUCH)
        return True

    def _do(self, act: Callable[[], Step]) -> None:
        """Take one step, and say what it leads to now or when it has been awaited."""
        try:
            step = act()
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the client gets a reply
            step = self._blame(error)
        if step is None or isinstance(step, Reply):
            self._conclude(step)
        else:
            self._await(step)

    def _await(self, step: Awaitable[Reply | None]) -> None:
        self._flush()
        self._input = self._work.take(f"a command of {self._peer} at {self.hostname}")
        self._task = asyncio.ensure_future(step, loop=self.loop)
        self._task.add_done_callback(self._awaited)

    def _awaited(self, task: "asyncio.Future[Reply | None]") -> None:
        token, self._input, self._task = self._input, None, None
        if task.cancelled():
            self._dialogue.ending, reply = True, None
            self._end("cut")
        elif (error := task.exception()) is not None:
            reply = self._blame(error)
        else:
            reply = task.result()
        self._conclude(reply)
        if self.transport is None:
            self._dialogue.end_transaction()
        self._advance()
        if token is not None:
            token.give_back()

    def _blame(self, error: BaseException) -> Reply:
        """The reply for ``error``: what the peer broke says so itself, what we broke is not the peer's to read."""
        if isinstance(error, RemoteProtocolError):
            return replies.refusal(error)
        self.loop.call_exception_handler({"message": "a reception failed", "exception": error, "protocol": self})
        return replies.LOCAL_ERROR

    def _conclude(self, reply: Reply | None) -> None:
        dialogue = self._dialogue
        if reply is not None and dialogue.chunk_follows:
            reply = dialogue.discard(reply)
            if reply is None:
                return
        if reply is not None:
            if self.options.voice is not None:
                reply = self._dialogue.voiced(reply)
            if reply.code >= 400:
                dialogue.conclude(reply)
            if self.options.lmtp:
                dialogue.repeat(reply)
            self._say(reply)
        if dialogue.further:
            self._say_further(dialogue.further)
        elif dialogue.ending and dialogue.collector is None:
            dialogue.end_transaction()
        if self._how == "quit" and self._task is None and not self._ended:
            self._end("quit")

    def _say_further(self, replies_left: list[Reply]) -> None:
        """The replies of the other recipients, up to one that a fault makes late."""
        while replies_left and self._task is None:
            self._say(replies_left.pop(0))
        if self._task is None:
            self._dialogue.end_transaction()

    def _say(self, reply: Reply) -> None:
        if self.options.plain_codes:
            reply = replace(reply, status="")
        if (late := self._utter(reply)) is not None:
            self._await(late)

    def _write(self, reply: Reply) -> None:
        self._write_octets(replies.rendered(reply)[1])
        if reply.code == 421:  # RFC 5321 §3.8
            self._end("cut")

    def _write_octets(self, octets: bytes) -> None:
        self._outbox.append(octets)

    def _flush(self) -> None:
        if self._outbox and self.transport is not None:
            self.transport.write(b"".join(self._outbox))
            self._outbox.clear()

    def _end(self, how: str) -> None:
        """Say what is left to be said, and hang up."""
        self._tell_end(how)
        self._flush()
        self._ended = True
        if self.transport is not None:
            self.transport.close()

    def _tell_end(self, how: str) -> None:
        """Before the client can see the end, so that the story of a settled world has its last line in every run."""
        self._how = self._how or how
        if not self._end_told:
            self._end_told = True
            self._announce(self._event(Closed, how=self._how))
            self.session.end()

    # -- the idle time-out ----

    def _rest(self) -> None:
        """Start the real idle time-out, where there is one; from then on ``_note_life`` says how things stand."""
        if self.options.timeout is not None and self._idle_timer is None and not self._ended:
            self._alive_at = self.loop.time()
            self._idle_timer = self.loop.call_later(self.options.timeout, self._idled)

    def _note_life(self, octets: int) -> None:
        """A command was finished, or so many octets of data came: a client that only drips is as good as silent."""
        self._heard_in_drips += octets
        if self._heard_in_drips >= PROGRESS:
            self._heard_in_drips, self._alive_at = 0, self.loop.time()

    def _idled(self) -> None:
        self._idle_timer = None
        timeout = self.options.timeout
        if self._ended or timeout is None:
            return
        busy = self._task is not None and self._line_wanted is None
        left = timeout if busy else self._alive_at + timeout - self.loop.time()
        if left > 0:
            self._idle_timer = self.loop.call_later(left, self._idled)
        else:
            self._say(replies.IDLE)
            self._flush()

    # -- what STARTTLS and AUTH need ----

    async def _say_now(self, reply: Reply) -> None:
        if self.options.plain_codes:
            reply = replace(reply, status="")
        if (late := self._utter(reply)) is not None:
            self._flush()
            await late
        self._flush()

    def _read_on(self) -> None:
        if self._reading_paused and len(self._inbox) <= READ_AHEAD and self.transport is not None:
            self._reading_paused = False
            self.transport.resume_reading()

    @property
    def _peer(self) -> str:
        return "{}:{}".format(*self.session.peer_address)
