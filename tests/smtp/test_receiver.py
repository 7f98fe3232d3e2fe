"""The receiver's promises: nothing lost once accepted, nothing leaked, no exception shown, every event told."""

import asyncio

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.smtp.receiver import Receiver
from mailharness.trace.events import Closed, Commanded, DataEnded, Refused, Replied
from tests.smtp.stage import Client, Desk, Stage, on_stage, until

OPENING = b"EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n"


async def at_data(stage: Stage) -> Client:
    client = await stage.client()
    client.say(OPENING)
    for _ in range(5):
        reply = await client.reply()
    assert reply.startswith("354")
    return client


@pytest.mark.parametrize("how", ["eof", "reset"])
def test_a_letter_is_kept_though_its_client_leaves_while_it_is_being_accepted(how: str) -> None:
    async def play(stage: Stage) -> None:
        stage.desk.gate = asyncio.Event()
        client = await at_data(stage)
        client.say(b"precious\r\n.\r\n")
        await until(lambda: stage.story(DataEnded))
        client.leave(reset=how == "reset")
        await until(lambda: stage.receivers[0]._how or stage.receivers[0].transport is None)
        assert stage.work.held
        stage.desk.gate.set()
        await stage.work.settled()

    stage = on_stage(play)
    assert [message for _, message in stage.desk.kept] == [b"precious\r\n"]
    assert [event.how for event in stage.story(Closed)] == [how]


@pytest.mark.parametrize(
    "said", [b"", b"EHL", b"EHLO a\r\nMAIL FR", OPENING[:-6], OPENING, OPENING + b"half a let", b"\xff" * 99]
)
def test_a_client_that_just_leaves_leaves_nothing_behind(said: bytes) -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        client.say(said)
        client.writer.write_eof()
        await client.reader.read()

    stage = on_stage(play)
    assert [event.how for event in stage.story(Closed)] == ["eof"]
    assert (stage.desk.kept, stage.problems) == ([], [])


@pytest.mark.parametrize("later", [False, True])
def test_a_client_that_has_said_everything_and_half_closed_still_gets_its_answers(later: bool) -> None:
    async def play(stage: Stage) -> None:
        stage.desk.later = later
        client = await stage.client()
        client.say(OPENING + b"hi\r\n.\r\nNOOP\r\n")
        client.writer.write_eof()
        answers = (await client.reader.read()).decode()
        assert answers.endswith("250 2.0.0 Queued\r\n250 2.0.0 OK\r\n")

    assert len(on_stage(play).desk.kept) == 1


@pytest.mark.parametrize("who", ["crash", "accept"])
def test_an_exception_is_not_the_clients_to_read(who: str) -> None:
    def fall() -> None:
        raise RuntimeError("the secret inside")

    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(OPENING.replace(b"<b@", b"<crash@") if who == "crash" else OPENING + b"hi\r\n.\r\n")
        replies = [await client.reply() for _ in range(5 if who == "crash" else 6)]
        assert replies[3 if who == "crash" else 5] == "451 4.3.0 Local error in processing"
        assert (await client.ask("RSET"))[:3] == "250"
        client.leave()

    stage = on_stage(play, Stage(Desk(on_accept=fall)))
    assert [str(problem) for problem in stage.problems] == ["the secret inside"]


def test_the_command_limits_of_one_receiver_are_not_moved_by_another() -> None:
    before = dict(SMTP.command_size_limits)

    async def play(stage: Stage) -> None:
        clients = [await stage.client() for _ in range(5)]
        for client in clients:
            await client.reply()
            assert "SIZE" in await client.ask("EHLO a.test")
            assert (await client.ask("MAIL FROM:<a@a.test> AUTH=" + "x" * 1200)).startswith("500 5.5.6")
            client.leave()

    stage = on_stage(play)
    assert dict(SMTP.command_size_limits) == before
    assert len({tuple(receiver.command_size_limits.items()) for receiver in stage.receivers}) == 1
    with pytest.raises(TypeError):
        Receiver.command_size_limits["MAIL"] = 1  # type: ignore[index]


def test_all_replies_to_one_read_leave_in_one_write() -> None:
    writes: list[bytes] = []

    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        transport = stage.receivers[0].transport
        write = transport.write

        def noted(octets: bytes) -> None:
            writes.append(octets)
            write(octets)

        transport.write = noted
        client.say(b"EHLO a.test\r\nNOOP\r\nVRFY x\r\n")
        for _ in range(3):
            await client.reply()
        client.leave()

    on_stage(play)
    assert len(writes) == 1
    assert writes[0].endswith(
        b"250 HELP\r\n250 2.0.0 OK\r\n252 2.0.0 Cannot VRFY user, but will accept a message and attempt delivery\r\n"
    )


