"""The switchboard: every event enters the journal, and the first fault that objects decides."""

import pytest

from mailharness.clock import VirtualClock, Work
from mailharness.errors import MisuseError
from mailharness.faults import PASS, Answer, Cut, Delay, Drop, Fault, Midway, Pace, Pass, Switchboard
from mailharness.faults.fault import Verdict, check_fired, check_hosts
from mailharness.mail import Cause, Copy
from mailharness.trace import Journal
from mailharness.trace.events import (
    IMAP,
    POP3,
    SMTP,
    Commanded,
    Dialed,
    Event,
    FaultArmed,
    Greeted,
    Judged,
    LoggedIn,
    Opened,
    Removed,
    Replied,
    Secured,
)


@pytest.fixture
def switchboard() -> Switchboard:
    return Switchboard(Journal(VirtualClock(Work(), start=50.0)))


def greeting(host: str = "mx1.b.tst", **more: object) -> Greeted:
    return Greeted(host=host, protocol=SMTP, **more)  # type: ignore[arg-type]


def always(verdict: Verdict, name: str = "a fault", **more: object) -> Fault:
    return Fault(name, lambda event: verdict, **more)  # type: ignore[arg-type]


def test_with_nothing_armed_everything_passes_and_is_recorded(switchboard) -> None:
    event = greeting()
    assert switchboard.announce(event) is PASS
    assert switchboard.journal.events == [event]
    assert (event.serial, event.at) == (1, 50.0)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [(Answer("421 busy"), "answer '421 busy'"), (Delay(2.5), "delay by 2.5 s"), (Drop(), "drop"), (Cut(), "cut")],
)
def test_a_verdict_is_returned_and_is_an_event_itself(switchboard, verdict, words) -> None:
    switchboard.arm(always(verdict, "break it"))
    copy = Copy(3, 7, 5, Cause.RELAY)
    event = greeting(session=4, of=copy)
    assert switchboard.announce(event) == verdict
    (judged,) = switchboard.journal.of_kind(Judged)
    assert (judged.about, judged.fault, judged.verdict) == (event.serial, "break it", words)
    assert (judged.host, judged.session, judged.letter, judged.copy) == ("mx1.b.tst", 4, 3, 7)
    assert (judged.parent, judged.cause) == (5, Cause.RELAY)


def test_the_first_that_objects_decides_in_the_order_of_arming(switchboard) -> None:
    silent, first, second = always(PASS, "silent"), always(Drop(), "first"), always(Cut(), "second")
    armed = [switchboard.arm(fault) for fault in (silent, first, second)]
    assert switchboard.announce(greeting()) == Drop()
    assert [one.fired for one in armed] == [0, 1, 0]
    assert [one.fault for one in switchboard.journal.of_kind(Judged)] == ["first"]


def test_the_journal_knows_what_was_armed_also_of_a_fault_that_never_fires(switchboard) -> None:
    for fault in (always(PASS, "silent"), always(Cut(), "cuts", times=2)):
        switchboard.disarm(switchboard.arm(fault))
    assert [(one.fault, one.times) for one in switchboard.journal.of_kind(FaultArmed)] == [("silent", None), ("cuts", 2)]


def test_a_fault_that_may_fire_n_times_is_then_spent(switchboard) -> None:
    armed = switchboard.arm(always(Cut(), times=2))
    verdicts = [(str(switchboard.announce(greeting())), armed.spent) for _ in range(4)]
    assert verdicts == [("cut", False), ("cut", True), ("pass", True), ("pass", True)]
    assert (armed.fired, len(switchboard.journal.of_kind(Judged))) == (2, 2)


def test_only_what_it_objects_to_counts(switchboard) -> None:
    def judge(event: Event) -> Verdict:
        return Drop() if isinstance(event, Commanded) else PASS

    armed = switchboard.arm(Fault("drop commands", judge, times=1))
    assert switchboard.announce(greeting()) == PASS
    assert (armed.fired, armed.spent) == (0, False)


def test_a_disarmed_fault_is_asked_no_more_and_its_twin_is(switchboard) -> None:
    fault = always(Cut())
    one, twin = switchboard.arm(fault), switchboard.arm(fault)
    switchboard.disarm(one)
    assert switchboard.armed == (twin,)
    assert switchboard.announce(greeting()) == Cut()
    switchboard.disarm(twin)
    switchboard.disarm(twin)
    assert switchboard.announce(greeting()) is PASS
    assert (one.fired, twin.fired) == (0, 1)


