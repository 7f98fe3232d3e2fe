"""One letter's story as values: path, status, where it is, and why it stopped."""

import pytest

from mailharness.errors import MisuseError
from mailharness.mail import Cause, Reply
from mailharness.trace import Bounce, Journal, Trace
from mailharness.trace import events as ev
from tests.trace.teller import ALICE, BOB, CAROL, GW, MX1, MX2, START, A, B, Teller, addresses, the_default_story


def test_the_default_story_has_the_path_that_the_reader_expects() -> None:
    trace = the_default_story().trace()
    assert trace.path == (ALICE, A, B, BOB)
    assert trace.paths == {BOB: trace.path}
    assert trace.status == {BOB: "delivered"}
    assert trace.where == {BOB: f"{BOB}/INBOX"}
    assert trace.via == (A, B)
    assert (trace.delivered, trace.stop, trace.stopped_at) == (True, "", "")


def test_hops_come_in_order_and_say_where_and_when() -> None:
    trace = the_default_story().trace()
    kinds = "submitted, looked up, looked up, accepted, attempted, relayed, delivered, fetched"
    assert ", ".join(hop.kind for hop in trace.hops) == kinds
    first, *_, last = trace.hops
    assert (first.host, first.at, first.copy) == (A, START, 1)
    assert str(last) == f"{B}: fetched by {BOB} over IMAP"
    assert [hop.real for hop in trace.hops] == sorted(hop.real for hop in trace.hops)


def test_a_gateway_is_a_host_on_the_path() -> None:
    t = Teller()
    at_gateway = t.relay(t.submit(), A, GW)
    t.deliver(t.relay(at_gateway, GW, B))
    assert t.trace().path == (ALICE, A, GW, B, BOB)


def test_a_bounce_has_the_null_sender_at_the_head_of_its_path() -> None:
    t = Teller()
    failed = t.submit()
    report = t.report(failed, t.new_letter())
    t.deliver(report, A, ALICE)
    assert t.trace(2).path == ("<>", A, ALICE)


def test_two_recipients_have_a_path_each_and_path_says_so() -> None:
    t = Teller()
    copy = t.submit(BOB, CAROL)
    t.deliver(t.relay(copy, A, B, BOB), B, BOB)
    t.deliver(t.relay(copy, A, "mail.exampleC.tst", CAROL), "mail.exampleC.tst", CAROL)
    with pytest.raises(MisuseError, match=r"2 ends: ask \.paths\[recipient\] for one of userB@exampleB.tst, carol@"):
        _ = t.trace().path
    assert t.trace().paths[BOB] == (ALICE, A, B, BOB)
    assert t.trace().paths["CAROL@EXAMPLEC.TST"] == (ALICE, A, "mail.exampleC.tst", CAROL)


def test_an_alias_for_one_is_found_by_either_name() -> None:
    t = Teller()
    (child,) = t.expand(
        t.relay(t.submit("postmaster@exampleB.tst"), A, B, "postmaster@exampleB.tst"), B, "postmaster@exampleB.tst", BOB
    )
    t.deliver(child)
    trace = t.trace()
    assert trace.path == (ALICE, A, B, BOB)
    assert trace.paths["Postmaster@exampleB.tst"] == trace.path
    assert "postmaster@exampleb.tst" in trace.status
    assert list(trace.status) == [BOB]
    trace.assert_delivered(to="postmaster@exampleB.tst")


def test_a_list_ends_at_each_member_and_asks_which_is_meant() -> None:
    t = Teller()
    members = t.expand(
        t.relay(t.submit("team@b.tst"), A, B, "team@b.tst"), B, "team@b.tst", "ann@b.tst", CAROL, cause=Cause.LIST
    )
    t.deliver(members[0], B, "ann@b.tst")
    t.deliver(t.relay(members[1], B, "mail.exampleC.tst", CAROL), "mail.exampleC.tst", CAROL)
    assert t.trace().paths["ann@b.tst"] == (ALICE, A, B, "ann@b.tst")
    assert t.trace().paths[CAROL] == (ALICE, A, B, "mail.exampleC.tst", CAROL)
    with pytest.raises(MisuseError, match=r"team@b.tst stood for several: ask for one of ann@b.tst, carol@exampleC.tst"):
        _ = t.trace().status["team@b.tst"]
    t.trace().assert_delivered(to="team@b.tst")


