"""Conservation, told as small stories: those whose books balance, and those in which a letter was lost or doubled."""

import pytest

from mailharness.errors import ConservationError
from mailharness.mail import Cause, Copy, Reply
from mailharness.trace import Journal
from mailharness.trace import events as ev
from mailharness.trace.ledger import assert_conserved, check
from tests.trace.teller import ALICE, BOB, CAROL, GW, MX1, MX2, OK, A, B, Teller, addresses, the_default_story

(BOB_ADDRESS,) = addresses(BOB)


def _data(t: Teller, host: str, of: Copy) -> int:
    """A session in which the copy's data came to its end."""
    session = t.session(host, A)
    t.tell(ev.DataEnded(host=host, session=session, of=of, protocol=ev.SMTP, size=28))
    return session


def _judge(t: Teller, host: str, session: int, verdict: str, of: Copy | None = None) -> None:
    last = t.journal.events[-1].serial
    t.tell(
        ev.Judged(host=host, session=session, about=last, fault="a fault", verdict=verdict, **({"of": of} if of else {}))
    )


def delivered(t: Teller) -> None:
    t.deliver(t.relay(t.submit(), A, B))


def delivered_to_several(t: Teller) -> None:
    copy = t.submit(BOB, CAROL)
    t.deliver(t.relay(copy, A, B, BOB), B, BOB)
    t.deliver(t.relay(copy, A, "mail.exampleC.tst", CAROL), "mail.exampleC.tst", CAROL)


def reported(t: Teller) -> None:
    """What the sender is told on the way settles nothing, and unsettles nothing."""
    copy = t.submit()
    t.tell(ev.Delayed(host=A, of=copy, recipient=BOB_ADDRESS, status="4.4.1", reply=None, reason="", report=2))
    t.report(copy, 2)
    t.deliver(Copy(2, 2), A, ALICE)
    t.tell(ev.Reported(host=A, of=copy, recipient=BOB_ADDRESS, action="relayed", report=3))
    t.relay(copy, A, B)
    t.deliver(Copy(1, 3))


def queued(t: Teller) -> None:
    t.queue(t.submit())


def queued_and_then_delivered(t: Teller) -> None:
    copy = t.submit()
    t.queue(copy)
    t.queue(copy, attempts=2)
    t.deliver(t.relay(copy, A, B))


def expanded(t: Teller) -> None:
    members = ("ann@a.tst", "bea@a.tst")
    for child, member in zip(t.expand(t.submit("team@a.tst"), A, "team@a.tst", *members), members, strict=True):
        t.deliver(child, A, member)


def expanded_in_place(t: Teller) -> None:
    """The copies of an expansion may be told by their outcomes alone."""
    copy = t.submit("team@a.tst")
    child = t.new_copy(copy.letter, copy, Cause.ALIAS)
    t.tell(ev.Expanded(host=A, of=copy, recipient=addresses("team@a.tst")[0], copies=(child.copy,)))
    t.deliver(child, A, "ann@a.tst")


def expanded_but_for_one_who_has_it(t: Teller) -> None:
    copy = t.submit("team@a.tst", "ann@a.tst")
    t.tell(ev.Expanded(host=A, of=copy, recipient=addresses("team@a.tst")[0], copies=(), already=addresses("ann@a.tst")))
    t.deliver(copy, A, "ann@a.tst")


def bounced(t: Teller) -> None:
    copy = t.submit()
    t.bounce(copy, "550 5.1.1 unknown", report=2)
    t.deliver(t.report(copy, t.new_letter()), A, ALICE)


def double_bounced(t: Teller) -> None:
    t.bounce(t.submit(sender=None), "550 5.1.1 unknown", report=0)


def refused_in_the_session(t: Teller) -> None:
    """A refusal heard from the next host settles nothing here; the bounce does."""
    copy = t.submit()
    t.tell(ev.Refused(host=B, of=copy, recipient=BOB_ADDRESS, reply=Reply(550, "no")))
    t.bounce(copy, "550 no", report=0)


