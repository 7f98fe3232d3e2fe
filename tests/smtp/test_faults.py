"""Faults at a real switchboard: each verdict, at each moment of a session, is carried out to the letter."""

import asyncio
import contextlib

import pytest

from mailharness import faults
from mailharness.faults import PASS, Alter, Answer, Cut, Delay, Drop, Fault, Verdict
from mailharness.trace.events import Closed, Commanded, DataEnded, Event, Greeted, Replied
from tests.smtp.stage import HOST, Client, Stage, on_stage, until

SCRIPT = ["EHLO a.test", "MAIL FROM:<a@a.test>", "RCPT TO:<b@b.test>", "DATA", "hi\r\n.", "QUIT"]
MOMENTS = {"CONNECT": 0, "EHLO": 1, "MAIL": 2, "RCPT": 3, "DATA": 4, "EOD": 5, "QUIT": 6}


def verdict_at(moment: str, verdict: Verdict, times: int | None = 1) -> Fault:
    def judge(event: Event) -> Verdict:
        match event:
            case Commanded(verb=verb):
                return verdict if verb == moment else PASS
            case Greeted():
                return verdict if moment == "CONNECT" else PASS
            case DataEnded():
                return verdict if moment == "EOD" else PASS
        return PASS

    return Fault(f"{verdict} at {moment}", judge, times)


async def up_to(client: Client, moment: str) -> None:
    """Converse until all is said, and answered, that comes before ``moment``."""
    for line in ["", *SCRIPT][: MOMENTS[moment]]:
        assert (await client.ask(line) if line else await client.reply())[:1] in "23"


def line_of(moment: str) -> bytes:
    return b"" if moment == "CONNECT" else SCRIPT[MOMENTS[moment] - 1].encode() + b"\r\n"


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_answer_is_given_instead_and_nothing_happens(moment: str) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(faults.reply(HOST, moment, "451 4.7.1 not yet", times=1))
        client = await stage.client()
        await up_to(client, moment)
        assert await client.ask(line_of(moment)) == "451 4.7.1 not yet"

    assert len(on_stage(play).desk.kept) == (moment == "QUIT")


@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA"])
def test_after_one_time_the_same_session_goes_on(moment: str) -> None:
    async def play(stage: Stage) -> None:
        armed = stage.switchboard.arm(faults.reply(HOST, moment, "451 4.7.1 not yet", times=1))
        client = await stage.client()
        await up_to(client, moment)
        await client.ask(line_of(moment))
        for line in SCRIPT[MOMENTS[moment] - 1 :]:
            assert (await client.ask(line))[:1] in "23"
        assert armed.spent

    assert len(on_stage(play).desk.kept) == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_421_closes(moment: str) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(faults.reply(HOST, moment, "421 4.3.2 going down"))
        client = await stage.client()
        await up_to(client, moment)
        assert await client.ask(line_of(moment)) == "421 4.3.2 going down"
        assert await client.reply() == ""

    assert [event.how for event in on_stage(play).story(Closed)] == ["cut"]


