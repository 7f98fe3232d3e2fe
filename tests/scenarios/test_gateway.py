"""A mail gateway before the MTA: what its filters say, what becomes of the letter, and what it bounces."""

import threading
from concurrent.futures import CancelledError

import pytest

from mailharness import Domain, ExpectationError, Gateway, faults
from mailharness.agents.filters import Arrival, Quarantine, Refuse, Tag
from mailharness.faults import Answer
from mailharness.trace.events import Accepted, Bounced, Commanded, Event, Filtered
from tests.scenarios.stage import ACME, as_email, cast, playing, whenever


def guarded(gateway: Gateway, **more: object) -> Domain:
    return Domain("globex.test", users=["bob", "dave"], gateway=gateway, **more)


def test_a_gateway_is_one_more_host_on_the_way() -> None:
    with playing(ACME, guarded(Gateway())) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, subject="through the gate")
        assert letter.trace.path[1:4] == ("mail.acme.test", "gateway.globex.test", "mail.globex.test")
        assert world["globex.test"].smtp == world.host("gateway.globex.test").smtp
        assert len(bob.inbox[0].headers("Received")) == 3


def test_each_gateway_asks_in_its_own_name_and_knows_what_the_other_has_learnt() -> None:
    with playing(ACME, guarded(Gateway(), mx=["gw1", "gw2"])) as world:
        alice, bob = cast(world)
        of_the_other = world.dns.resolver("gw2.globex.test")
        first = alice.send(to=bob).trace
        first.assert_delivered(via="gw1.globex.test")
        assert "mail.globex.test" in str(of_the_other.cache)
        assert [(one.host, one.cached) for one in first.dns if one.name == "mail.globex.test"] == [
            ("gw1.globex.test", False)
        ]
        asked = world.dns.queries(name="mail.globex.test")
        assert {query.by for query in asked} == {"gw1.globex.test"}
        with world.fault(faults.refuse("gw1.globex.test")):
            second = alice.send(to=bob).trace
            assert [(one.host, one.cached) for one in second.dns if one.name == "mail.globex.test"] == [
                ("gw2.globex.test", True)
            ]
        assert world.dns.queries(name="mail.globex.test") == asked


def test_a_submission_host_of_its_own_asks_in_its_own_name() -> None:
    with playing(ACME, Domain("globex.test", users=["bob"], submission=["smtp"])) as world:
        alice, bob = cast(world)
        bob.send(to=alice).trace.assert_delivered()
        assert {query.by for query in world.dns.queries(name="acme.test")} == {"smtp.globex.test"}


def test_the_mx_names_of_a_guarded_domain_are_gateways() -> None:
    with playing(ACME, guarded(Gateway(words=["invoice"]), mx=["gw1", "gw2"])) as world:
        alice, bob = cast(world)
        with world.fault(faults.refuse("gw1.globex.test")):
            alice.send(to=bob, subject="your invoice").trace.assert_delivered(via=["gw2.globex.test", "mail.globex.test"])
        assert "words" in (bob.inbox[0].header("X-Filter") or "")


@pytest.mark.parametrize(
    ("gateway", "letter", "status"),
    [
        (Gateway(max_size=1000), {"text": "x" * 2000}, "5.3.4"),
        (Gateway(attachments=["*.exe"]), {"attachments": [("run.exe", b"MZ")]}, "5.7.1"),
        (Gateway(payment_cards=True), {"text": "card 4111 1111 1111 1111"}, "5.7.1"),
    ],
    ids=["size", "attachment", "card"],
)
def test_what_a_filter_refuses_comes_back_to_the_sender(gateway: Gateway, letter: dict, status: str) -> None:
    with playing(ACME, guarded(gateway)) as world:
        alice, bob = cast(world)
        sent = alice.send(to=bob, subject="forbidden", **letter)
        sent.trace.assert_bounced(status=status)
        sent.trace.assert_refused(at="gateway.globex.test", reply=550 if status != "5.3.4" else 552)
        assert as_email(alice.inbox[0])["Subject"] == "Undelivered Mail Returned to Sender"
        assert bob.inbox.subjects == []
        alice.send(to=bob, subject="harmless").trace.assert_delivered()