def refused_before_acceptance(t: Teller) -> None:
    t.tell(ev.Refused(host=A, of=t.new_copy(t.new_letter()), recipient=BOB_ADDRESS, reply=Reply(550, "no")))


def refused_by_a_gateway(t: Teller) -> None:
    copy = t.relay(t.submit(), A, GW)
    t.tell(ev.Refused(host=GW, of=copy, recipient=None, reply=Reply(554, "no"), by="size"))


def quarantined(t: Teller) -> None:
    copy = t.relay(t.submit(), A, GW)
    t.tell(ev.Quarantined(host=GW, of=copy, recipients=(BOB_ADDRESS,), filter="f", reason="r"))


def released_from_quarantine(t: Teller) -> None:
    copy = t.relay(t.submit(), A, GW)
    t.tell(ev.Quarantined(host=GW, of=copy, recipients=(BOB_ADDRESS,), filter="f", reason="r"))
    t.deliver(t.relay(copy, GW, B))


def discarded(t: Teller) -> None:
    t.tell(ev.Discarded(host=A, of=t.submit(), recipient=BOB_ADDRESS, rule="junk"))


def passed_out_of_the_world(t: Teller) -> None:
    t.tell(ev.Relayed(host=A, of=t.submit(), recipients=(BOB_ADDRESS,), to="smtp.foreign.tst", reply=OK))


def named_twice_and_delivered_twice(t: Teller) -> None:
    copy = t.submit(BOB, BOB)
    t.deliver(copy, A)
    t.deliver(copy, A, uid=2)


def twice_after_a_reply_that_is_known_to_be_lost(t: Teller) -> None:
    copy = t.submit()
    t.deliver(t.relay(copy, A, MX1, lost=True), MX1)
    t.queue(copy)
    t.deliver(t.relay(copy, A, MX2), MX2, uid=2)


def twice_after_the_receiver_was_cut(t: Teller) -> None:
    copy = t.submit()
    child = t.new_copy(copy.letter, copy, Cause.RELAY)
    session = _data(t, MX1, child)
    t.accept(MX1, child, BOB, session=session)
    t.deliver(child, MX1)
    _judge(t, MX1, session, "cut")
    t.queue(copy)
    t.deliver(t.relay(copy, A, MX2), MX2, uid=2)


def stalled_in_a_session(t: Teller) -> None:
    copy = t.submit()
    session = _data(t, B, copy)
    _judge(t, B, session, "delay by 600 s", copy)


def stalled_before_the_letter_was_known(t: Teller) -> None:
    copy = t.submit()
    t.tell(ev.Dialed(host=A, of=copy, to=B, address="127.9.0.1", port=25, protocol=ev.SMTP))
    _judge(t, B, t.session(B, A), "delay by 300 s")


def stalled_at_a_name_server(t: Teller) -> None:
    t.submit()
    t.tell(ev.Queried(host="ns.tst", by=A, name="exampleB.tst", rrtype="MX"))
    _judge(t, "ns.tst", 0, "drop")


def answered_by_a_stranger(t: Teller) -> None:
    t.submit()
    t.tell(ev.Queried(host="ns.tst", by=A, name="exampleB.tst", rrtype="MX"))
    _judge(t, "ns.tst", 0, "forge another ID")


@pytest.mark.parametrize(
    "story",
    [
        delivered,
        delivered_to_several,
        reported,
        queued,
        queued_and_then_delivered,
        expanded,
        expanded_in_place,
        expanded_but_for_one_who_has_it,
        bounced,
        double_bounced,
        refused_in_the_session,
        refused_before_acceptance,
        refused_by_a_gateway,
        quarantined,
        released_from_quarantine,
        discarded,
        passed_out_of_the_world,
        named_twice_and_delivered_twice,
        twice_after_a_reply_that_is_known_to_be_lost,
        twice_after_the_receiver_was_cut,
        stalled_in_a_session,
        stalled_before_the_letter_was_known,
        stalled_at_a_name_server,
        answered_by_a_stranger,
    ],
)
def test_the_books_balance(story) -> None:
    t = Teller()
    story(t)
    assert list(map(str, check(t.journal))) == []
    assert_conserved(t.journal)