def test_an_unknown_recipient_is_answered_with_the_nearest() -> None:
    with pytest.raises(MisuseError, match=r"no recipient 'userC@exampleB.tst'; did you mean 'userB@exampleB.tst'"):
        _ = the_default_story().trace().paths["userC@exampleB.tst"]


def _queued(t: Teller) -> None:
    t.queue(t.submit(), reply="450 4.7.1 greylisted")


def _bounced(t: Teller) -> None:
    t.bounce(t.submit(), "550 5.1.1 no such user")


def _refused_at_once(t: Teller) -> None:
    (address,) = addresses(BOB)
    t.tell(ev.Refused(host=A, of=t.new_copy(t.new_letter()), recipient=address, reply=Reply(550, "no", "5.7.1")))


def _quarantined(t: Teller) -> None:
    copy = t.relay(t.submit(), A, GW)
    t.tell(ev.Quarantined(host=GW, of=copy, recipients=addresses(BOB), filter="phishing", reason="link text lies"))


def _refused_by_the_gateway_afterwards(t: Teller) -> None:
    copy = t.relay(t.submit(), A, GW)
    t.tell(ev.Refused(host=GW, of=copy, recipient=None, reply=Reply(554, "too big", "5.3.4"), by="size"))


def _discarded(t: Teller) -> None:
    (address,) = addresses(BOB)
    t.tell(ev.Discarded(host=B, of=t.relay(t.submit(), A, B), recipient=address, rule="out of office"))


def _left_the_world(t: Teller) -> None:
    t.tell(ev.Relayed(host=A, of=t.submit(), recipients=addresses(BOB), to="smtp.foreign.tst", reply=Reply(250, "taken")))


def _in_transit(t: Teller) -> None:
    t.submit()


def _held_up(t: Teller) -> None:
    copy = t.submit()
    t.tell(ev.Judged(host=B, of=copy, session=0, about=1, fault="stall mail.exampleB.tst", verdict="drop"))


@pytest.mark.parametrize(
    ("story", "status", "where", "stop"),
    [
        (
            _queued,
            "queued",
            A,
            "stopped at mail.exampleA.tst: 450 4.7.1 greylisted; next attempt in 15 min (virtual), attempt 1",
        ),
        (
            _bounced,
            "bounced",
            A,
            "stopped at mail.exampleA.tst: 550 5.1.1 no such user; given up with 5.1.1, no report is owed",
        ),
        (_refused_at_once, "refused", A, "stopped at mail.exampleA.tst: 550 5.7.1 no"),
        (_quarantined, "quarantined", GW, "stopped at gw.exampleB.tst: quarantined by phishing, link text lies"),
        (_refused_by_the_gateway_afterwards, "refused", GW, "stopped at gw.exampleB.tst: 554 5.3.4 too big (by size)"),
        (_discarded, "discarded", B, "stopped at mail.exampleB.tst: discarded by out of office"),
        (
            _left_the_world,
            "relayed",
            "smtp.foreign.tst",
            "passed on to smtp.foreign.tst, which is not ours to follow: 250 taken",
        ),
        (_in_transit, "in transit", A, "stopped at mail.exampleA.tst: in transit"),
        (
            _held_up,
            "in transit",
            A,
            "stopped at mail.exampleA.tst: in transit, at mail.exampleB.tst, held up by stall mail.exampleB.tst: drop",
        ),
    ],
)
def test_each_end_has_a_word_a_place_and_a_reason(story, status, where, stop) -> None:
    t = Teller()
    story(t)
    trace = t.trace()
    assert (trace.status[BOB], trace.where[BOB], trace.delivered) == (status, where, False)
    assert trace.stop == stop
    assert BOB not in trace.path


