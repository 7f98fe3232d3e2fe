"""What a reception may do besides answering: refuse in a rule's name, be slow, be told of an end, speak in other words."""

from dataclasses import dataclass, field

import pytest

from mailharness.faults import Cut, Fault
from mailharness.faults.fault import PASS
from mailharness.mail import Address, Reply
from mailharness.smtp import Decision, Ruling, SmtpSession, Transaction, Voice, replies
from mailharness.trace.events import Closed, Commanded, Judged, Refused
from tests.smtp.stage import Client, Desk, Stage, on_stage, until

NO = Reply(550, "No", "5.7.1")


@dataclass
class Strict(Desk):
    """A desk with a rule for each phase whose name it is told, that counts the sessions which have ended."""

    phase: str = ""
    ended: list[int] = field(default_factory=list)
    slow: dict[str, float] = field(default_factory=dict)

    def _rule(self, phase: str) -> Decision:
        return Ruling(NO, f"the rule of {phase}") if phase == self.phase else None

    def connected(self, session: SmtpSession) -> Decision:
        session.on_end.append(lambda: self.ended.append(session.number))
        if self.slow:
            session.pace = lambda verb, _: self.slow.get(verb, 0)
        return self._rule("greeting")

    def hello(self, session: SmtpSession, name: str) -> Decision:
        return self._rule("hello")

    def sender(self, session: SmtpSession, transaction: Transaction) -> Decision:
        return self._rule("MAIL")

    def recipient(self, session: SmtpSession, transaction: Transaction, address: Address) -> Decision:
        return self._rule("RCPT")


async def converse(client: Client) -> list[str]:
    """The greeting and the replies to four commands, first lines only."""
    said = [await client.reply()]
    said += [await client.ask(line) for line in ("EHLO x.test", "MAIL FROM:<a@a.test>", "RCPT TO:<b@b.test>", "QUIT")]
    return [reply[:3] for reply in said]


@pytest.mark.parametrize(
    ("phase", "codes", "times"),
    [
        ("greeting", ["550", "503", "503", "503", "221"], 1),
        ("hello", ["220", "550", "503", "503", "221"], 1),
        ("MAIL", ["220", "250", "550", "503", "221"], 1),
        ("RCPT", ["220", "250", "250", "550", "221"], 1),
        ("", ["220", "250", "250", "250", "221"], 0),
    ],
)
def test_a_refusal_bears_the_name_of_its_rule(phase: str, codes: list[str], times: int) -> None:
    async def play(stage: Stage) -> None:
        assert await converse(await stage.client()) == codes

    stage = on_stage(play, Stage(Strict(phase=phase)))
    named = [event for event in stage.story(Refused) if event.by]
    assert [(event.by, event.reply) for event in named] == [(f"the rule of {phase}", NO)] * times


@pytest.mark.parametrize("end", ["quit", "half-closed", "reset", "cut", "421"])
def test_the_end_of_a_session_is_told_once(end: str) -> None:
    cut = Fault("cut", lambda event: Cut() if isinstance(event, Commanded) and event.verb == "NOOP" else PASS)

    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        if end == "half-closed":
            client.writer.write_eof()
        elif end == "reset":
            client.leave(reset=True)
        elif end == "cut":
            stage.switchboard.arm(cut)
            client.say("NOOP\r\n")
        else:
            client.say("QUIT\r\n" if end == "quit" else "BOO\r\n" * 20)
        await until(lambda: stage.receivers[0].transport is None)

    stage = on_stage(play, Stage(desk := Strict()))
    assert (desk.ended, len(stage.story(Closed))) == ([1], 1)


def test_a_slow_reply_is_told_and_waits_for_the_clock() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say("EHLO x.test\r\nNOOP\r\n")
        await client.reply()
        assert (await client.reply())[:3] == "250"
        await until(lambda: stage.story(Judged))
        await stage.work.settled()
        await stage.clock.advance(7)
        assert await client.reply() == "250 2.0.0 OK"

    stage = on_stage(play, Stage(Strict(slow={"NOOP": 7})))
    (judged,) = stage.story(Judged)
    assert (judged.fault, judged.verdict) == ("tarpit of mail.b.test", "delay by 7 s")


def test_a_voice_says_refusals_and_consents_and_the_story_has_its_words() -> None:
    voice = Voice(
        {
            replies.SENDER_OK: Reply(250, "<{sender}> welcome at {host}"),
            replies.BYE: Reply(221, "So long, {client}", "2.0.0"),
            NO: Reply(554, "Not <{recipient}>\nnever", "5.7.1"),
        }
    )

    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        await client.ask("EHLO x.test")
        assert await client.ask("MAIL FROM:<a@a.test>") == "250 <a@a.test> welcome at mail.b.test"
        assert await client.ask("RCPT TO:<b@b.test>") == "554-5.7.1 Not <b@b.test>\n554 5.7.1 never"
        assert await client.ask("QUIT") == "221 2.0.0 So long, 127.0.0.1"

    stage = on_stage(play, Stage(Strict(phase="RCPT"), voice=voice))
    (refusal,) = stage.story(Refused)
    assert str(refusal.reply) == "554-5.7.1 Not <b@b.test>\n554 5.7.1 never"