def test_who_keeps_connections_is_told_of_each_change(switchboard) -> None:
    seen: list[int] = []
    switchboard.on_change(lambda: seen.append(len(switchboard.armed)))
    armed = switchboard.arm(always(Cut()))
    switchboard.disarm(armed)
    assert seen == [1, 0]


@pytest.mark.parametrize("times", [0, -1])
def test_a_fault_fires_at_least_once(times) -> None:
    with pytest.raises(MisuseError, match="a fault fires at least once"):
        always(Cut(), times=times)


def test_a_fault_says_what_it_does() -> None:
    assert str(always(Cut(), "cut mx1")) == "cut mx1"
    assert str(always(Cut(), "cut mx1", times=3)) == "cut mx1 (times=3)"
    assert str(Pass()) == "pass"


def test_a_host_that_does_not_exist_is_named_with_the_nearest() -> None:
    check_hosts(always(Cut(), hosts=("MX1.B.tst",)), {"mx1.b.tst"})
    with pytest.raises(MisuseError, match=r"'mx3.b.tst'; did you mean 'mx1.b.tst'\? \(known: mail.a.tst, mx1.b.tst\)"):
        check_hosts(always(Cut(), "cut mx3", hosts=("mx3.b.tst",)), ["mail.a.tst", "mx1.b.tst"])


def said(line: str = "NOOP", protocol: str = SMTP) -> Commanded:
    return Commanded(host="mx1.b.tst", protocol=protocol, verb=line, line=line)


UNFIT = [
    (said(), Answer("no such reply"), "'no such reply' is not an SMTP reply"),
    (said(), Answer("250 5.1.1 both"), "contradicts 250"),
    (
        Opened(protocol=SMTP, peer="", address="", port=1),
        Answer("421 busy"),
        r"of Opened \(smtp\): there it may be Cut, Drop, Midway$",
    ),
    (
        Opened(protocol=POP3, peer="", address="", port=1),
        Delay(1),
        r"of Opened \(pop3\): there it may be Cut, Drop, Midway$",
    ),
    (
        Replied(protocol=IMAP, text="* OK"),
        Answer("NO"),
        r"of Replied \(imap\): there it may be Delay, Drop, Cut, Alter, Edit, Midway, Pace, Shorten$",
    ),
    (LoggedIn(protocol=POP3, user="", mechanism=""), Cut(), r"of LoggedIn \(pop3\): it tells what has happened"),
    (Dialed(to="", address="", port=25, protocol=SMTP), Midway(Cut(), 1), "there it may be Answer, Delay, Drop, Cut$"),
    (said(protocol=IMAP), Pace(1), r"of Commanded \(imap\): there it may be Answer, Delay, Drop, Cut, Alter, Edit$"),
    (said(), Pace(1), r"of Commanded \(smtp\): there it may be Answer, Delay, Drop, Cut, Alter, Midway$"),
    (Secured(protocol=SMTP, version="", cipher=""), Drop(), r"there it may be Cut$"),
    (Removed(protocol=POP3, user="", mailbox="", uid=1), Cut(), "it tells what has happened"),
]


@pytest.mark.parametrize(
    ("event", "verdict", "complaint"), UNFIT, ids=[f"{type(row[0]).__name__} {row[1]}" for row in UNFIT]
)
def test_a_verdict_that_nobody_carries_out_passes_and_is_told_to_its_author(switchboard, event, verdict, complaint) -> None:
    armed = switchboard.arm(always(verdict))
    assert switchboard.announce(event) is PASS
    assert (armed.fired, switchboard.journal.of_kind(Judged)) == (0, [])
    with pytest.raises(MisuseError, match=complaint):
        check_fired([armed])


def test_an_answer_of_imap_may_be_in_any_words(switchboard) -> None:
    armed = switchboard.arm(always(Answer("NO not today")))
    assert switchboard.announce(said(protocol=IMAP)) == Answer("NO not today")
    check_fired([armed])


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_delay_must_end(seconds: float) -> None:
    with pytest.raises(MisuseError, match="a finite number of seconds, 0 or more"):
        Delay(seconds)
