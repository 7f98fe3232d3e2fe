"""Claims about a trace: they hold in silence, and fail by telling where the letter stopped."""

import pytest

from mailharness.errors import ExpectationError, MisuseError
from mailharness.mail import Reply
from mailharness.trace import Trace
from mailharness.trace import events as ev
from tests.trace.teller import ALICE, BOB, CAROL, GW, MX1, MX2, A, B, Teller, addresses, the_default_story

GREYLISTED = "450 4.7.1 greylisted"


def delivered_by_the_second_mx() -> Teller:
    t = Teller()
    copy = t.submit()
    t.attempt(copy, MX1, problem="connection refused")
    t.deliver(t.relay(copy, A, MX2), MX2)
    return t


def greylisted() -> Teller:
    t = Teller()
    copy = t.submit()
    session = t.session(B, A)
    t.says(session, "RCPT TO:<userB@exampleB.tst>", GREYLISTED, copy)
    t.attempt(copy, B, GREYLISTED, session=session)
    t.queue(copy, reply=GREYLISTED)
    return t


def delivered_after_greylisting() -> Teller:
    t = greylisted()
    copy = t.journal.of_letter(1)[0].of
    t.pass_time(1800)
    t.attempt(copy, B, "250 2.0.0 Ok", attempt=2)
    t.deliver(t.relay(copy, A, B))
    return t


def refused_by_the_gateway() -> Teller:
    t = Teller()
    copy = t.submit()
    session = t.session(GW, A)
    t.says(session, "DATA", "354 Go on", copy, GW)
    t.tell(ev.DataEnded(host=GW, session=session, of=copy, protocol=ev.SMTP, size=28))
    t.tell(ev.Replied(host=GW, session=session, of=copy, protocol=ev.SMTP, text="554 5.7.1 phishing"))
    (bob,) = addresses(BOB)
    t.tell(
        ev.Refused(host=GW, of=copy, session=session, recipient=bob, reply=Reply.parse("554 5.7.1 phishing"), by="links")
    )
    t.attempt(copy, GW, "554 5.7.1 phishing", session=session)
    t.bounce(copy, "554 5.7.1 phishing", status="5.7.1", report=2)
    return t


def quarantined() -> Teller:
    t = Teller()
    copy = t.relay(t.submit(), A, GW)
    t.tell(ev.Quarantined(host=GW, of=copy, recipients=addresses(BOB), filter="macros", reason="x.docm"))
    return t


def half_delivered() -> Teller:
    t = Teller()
    copy = t.submit(BOB, CAROL)
    t.deliver(t.relay(copy, A, B, BOB), B, BOB)
    t.queue(copy, recipient=CAROL)
    return t


HOLDS = [
    (the_default_story, "assert_delivered", {}),
    (the_default_story, "assert_delivered", {"to": BOB.upper(), "via": [A.upper(), B], "attempts": 1}),
    (delivered_by_the_second_mx, "assert_delivered", {"via": "MX2.exampleb.TST."}),
    (delivered_after_greylisting, "assert_delivered", {"attempts": 2}),
    (half_delivered, "assert_delivered", {"to": BOB}),
    (half_delivered, "assert_not_delivered", {"to": CAROL}),
    (half_delivered, "assert_queued", {"at": A}),
    (greylisted, "assert_not_delivered", {}),
    (greylisted, "assert_queued", {}),
    (greylisted, "assert_queued", {"at": A.lower(), "reply": 450}),
    (greylisted, "assert_queued", {"reply": "450 4.7.1"}),
    (greylisted, "assert_queued", {"reply": Reply.parse(GREYLISTED)}),
    (greylisted, "assert_refused", {"at": B, "reply": 450}),
    (refused_by_the_gateway, "assert_refused", {"at": GW.upper(), "reply": "554 5.7.1 phishing"}),
    (refused_by_the_gateway, "assert_bounced", {"status": "5.7.1"}),
    (refused_by_the_gateway, "assert_bounced", {}),
    (quarantined, "assert_quarantined", {"at": GW}),
    (quarantined, "assert_not_delivered", {"to": BOB}),
]

