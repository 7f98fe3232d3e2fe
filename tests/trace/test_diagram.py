"""The story on a terminal, compared to what a reader sees; and the look-ups that are told inside it."""

import textwrap

import pytest

from mailharness.mail import NO_COPY, Reply
from mailharness.trace import events as ev
from mailharness.trace.diagram import WIDTH
from mailharness.trace.wording import duration, names, octets, same_name
from tests.trace.teller import BOB, GW, MX1, A, B, Teller, addresses, the_default_story


def shown(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


def test_the_default_story_from_top_to_bottom() -> None:
    assert str(the_default_story().trace()) == shown("""
        letter 1: userA@exampleA.tst -> userB@exampleB.tst: delivered

          mail.exampleA.tst
            |  submitted    from <userA@exampleA.tst> for userB@exampleB.tst, 28 octets
            |  looked up    exampleB.tst MX: 10 mail.exampleB.tst.
            |                 root.tst: exampleB.tst MX? -> referral to tst.
            |                 ns.tst: exampleB.tst MX? -> referral to exampleB.tst.
            |                 ns.exampleB.tst: exampleB.tst MX? -> 10 mail.exampleB.tst.
            |  looked up    mail.exampleB.tst A: 127.9.0.1 (cached)
            v  relayed      -> mail.exampleB.tst: 250 2.0.0 Ok
          mail.exampleB.tst
            |  accepted     from <userA@exampleA.tst> for userB@exampleB.tst, 28 octets
            |  delivered    into userB@exampleB.tst/INBOX, UID 1
            |  fetched      by userB@exampleB.tst over IMAP
          = read by userB@exampleB.tst over IMAP, a copy stays on the server
    """)


def test_time_that_passed_is_told_where_it_passed() -> None:
    t = Teller()
    copy = t.submit()
    t.attempt(copy, MX1, problem="connection refused")
    t.queue(copy)
    t.pass_time(900)
    t.attempt(copy, MX1, "550 5.1.1 unknown", attempt=2)
    t.bounce(copy, "550 5.1.1 unknown", report=2)
    assert str(t.trace()) == shown("""
        letter 1: userA@exampleA.tst -> userB@exampleB.tst: bounced

          mail.exampleA.tst
            |  submitted    from <userA@exampleA.tst> for userB@exampleB.tst, 28 octets
            |  attempted    -> mx1.exampleB.tst (127.9.0.1), attempt 1: connection refused
            |  queued       for userB@exampleB.tst, after attempt 1, for 15 min
          (+15 min)
            |  attempted    -> mx1.exampleB.tst (127.9.0.1), attempt 2: 550 5.1.1 unknown
            |  bounced      for userB@exampleB.tst, status 5.1.1: 550 5.1.1 unknown; reported as letter 2
          X stopped at mx1.exampleB.tst: 550 5.1.1 unknown; given up with 5.1.1, reported as letter 2
    """)


def test_what_a_gateway_does_and_what_a_fault_does_are_hops() -> None:
    t = Teller()
    copy = t.relay(t.submit(), A, GW)
    (bob,) = addresses(BOB)
    t.tell(
        ev.Filtered(host=GW, of=copy, filter="size", verdict="accept"),
        ev.Filtered(host=GW, of=copy, filter="words", verdict="quarantine", reason="a card number"),
        ev.Judged(host=GW, of=copy, about=1, fault="slow gateway", verdict="delay by 3 s"),
        ev.Quarantined(host=GW, of=copy, recipients=(bob,), filter="words", reason="a card number"),
        ev.Refused(host=GW, of=copy, recipient=bob, reply=Reply(550, "no", "5.7.1"), by="words"),
        ev.Discarded(host=GW, of=copy, recipient=bob, rule="junk"),
        ev.Delayed(host=GW, of=copy, recipient=bob, status="4.4.1", reply=None, reason="", report=9),
        ev.Flagged(host=B, of=copy, user=BOB, mailbox="INBOX", uid=1, flags=("\\Seen",)),
        ev.Fetched(host=B, of=copy, protocol=ev.IMAP, user=BOB, mailbox="INBOX", uid=1, peek=True),
        ev.Removed(host=B, of=copy, protocol=ev.POP3, user=BOB, mailbox="INBOX", uid=1),
    )
    assert [str(hop) for hop in t.trace().hops if hop.host in (GW, B)][1:] == [
        f"{GW}: filtered by size: accept",
        f"{GW}: filtered by words: quarantine (a card number)",
        f"{GW}: faulted by slow gateway: delay by 3 s",
        f"{GW}: quarantined for {BOB} by words (a card number)",
        f"{GW}: refused for {BOB}: 550 5.7.1 no (by words)",
        f"{GW}: discarded for {BOB} by junk",
        f"{GW}: delayed for {BOB}, status 4.4.1; reported as letter 9",
        f"{B}: flagged by {BOB}: \\Seen",
        f"{B}: fetched by {BOB} over IMAP, unmarked",
        f"{B}: removed by {BOB} over POP3 from INBOX",
    ]


def test_a_long_story_is_told_from_its_start_and_from_its_end() -> None:
    t = Teller()
    copy = t.submit()
    for attempt in range(1, 36):
        t.attempt(copy, MX1, problem="connection refused", attempt=attempt)
        t.queue(copy, attempts=attempt)
        t.pass_time(900)
    t.bounce(copy, "451 4.4.1 connection refused")
    told = str(t.trace())
    assert len(t.trace().hops) == 72
    assert "\n  ... 12 steps more ...\n  (+6 h 15 min)\n  mail.exampleA.tst\n" in told
    assert "attempt 20: connection" in told
    assert "attempt 23: connection" not in told
    assert told.index("attempt 35: connection") < told.index("bounced  ")


def test_a_refusal_that_was_announced_twice_is_told_once() -> None:
    t = Teller()
    copy = t.submit()
    for by in ("size", "", ""):
        t.tell(ev.Refused(host=GW, of=copy, session=4, recipient=None, reply=Reply(552, "too big", "5.3.4"), by=by))
    t.tell(ev.Refused(host=GW, of=copy, session=5, recipient=None, reply=Reply(552, "too big", "5.3.4")))
    refusals = [str(hop) for hop in t.trace().hops if hop.kind == "refused"]
    assert refusals == [f"{GW}: refused 552 5.3.4 too big (by size)", f"{GW}: refused 552 5.3.4 too big"]


def test_a_diagram_fits_its_terminal() -> None:
    t = Teller()
    copy = t.submit(*(f"user{n}@a-rather-long-name-of-a-domain.exampleB.tst" for n in range(5)))
    t.ask("ns.tst", "exampleB.tst", "TXT", copy, "word " * 60)
    t.look_up(copy, "exampleB.tst", "TXT", "word " * 60)
    assert max(map(len, str(t.trace()).splitlines()[1:])) <= WIDTH
    t.bounce(copy, "550 5.1.1 " + "no such user " * 20)
    assert max(map(len, str(t.trace()).splitlines()[1:])) <= WIDTH


def test_questions_belong_to_the_look_up_of_their_name_else_to_the_next() -> None:
    t = Teller()
    copy = t.submit()
    t.ask("ns.exampleB.tst", "exampleB.tst", "A", copy, "127.9.0.2")
    t.ask("root.tst", "tst", "NS", copy, referral="tst.")
    t.look_up(copy, "exampleB.tst", "MX", rcode="NXDOMAIN")
    t.look_up(copy, "exampleB.tst", "A", "127.9.0.2")
    mx, a = t.trace().dns
    assert (mx.steps, mx.failed, mx.outcome) == (("root.tst: tst NS? -> referral to tst.",), True, "NXDOMAIN")
    assert (a.steps, a.failed, a.outcome) == (("ns.exampleB.tst: exampleB.tst A? -> 127.9.0.2",), False, "127.9.0.2")


def test_questions_that_carry_no_letter_are_found_by_name_and_time() -> None:
    t = Teller()
    t.ask("ns.exampleB.tst", "exampleB.tst", "MX", NO_COPY, "of an earlier time")
    copy = t.submit()
    t.ask("ns.exampleB.tst", "exampleB.tst", "MX", NO_COPY, rcode="SERVFAIL")
    t.ask("ns.exampleC.tst", "exampleC.tst", "MX", NO_COPY)
    t.tell(ev.Queried(host="ns2.exampleB.tst", by=A, name="exampleB.tst", rrtype="MX"))
    t.look_up(copy, "exampleB.tst", "MX", rcode="SERVFAIL", problem="nobody knows")
    t.look_up(copy, "exampleB.tst", "MX", rcode="SERVFAIL", cached=True)
    first, second = t.trace().dns
    assert first.steps == (
        "ns.exampleB.tst: exampleB.tst MX? -> SERVFAIL",
        "ns2.exampleB.tst: exampleB.tst MX? -> no answer",
    )
    assert (second.steps, second.cached, second.host, second.asked) == ((), True, A, ())


def test_an_empty_answer_is_told_as_one() -> None:
    t = Teller()
    copy = t.submit()
    t.ask("ns.exampleB.tst", "exampleB.tst", "MX", copy)
    t.look_up(copy, "exampleB.tst", "MX")
    (lookup,) = t.trace().dns
    assert (lookup.outcome, lookup.steps) == ("no such records", ("ns.exampleB.tst: exampleB.tst MX? -> no such records",))
    assert (lookup.name, lookup.rrtype, lookup.rcode, lookup.answers) == ("exampleB.tst", "MX", "NOERROR", ())


def test_without_the_questions_the_resolvers_own_account_is_told() -> None:
    t = Teller()
    t.look_up(t.submit(), "exampleB.tst", "MX", rcode="SERVFAIL", asked=("root.tst (127.9.0.9): no answer",))
    assert "\n    |                 root.tst (127.9.0.9): no answer\n" in str(t.trace())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (1, "1 s"),
        (59.6, "1 min"),
        (900, "15 min"),
        (9000, "2 h 30 min"),
        (180_061, "2 d 2 h"),
    ],
)
def test_a_duration_is_told_by_its_two_largest_units(seconds, text) -> None:
    assert duration(seconds) == text