def forgotten(t: Teller) -> None:
    t.submit()


def forgotten_after_a_report_of_success(t: Teller) -> None:
    copy = t.submit()
    t.tell(ev.Reported(host=A, of=copy, recipient=BOB_ADDRESS, action="relayed", report=3))


def forgotten_after_an_attempt(t: Teller) -> None:
    copy = t.submit()
    session = _data(t, B, copy)
    _judge(t, B, session, "delay by 600 s", copy)
    t.attempt(copy, B, "451 4.3.0 later", session=session)


def forgotten_after_the_stalled_session_closed(t: Teller) -> None:
    copy = t.submit()
    session = _data(t, B, copy)
    _judge(t, B, session, "delay by 600 s", copy)
    t.closes(session, "eof")


def forgotten_in_spite_of_a_fault_elsewhere(t: Teller) -> None:
    other, _ = t.submit(), t.submit()
    t.queue(other)
    _judge(t, B, t.session(B, A), "delay by 600 s", other)


def one_of_two_forgotten(t: Teller) -> None:
    t.deliver(t.submit(BOB, CAROL), A, CAROL)


def delivered_twice(t: Teller) -> None:
    copy = t.submit()
    t.deliver(copy, A)
    t.deliver(copy, A, uid=2)


def delivered_and_bounced(t: Teller) -> None:
    copy = t.submit()
    t.deliver(copy, A)
    t.bounce(copy, report=0)


def delivered_and_yet_queued(t: Teller) -> None:
    copy = t.submit()
    t.deliver(copy, A)
    t.queue(copy)


def passed_on_to_nobody(t: Teller) -> None:
    t.tell(ev.Relayed(host=A, of=t.submit(), recipients=(BOB_ADDRESS,), to=B, reply=OK, copy_there=77))


def passed_on_for_another(t: Teller) -> None:
    copy = t.submit()
    there = t.new_copy(copy.letter, copy, Cause.RELAY)
    t.accept(B, there, CAROL)
    t.deliver(there, B, CAROL)
    t.tell(ev.Relayed(host=A, of=copy, recipients=(BOB_ADDRESS,), to=B, reply=OK, copy_there=there.copy))


def expanded_into_nothing(t: Teller) -> None:
    t.expand(t.submit("team@a.tst"), A, "team@a.tst")


def expanded_into_a_ghost(t: Teller) -> None:
    t.tell(ev.Expanded(host=A, of=t.submit(), recipient=BOB_ADDRESS, copies=(8, 9)))


def expanded_but_for_one_whom_nobody_reached(t: Teller) -> None:
    copy = t.submit("team@a.tst")
    t.tell(ev.Expanded(host=A, of=copy, recipient=addresses("team@a.tst")[0], copies=(), already=addresses("ann@a.tst")))


def bounced_without_its_report(t: Teller) -> None:
    t.bounce(t.submit(), "550 no", report=44)


def its_report_forgotten(t: Teller) -> None:
    copy = t.submit()
    t.bounce(copy, "550 no", report=2)
    t.report(copy, t.new_letter())


def doubled_by_two_hosts(t: Teller) -> None:
    copy = t.submit()
    child = t.new_copy(copy.letter, copy, Cause.RELAY)
    session = _data(t, MX1, child)
    t.accept(MX1, child, BOB, session=session)
    t.deliver(child, MX1)
    t.deliver(t.relay(copy, A, MX2), MX2, uid=2)


def doubled_though_only_the_next_letters_reply_was_cut(t: Teller) -> None:
    copy = t.submit()
    child = t.new_copy(copy.letter, copy, Cause.RELAY)
    session = _data(t, MX1, child)
    t.accept(MX1, child, BOB, session=session)
    t.deliver(child, MX1)
    t.tell(ev.DataEnded(host=MX1, session=session, protocol=ev.SMTP, size=1))
    _judge(t, MX1, session, "cut")
    t.deliver(t.relay(copy, A, MX2), MX2, uid=2)