def test_a_deceptive_link_is_held_in_quarantine() -> None:
    page = '<a href="http://evil.test/login">http://bank.test/login</a>'
    with playing(ACME, guarded(Gateway(deceptive_links=True))) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, subject="your bank", text="see html", html=page)
        letter.trace.assert_quarantined(at="gateway.globex.test")
        letter.trace.assert_not_delivered()
        assert alice.inbox.subjects == bob.inbox.subjects == []
        reception = world.host("gateway.globex.test").reception
        assert [held.message.subject for held in reception.quarantine] == ["your bank"]


def test_tags_are_added_above_the_bytes_that_came() -> None:
    def tag(arrival: Arrival) -> Tag:
        return Tag("X-Spam", f"no, from {arrival.peer} as {arrival.helo}")

    with playing(ACME, guarded(Gateway(filters=[tag], words=["offer"]))) as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="an offer", text="unchanged")
        (message,) = bob.inbox
        assert message.header("X-Spam") == f"no, from {world.host('mail.acme.test').address} as mail.acme.test"
        assert [name for name, _ in message.fields[2:6]] == ["Received", "Received", "X-Spam", "X-Filter"]
        assert message.body_bytes == b"unchanged\r\n"


def test_filters_of_a_users_own_are_asked_in_order_until_one_decides() -> None:
    asked: list[str] = []

    def passes(arrival: Arrival) -> None:
        asked.append("passes")

    def holds(arrival: Arrival) -> Quarantine:
        asked.append("holds")
        return Quarantine("looks odd")

    def never(arrival: Arrival) -> None:
        asked.append("never")

    with playing(ACME, guarded(Gateway(filters=[passes, holds, never]))) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        letter.trace.assert_quarantined()
        assert asked == ["passes", "holds"]
        found = [(event.filter, event.verdict) for event in world.journal.of_kind(Filtered)]
        assert found == [("passes", "accept"), ("holds", "quarantine")]


def raises(arrival: Arrival) -> None:
    raise LookupError("no such model")


def talks_nonsense(arrival: Arrival) -> str:
    return "spam"


def leaves(arrival: Arrival) -> None:
    raise SystemExit(3)


def runs_out(arrival: Arrival) -> None:
    next(iter(()))


def is_cancelled(arrival: Arrival) -> None:
    raise CancelledError


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (raises, "LookupError: no such model"),
        (talks_nonsense, "returned 'spam'"),
        (leaves, "raised SystemExit: 3"),
        (runs_out, "raised StopIteration"),
        (is_cancelled, "raised CancelledError"),
    ],
)
def test_a_filter_that_breaks_defers_the_letter_and_says_why(broken, reason: str) -> None:
    with playing(ACME, guarded(Gateway(filters=[broken]))) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        assert letter.trace.status == {"bob@globex.test": "queued"}
        (judged,) = world.journal.of_kind(Filtered)
        assert (judged.verdict, judged.filter) == ("defer", broken.__name__)
        assert reason in judged.reason
        world.clock.advance(days=6)
        assert letter.trace.bounces[-1].status == "4.7.1"


