"""Each rule can fail: a small bad example of what it forbids, beside a good one."""

from collections.abc import Callable

import pytest

from tests.house import honesty, sizes, words
from tests.house.tree import Source

CAPTION = '"""A caption of words."""\n'


def body(lines: int) -> str:
    return "def f():\n" + "    pass\n" * (lines - 1)


BROKEN = [
    (sizes.too_long, "a.py", body(41)),
    (sizes.too_long, "a.py", "async " + body(41)),
    (sizes.too_long, "a.py", "x = 1\n" * 401),
    (words.uncaptioned, "a.py", "x = 1\n"),
    (words.uncaptioned, "a.py", '"""Words."""\n'),
    (words.vague_file, "mailharness/utils.py", CAPTION),
    (words.vague_file, "mailharness/common/address.py", CAPTION),
    (words.vague_file, "tests/mock_smtp.py", CAPTION),
    (words.vague_names, "a.py", "class SessionManager: ..."),
    (words.vague_names, "a.py", "class IMAPHandler: ..."),
    (words.vague_names, "a.py", "class MockSMTP: ..."),
    (words.vague_names, "a.py", "def process(letter): ..."),
    (words.vague_names, "a.py", "class A:\n    def do_fetch(self): ..."),
    (words.vague_names, "a.py", "def wait(seconds): ..."),
    (honesty.asserting_nothing, "a.py", "def test_a(): print(1)"),
    (honesty.asserting_nothing, "a.py", "async def test_a(): assert True"),
    (honesty.asserting_nothing, "a.py", "class TestA:\n    def test_b(self): ..."),
    (honesty.sleeping, "a.py", "import time\ntime.sleep(1)"),
    (honesty.sleeping, "a.py", "async def f(): await asyncio.sleep(0)"),
    (honesty.sleeping, "a.py", "from time import sleep\nsleep(1)"),
]

KEPT = [
    (sizes.too_long, "a.py", body(40)),
    (sizes.too_long, "a.py", 'def f():\n    """\n' + "    words\n" * 60 + '    """\n    return 1\n'),
    (words.uncaptioned, "a.py", CAPTION),
    (words.vague_file, "mailharness/trace/database.py", CAPTION),
    (words.vague_names, "a.py", "class Database: ...\ndef wait_for(timeout): ...\ndef do_GET(self): ..."),
    (honesty.asserting_nothing, "a.py", "def test_a():\n    with pytest.raises(ValueError): f()"),
    (honesty.asserting_nothing, "a.py", "def test_a(): letter.trace.assert_delivered()"),
    (honesty.asserting_nothing, "a.py", "def test_a():\n    for x in y: assert x"),
    (honesty.sleeping, "a.py", "async def f(world): await world.clock.sleep(60)"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_broken(rule: Callable[[Source], list[str]], path: str, text: str) -> None:
    (finding,) = rule(Source(path, text))
    assert finding.startswith(path)


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_kept(rule: Callable[[Source], list[str]], path: str, text: str) -> None:
    assert rule(Source(path, text)) == []


@pytest.mark.parametrize(
    "line",
    [
        "see /ro" + "ot/x",
        "in /wor" + "k/main",
        "open('/tm" + "p/a')",
        "as iss" + "ue 12 says",
        "a small help" + "er of mine",
    ],
)
def test_words_of_a_workplace_are_found(line: str) -> None:
    assert len(words.of_a_workplace("a.md", f"fine\n{line}\n")) == 1


def test_words_of_the_trade_are_not_of_a_workplace() -> None:
    assert (
        words.of_a_workplace("a.md", "A session issues commands; tmp_path/tmp/x holds the mailbox; dns/root/ is a zone.")
        == []
    )


def test_a_folder_without_an_init_is_found() -> None:
    assert honesty.unpackaged(["tests/__init__.py", "tests/queue/test_a.py"]) == ["tests/queue: no __init__.py"]


def test_a_stranger_on_the_top_level_is_found() -> None:
    assert honesty.unexpected(["mailharness/a.py", "scratch/b.py", "notes.md"], frozenset({"mailharness"})) == [
        "notes.md",
        "scratch",
    ]


def test_medians_count_rooms_only() -> None:
    room = Source("room.py", CAPTION + body(5) + body(3))
    assert sizes.medians([room, Source("empty.py", CAPTION)]) == (4, 9)