class Narrow:
    """A transport whose client reads nothing until told: it is full at 64 KiB, as asyncio's are."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.unread = b""
        self.reading = True

    def get_extra_info(self, name: str) -> None:
        return None

    def write(self, octets: bytes) -> None:
        self.unread += octets
        if len(self.unread) > 65536:
            self.receiver.pause_writing()

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def read(self) -> int:
        """The client reads all there is: how many replies."""
        lines, self.unread = self.unread.count(b"\r\n"), b""
        self.receiver.resume_writing()
        return lines

    def abort(self) -> None:
        self.receiver.connection_lost(None)


def test_a_client_that_does_not_read_is_not_answered_without_bounds() -> None:
    async def play(stage: Stage) -> None:
        receiver = stage.receiver()
        transport = Narrow(receiver)
        receiver.connection_made(transport)
        said = answered = 0
        while said < 100_000:
            while transport.reading and said < 100_000:
                receiver.data_received(b"HELP\r\n" * 10_000)
                said += 10_000
            assert len(transport.unread) < 100_000
            assert len(receiver._inbox) < 200_000
            answered += transport.read()
        while transport.unread:
            answered += transport.read()
        assert answered == 1 + 100_000

    assert on_stage(play).problems == []


def test_each_event_of_a_transaction_bears_its_copy_and_the_session_its_number() -> None:
    async def play(stage: Stage) -> None:
        client = await at_data(stage)
        await client.ask(b"hi\r\n.\r\n")
        await client.ask("MAIL FROM:<mallory@a.test>")
        await client.ask("QUIT")

    stage = on_stage(play)
    told = [(type(event).__name__, event.copy) for event in stage.journal.of_session(1)]
    heard, said = ("Commanded", "Replied")
    first = [(heard, 1), (said, 1)] * 3 + [("DataEnded", 1), (said, 1)]
    assert told[:4] == [("Greeted", 0), (said, 0), (heard, 0), (said, 0)]
    assert told[4:] == [*first, (heard, 2), ("Refused", 2), (said, 2), (heard, 2), (said, 2), ("Closed", 0)]
    assert [str(event.reply) for event in stage.story(Refused)] == ["550 5.7.1 Not you"]


def test_an_open_transaction_is_work_and_says_where_it_stands() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(OPENING[: OPENING.index(b"DATA")])
        for _ in range(4):
            await client.reply()
        host, port = client.writer.get_extra_info("sockname")
        assert stage.work.held == (f"transaction of {host}:{port} at mail.b.test (after RCPT)",)
        await client.ask("RSET")
        assert stage.work.idle
        client.leave()

    assert on_stage(play).work.held == ()


def test_an_idle_client_is_sent_away_where_there_is_a_time_out() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        assert await client.reply() == "421 4.4.2 Idle for too long, closing"
        assert await client.reply() == ""

    assert [event.how for event in on_stage(play, Stage(timeout=0.01)).story(Closed)] == ["cut"]


LINES = """EHLO a|MAIL FROM:<a@a.test>|RCPT TO:<b@b.test>|RCPT TO:<over@b.test>|RCPT TO:<crash@b.test>|DATA|.|RSET|HELP
AUTH PLAIN|AUTH LOGIN|*|AGJvYgBzM2NyZXQ=|STARTTLS|QUIT"""
WORDS = [line.encode() + b"\r\n" for line in LINES.replace("\n", "|").split("|")] + [b"\n", b"\r", b"x" * 13_000, OPENING]


@settings(max_examples=60)
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=30)), max_size=20), st.integers(1, 500), st.booleans())
def test_any_octets_in_any_slicing_raise_nothing_and_leave_no_work(said: list[bytes], size: int, later: bool) -> None:
    octets = b"".join(said)

    async def play(stage: Stage) -> None:
        client = await stage.client()
        await until(lambda: stage.receivers)
        (receiver,) = stage.receivers
        for start in range(0, len(octets), size):
            receiver.data_received(octets[start : start + size])
        client.writer.write_eof()
        answers = await client.reader.read()
        assert answers.startswith(b"220 ")
        assert answers.endswith(b"\r\n")

    stage = on_stage(play, Stage(Desk(later=later), offer_auth=True))
    assert {str(problem) for problem in stage.problems} <= {"the secret inside"}
    assert len(stage.story(Closed)) == 1
    assert len(stage.story(Replied)) <= len(stage.story((Commanded, DataEnded))) + 1
