"""Reports over the wire: what a sender asks for by NOTIFY, RET, ENVID and ORCPT against what becomes of the letter, as the
standard library reads what comes back (RFC 3461, RFC 3464)."""

import contextlib
import itertools
import smtplib
from collections.abc import Iterator
from email import message_from_bytes
from typing import NamedTuple

import pytest

from mailharness import World, faults
from mailharness.faults import Fault
from tests.scenarios.stage import playing

HOST = "mail.globex.test"
WORDS = ("SUCCESS", "FAILURE", "DELAY")
NOTIFY = ["", "NEVER", *(",".join(some) for size in (1, 2, 3) for some in itertools.combinations(WORDS, size))]
BUSY = faults.reply(HOST, "RCPT", "450 4.2.1 busy")
SPEAKS_HELO_ONLY = faults.reply(HOST, "EHLO", "502 5.5.1 EHLO is not known here")


class Outcome(NamedTuple):
    """Whom the letter is for, what is in its way, and the reports that can come of it, with what asks for each."""

    to: str
    fault: Fault | None
    days: int
    reports: dict[str, tuple[str, str]]
    """By action, the word of NOTIFY that asks for it and its status."""


OUTCOMES = {
    "delivered": Outcome("bob", None, 0, {"delivered": ("SUCCESS", "2.1.5")}),
    "relayed to a host without DSN": Outcome("bob", SPEAKS_HELO_ONLY, 0, {"relayed": ("SUCCESS", "2.0.0")}),
    "failed at once": Outcome("nobody", None, 0, {"failed": ("FAILURE", "5.1.1")}),
    "failed in the end": Outcome("bob", BUSY, 6, {"delayed": ("DELAY", "4.2.1"), "failed": ("FAILURE", "4.2.1")}),
}


@contextlib.contextmanager
def submitting(world: World) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(*world["acme.test"].submission) as smtp:
        smtp.ehlo("client.test")
        assert smtp.has_extn("dsn")
        yield smtp


def submit(world: World, to: str, notify: str, ret: str) -> None:
    with submitting(world) as smtp:
        asked = [f"RET={ret}"] if ret else []
        assert smtp.mail("alice@acme.test", ["ENVID=QQ+2B17", *asked])[0] == 250
        orcpt = "ORCPT=rfc822;Bob+2Bx@old.test"
        assert smtp.rcpt(to, [f"NOTIFY={notify}", orcpt] if notify else [orcpt])[0] == 250
        assert smtp.data(b"Subject: matrix\r\n\r\nbody\r\n")[0] == 250
    world.settle()


def owed(notify: str, outcome: Outcome) -> list[str]:
    asked = notify.split(",") if notify else ["FAILURE", "DELAY"]
    return [action for action, (word, _) in outcome.reports.items() if word in asked]


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=list(OUTCOMES))
@pytest.mark.parametrize("ret", ["", "HDRS", "FULL"], ids=lambda ret: f"RET={ret}" if ret else "no RET")
@pytest.mark.parametrize("notify", NOTIFY, ids=lambda notify: notify or "no NOTIFY")
def test_what_comes_back(notify: str, ret: str, outcome: Outcome) -> None:
    with playing() as world:
        with world.fault(outcome.fault) if outcome.fault else contextlib.nullcontext():
            submit(world, f"{outcome.to}@globex.test", notify, ret)
            world.clock.advance(days=outcome.days)
        alice = world.user("alice@acme.test")
        actions = owed(notify, outcome)
        assert len(alice.inbox) == len(actions)
        for report, action in zip(alice.inbox, actions, strict=True):
            check(bytes(report), outcome, action, whole=ret == "FULL" and action == "failed")
        told = [report for report in world.letters[0].trace.reports if report.report]
        assert [(report.action, report.status) for report in told] == [
            (action, outcome.reports[action][1]) for action in actions
        ]
        assert {letter.envelope.sender for letter in world.letters[1:]} <= {None}


def check(octets: bytes, outcome: Outcome, action: str, *, whole: bool) -> None:
    report = message_from_bytes(octets)
    assert (report.get_content_type(), report.get_param("report-type")) == ("multipart/report", "delivery-status")
    assert report["Return-Path"] == "<>"
    _, status, original = report.get_payload()
    about, recipient = status.get_payload()
    assert about["Original-Envelope-Id"] == "QQ+17"
    assert about["Reporting-MTA"] == f"dns; {HOST if action == 'delivered' else 'mail.acme.test'}"
    assert recipient["Original-Recipient"] == "rfc822; Bob+x@old.test"
    assert recipient["Final-Recipient"] == f"rfc822; {outcome.to}@globex.test"
    assert (recipient["Action"], recipient["Status"]) == (action, outcome.reports[action][1])
    assert recipient["Remote-MTA"] == (None if action == "delivered" else f"dns; {HOST}")
    assert (recipient["Will-Retry-Until"] is not None) is (action == "delayed")
    assert original.get_content_type() == ("message/rfc822" if whole else "text/rfc822-headers")
    assert (b"\r\nbody\r\n" in octets) is whole
