"""What each family of faults objects to, as tables of events."""

import pytest

from mailharness import faults
from mailharness.errors import MisuseError
from mailharness.faults import PASS, Answer, Cut
from mailharness.trace.events import (
    IMAP,
    SMTP,
    SMTP_PHASES,
    SMTP_VERBS,
    Commanded,
    DataEnded,
    Dialed,
    Greeted,
    Opened,
    Replied,
)

MX1, MX2 = "mx1.b.tst", "mx2.b.tst"


def dialed(to: str) -> Dialed:
    return Dialed(host="mail.a.tst", to=to, address="127.9.0.1", port=25, protocol=SMTP)


def opened(host: str, peer: str = "127.9.0.1:25") -> Opened:
    return Opened(host=host, protocol=SMTP, peer=peer, address="127.9.0.1", port=25)


def said(verb: str, host: str = MX1, protocol: str = SMTP) -> Commanded:
    return Commanded(host=host, protocol=protocol, verb=verb, line=verb)


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (dialed(MX1), Cut()),
        (dialed("MX1.b.tst"), Cut()),
        (dialed(MX2), PASS),
        (opened(MX1), Cut()),
        (opened(MX1, "ann@a.tst"), Cut()),
        (opened(MX1, "mail.a.tst"), PASS),
        (opened(MX2), PASS),
        (opened("mail.a.tst"), PASS),
        (Greeted(host=MX1, protocol=SMTP), PASS),
    ],
)
def test_refuse_turns_away_where_one_dials_and_where_one_arrives(event, verdict) -> None:
    assert faults.refuse(MX1.upper()).judge(event) == verdict


@pytest.mark.parametrize(
    ("command", "event", "answered"),
    [
        ("RCPT", said("RCPT"), True),
        ("rcpt", said("RCPT"), True),
        ("RCPT", said("MAIL"), False),
        ("RCPT", said("RCPT", MX2), False),
        ("RCPT", said("RCPT", MX1.upper()), True),
        ("NOOP", said("NOOP", protocol=IMAP), False),
        ("CONNECT", Greeted(host=MX1, protocol=SMTP), True),
        ("CONNECT", Greeted(host=MX1, protocol=IMAP), False),
        ("EOD", DataEnded(host=MX1, protocol=SMTP, size=1), True),
        ("EOD", DataEnded(host=MX1, protocol=IMAP, size=1), False),
        ("DATA", DataEnded(host=MX1, protocol=SMTP, size=1), False),
        ("DATA", Replied(host=MX1, protocol=SMTP, text="354 go on"), False),
    ],
)
def test_reply_answers_one_command_of_one_host(command, event, answered) -> None:
    verdict = faults.reply(MX1, command, "451 4.7.1 greylisted").judge(event)
    assert verdict == (Answer("451 4.7.1 greylisted") if answered else PASS)


@pytest.mark.parametrize("command", sorted(SMTP_VERBS | SMTP_PHASES))
def test_every_verb_and_phase_can_be_answered(command) -> None:
    fault = faults.reply(MX1, command, "421 busy", times=2, optional=True)
    assert (fault.hosts, fault.times, fault.optional) == ((MX1,), 2, True)
    assert str(fault) == f"reply at {MX1} to {command}: 421 busy (times=2)"


@pytest.mark.parametrize(
    ("command", "text", "message"),
    [
        ("RCTP", "451 later", "no SMTP verb or phase 'RCTP'; did you mean 'RCPT'"),
        ("", "451 later", "no SMTP verb or phase ''"),
        ("FETCH", "451 later", "no SMTP verb or phase 'FETCH'"),
        ("RCPT", "greylisted", "'greylisted' is not an SMTP reply"),
        ("RCPT", "199 hm", "'199 hm' is not an SMTP reply"),
        ("RCPT", "451 5.7.1 no", r"contradicts 451 \(RFC 2034"),
    ],
)
def test_a_fault_that_could_never_be_meant_is_refused_at_once(command, text, message) -> None:
    with pytest.raises(MisuseError, match=message):
        faults.reply(MX1, command, text)


def test_refuse_says_what_it_does() -> None:
    fault = faults.refuse(MX1, times=3)
    assert (str(fault), fault.hosts, fault.optional) == (f"refuse {MX1} (times=3)", (MX1,), False)
