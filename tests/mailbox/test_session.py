"""The frame of a session, filled with a toy protocol: each line is echoed, a few words do more."""

import asyncio
from collections.abc import Callable

import pytest

from mailharness.clock import VirtualClock, Work
from mailharness.faults import PASS, Answer, Cut, Delay, Drop, Fault, Switchboard, Verdict
from mailharness.mailbox import MailboxSession, MailboxVisit, Then
from mailharness.mailbox.session import INPUT_LIMIT, OUTPUT_LIMIT
from mailharness.trace.events import POP3, Closed, Commanded, Event, Greeted, Replied, Secured
from mailharness.trace.journal import Journal

NOON = 1_700_049_600.0


class Arrived(bytearray):
    def feed(self, octets: bytes) -> None:
        self.extend(octets)

    def line(self) -> str | None:
        end = self.find(b"\n") + 1
        line = self[:end].decode()
        del self[:end]
        return line.strip() if end else None


class ToyVisit(MailboxVisit):
    protocol = POP3
    mailbox_name = "INBOX"
    left = 0

    def leave(self) -> None:
        self.left += 1


class Toy(MailboxSession):
    """``tls`` and ``quit`` do what they say, ``long`` is answered at length, everything else comes back."""

    def __init__(self, visit: ToyVisit, clock: VirtualClock) -> None:
        self.lines = Arrived()
        super().__init__(visit, self.lines, clock)

    def _greet(self) -> None:
        self._say("hello")

    def _answer_greeting(self, text: str) -> None:
        self._say(f"instead of hello: {text}")

    def _step(self) -> bool:
        line = self.lines.line()
        if line is not None:
            self._command(line.upper(), line, lambda: self._perform(line), lambda text: self._say(f"no: {text}"))
        return line is not None

    def _perform(self, line: str) -> None:
        self._say("x" * (OUTPUT_LIMIT // 2) if line == "long" else line)
        self._follow({"tls": Then.START_TLS, "quit": Then.CLOSE}.get(line, Then.GO_ON))

    def _say(self, text: str) -> None:
        self._reply(text.encode() + b"\n", text)


class Stage:
    """One toy session, a clock that stands still, and a switchboard."""

    def __init__(self) -> None:
        self.clock = VirtualClock(Work(), NOON)
        self.switchboard = Switchboard(Journal(self.clock))
        self.visit = ToyVisit(
            host="toy.tst",
            session=1,
            announce=self.switchboard.announce,
            login=lambda _name, _password: None,
            tls_available=True,
            secured=False,
            require_tls=True,
            clock=self.clock,
        )
        self.session = Toy(self.visit, self.clock)

    def arm(self, judged: Callable[[Event], bool], verdict: Verdict) -> None:
        self.switchboard.arm(Fault("staged", lambda event: verdict if judged(event) else PASS))

    def told(self, *kinds: type[Event]) -> list[Event]:
        return [event for event in self.switchboard.journal.events if isinstance(event, kinds)]

    def advance(self, seconds: float) -> None:
        asyncio.run(self.clock.advance(seconds))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def greeting(event: Event) -> bool:
    return isinstance(event, Greeted)


def second_line(event: Event) -> bool:
    return isinstance(event, Commanded) and event.line == "two"


VERDICTS = [
    # verdict, the greeting judged so, the second of three lines judged so, (closed, aborted)
    (PASS, b"hello\n", b"one\ntwo\nthree\n", (False, False)),
    (Answer("what"), b"instead of hello: what\n", b"one\nno: what\nthree\n", (False, False)),
    (Drop(), b"", b"one\nthree\n", (False, False)),
    (Delay(60), b"", b"one\n", (False, False)),
    (Cut(), b"", b"one\n", (True, True)),
]


@pytest.mark.parametrize(("verdict", "heard", "_", "over"), VERDICTS, ids=[str(row[0]) for row in VERDICTS])
def test_the_greeting_is_judged(stage: Stage, verdict: Verdict, heard: bytes, _: bytes, over: tuple[bool, bool]) -> None:
    stage.arm(greeting, verdict)
    stage.session.connected()
    assert (stage.session.take_output(), (stage.session.closed, stage.session.aborted)) == (heard, over)


@pytest.mark.parametrize("octets_at_once", [1, 5, 100])
@pytest.mark.parametrize(("verdict", "_", "heard", "over"), VERDICTS, ids=[str(row[0]) for row in VERDICTS])
def test_a_command_is_judged_in_whatever_slices_it_arrives(
    stage: Stage, verdict: Verdict, _: bytes, heard: bytes, over: tuple[bool, bool], octets_at_once: int
) -> None:
    stage.arm(second_line, verdict)
    said = b"one\ntwo\nthree\n"
    for start in range(0, len(said), octets_at_once):
        stage.session.receive(said[start : start + octets_at_once])
    assert (stage.session.take_output(), (stage.session.closed, stage.session.aborted)) == (heard, over)


def test_a_delay_holds_all_that_follows_and_then_calls(stage: Stage) -> None:
    called: list[float] = []
    stage.session.on_output = lambda: called.append(stage.clock.now())
    stage.arm(second_line, Delay(60))
    stage.session.receive(b"one\ntwo\nquit\n")
    stage.session.receive_eof()
    stage.advance(59)
    assert (stage.session.take_output(), stage.session.closed, called) == (b"one\n", False, [])
    stage.advance(1)
    assert (stage.session.take_output(), stage.session.closed, called) == (b"two\nquit\n", True, [NOON + 60])


def test_what_is_told_of_a_session(stage: Stage) -> None:
    stage.session.connected()
    stage.session.receive(b"one\nquit\ntwo\n")
    assert [(type(event), event.host, event.session, event.protocol) for event in stage.told(Event)] == [  # type: ignore[attr-defined]
        (kind, "toy.tst", 1, POP3) for kind in (Greeted, Replied, Commanded, Replied, Commanded, Replied, Closed)
    ]
    assert [event.text for event in stage.told(Replied)] == ["hello", "one", "quit"]  # type: ignore[attr-defined]


ENDS = [
    ("quit", lambda stage: stage.session.receive(b"quit\n")),
    ("eof", lambda stage: (stage.session.receive(b"ha"), stage.session.receive_eof())),
    ("eof", lambda stage: (stage.session.receive(b"tls\n"), stage.session.receive_eof())),
    ("cut", lambda stage: (stage.arm(second_line, Cut()), stage.session.receive(b"two\n"))),
]


@pytest.mark.parametrize(("how", "end"), ENDS)
def test_each_end_leaves_once_and_is_told_once(stage: Stage, how: str, end: Callable[[Stage], object]) -> None:
    stage.session.receive(b"one\n")
    end(stage)
    stage.session.receive(b"lf\n")
    stage.session.receive_eof()
    assert all(event.line in {"one", "two", "tls", "quit"} for event in stage.told(Commanded))  # type: ignore[attr-defined]
    assert ([event.how for event in stage.told(Closed)], stage.visit.left) == ([how], 1)  # type: ignore[attr-defined]


def test_behind_the_upgrade_nothing_said_in_the_clear_is_obeyed(stage: Stage) -> None:
    session, visit = stage.session, stage.visit
    assert (visit.may_start_tls, visit.may_send_password) == (True, False)
    session.receive(b"tls\nin the clear\n")
    session.receive(b"this too\n")
    assert (session.take_output(), session.wants_tls) == (b"tls\n", True)
    session.secured("TLSv1.3", "AES")
    assert (visit.may_start_tls, visit.may_send_password, session.wants_tls) == (False, True, False)
    session.receive(b"behind it\n")
    assert session.take_output() == b"behind it\n"
    assert [event.version for event in stage.told(Secured)] == ["TLSv1.3"]  # type: ignore[attr-defined]


def test_a_delay_bounds_what_may_be_piled_up_behind_it(stage: Stage) -> None:
    stage.arm(second_line, Delay(60))
    stage.session.receive(b"two\n" + b"x" * (INPUT_LIMIT - 1) + b"\n")
    assert stage.session.reading
    stage.session.receive(b"y")
    assert not stage.session.reading
    stage.advance(60)
    assert stage.session.reading
    assert len(stage.session.take_output()) == len("two\n") + INPUT_LIMIT


def test_a_long_line_is_read_on_as_nothing_holds_it(stage: Stage) -> None:
    stage.session.receive(b"x" * (INPUT_LIMIT + 1))
    assert stage.session.reading


def test_output_that_is_not_taken_bounds_what_is_carried_out(stage: Stage) -> None:
    session = stage.session
    session.receive(b"long\n" * 5 + b"quit\n")
    session.receive_eof()
    assert (len(stage.told(Commanded)), session.closed) == (2, False)
    heard = [len(session.take_output()) // (OUTPUT_LIMIT // 2) for _ in range(4)]
    assert heard == [2, 2, 1, 0]
    assert (session.closed, [event.how for event in stage.told(Closed)]) == (True, ["quit"])  # type: ignore[attr-defined]


def test_who_takes_no_output_is_not_read_for_ever(stage: Stage) -> None:
    stage.session.receive(b"long\nlong\n" + b"x\n" * (INPUT_LIMIT // 2 + 1))
    assert not stage.session.reading
    stage.session.take_output()
    stage.session.take_output()
    assert stage.session.reading
