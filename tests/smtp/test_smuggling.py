"""SMTP smuggling: the vulnerable receiver sees two letters, the default one none, and the trace tells by what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.smtp.octets import END_OF_DATA
from mailharness.smtp.smuggling import VARIANTS, LooseCollector
from mailharness.trace.events import DataEnded
from mailharness.trace.transcript import transcript
from tests.smtp.stage import Stage, on_stage

MALLORY = b"MAIL FROM:<admin@b.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\nSubject: two\r\n\r\nyours\r\n.\r\n"


def attacked(variant: str, smuggling: tuple[str, ...]) -> tuple[Stage, list[str]]:
    """What becomes of a message in which another one hides behind ``variant``."""
    message = b"Subject: one\r\n\r\nmine" + VARIANTS[variant] + MALLORY
    heard: list[str] = []

    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(b"EHLO a.test\r\nMAIL FROM:<mallory2@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n" + message + b"QUIT\r\n")
        while reply := await client.reply():
            heard.append(reply[:9])

    stage = on_stage(play, Stage(smuggling=smuggling))
    assert stage.problems == []
    return stage, heard


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_vulnerable_receiver_sees_two_letters(variant: str) -> None:
    stage, _ = attacked(variant, (variant,))
    (first, one), (second, two) = stage.desk.kept
    assert [str(envelope.sender) for envelope in (first, second)] == ["mallory2@a.test", "admin@b.test"]
    assert one == b"Subject: one\r\n\r\nmine" + VARIANTS[variant].partition(b".")[0].rstrip(b"\0")
    assert two == b"Subject: two\r\n\r\nyours\r\n"
    assert [event.ended_by for event in stage.story(DataEnded)] == [variant, ""]
    assert f"*** Taken for the end of the data: {variant}." in transcript(stage.journal, 1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_default_receiver_sees_none(variant: str) -> None:
    stage, heard = attacked(variant, ())
    assert (stage.desk.kept, heard[5]) == ([], "550 5.5.2")
    assert [event.ended_by for event in stage.story(DataEnded)] == [""]


def test_the_variants_are_each_of_its_own() -> None:
    assert len(set(VARIANTS.values()) | {END_OF_DATA}) == len(VARIANTS) + 1


def test_a_nul_that_hides_no_dot_is_text() -> None:
    async def play(stage: Stage) -> None:
        client = await stage.client()
        client.say(b"EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\nx\0\r\n\0 .\r\n\0\r\n.\r\n")
        assert [(await client.reply())[:3] for _ in range(6)][-1] == "250"

    ((_, message),) = on_stage(play).desk.kept
    assert message == b"x\0\r\n\0 .\r\n\0\r\n"


@given(st.data(), st.sets(st.sampled_from(sorted(VARIANTS)), min_size=1))
def test_the_end_is_found_however_it_is_cut(data: st.DataObject, names: set[str]) -> None:
    octets = b"".join(data.draw(st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b".", b"\0", b"x"]), max_size=30)))
    octets += END_OF_DATA + b"QUIT\r\n"
    whole = LooseCollector(1000, sorted(names))
    expected = (whole.feed(octets), whole.ended_by, whole.message())
    pieces, start = LooseCollector(1000, sorted(names)), 0
    for cut in [*sorted(data.draw(st.sets(st.integers(1, len(octets) - 1)))), len(octets)]:
        rest = pieces.feed(octets[start:cut])
        start = cut
        if rest is not None:
            break
    assert rest is not None
    assert (rest + octets[start:], pieces.ended_by, pieces.message()) == expected


def test_what_is_too_big_is_not_kept() -> None:
    collector = LooseCollector(1000, ["bare-lf"])
    for _ in range(50):
        assert collector.feed(b"x" * 1000) is None
    assert collector.feed(b"\n.\nNOOP\r\n") == b"NOOP\r\n"
    assert (collector.oversized, collector.message(), collector.size > 49_000) == (True, b"", True)