FAILS = [
    (greylisted, "assert_delivered", {}, f"was not delivered: stopped at {B}, RCPT: {GREYLISTED}; attempt 1, next"),
    (half_delivered, "assert_delivered", {}, f"was not delivered to {CAROL}: stopped at {A}"),
    (Teller, "assert_delivered", {}, "was not delivered"),
    (
        delivered_by_the_second_mx,
        "assert_delivered",
        {"via": MX1},
        f"was delivered via {A}, {MX2}, not via {MX1}: it arrived",
    ),
    (delivered_after_greylisting, "assert_delivered", {"attempts": 1}, "was delivered after 2 attempts, not 1: it arrived"),
    (the_default_story, "assert_not_delivered", {}, f"was delivered: it is in {BOB}/INBOX"),
    (half_delivered, "assert_not_delivered", {"to": BOB}, f"was delivered: it is in {BOB}/INBOX"),
    (the_default_story, "assert_queued", {}, "is not queued: it arrived"),
    (greylisted, "assert_queued", {"at": B}, f"is queued at {A}, not at {B}: stopped at {B}, RCPT"),
    (greylisted, "assert_queued", {"reply": 451}, f"is queued at {A} because of {GREYLISTED}, not because of 451: stopped"),
    (half_delivered, "assert_queued", {"reply": 451}, f"is queued at {A} without a reply, not because of 451: stopped"),
    (the_default_story, "assert_refused", {}, "was refused by nobody: it arrived"),
    (refused_by_the_gateway, "assert_refused", {"at": A}, f"was refused at {GW}, not at {A}: stopped at {GW}, end of data"),
    (refused_by_the_gateway, "assert_refused", {"reply": 550}, f"was refused at {GW} by 554 5.7.1 phishing, not by 550"),
    (the_default_story, "assert_bounced", {}, "did not bounce: it arrived"),
    (refused_by_the_gateway, "assert_bounced", {"status": "5.1.1"}, "bounced with 5.7.1, not 5.1.1: stopped"),
    (the_default_story, "assert_quarantined", {}, "is not in quarantine: it arrived"),
    (quarantined, "assert_quarantined", {"at": A}, f"is in quarantine at {GW}, not at {A}: stopped at {GW}: quarantined"),
]


@pytest.mark.parametrize(("story", "claim", "arguments"), HOLDS)
def test_a_true_claim_is_silent(story, claim, arguments) -> None:
    assert getattr(story().trace(), claim)(**arguments) is None


@pytest.mark.parametrize(("story", "claim", "arguments", "first_line"), FAILS)
def test_a_false_claim_says_where_the_letter_stopped(story, claim, arguments, first_line) -> None:
    with pytest.raises(ExpectationError) as failure:
        getattr(story().trace(), claim)(**arguments)
    assert str(failure.value).splitlines()[0].startswith(f"letter 1 {first_line}")


def test_the_failure_goes_on_with_the_diagram_and_the_transcript_of_the_failing_hop() -> None:
    with pytest.raises(ExpectationError) as failure:
        greylisted().trace().assert_delivered()
    where, title, diagram, transcript = str(failure.value).split("\n\n")
    assert title == f"letter 1: {ALICE} -> {BOB}: queued"
    assert " ".join(diagram.split()).endswith(f" X {where.partition(': ')[2]}")
    assert transcript.splitlines()[-1] == f"<** {GREYLISTED}"


@pytest.mark.parametrize("claim", ["assert_delivered", "assert_not_delivered"])
def test_a_claim_about_a_stranger_is_a_mistake_of_the_test(claim) -> None:
    with pytest.raises(MisuseError, match=r"no recipient 'eve@exampleE.tst'"):
        getattr(the_default_story().trace(), claim)(to="eve@exampleE.tst")


def test_every_claim_settles_once() -> None:
    settled: list[int] = []
    trace = Trace(the_default_story().journal, 1, before=lambda: settled.append(1))
    trace.assert_delivered(via=B, attempts=1)
    assert settled == [1]


@pytest.mark.parametrize("claim", ["452 4.2.2", "452 4.2.2 full: try again", "452-4.2.2 full:", 452])
def test_a_reply_of_several_lines_is_claimed_in_either_way(claim: int | str) -> None:
    t = Teller()
    copy = t.submit()
    busy = Reply(452, "full:\ntry again", "4.2.2")
    t.attempt(copy, B, str(busy))
    t.tell(ev.Queued(host=A, of=copy, recipients=addresses(BOB), due=0, attempts=1, reason="full", reply=busy))
    trace = Trace(t.journal, 1)
    trace.assert_queued(reply=claim)
    with pytest.raises(ExpectationError, match=r"not because of 452 4\.2\.2 try"):
        trace.assert_queued(reply="452 4.2.2 try")