def test_a_554_for_a_greeting_leaves_only_quit() -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(faults.reply(HOST, "CONNECT", "554 5.3.2 no mail here"))
        client = await stage.client()
        assert (await client.reply())[:3] == "554"
        assert (await client.ask("EHLO a.test")).startswith("503 5.5.1")
        assert (await client.ask("QUIT"))[:3] == "221"

    assert [event.how for event in on_stage(play).story(Closed)] == ["quit"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_delay_is_served_on_the_worlds_clock_and_holds_no_work(moment: str) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(verdict_at(moment, Delay(300)))
        client = await stage.client()
        await up_to(client, moment)
        client.say(line_of(moment) + b"NOOP\r\n" * (moment in ("EHLO", "RCPT")))
        await until(lambda: stage.clock.next_due() is not None)
        await stage.work.settled()
        before = len(stage.story(Replied))
        await stage.clock.advance(299)
        assert len(stage.story(Replied)) == before
        moved = asyncio.ensure_future(stage.clock.advance(1))  # settles only when the client has ended its transaction
        assert (await client.reply())[:1] in "23"
        client.leave()
        await moved

    stage = on_stage(play)
    assert len(stage.desk.kept) == (moment in ("EOD", "QUIT"))
    assert stage.problems == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_client_that_leaves_a_stalled_session_leaves_no_timer_and_no_letter(moment: str) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(verdict_at(moment, Delay(300)))
        client = await stage.client()
        await up_to(client, moment)
        client.say(line_of(moment))
        await until(lambda: stage.clock.next_due() is not None)
        client.leave()
        await until(lambda: stage.story(Closed))
        await until(lambda: stage.clock.next_due() is None)

    assert len(on_stage(play).desk.kept) == (moment == "QUIT")


@pytest.mark.parametrize("moment", MOMENTS)
def test_behind_what_is_dropped_nothing_is_answered_and_no_work_is_held(moment: str) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(verdict_at(moment, Drop()))
        client = await stage.client()
        await up_to(client, moment)
        client.say(line_of(moment))
        await until(lambda: stage.switchboard.armed[0].spent)
        await stage.work.settled()
        client.say("NOOP\r\n")
        client.writer.write_eof()
        assert await client.reader.read() == b""

    stage = on_stage(play)
    assert len(stage.desk.kept) == (moment == "QUIT")
    assert [event.how for event in stage.story(Closed)] == ["eof"]
    assert "NOOP" not in [event.verb for event in stage.story(Commanded)]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_cut_is_a_reset(moment: str) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(verdict_at(moment, Cut()))
        client = await stage.client()
        if moment != "CONNECT":
            await up_to(client, moment)
            client.say(line_of(moment))
        with pytest.raises(ConnectionResetError):
            await client.reader.read()

    assert [event.how for event in on_stage(play).story(Closed)] == ["cut"]


@pytest.mark.parametrize("verdict", [Drop(), Cut(), Answer("451 4.3.0 lies")])
def test_a_reply_may_be_lost_or_changed_though_the_letter_was_taken(verdict: Verdict) -> None:
    def judge(event: Event) -> Verdict:
        return verdict if isinstance(event, Replied) and "Queued" in event.text else PASS

    async def play(stage: Stage) -> None:
        stage.switchboard.arm(Fault("lose the reply", judge))
        client = await stage.client()
        await up_to(client, "EOD")
        client.say(line_of("EOD"))
        await until(lambda: stage.desk.kept)
        if verdict == Answer("451 4.3.0 lies"):
            assert await client.reply() == "451 4.3.0 lies"

    assert len(on_stage(play).desk.kept) == 1


def reply_to_be(begins: str, verdict: Verdict) -> Fault:
    def judge(event: Event) -> Verdict:
        return verdict if isinstance(event, Replied) and event.text.startswith(begins) else PASS

    return Fault(f"{verdict} for {begins}", judge, times=1)


LATE = {
    "220": "CONNECT",
    "250-": "EHLO",
    "250 2.1.0": "MAIL",
    "250 2.1.5": "RCPT",
    "354": "DATA",
    "250 2.0.0": "EOD",
    "221": "QUIT",
}


@pytest.mark.parametrize("begins", LATE)
def test_a_late_reply_is_late_by_the_worlds_clock_and_all_behind_it_waits(begins: str) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(reply_to_be(begins, Delay(300)))
        client = await stage.client()
        await up_to(client, LATE[begins])
        client.say(line_of(LATE[begins]) + b"NOOP\r\n" * (begins == "250 2.1.0"))
        await until(lambda: stage.clock.next_due() is not None)
        await stage.work.settled()
        await stage.clock.advance(299)
        assert len(stage.story(Replied)) == MOMENTS[LATE[begins]] + 1
        moved = asyncio.ensure_future(stage.clock.advance(1))
        assert (await client.reply()).startswith(begins)
        if begins == "250 2.1.0":
            assert (await client.reply()).startswith("250 2.0.0")
        client.leave()
        await moved

    stage = on_stage(play)
    assert len(stage.desk.kept) == (begins in ("250 2.0.0", "221"))
    assert stage.problems == []


@pytest.mark.parametrize("begins", ["334", "235", "535"])
def test_a_late_reply_inside_a_login_is_late_as_well(begins: str) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(reply_to_be(begins, Delay(300)))
        client = await stage.client()
        await up_to(client, "MAIL")
        client.say("AUTH PLAIN\r\n")
        if begins != "334":
            assert (await client.reply())[:3] == "334"
            client.say("AGJvYgBzM2NyZXQ=\r\n" if begins == "235" else "AGJvYgBubw==\r\n")
        await until(lambda: stage.clock.next_due() is not None)
        await stage.work.settled()
        moved = asyncio.ensure_future(stage.clock.advance(300))
        assert (await client.reply())[:3] == begins
        client.leave()
        await moved

    assert on_stage(play, Stage(offer_auth=True)).problems == []


@pytest.mark.parametrize(
    ("begins", "lines"),
    [
        ("250 2.1.0", [("RCPT TO:<b@b.test>", "503"), ("MAIL FROM:<a@a.test>", "250")]),
        ("250 2.1.5", [("DATA", "554")]),
        ("354", [("NOOP", "250"), ("DATA", "354")]),
    ],
)
def test_the_envelope_is_what_the_client_was_told_it_is(begins: str, lines: list[tuple[str, str]]) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(reply_to_be(begins, Answer("451 4.3.0 lies")))
        client = await stage.client()
        await up_to(client, LATE[begins])
        assert await client.ask(line_of(LATE[begins])) == "451 4.3.0 lies"
        for line, code in lines:
            assert (await client.ask(line))[:3] == code
        client.leave()

    assert on_stage(play).desk.kept == []


def test_a_reply_that_is_made_a_421_closes() -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(reply_to_be("250 2.1.0", Answer("421 4.3.2 closing")))
        client = await stage.client()
        await up_to(client, "MAIL")
        assert (await client.ask("MAIL FROM:<a@a.test>"))[:3] == "421"
        assert await client.reply() == ""

    assert [event.how for event in on_stage(play).story(Closed)] == ["cut"]


@pytest.mark.parametrize("verdict", [Delay(300), Drop()], ids=str)
def test_who_dialed_is_told_of_the_rest_and_of_its_end(verdict: Verdict) -> None:
    told: list[bool] = []

    async def play(stage: Stage) -> None:
        stage.on_rest = told.append
        stage.switchboard.arm(verdict_at("MAIL", verdict))
        client = await stage.client()
        await up_to(client, "MAIL")
        client.say(line_of("MAIL"))
        await until(lambda: told)
        assert told == [True]
        client.leave()
        await until(lambda: len(told) == 2)

    on_stage(play)
    assert told == [True, False]


def always_at(kind: type[Event], verdict: Verdict) -> Fault:
    return Fault(f"{verdict}", lambda event: verdict if type(event) is kind else PASS, times=1)


def test_what_is_no_whole_reply_is_followed_by_silence() -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(always_at(Greeted, Alter(b"220-and so on\r\n")))
        client = await stage.client()
        assert await client.reader.readline() == b"220-and so on\r\n"
        client.say("EHLO a.test\r\n")
        client.writer.write_eof()
        assert await client.reader.read() == b""

    assert on_stage(play).story(Commanded) == []


def test_an_answer_in_the_middle_of_the_data_is_the_answer_to_its_end() -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(faults.reply(HOST, "BODY", "552 5.3.4 too big", times=1))
        client = await stage.client()
        await up_to(client, "EOD")
        assert await client.ask(b"some") == "552 5.3.4 too big"
        client.say("thing\r\n.\r\n")
        assert (await client.ask("NOOP")).startswith("250")
        assert (await client.ask("MAIL FROM:<a@a.test>")).startswith("250")

    assert on_stage(play).desk.kept == []


@pytest.mark.parametrize("octets", [0, 1, 4, 99])
def test_a_body_is_cut_off_where_the_fault_says_whatever_the_pieces_it_comes_in(octets: int) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(faults.smtp.drop_after(HOST, octets))
        client = await stage.client()
        await up_to(client, "DATA")
        client.say("DATA\r\n")
        with contextlib.suppress(ConnectionError):
            for octet in b"hi\r\n.\r\n":
                client.say(bytes([octet]))
            await client.reader.read()

    stage = on_stage(play)
    assert stage.desk.kept == []
    assert [event.size for event in stage.story(DataEnded)] == ([4] if octets > 6 else [])


def test_a_delay_in_the_middle_of_the_data_loses_none_of_it() -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(faults.smtp.delay(HOST, "BODY", 60))
        client = await stage.client()
        await up_to(client, "EOD")
        client.say("hi\r\n.\r\n")
        await until(lambda: stage.clock.next_due() is not None)
        moved = asyncio.ensure_future(stage.clock.advance(60))
        assert (await client.reply()).startswith("250")
        await moved

    ((_, message),) = on_stage(play).desk.kept
    assert message == b"hi\r\n"


def test_a_dripped_421_closes_behind_its_last_octet() -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(faults.reply(HOST, "NOOP", "421 4.3.2 bye"))
        stage.switchboard.arm(faults.smtp.drip(HOST, "NOOP", 1))
        client = await stage.client()
        await client.reply()
        client.say("NOOP\r\n")
        await until(lambda: stage.clock.next_due() is not None)
        await stage.clock.advance(14)
        assert await client.reader.readexactly(14) == b"421 4.3.2 bye\r"
        await stage.clock.advance(1)
        assert await client.reader.read() == b"\n"

    assert [event.how for event in on_stage(play).story(Closed)] == ["cut"]