def test_numbers_and_names_are_told_one_way() -> None:
    assert [octets(1), octets(1234)] == ["1 octet", "1,234 octets"]
    assert names(addresses("a@x.tst", "b@x.tst", "c@x.tst", "d@x.tst")) == "a@x.tst, b@x.tst, c@x.tst and 1 more"
    assert same_name("MX.b.tst.", "mx.B.tst")


def test_what_an_application_asks_in_the_same_words_is_not_the_letters_look_up() -> None:
    t = Teller()
    copy = t.submit()
    t.ask("ns.tst", "exampleB.tst", "MX", NO_COPY, referral="exampleB.tst.")
    t.tell(ev.Queried(host="resolver", by="127.0.0.1", name="exampleB.tst", rrtype="MX"))
    t.tell(ev.Queried(host="ns.tst", by="resolver", name="exampleB.tst", rrtype="MX"))
    t.look_up(copy, "exampleB.tst", "MX", "10 mail.exampleB.tst.")
    (lookup,) = t.trace().dns
    assert lookup.steps == ("ns.tst: exampleB.tst MX? -> referral to exampleB.tst.",)


def test_a_step_tells_what_was_sent_and_whether_it_was_the_truth() -> None:
    t = Teller()
    copy = t.submit()
    for more in ({"forged": "forged"}, {"forged": "another ID"}, {"truncated": True}, {"rcode": "SERVFAIL"}):
        answer = ev.Responded(host="ns.tst", of=copy, by=A, name="b.tst", rrtype="MX", **{"rcode": "NOERROR", **more})
        t.tell(ev.Queried(host="ns.tst", of=copy, by=A, name="b.tst", rrtype="MX"), answer)
    t.look_up(copy, "b.tst", "MX")
    told = [step.rpartition("-> ")[2] for step in t.trace().dns[0].steps]
    assert told == ["no such records (forged)", "no such records (another ID)", "truncated", "SERVFAIL"]
