"""The sender: byte for byte, a reply for each recipient, errors as values; against our receiver and scripted servers."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness import faults
from mailharness.faults import PASS, Cut, Fault, Verdict
from mailharness.mail import Address, Envelope, Message
from mailharness.smtp import Outcome, SenderSession
from mailharness.trace.events import Commanded, DataEnded, Event
from tests.smtp.stage import HOST, Stage, on_stage, until

ALICE = Address("alice", "a.test")
BOB, CAROL, NOBODY = (Address(local, "b.test") for local in ("bob", "carol", "nobody"))
HELLO = Message(b"Subject: hello\r\n\r\nhello\r\n")


def to(*recipients: Address, sender: Address | None = ALICE) -> Envelope:
    return Envelope(sender, recipients)


async def session(stage: Stage) -> SenderSession:
    sender = SenderSession(stage.dialed(), helo="mx.a.test")
    opening = await sender.open()
    assert opening.ok, opening
    return sender


def sent(*letters: tuple[Envelope, Message], stage: Stage | None = None) -> tuple[Stage, list[Outcome]]:
    """The outcomes of sending ``letters`` over one session."""
    outcomes: list[Outcome] = []

    async def play(stage: Stage) -> None:
        sender = await session(stage)
        for envelope, message in letters:
            outcomes.append(await sender.send(envelope, message))
        await sender.quit()

    return on_stage(play, stage), outcomes


LINE = st.one_of(
    st.binary(max_size=40).map(lambda octets: octets.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0.", b"")),
    st.sampled_from([b"", b".", b"..", b". ", b"x" * 998, "ü".encode() * 400, b"\0", b"QUIT"]),
)
MESSAGE = st.lists(LINE, max_size=6).map(lambda lines: b"".join(line + b"\r\n" for line in lines))


@settings(max_examples=40)
@given(st.lists(MESSAGE, min_size=1, max_size=3), st.lists(LINE, max_size=2))
def test_every_octet_arrives_as_it_was_sent(bodies: list[bytes], headers: list[bytes]) -> None:
    prepended = tuple(b"X: " + header + b"\r\n" for header in headers)
    messages = [Message(body, prepended) for body in bodies]
    stage, outcomes = sent(*((to(BOB), message) for message in messages))
    assert [message for _, message in stage.desk.kept] == [bytes(message) for message in messages]
    assert all(outcome.accepted == (BOB,) for outcome in outcomes)


def test_ten_megabytes_arrive_as_they_were_sent() -> None:
    octets = (b"." + b"x" * 76 + b"\r\n") * (10_000_000 // 79) + b"y" * 1_000_000 + b"\r\n"
    stage, outcomes = sent((to(BOB), Message(octets, (b"Received: here\r\n",))))
    assert outcomes[0].accepted == (BOB,)
    assert stage.desk.kept[0][1] == b"Received: here\r\n" + octets


def test_a_message_without_a_last_line_ending_gets_one() -> None:
    stage, _ = sent((to(BOB), Message(b"no ending")))
    assert stage.desk.kept[0][1] == b"no ending\r\n"
    assert stage.story(Commanded)[1].line == "MAIL FROM:<alice@a.test> SIZE=11"


@pytest.mark.parametrize(
    ("envelope", "message", "line"),
    [
        (to(BOB), b"x\r\n", "MAIL FROM:<alice@a.test> SIZE=3"),
        (to(BOB, sender=None), b"", "MAIL FROM:<> SIZE=0"),
        (to(BOB), b"\xc3\xbc\r\n", "MAIL FROM:<alice@a.test> SIZE=4 BODY=8BITMIME"),
        (Envelope(ALICE, (BOB,), eight_bit=True), b"x\r\n", "MAIL FROM:<alice@a.test> SIZE=3 BODY=8BITMIME"),
        (to(Address("ü", "b.test")), b"x\r\n", "MAIL FROM:<alice@a.test> SIZE=3 SMTPUTF8"),
        (Envelope(ALICE, (BOB,), smtputf8=True), b"x\r\n", "MAIL FROM:<alice@a.test> SIZE=3"),
        (
            Envelope(ALICE, (BOB,), smtputf8=True),
            "Subject: ü\r\n\r\n".encode(),
            "MAIL FROM:<alice@a.test> SIZE=15 BODY=8BITMIME SMTPUTF8",
        ),
    ],
)
def test_mail_declares_what_is_needed_and_offered(envelope: Envelope, message: bytes, line: str) -> None:
    stage, _ = sent((envelope, Message(message)))
    assert stage.story(Commanded)[1].line == line


def test_each_recipient_has_its_own_reply_and_the_session_goes_on() -> None:
    stage, (mixed, refused, good) = sent((to(BOB, NOBODY), HELLO), (to(NOBODY), HELLO), (to(CAROL), HELLO))
    assert {str(address): reply.code for address, reply in mixed.recipients.items()} == {
        "bob@b.test": 250,
        "nobody@b.test": 550,
    }
    assert (mixed.accepted, refused.accepted, good.accepted) == ((BOB,), (), (CAROL,))
    assert (str(refused.reply), refused.problem) == ("550 5.1.1 No such user", "")
    assert [[*map(str, envelope.recipients)] for envelope, _ in stage.desk.kept] == [["bob@b.test"], ["carol@b.test"]]


def test_a_refused_sender_is_the_answer_for_all() -> None:
    _, (outcome, after) = sent((to(BOB, CAROL, sender=Address("mallory", "a.test")), HELLO), (to(BOB), HELLO))
    assert [reply.code for reply in outcome.recipients.values()] == [550, 550]
    assert after.accepted == (BOB,)


@pytest.mark.parametrize(("moment", "code"), [("MAIL", 451), ("RCPT", 451), ("DATA", 451), ("EOD", 451)])
def test_a_fault_at_any_moment_is_an_outcome_and_the_next_letter_goes(moment: str, code: int) -> None:
    stage = Stage()
    stage.switchboard.arm(faults.reply(HOST, moment, f"{code} 4.7.1 later", times=1))
    _, (outcome, after) = sent((to(BOB), HELLO), (to(BOB), HELLO), stage=stage)
    assert {address: str(reply) for address, reply in outcome.recipients.items()} == {BOB: "451 4.7.1 later"}
    assert (outcome.accepted, outcome.problem, after.accepted) == ((), "", (BOB,))


@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA", "EOD"])
def test_a_421_settles_whoever_was_not_and_the_session_is_over(moment: str) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(faults.reply(HOST, moment, "421 4.3.2 going down"))
        sender = await session(stage)
        outcome = await sender.send(to(BOB, CAROL), HELLO)
        assert {str(reply) for reply in outcome.recipients.values()} == {"421 4.3.2 going down"}
        assert len(outcome.recipients) == 2
        assert not sender.usable
        assert await sender.quit() is None

    assert on_stage(play).desk.kept == []


def cut_when(moment: Callable[[Event], bool]) -> Fault:
    def judge(event: Event) -> Verdict:
        return Cut() if moment(event) else PASS

    return Fault("cut", judge)


def is_rcpt(event: Event) -> bool:
    return isinstance(event, Commanded) and event.verb == "RCPT"


@pytest.mark.parametrize(("moment", "lost"), [(is_rcpt, False), (lambda event: isinstance(event, DataEnded), True)])
def test_an_ending_before_the_final_dot_is_told_from_one_after_it(moment: Callable[[Event], bool], lost: bool) -> None:
    stage = Stage()
    stage.switchboard.arm(cut_when(moment))
    _, (outcome,) = sent((to(BOB), HELLO), stage=stage)
    assert (outcome.reply, outcome.reply_lost, outcome.accepted) == (None, lost, ())
    assert "connection" in outcome.problem


def test_a_kept_connection_that_the_server_left_is_not_usable() -> None:
    async def play(stage: Stage) -> None:
        sender = await session(stage)
        assert sender.usable
        stage.receivers[0].transport.abort()
        await until(lambda: not sender.usable)
        outcome = await sender.send(to(BOB), HELLO)
        assert (outcome.recipients, outcome.reply_lost) == ({}, False)
        assert outcome.problem

    on_stage(play)


def test_cancelling_a_send_ends_the_session() -> None:
    async def play(stage: Stage) -> None:
        stage.desk.gate = asyncio.Event()
        sender = await session(stage)
        sending = asyncio.ensure_future(sender.send(to(BOB), HELLO))
        await until(lambda: stage.story(DataEnded))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert not sender.usable
        stage.desk.gate.set()
        await stage.work.settled()

    assert len(on_stage(play).desk.kept) == 1


# -- servers of others, scripted: what they answer to each line, and what we make of it ----

Script = dict[str, str]
PLAIN: Script = {
    "": "220 old",
    "EHLO": "500 what?",
    "HELO": "250 old",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go",
    ".": "250 ok",
}


async def scripted(script: Script, play: Callable[[SenderSession], Awaitable[None]]) -> list[str]:
    """Let ``play`` talk to a server that answers by ``script`` ("" hangs up), and return what it heard."""
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb, in_data = "", False
        while answer := "" if in_data and verb != "." else script.get(verb, "250 ok"):
            writer.write(answer.encode() + b"\r\n")
            in_data = answer.startswith("354")
            while (line := await reader.readline()) and in_data and line != b".\r\n":
                pass
            if not line:
                break
            heard.append(line.decode().strip())
            verb, in_data = line.decode().split()[0].upper(), False
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        stage = Stage()
        stage.address = server.sockets[0].getsockname()
        sender = SenderSession(stage.dialed(), helo="mx.a.test")
        try:
            await asyncio.wait_for(play(sender), 20)
        finally:
            await sender.quit()
    return heard


def against(script: Script, envelope: Envelope, message: Message = HELLO) -> tuple[Outcome, list[str]]:
    outcomes: list[Outcome] = []

    async def play(sender: SenderSession) -> None:
        assert (await sender.open()).ok
        outcomes.append(await sender.send(envelope, message))

    heard = asyncio.run(scripted({**PLAIN, **script}, play))
    return outcomes[0], heard


def test_a_server_without_extensions_is_talked_to_line_by_line() -> None:
    outcome, heard = against({}, to(BOB), Message("Subject: x\r\n\r\nü\r\n".encode()))
    assert outcome.accepted == (BOB,)
    assert heard == "EHLO mx.a.test|HELO mx.a.test|MAIL FROM:<alice@a.test>|RCPT TO:<bob@b.test>|DATA|.|QUIT".split("|")


@pytest.mark.parametrize(
    ("script", "codes", "heard_last"),
    [
        ({"MAIL": "550 no"}, [550, 550], "MAIL"),
        ({"RCPT": "450 no"}, [450, 450], "RCPT"),
        ({"DATA": "451 no"}, [451, 451], "DATA"),
        ({".": "554 no"}, [554, 554], "."),
    ],
)
def test_what_is_refused_ends_the_transaction_there(script: Script, codes: list[int], heard_last: str) -> None:
    outcome, heard = against(script, to(BOB, CAROL))
    assert [reply.code for reply in outcome.recipients.values()] == codes
    assert heard[-2].split()[0] == heard_last


def test_a_letter_that_needs_smtputf8_is_not_offered_to_a_server_without() -> None:
    outcome, heard = against({}, to(Address("ü", "b.test")))
    assert [reply.status for reply in outcome.recipients.values()] == ["5.6.7"]
    assert heard == ["EHLO mx.a.test", "HELO mx.a.test", "QUIT"]


@pytest.mark.parametrize(
    ("script", "lost"), [({"MAIL": ""}, False), ({"DATA": ""}, False), ({".": ""}, True), ({"RCPT": "hi"}, False)]
)
def test_a_server_that_hangs_up_or_babbles_is_a_problem_in_words(script: Script, lost: bool) -> None:
    outcome, _ = against(script, to(BOB))
    assert (outcome.accepted, outcome.reply, outcome.reply_lost) == ((), None, lost)
    assert outcome.problem


@pytest.mark.parametrize(
    ("script", "code"),
    [({"": "554 go away"}, 554), ({"": "421 busy"}, 421), ({"EHLO": "421 busy"}, 421), ({"HELO": "550 not you"}, 550)],
)
def test_a_session_that_is_refused_at_its_opening(script: Script, code: int) -> None:
    async def play(sender: SenderSession) -> None:
        opening = await sender.open()
        assert (opening.ok, opening.reply and opening.reply.code, sender.usable) == (False, code, False)

    assert asyncio.run(scripted({**PLAIN, **script}, play)) is not None


@pytest.mark.parametrize("script", [{"": ""}, {"": "hello?"}, {"EHLO": ""}])
def test_an_opening_that_fails_says_why(script: Script) -> None:
    async def play(sender: SenderSession) -> None:
        opening = await sender.open()
        assert (opening.ok, opening.reply, sender.usable) == (False, None, False)
        assert opening.problem

    assert asyncio.run(scripted({**PLAIN, **script}, play)) is not None


def test_a_go_ahead_without_recipients_is_answered_with_an_empty_message() -> None:
    pipelining = {"EHLO": "250-x\r\n250 PIPELINING", "RCPT": "550 no", ".": "554 no valid recipients"}
    outcome, heard = against(pipelining, to(BOB))
    assert (str(outcome.reply), heard[-3:]) == ("550 no", ["DATA", ".", "QUIT"])