CLAIMS = {
    "not delivered": lambda trace: trace.assert_not_delivered(),
    "not delivered to one": lambda trace: trace.assert_not_delivered(to="bob@globex.test"),
    "delivered": lambda trace: trace.assert_delivered(),
    "queued": lambda trace: trace.assert_queued(at="mail.acme.test", reply=451),
    "refused": lambda trace: trace.assert_refused(at="gateway.globex.test", reply=451),
    "bounced": lambda trace: trace.assert_bounced(),
    "quarantined": lambda trace: trace.assert_quarantined(),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_no_claim_holds_because_a_filter_broke(claim: str) -> None:
    def guards(arrival: Arrival) -> None:
        raise AttributeError("no subject")

    with playing(ACME, guarded(Gateway(filters=[guards]))) as world:
        alice, bob = cast(world)
        trace = alice.send(to=[bob, "carol@acme.test"]).trace
        with pytest.raises(ExpectationError) as failure:
            CLAIMS[claim](trace)
        headline = str(failure.value).partition("\n")[0]
        assert (
            "stopped at gateway.globex.test: filter guards raised AttributeError: no subject (test_gateway.py:" in headline
        )
        trace.assert_delivered(to="carol@acme.test")
        with pytest.raises(ExpectationError, match="was delivered: it is in carol@acme"):
            trace.assert_not_delivered(to="carol@acme.test")


def test_claims_hold_again_when_a_filter_has_been_mended() -> None:
    failures = ["once"]

    def wobbles(arrival: Arrival) -> Refuse | None:
        return Refuse("550 5.7.1 no") if not failures else failures.pop() / 2

    with playing(ACME, guarded(Gateway(filters=[wobbles]))) as world:
        alice, bob = cast(world)
        trace = alice.send(to=bob).trace
        assert "filter wobbles raised TypeError" in trace.stop
        world.clock.advance(minutes=15)
        trace.assert_not_delivered()
        trace.assert_bounced(status="5.7.1", to=bob)


def test_a_filter_that_hangs_defers_the_letter_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    hung: list[str] = []

    def ponders(arrival: Arrival) -> None:
        if not hung:
            hung.append("here")
            free.wait()

    monkeypatch.setattr("mailharness.world.internet._FILTER_PATIENCE", 0.05)
    with playing(ACME, guarded(Gateway(filters=[ponders]))) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        assert letter.trace.stop.startswith(
            "stopped at gateway.globex.test: filter ponders did not come to an end in 0.05 s; the letter is deferred"
        )
        free.set()
        world.clock.advance(minutes=15)
        letter.trace.assert_delivered(attempts=2)
        assert bob.inbox.subjects == [""]


def test_a_filter_may_refuse_for_now() -> None:
    with playing(ACME, guarded(Gateway(filters=[lambda arrival: Refuse("450 4.7.1 come back", "first time")]))) as world:
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_queued(reply="450 4.7.1")


def test_an_unknown_user_is_refused_at_the_gate() -> None:
    with playing(ACME, guarded(Gateway())) as world:
        alice, _ = cast(world)
        letter = alice.send(to="bop@globex.test")
        letter.trace.assert_refused(at="gateway.globex.test", reply="550 5.1.1")
        letter.trace.assert_bounced(status="5.1.1")


def test_what_the_host_behind_refuses_is_reported_by_the_gateway() -> None:
    with playing(ACME, guarded(Gateway())) as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mail.globex.test", "EOD", "554 5.6.0 not like this")):
            letter = alice.send(to=bob)
            letter.trace.assert_bounced(status="5.6.0")
        assert [event.host for event in world.journal.of_kind(Bounced)] == ["gateway.globex.test"]
        assert as_email(alice.inbox[0])["From"].endswith("<MAILER-DAEMON@gateway.globex.test>")


def takes_no_reports(event: Event) -> bool:
    return isinstance(event, Commanded) and event.host == "mail.acme.test" and event.line.startswith("MAIL FROM:<>")


def test_a_report_that_nobody_takes_is_given_up_without_another_report() -> None:
    with playing(ACME, guarded(Gateway())) as world:
        alice, bob = cast(world)
        refusal = faults.reply("mail.globex.test", "EOD", "554 5.6.0 not like this")
        with world.fault(refusal, whenever(takes_no_reports, Answer("550 5.7.1 no reports"))):
            letter = alice.send(to=bob)
            letter.trace.assert_bounced(status="5.6.0")
        first, second = world.journal.of_kind(Bounced)
        assert (first.report, second.letter, second.report) == (world.letters[1].number, world.letters[1].number, 0)
        assert alice.inbox.subjects == []


def test_the_gateway_waits_for_the_host_behind() -> None:
    with playing(ACME, guarded(Gateway())) as world:
        alice, bob = cast(world)
        world.switch_off("mail.globex.test")
        letter = alice.send(to=bob)
        letter.trace.assert_queued(at="gateway.globex.test")
        world.switch_on("mail.globex.test")
        world.clock.advance(minutes=15)
        letter.trace.assert_delivered()
        assert [event.host for event in world.journal.of_kind(Accepted)].count("gateway.globex.test") == 1
