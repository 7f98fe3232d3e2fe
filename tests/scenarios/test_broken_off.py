"""A submission that comes to nothing: the error of smtplib is noted with what it cannot know; the trace tells it too."""

import poplib
import smtplib

import pytest
from pytest_mailharness.story import mail_trace

from mailharness import faults
from mailharness.trace.broken_off import broken_off
from mailharness.trace.events import Opened
from tests.scenarios.stage import cast, playing

OUT = "mail.acme.test"
LOST = "the connection ended before a letter was taken"


@pytest.mark.parametrize("moment", ["CONNECT", "MAIL", "RCPT", "DATA"])
def test_a_connection_that_is_lost(moment: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.smtp.close(OUT, moment)), pytest.raises(smtplib.SMTPServerDisconnected) as caught:
            alice.send(to=bob)
        said = {"CONNECT": "greeting"}.get(moment, moment)
        (note,) = caught.value.__notes__
        assert note == f"stopped at {OUT}, {said}: {LOST} (fault: close at {OUT} to {moment})"
        (letter,) = world.letters
        assert letter.trace.stop == note
        assert str(letter.trace).splitlines()[0].endswith(": not taken")


def test_a_greeting_that_is_a_refusal() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(faults.reply(OUT, "CONNECT", "554 5.3.2 not today")):
            letter = alice.send(to=bob)
        assert letter.refused[str(bob)].code == 554
        with pytest.raises(AssertionError, match=f"stopped at {OUT}, greeting: 554 5.3.2 not today \\(fault: reply at"):
            letter.trace.assert_delivered()


def test_a_program_s_own_session_without_a_letter() -> None:
    with playing() as world, smtplib.SMTP(*world["acme.test"].submission) as smtp:
        smtp.ehlo()
        told = mail_trace({world: 0})
        assert f"X stopped at {OUT}, EHLO: no letter has been taken yet\n=== Trying {OUT}..." in told
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login("alice", "wrong")
        assert f"X stopped at {OUT}, AUTH: 535 5.7.8 " in mail_trace({world: 0})


def test_a_session_of_another_kind_is_no_submission() -> None:
    with playing() as world:
        poplib.POP3(*world["acme.test"].pop3).quit()
        world.settle()
        (opened,) = world.journal.of_kind(Opened)
        assert broken_off(world.journal, opened.session) is None