LOST = "accepted, and then lost: no outcome is recorded"


@pytest.mark.parametrize(
    ("story", "copy", "recipient", "problem"),
    [
        (forgotten, 1, BOB, LOST),
        (forgotten_after_a_report_of_success, 1, BOB, LOST),
        (forgotten_after_an_attempt, 1, BOB, LOST),
        (forgotten_after_the_stalled_session_closed, 1, BOB, LOST),
        (forgotten_in_spite_of_a_fault_elsewhere, 2, BOB, LOST),
        (one_of_two_forgotten, 1, BOB, LOST),
        (delivered_twice, 1, BOB, "settled 2 times: delivered, delivered"),
        (delivered_and_bounced, 1, BOB, "settled 2 times: delivered, bounced"),
        (delivered_and_yet_queued, 1, BOB, "settled (delivered), and yet queued afterwards"),
        (passed_on_to_nobody, 1, BOB, f"passed on to {B} as copy 77, which was never accepted there for this recipient"),
        (passed_on_for_another, 1, BOB, f"passed on to {B} as copy 2, which was never accepted there for this recipient"),
        (expanded_into_nothing, 1, "team@a.tst", "expanded into copies that nobody accepted: none at all"),
        (
            expanded_but_for_one_whom_nobody_reached,
            1,
            "team@a.tst",
            "expanded but for ann@a.tst, whom no copy of the letter is for",
        ),
        (expanded_into_a_ghost, 1, BOB, "expanded into copies that nobody accepted: 8, 9"),
        (bounced_without_its_report, 1, BOB, "bounced, but its report, letter 44, was never accepted"),
        (its_report_forgotten, 2, ALICE, LOST),
        (doubled_by_two_hosts, 1, BOB, f"held by 2 next hosts without a lost reply: {MX1} (copy 2), {MX2} (copy 3)"),
        (
            doubled_though_only_the_next_letters_reply_was_cut,
            1,
            BOB,
            f"held by 2 next hosts without a lost reply: {MX1} (copy 2), {MX2} (copy 3)",
        ),
    ],
)
def test_what_is_lost_or_doubled_is_named(story, copy, recipient, problem) -> None:
    t = Teller()
    story(t)
    assert [(one.copy.copy, str(one.recipient), one.problem) for one in check(t.journal)] == [(copy, recipient, problem)]


def test_the_error_tells_the_story_of_each_copy_that_is_missing() -> None:
    t = the_default_story()
    copy = t.submit()
    t.attempt(copy, MX1, "451 4.3.0 later")
    with pytest.raises(ConservationError) as failure:
        assert_conserved(t.journal)
    assert str(failure.value).splitlines() == [
        "1 letter is not where the books say:",
        f"letter 2, copy 3 at {A}, for {BOB}: {LOST}",
        f"    {A}: submitted from <{ALICE}> for {BOB}, 28 octets",
        f"    {A}: attempted -> {MX1} (127.9.0.1), attempt 1: 451 4.3.0 later",
    ]
    t.submit()
    with pytest.raises(ConservationError, match="2 are not where the books say"):
        assert_conserved(t.journal)


def test_the_books_of_evicted_letters_are_closed() -> None:
    t = Teller()
    t.journal = Journal(t.clock, keep_letters=1)
    copy = t.submit()
    t.bounce(copy, "550 no", report=2)
    t.deliver(t.report(copy, t.new_letter()), A, ALICE)
    assert t.journal.was_evicted(1)
    assert_conserved(t.journal)


def test_the_books_are_read_without_going_through_a_session_for_each_letter(monkeypatch) -> None:
    t = Teller()
    for _ in range(30):
        doubled_though_only_the_next_letters_reply_was_cut(t)
    read: list[int] = []
    of_session = Journal.of_session
    monkeypatch.setattr(Journal, "of_session", lambda kept, number: read.append(number) or of_session(kept, number))
    assert (len(check(t.journal)), read) == (30, [])
