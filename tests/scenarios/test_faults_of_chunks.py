"""Faults upon a letter of several chunks, one behind the other on the wire: all of it arrives, once, or nothing."""

import pytest

from mailharness import faults
from mailharness.faults import Fault
from mailharness.trace.events import Commanded
from tests.scenarios.stage import cast, playing

MTA, MX = "mail.acme.test", "mail.globex.test"
LETTER = b"Subject: in chunks\r\n\r\n" + b"\0\r\n" * 250_000
SMTP = faults.smtp
FAULTS = [
    SMTP.reply(MX, "BDAT", "452 4.3.1 full", times=1),
    SMTP.reply(MX, "BDAT", "452 4.3.1 full", nth=2, times=1),
    SMTP.reply(MX, "BODY", "452 4.3.1 full", times=1),
    SMTP.garbage(MX, "BDAT", times=1),
    SMTP.garbage(MX, "BODY", nth=2, times=1),
    SMTP.wrong_code(MX, "BDAT", 451, times=1),
    SMTP.wrong_code(MX, "BDAT", 451, nth=2, times=1),
    SMTP.lose_reply(MX, "BDAT", times=1),
    SMTP.multi_line(MX, "BDAT"),
    SMTP.drop_after(MX, 300_000, times=1),
    SMTP.delay(MX, "BODY", 5),
    SMTP.hang(MX, "BDAT", nth=2, times=1),
    faults.network.reset_after(MX, 400_000, times=1),
]
OURS = [
    SMTP.drop_after(MTA, 300_000, end="client", times=1),
    SMTP.drop_after(MTA, 1_000_000, end="client", times=1),
    SMTP.delay(MTA, "BODY", 60, end="client", times=1),
    SMTP.hang(MTA, "BODY", end="client", times=1),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_all_chunks_arrive_or_none(fault: Fault) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(fault):
            alice.send(to=bob, message=LETTER, binary=True)
            world.clock.advance(hours=1)
        (message,) = bob.inbox
        assert bytes(message).endswith(LETTER)
        chunks = [one for one in world.journal.of_kind(Commanded) if (one.host, one.verb) == (MX, "BDAT")]
        assert len(chunks) >= 3


@pytest.mark.parametrize("fault", OURS, ids=str)
def test_a_client_breaks_off_in_the_middle_of_them(fault: Fault) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(fault):
            alice.send(to=bob, message=LETTER, binary=True)
            assert bob.inbox.subjects == []
            world.clock.advance(hours=1)
        assert bob.inbox.subjects == ["in chunks"]


def test_without_a_chunk_that_was_only_said_to_be_taken_there_is_no_letter() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(SMTP.reply(MX, "BDAT", "250 2.0.0 taken", times=1)):
            alice.send(to=bob, message=LETTER, binary=True).trace.assert_bounced(status="5.5.1")
        assert bob.inbox.subjects == []
