"""What a fault makes of what a mailbox server says: altered, edited, cut short, slow, in its literals too short."""

import pytest

from mailharness.faults import Alter, Cut, Delay, Drop, Edit, Midway, Pace, Shorten, Verdict
from mailharness.mailbox.pacing import pieces, shortened
from mailharness.trace.events import Closed, Event, Greeted, Replied
from tests.mailbox.test_session import Stage, second_line

ONE, TWO, THREE = b"one\n", b"two\n", b"three\n"


def second_reply(event: Event) -> bool:
    return isinstance(event, Replied) and event.text in {"two", "quit"}


def spoken(stage: Stage, said: bytes = ONE + TWO + THREE) -> bytes:
    stage.session.receive(said)
    return stage.session.take_output()


INSTEAD: list[tuple[Verdict, bytes, tuple[bool, bool]]] = [
    # the verdict on the second of three commands, what is heard, (closed, aborted)
    (Alter(b"zwei\n"), ONE + b"zwei\n" + THREE, (False, False)),
    (Alter(b"zw"), ONE + b"zw", (False, False)),
    (Alter(b""), ONE, (False, False)),
    (Edit(b"o", b"00"), ONE + b"tw00\n" + THREE, (False, False)),
    (Cut(gently=True), ONE, (True, False)),
]


@pytest.mark.parametrize(("verdict", "heard", "over"), INSTEAD, ids=[str(row[0]) for row in INSTEAD])
def test_instead_of_a_command(verdict: Verdict, heard: bytes, over: tuple[bool, bool]) -> None:
    stage = Stage()
    stage.arm(second_line, verdict)
    assert (spoken(stage), (stage.session.closed, stage.session.aborted)) == (heard, over)


REPLIES: list[tuple[Verdict, bytes, tuple[bool, bool]]] = [
    (Alter(b"zwei\n"), ONE + b"zwei\n" + THREE, (False, False)),
    (Alter(b"zwei"), ONE + b"zwei", (False, False)),
    (Edit(b"w", b""), ONE + b"to\n" + THREE, (False, False)),
    (Drop(), ONE + THREE, (False, False)),
    (Shorten(1), ONE + TWO + THREE, (False, False)),
    (Cut(), ONE, (True, True)),
    (Midway(Cut(), 2), ONE + b"tw", (True, True)),
    (Midway(Cut(gently=True), 99), ONE + TWO, (True, False)),
    (Midway(Drop(), 2), ONE + b"tw", (False, False)),
]


@pytest.mark.parametrize(("verdict", "heard", "over"), REPLIES, ids=[str(row[0]) for row in REPLIES])
def test_on_a_reply(verdict: Verdict, heard: bytes, over: tuple[bool, bool]) -> None:
    stage = Stage()
    stage.arm(second_reply, verdict)
    assert (spoken(stage), (stage.session.closed, stage.session.aborted)) == (heard, over)
    assert [event.text for event in stage.told(Replied)][:2] == ["one", "two"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("verdict", [Alter(b""), Midway(Drop(), 1)])
def test_who_is_stuck_can_still_leave(verdict: Verdict) -> None:
    stage = Stage()
    stage.arm(second_reply if isinstance(verdict, Midway) else second_line, verdict)
    spoken(stage)
    stage.session.receive_eof()
    assert ([event.how for event in stage.told(Closed)], stage.visit.left) == (["eof"], 1)  # type: ignore[attr-defined]


def test_a_greeting_that_hangs_hangs_whatever_is_said() -> None:
    stage = Stage()
    stage.arm(lambda event: isinstance(event, Greeted), Alter(b""))
    stage.session.connected()
    assert spoken(stage) == b""


def test_a_late_reply_holds_what_is_behind_it_and_the_end_too() -> None:
    stage = Stage()
    stage.arm(second_reply, Delay(60))
    assert spoken(stage, b"one\nquit\nthree\n") == ONE
    stage.advance(59)
    assert (stage.session.take_output(), stage.session.closed) == (b"", False)
    stage.advance(1)
    assert (stage.session.take_output(), stage.session.closed) == (b"quit\n", True)


def test_a_reply_drips_and_what_is_behind_it_waits() -> None:
    stage = Stage()
    stage.arm(second_reply, Pace(1))
    assert spoken(stage) == ONE
    heard = []
    for _ in range(4):
        stage.advance(1)
        heard.append(stage.session.take_output())
    assert heard == [b"t", b"w", b"o", b"\n" + THREE]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (1, [(1, b"a"), (1, b"b"), (1, b"c")]),
        (2.5, [(0.8, b"ab"), (0.4, b"c")]),
        (0.5, [(2, b"a"), (2, b"b"), (2, b"c")]),
        (1000, [(0.003, b"abc")]),
    ],
)
def test_pieces(rate: float, expected: list[tuple[float, bytes]]) -> None:
    assert pieces(b"abc", rate) == expected


@pytest.mark.parametrize(
    ("response", "octets", "left"),
    [
        (b"* 1 FETCH (BODY[] {5}\r\nhello)\r\n", 2, b"* 1 FETCH (BODY[] {5}\r\nhel)\r\n"),
        (b"* 1 FETCH (BODY[] {5}\r\nhello)\r\n", 99, b"* 1 FETCH (BODY[] {5}\r\n)\r\n"),
        (b"{1}\r\na {1}\r\nb", 1, b"{1}\r\n {1}\r\nb"),
        (b"a OK {5}\r", 1, b"a OK {5}\r"),
    ],
)
def test_shortened(response: bytes, octets: int, left: bytes) -> None:
    assert shortened(response, octets) == left
