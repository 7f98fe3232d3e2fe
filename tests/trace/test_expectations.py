"""Claims about a trace: they hold in silence, and fail by telling where the letter stopped."""

import re
from datetime import timedelta

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


def quarantined_and_released() -> Teller:
    t = quarantined()
    (copy,) = (event.of for event in t.journal.of_kind(ev.Quarantined))
    t.tell(ev.Released(host=GW, of=copy, recipients=addresses(BOB)))
    t.deliver(t.relay(copy, GW, B))
    return t


def delivered_twice() -> Teller:
    t = Teller()
    copy = t.submit()
    for child in (t.relay(copy, A, B, lost=True), t.relay(copy, A, B)):
        t.deliver(child)
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
    (the_default_story, "assert_delivered", {"folder": "inbox", "within": 0}),
    (the_default_story, "assert_delivered_once", {}),
    (the_default_story, "assert_passed_through", {"to": BOB}),
    (the_default_story, "assert_read", {"by": BOB, "over": "imap", "kept": True}),
    (the_default_story, "assert_not_read", {"over": "pop3"}),
    (delivered_after_greylisting, "assert_delivered", {"within": timedelta(hours=1)}),
    (greylisted, "assert_queued", {"next_attempt": timedelta(minutes=15)}),
    (greylisted, "assert_not_read", {}),
    (refused_by_the_gateway, "assert_bounced", {"by": A}),
    (quarantined_and_released, "assert_released", {"at": GW}),
    (quarantined_and_released, "assert_delivered", {}),
]

FAILS = [
    (
        greylisted,
        "assert_delivered",
        {},
        f"expected delivery to {BOB}; stopped at {B}, RCPT: {GREYLISTED}; next attempt in",
    ),
    (half_delivered, "assert_delivered", {}, f"expected delivery to {CAROL}; stopped at {A}"),
    (Teller, "assert_delivered", {}, "expected delivery of letter 1"),
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
    (the_default_story, "assert_delivered", {"folder": "Junk"}, f"was delivered into {BOB}/INBOX, not into Junk"),
    (
        delivered_after_greylisting,
        "assert_delivered",
        {"within": 60},
        f"was delivered to {BOB} after 30 min, not within 1 min",
    ),
    (greylisted, "assert_queued", {"next_attempt": 60}, "is attempted next in 15 min, not in 1 min: stopped at"),
    (greylisted, "assert_read", {}, f"was not read: stopped at {B}"),
    (greylisted, "assert_delivered_once", {}, f"expected delivery to {BOB}; stopped at {B}"),
    (delivered_twice, "assert_delivered_once", {}, "was delivered 2 times, not once"),
    (
        the_default_story,
        "assert_read",
        {"over": "pop3"},
        f"was not read over POP3, but read by {BOB} over IMAP, a copy stays",
    ),
    (the_default_story, "assert_read", {"kept": False}, f"was read by {BOB} over IMAP, a copy stays on the server"),
    (the_default_story, "assert_not_read", {}, f"was read by {BOB} over IMAP"),
    (the_default_story, "assert_encrypted", {}, "expected letter 1 to be encrypted all the way"),
    (refused_by_the_gateway, "assert_bounced", {"by": B}, f"bounced at {A}, not at {B}"),
    (refused_by_the_gateway, "assert_bounced", {"action": "delayed"}, "was not reported as delayed: stopped at"),
    (quarantined, "assert_released", {}, "was not released from quarantine: stopped at"),
    (quarantined_and_released, "assert_released", {"at": A}, f"was released at {GW}, not at {A}"),
    (quarantined, "assert_quarantined", {"at": A}, f"is in quarantine at {GW}, not at {A}: stopped at {GW}: quarantined"),
]


@pytest.mark.parametrize(("story", "claim", "arguments"), HOLDS)
def test_a_true_claim_is_silent(story, claim, arguments) -> None:
    assert getattr(story().trace(), claim)(**arguments) is None


