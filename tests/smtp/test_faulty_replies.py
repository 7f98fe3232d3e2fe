"""What a fault says for a reply: in the place of one, once, and in as many lines as it was given."""

import pytest

from mailharness import faults
from mailharness.faults import Fault
from tests.smtp.stage import HOST, Stage, on_stage
from tests.smtp.test_faults import up_to

IN_A_CHUNK = {
    "before it": (faults.reply(HOST, "BDAT", "452 4.3.1 full", times=1), "452 4.3.1 full", "503 5.5.1"),
    "in the middle": (faults.reply(HOST, "BODY", "452 4.3.1 full"), "452 4.3.1 full", "503 5.5.1"),
    "octets before it": (faults.smtp.garbage(HOST, "BDAT", "wow", times=1), "wow", "503 5.5.1"),
    "octets in the middle": (faults.smtp.garbage(HOST, "BODY", "wow"), "wow", "503 5.5.1"),
}


@pytest.mark.parametrize(("fault", "first", "second"), IN_A_CHUNK.values(), ids=IN_A_CHUNK.keys())
@pytest.mark.parametrize("at_once", [True, False])
def test_what_is_said_of_a_chunk_is_said_once_and_behind_it(fault: Fault, first: str, second: str, at_once: bool) -> None:
    async def play(stage: Stage) -> None:
        stage.switchboard.arm(fault)
        client = await stage.client()
        await up_to(client, "DATA")
        chunk = b"BDAT 9\r\nNOOP\r\nHE\r"
        for piece in [chunk] if at_once else [chunk[n : n + 1] for n in range(len(chunk))]:
            client.say(piece)
            await client.writer.drain()
        assert await client.reply() == first
        assert (await client.ask(b"BDAT 9\r\nNOOP\r\nHE\r")).startswith(second)
        assert await client.ask("NOOP") == "250 2.0.0 OK"

    stage = on_stage(play)
    assert (stage.desk.kept, stage.problems) == ([], [])


def test_the_lines_of_a_reply_are_those_that_were_given() -> None:
    said = "250-b.test\n250-SIZE 1\n250 HELP"

    async def play(stage: Stage) -> None:
        stage.switchboard.arm(faults.reply(HOST, "EHLO", said, times=1))
        stage.switchboard.arm(faults.smtp.multi_line(HOST, "EHLO", 1))
        client = await stage.client()
        await client.reply()
        assert await client.ask("EHLO a.test") == f"{said[:-9]}\n250-HELP\n250 Line 1 of more"
        assert "\n250-SIZE 50000000\n" in await client.ask("EHLO a.test")

    on_stage(play)