def test_the_stop_names_the_command_that_was_answered() -> None:
    t = Teller()
    copy = t.submit()
    session = t.session(MX2, A)
    t.says(session, "MAIL FROM:<userA@exampleA.tst>", "250 2.1.0 Ok", copy, MX2)
    t.says(session, "RCPT TO:<userB@exampleB.tst>", "450 4.7.1 greylisted", copy, MX2)
    t.attempt(copy, MX2, "450 4.7.1 greylisted", session=session)
    t.queue(copy, reply="450 4.7.1 greylisted")
    assert t.trace().stop.startswith("stopped at mx2.exampleB.tst, RCPT: 450 4.7.1 greylisted; next attempt in 15 min")
    assert t.trace().stopped_at == MX2
    assert t.trace().sessions == (session,)


def test_the_stop_names_the_host_that_nobody_answers_at() -> None:
    t = Teller()
    copy = t.submit()
    t.attempt(copy, MX1, problem="connection refused")
    t.queue(copy)
    assert t.trace().stop.startswith("stopped at mail.exampleA.tst: mx1.exampleB.tst (127.9.0.1): connection refused; ")


def test_the_stop_names_the_look_up_that_failed() -> None:
    t = Teller()
    copy = t.submit()
    t.look_up(copy, "exampleB.tst", "MX", rcode="SERVFAIL", problem="no server of tst. answered")
    t.queue(copy)
    assert t.trace().stop.startswith(
        "stopped at mail.exampleA.tst, exampleB.tst MX: SERVFAIL: no server of tst. answered; "
    )


def test_an_attempt_that_found_no_way_to_dial_stopped_at_the_look_up() -> None:
    t = Teller()
    copy = t.submit()
    t.look_up(copy, "exampleB.tst", "MX", rcode="NXDOMAIN")
    t.tell(ev.Attempted(host=A, of=copy, recipients=addresses(BOB), to="exampleB.tst", problem="550 5.1.2 no such domain"))
    t.bounce(copy, "550 5.1.2 no such domain", status="5.1.2")
    assert t.trace().stop.startswith("stopped at mail.exampleA.tst, exampleB.tst MX: NXDOMAIN; given up with 5.1.2")


def test_each_recipient_is_told_its_own_answer() -> None:
    t = Teller()
    copy = t.submit("eve@exampleB.tst", BOB)
    session = t.session(B, A)
    for recipient, reply in (("eve@exampleB.tst", "550 5.1.1 unknown"), (BOB, "250 2.1.5 Ok")):
        t.says(session, f"RCPT TO:<{recipient}>", reply, copy)
    both = addresses("eve@exampleB.tst", BOB)
    event = ev.Attempted(
        host=A, of=copy, session=session, recipients=both, to=B, reply=Reply(250, "Ok"), address="127.9.0.1"
    )
    t.tell(event)
    t.deliver(t.relay(copy, A, B))
    t.bounce(copy, "550 5.1.1 unknown", recipient="eve@exampleB.tst")
    assert t.trace().stop.startswith(f"for eve@exampleB.tst: stopped at {B}, RCPT: 550 5.1.1 unknown; given up")


def test_a_failed_look_up_of_another_recipients_domain_is_not_the_reason() -> None:
    t = Teller()
    copy = t.submit(BOB, CAROL)
    t.attempt(copy, B, "451 4.3.0 later")
    t.look_up(copy, "exampleC.tst", "MX", rcode="SERVFAIL", problem="nobody answered")
    t.queue(copy, recipient=BOB)
    t.queue(copy, recipient=CAROL)
    to_bob, to_carol = t.trace().stop.split("; for ")
    assert to_bob.startswith(f"for {BOB}: stopped at {B}: 451 4.3.0 later")
    assert to_carol.startswith(f"{CAROL}: stopped at {A}, exampleC.tst MX: SERVFAIL")


