"""Who is told what of a letter: every request against every outcome, and a foreign reader for what is sent (RFC 3461)."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from email import message_from_bytes
from email.message import Message as ForeignMessage
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from mailharness import Address, Message
from mailharness.agents.reporting import Reporter
from mailharness.clock import VirtualClock, Work
from mailharness.mail import Cause, Copy, DsnRequest, Envelope, Numbering, Reply
from mailharness.mail.dsn import Failure
from mailharness.trace.events import Accepted, Bounced, Delayed, Reported

ANN, BOB, EVE = (Address.parse(text) for text in ("ann@a.test", "bob@b.test", "eve@b.test"))
HOST, NOW = "mail.a.test", 1_772_600_000.0
COPY = Copy(1, 0x2A)
LETTER = Message(
    b"From: ann@a.test\r\nSubject: hi\r\nMessage-ID: <1@a.test>\r\n\r\nbody\r\n",
    (
        b"Received: from pc.a.test ([127.0.0.1])\r\n"
        b"\tby mail.a.test with ESMTP id 0000002A; Wed, 04 Mar 2026 04:43:20 +0000\r\n",
    ),
)
OK, BUSY, NOBODY = Reply(250, "Ok", "2.0.0"), Reply(450, "busy", "4.2.1"), Reply(550, "No bob", "5.1.1")


class Stage(NamedTuple):
    """A reporter, the events it announced, and what it sent."""

    reporter: Reporter
    events: list[Any]
    sent: list[tuple[Copy, Envelope, Message]]

    def told(self, kind: type) -> list[Any]:
        return [event for event in self.events if type(event) is kind]


def stage(**more: int) -> Stage:
    events: list[Any] = []
    sent: list[tuple[Copy, Envelope, Message]] = []
    around: Any = SimpleNamespace(
        clock=VirtualClock(Work(), start=NOW), announce=events.append, numbering=Numbering(), work=Work()
    )
    return Stage(Reporter(HOST, around, lambda *report: sent.append(report), **more), events, sent)


def envelope(notify: Iterable[str] | None = None, **more: Any) -> Envelope:
    asked = None if notify is None else frozenset(notify)
    requests = {BOB: DsnRequest(asked, "rfc822;Bob+x@old.test")}
    return Envelope(ANN, (BOB,), requests=requests, envid="QQ 17", **more)


def failure(reply: Reply, recipient: Address = BOB) -> Failure:
    return Failure(recipient, reply.status, f"mx.b.test said: {reply}", reply, "mx.b.test")


class Outcome(NamedTuple):
    """What becomes of the letter, what has to be asked for to hear of it, and what the report then says."""

    happen: Callable[[Reporter, Envelope], None]
    asked: str
    action: str
    status: str
    remote: str | None
    diagnostic: str | None
    until: str | None = None


OUTCOMES = {
    "delivered": Outcome(
        lambda reporter, of: reporter.delivered(COPY, of, LETTER, [BOB]), "SUCCESS", "delivered", "2.1.5", None, None
    ),
    "relayed to a host without DSN": Outcome(
        lambda reporter, of: reporter.relayed(COPY, of, LETTER, [BOB], to="mx.b.test", reply=OK),
        "SUCCESS",
        "relayed",
        "2.0.0",
        "dns; mx.b.test",
        "smtp; 250 2.0.0 Ok",
    ),
    "expanded": Outcome(
        lambda reporter, of: reporter.expanded(COPY, of, LETTER, [BOB]), "SUCCESS", "expanded", "2.1.5", None, None
    ),
    "delayed": Outcome(
        lambda reporter, of: reporter.delayed(COPY, of, LETTER, [failure(BUSY)], NOW + 86_400),
        "DELAY",
        "delayed",
        "4.2.1",
        "dns; mx.b.test",
        "smtp; 450 4.2.1 busy",
        "Thu, 05 Mar 2026 04:53:20 +0000",
    ),
    "failed at once": Outcome(
        lambda reporter, of: reporter.failed(COPY, of, LETTER, [failure(NOBODY)]),
        "FAILURE",
        "failed",
        "5.1.1",
        "dns; mx.b.test",
        "smtp; 550 5.1.1 No bob",
    ),
    "failed in the end": Outcome(
        lambda reporter, of: reporter.failed(COPY, of, LETTER, [failure(BUSY)]),
        "FAILURE",
        "failed",
        "4.2.1",
        "dns; mx.b.test",
        "smtp; 450 4.2.1 busy",
    ),
}
WORDS = ("SUCCESS", "FAILURE", "DELAY")
NOTIFY = [None, {"NEVER"}, *(set(some) for size in (1, 2, 3) for some in itertools.combinations(WORDS, size))]


def is_owed(notify: set[str] | None, asked: str) -> bool:
    return asked in (notify if notify is not None else {"FAILURE", "DELAY"})


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=list(OUTCOMES))
@pytest.mark.parametrize("ret", ["", "HDRS", "FULL"], ids=lambda ret: f"RET={ret}" if ret else "no RET")
@pytest.mark.parametrize("notify", NOTIFY, ids=lambda asked: "no NOTIFY" if asked is None else ",".join(sorted(asked)))
def test_what_is_told(notify: set[str] | None, ret: str, outcome: Outcome) -> None:
    """RFC 3461 §4.1, §4.3, §5.2: NOTIFY against RET against outcome."""
    played = stage()
    outcome.happen(played.reporter, envelope(notify, ret=ret))
    announced = [(event.action, event.report) for event in played.told(Reported)]
    announced += [("delayed", event.report) for event in played.told(Delayed)]
    announced += [("failed", event.report) for event in played.told(Bounced)]
    if not is_owed(notify, outcome.asked):
        assert played.sent == []
        assert announced == ([("failed", 0)] if outcome.action == "failed" else [])
        return
    ((copy, sent, report),) = played.sent
    assert announced == [(outcome.action, copy.letter)]
    assert (copy.cause, copy.parent, sent.sender, sent.recipients) == (Cause.DSN, COPY.copy, None, (ANN,))
    check(message_from_bytes(bytes(report)), outcome, whole=ret == "FULL" and outcome.action == "failed")


def check(report: ForeignMessage, outcome: Outcome, *, whole: bool) -> None:
    """Every field, as the standard library reads it."""
    assert (report.get_content_type(), report.get_param("report-type")) == ("multipart/report", "delivery-status")
    text, status, original = report.get_payload()
    assert [part.get_content_type() for part in (text, status)] == ["text/plain", "message/delivery-status"]
    assert b"<bob@b.test>" in text.get_payload(decode=True)
    about, bob = status.get_payload()
    assert about.items() == [
        ("Original-Envelope-Id", "QQ 17"),
        ("Reporting-MTA", f"dns; {HOST}"),
        ("Received-From-MTA", "dns; pc.a.test"),
        ("Arrival-Date", "Wed, 04 Mar 2026 04:43:20 +0000"),
    ]
    expected = {
        "Original-Recipient": "rfc822; Bob+x@old.test",
        "Final-Recipient": "rfc822; bob@b.test",
        "Action": outcome.action,
        "Status": outcome.status,
        "Remote-MTA": outcome.remote,
        "Diagnostic-Code": outcome.diagnostic,
        "Last-Attempt-Date": "Wed, 04 Mar 2026 04:53:20 +0000" if outcome.asked != "SUCCESS" else None,
        "Final-Log-ID": None if outcome.remote else "0000002A",
        "Will-Retry-Until": outcome.until,
    }
    assert dict(bob.items()) == {name: value for name, value in expected.items() if value is not None}
    assert original.get_content_type() == ("message/rfc822" if whole else "text/rfc822-headers")
    returned = original.get_payload()[0] if whole else message_from_bytes(original.get_payload(decode=True))
    assert (returned["Subject"], returned.get_payload()) == ("hi", "body\r\n" if whole else "")


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=list(OUTCOMES))
def test_a_report_is_never_reported_of(outcome: Outcome) -> None:
    """RFC 5321 §6.1: whatever becomes of it, and whatever it asks for."""
    played = stage()
    outcome.happen(played.reporter, replace(envelope({"SUCCESS", "FAILURE", "DELAY"}), sender=None))
    assert played.sent == []
    assert [event.report for event in played.events] == ([0] if outcome.action == "failed" else [])


def test_of_several_only_those_are_told_of_whose_sender_asked() -> None:
    played = stage()
    requests = {EVE: DsnRequest(frozenset({"NEVER"}))}
    played.reporter.failed(
        COPY, Envelope(ANN, (BOB, EVE), requests=requests), LETTER, [failure(NOBODY), failure(NOBODY, EVE)]
    )
    ((copy, _, report),) = played.sent
    assert [(event.recipient, event.report) for event in played.told(Bounced)] == [(BOB, copy.letter), (EVE, 0)]
    told = report.as_dsn()
    assert told is not None
    assert [each.final for each in told.recipients] == ["bob@b.test"]


def test_the_outcome_is_announced_before_its_report_and_the_report_before_it_goes() -> None:
    played = stage()
    played.reporter.failed(COPY, envelope(), LETTER, [failure(NOBODY)])
    assert [type(event) for event in played.events] == [Bounced, Accepted]
    assert played.told(Accepted)[0].message is played.sent[0][2]


@pytest.mark.parametrize(
    ("size", "more", "whole"),
    [(900, {}, True), (1_100, {}, False), (900, {"binary": True}, False)],
    ids=["fits", "too long", "binary"],
)
def test_what_is_too_long_or_has_no_lines_is_not_returned(size: int, more: dict[str, bool], whole: bool) -> None:
    played = stage(max_returned=1_000)
    message = Message(b"Subject: s\r\n\r\n".ljust(size, b"x"))
    played.reporter.failed(COPY, envelope(ret="FULL", **more), message, [failure(NOBODY)])
    told = played.sent[0][2].as_dsn()
    assert told is not None
    assert told.whole is whole


def test_a_failure_without_a_reply_is_told_in_the_hosts_own_words() -> None:
    played = stage()
    played.reporter.failed(COPY, envelope(), LETTER, [Failure(BOB, "5.7.1", "deleted by the postmaster")])
    report = played.sent[0][2]
    told = report.as_dsn()
    assert told is not None
    assert (told.recipients[0].diagnostic_type, told.recipients[0].reply) == ("x-mailharness", None)
    assert "<bob@b.test>: a rule of the mail system forbids its delivery; deleted by the postmaster" in report.text


def test_a_letter_of_the_hosts_own_has_no_arrival() -> None:
    played = stage()
    played.reporter.failed(COPY, envelope(), Message(b"Subject: own\r\n\r\n"), [failure(NOBODY)])
    told = played.sent[0][2].as_dsn()
    assert told is not None
    assert (told.arrival, told.received_from) == (None, "")


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(450, "not now"), "5.4.7"),
        (Reply(451, "SERVFAIL", "4.4.3"), "4.4.3"),
        (Reply(556, "no mail"), "5.1.10"),
        (Reply(550, "no"), "5.0.0"),
    ],
)
def test_the_report_and_the_trace_name_the_same_cause(reply: Reply, status: str) -> None:
    played = stage()
    given = Failure(BOB, reply.status or f"{reply.code // 100}.0.0", "", reply)
    played.reporter.failed(COPY, envelope(), LETTER, [given])
    told = played.sent[0][2].as_dsn()
    assert told is not None
    assert told.recipients[0].status == played.told(Bounced)[0].status == status


@pytest.mark.parametrize(
    ("sender", "recipient", "smtputf8", "kind", "declared"),
    [
        ("ann@a.test", "bob@b.test", True, "message/delivery-status", False),
        ("ann@a.test", "jörg@b.test", True, "message/global-delivery-status", False),
        ("ann@a.test", "jörg@b.test", False, "message/delivery-status", False),
        ("zoë@a.test", "jörg@b.test", True, "message/global-delivery-status", True),
    ],
)
def test_reports_in_utf_8_are_for_those_who_write_so(
    sender: str, recipient: str, smtputf8: bool, kind: str, declared: bool
) -> None:
    played = stage()
    to = Address.parse(recipient)
    asked = Envelope(Address.parse(sender), (to,), smtputf8=smtputf8)
    played.reporter.failed(COPY, asked, LETTER, [failure(NOBODY, to)])
    ((_, envelope_of_it, report),) = played.sent
    assert [part.get_content_type() for part in message_from_bytes(bytes(report)).walk()].count(kind) == 1
    assert envelope_of_it.smtputf8 is declared
    assert envelope_of_it.eight_bit is (not bytes(report).isascii())
    told = report.as_dsn()
    assert told is not None
    assert told.recipients[0].final == recipient


def test_an_international_orcpt_is_read_and_written() -> None:
    played = stage()
    requests = {BOB: DsnRequest(orcpt=r"utf-8;j\x{F6}rg@b.test")}
    played.reporter.failed(COPY, Envelope(ANN, (BOB,), requests=requests), LETTER, [failure(NOBODY)])
    report = played.sent[0][2]
    assert rb"Original-Recipient: utf-8; j\x{F6}rg@b.test" in bytes(report)
    told = report.as_dsn()
    assert told is not None
    assert told.recipients[0].original == "jörg@b.test"