@pytest.mark.parametrize(("story", "claim", "arguments", "first_line"), FAILS)
def test_a_false_claim_says_where_the_letter_stopped(story, claim, arguments, first_line) -> None:
    with pytest.raises(ExpectationError) as failure:
        getattr(story().trace(), claim)(**arguments)
    assert str(failure.value).splitlines()[0].removeprefix("letter 1 ").startswith(first_line)


def test_the_failure_goes_on_with_the_diagram_and_the_transcript_of_the_failing_hop() -> None:
    with pytest.raises(ExpectationError) as failure:
        greylisted().trace().assert_delivered()
    where, title, diagram, transcript = str(failure.value).split("\n\n")
    assert title == f"letter 1: {ALICE} -> {BOB}: queued"
    assert " ".join(diagram.split()).endswith(f" X {where.partition('; ')[2]}")
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


# One claim and two hosts of a story that passed A and then B.
PASSED = [
    ("assert_passed_through", (A, B), ""),
    ("assert_passed_through", (B.upper(),), ""),
    ("assert_never_passed_through", (GW, MX1), ""),
    ("assert_passed_through", (B, A), f"did not pass through {B}, {A}, but through {A}, {B}"),
    ("assert_never_passed_through", (GW, A), f"passed through {A}"),
]


@pytest.mark.parametrize(("claim", "hosts", "told"), PASSED)
def test_the_hosts_that_it_passed(claim: str, hosts: tuple[str, ...], told: str) -> None:
    check = getattr(the_default_story().trace(), claim)
    if not told:
        check(*hosts)
    else:
        with pytest.raises(ExpectationError, match=f"^letter 1 {re.escape(told)}: it arrived"):
            check(*hosts)


# A name that is nobody's, in claims that would hold of nobody, or never.
MISSPELT = [
    ("assert_delivered", {"via": "mx1.exampleC.tst"}),
    ("assert_queued", {"at": "mx1.exampleC.tst"}),
    ("assert_bounced", {"by": "mx1.exampleC.tst"}),
    ("assert_quarantined", {"at": "mx1.exampleC.tst"}),
    ("assert_released", {"at": "mx1.exampleC.tst"}),
    ("assert_refused", {"at": "mx1.exampleC.tst"}),
]


@pytest.mark.parametrize(("claim", "arguments"), MISSPELT)
def test_a_host_that_is_none_is_refused_with_the_nearest(claim: str, arguments: dict[str, str]) -> None:
    story = the_default_story()
    story.journal.hosts = lambda: (A, B, MX1)
    with pytest.raises(MisuseError, match=r"mx1\.exampleC\.tst.*did you mean 'mx1\.exampleB\.tst'"):
        getattr(story.trace(), claim)(**arguments)
    for passage in (story.trace().assert_passed_through, story.trace().assert_never_passed_through):
        with pytest.raises(MisuseError, match="no host"):
            passage("mx1.exampleC.tst")


WRONG = [
    ("assert_delivered", {"within": "5 minutes"}, "within='5 minutes': write seconds, or a timedelta"),
    ("assert_queued", {"next_attempt": True}, "next_attempt=True: write seconds"),
    ("assert_bounced", {"action": "fialed"}, "did you mean 'failed'"),
    ("assert_read", {"over": "imap4"}, "did you mean 'imap'"),
    ("assert_delivered", {"via": 25}, "25 is no host"),
]


@pytest.mark.parametrize(("claim", "arguments", "cure"), WRONG)
def test_what_no_claim_can_mean_is_told_at_once(claim: str, arguments: dict[str, object], cure: str) -> None:
    story = delivered_after_greylisting() if "queued" not in claim else greylisted()
    with pytest.raises(MisuseError, match=re.escape(cure)):
        getattr(story.trace(), claim)(**arguments)


def test_of_a_world_that_was_stopped_the_failure_says_so() -> None:
    story = greylisted()
    story.journal.close()
    with pytest.raises(ExpectationError, match="its world was stopped, and nothing more happens"):
        story.trace().assert_delivered()