def test_a_later_delivery_supersedes_the_queue() -> None:
    t = Teller()
    copy = t.submit()
    t.queue(copy)
    assert t.trace().status == {BOB: "queued"}
    t.pass_time(900)
    t.deliver(t.relay(copy, A, B))
    assert t.trace().status == {BOB: "delivered"}


def test_a_lost_reply_makes_two_ends_and_the_delivered_one_counts() -> None:
    t = Teller()
    copy = t.submit()
    t.deliver(t.relay(copy, A, B, lost=True))
    t.queue(copy)
    assert (t.trace().status[BOB], t.trace().path) == ("delivered", (ALICE, A, B, BOB))


def test_a_trace_is_read_anew_each_time_after_the_world_was_asked_to_settle() -> None:
    t, settled = Teller(), []
    trace = Trace(t.journal, 1, before=lambda: settled.append(len(settled)))
    assert trace.hops == ()
    t.submit()
    assert [hop.kind for hop in trace.hops] == ["submitted"]
    assert settled == [0, 1]
    assert repr(trace) == "<Trace of letter 1, 1 events>"
    assert settled == [0, 1]


def test_bounces_tell_what_the_sender_was_told() -> None:
    t = Teller()
    copy = t.submit()
    (bob,) = addresses(BOB)
    t.tell(ev.Delayed(host=A, of=copy, recipient=bob, status="4.4.3", reply=None, reason="no answer", report=2))
    t.bounce(copy, "550 5.1.1 unknown", report=3)
    delayed, failed = t.trace().bounces
    assert delayed == Bounce(BOB, "delayed", "4.4.3", None, 2)
    assert (failed.action, failed.status, failed.report, str(failed.reply)) == ("failed", "5.1.1", 3, "550 5.1.1 unknown")


def test_reports_tell_of_success_too_and_settle_nothing() -> None:
    t = Teller()
    copy = t.submit()
    (bob,) = addresses(BOB)
    t.tell(ev.Reported(host=A, of=copy, recipient=bob, action="relayed", status="2.0.0", report=2))
    assert t.trace().status == {BOB: "in transit"}
    t.bounce(copy, "550 5.1.1 unknown", report=3)
    t.tell(ev.Reported(host=A, of=copy, recipient=bob, action="complaint", report=4))
    trace = t.trace()
    assert trace.reports[0] == Bounce(BOB, "relayed", "2.0.0", None, 2)
    assert [(report.action, report.report) for report in trace.reports] == [("relayed", 2), ("failed", 3), ("complaint", 4)]
    assert trace.bounces == trace.reports[1:2]
    assert trace.status == {BOB: "bounced"}
    assert [hop.text for hop in trace.hops if hop.kind == "reported"] == [
        f"relayed for {BOB}, status 2.0.0; told in letter 2",
        f"complaint for {BOB}; told in letter 4",
    ]


def test_attempts_and_faults_are_the_events_themselves() -> None:
    t = Teller()
    copy = t.submit()
    session = t.session(MX1, A)
    t.tell(ev.Judged(host=MX1, session=session, about=3, fault="reply at mx1", verdict="answer '421 busy'"))
    t.attempt(copy, MX1, "421 4.3.2 busy", session=session)
    t.tell(ev.Judged(host=MX1, session=99, about=3, fault="of a stranger", verdict="cut"))
    assert [(one.to, one.attempt) for one in t.trace().attempts] == [(MX1, 1)]
    assert [one.fault for one in t.trace().faults] == ["reply at mx1"]


def test_an_evicted_letter_says_so() -> None:
    t = Teller()
    t.journal = Journal(t.clock, keep_letters=1)
    t.submit()
    t.submit()
    assert t.trace(2).status == {BOB: "in transit"}
    with pytest.raises(MisuseError, match="letter 1 was evicted"):
        _ = t.trace(1).hops


def test_a_letter_that_is_unknown_has_no_story() -> None:
    trace = Teller().trace(7)
    assert (trace.path, trace.stop, trace.delivered, str(trace)) == ((), "", False, "letter 7: nothing is known of it\n")
