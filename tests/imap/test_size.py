"""What is large takes as long as it is large, and what would be larger still is refused."""

import pytest

from mailharness.mailbox.names import MAX_NAME
from tests.imap.stage import Stage, hear, say

LEVELS = "a/" * (MAX_NAME // 2)


def test_twenty_thousand_mailboxes_are_listed_without_a_look_at_each_for_each() -> None:
    stage = Stage()
    for number in range(10_000):
        stage.bob.create(f"{number}/below")
    answer = say(stage.logged_in(), 'LIST "" */%', 'LIST "" %')
    assert sum("(\\HasNoChildren" in line for line in answer) == 10_002
    assert sum("(\\HasChildren" in line for line in answer) == 10_000


def test_twenty_thousand_letters_are_told_one_by_one_to_who_only_examines() -> None:
    stage = Stage()
    session = stage.selected("EXAMINE INBOX")
    heard: list[str] = []
    session.on_output = lambda: heard.extend(hear(session))
    say(session, "IDLE")
    for _ in range(20_000):
        stage.deliver(b"x")
    assert heard[-2:] == ["* 20000 EXISTS", "* 20000 RECENT"]


@pytest.mark.parametrize("command", ["CREATE {name}", "RENAME Sent {name}", "SUBSCRIBE {name}"])
def test_a_name_has_its_length(command: str) -> None:
    session = Stage().logged_in()
    assert say(session, command.format(name=LEVELS + "bc"))[0].startswith("a NO [CANNOT] a mailbox name has at most ")
    assert say(session, command.format(name=LEVELS[:-1]))[0].startswith("a OK ")


def test_what_is_renamed_takes_nothing_below_it_beyond_that_length() -> None:
    stage = Stage()
    session = stage.logged_in()
    say(session, f"CREATE {LEVELS[:-1]}")
    assert say(session, "RENAME a abc")[0].startswith("a NO [CANNOT] ")
    assert len(stage.bob.mailboxes) == 2 + MAX_NAME // 2


def test_a_status_item_is_counted_once() -> None:
    session = Stage(b"x").logged_in()
    answer = say(session, f"STATUS INBOX ({'UNSEEN ' * 9_000}MESSAGES)")
    assert answer == ["* STATUS INBOX (UNSEEN 1 MESSAGES 1)", "a OK counted"]


WORDS = (
    b"Subject:" + b" =?utf-8?q?a?=" * 20_000 + b"\r\nTo: " + b"a@b.tst, " * 5_000 + b"\r\n\r\n" + b"wie es war\r\n" * 20_000
)


@pytest.mark.parametrize("key", ["SUBJECT", "TO", "BODY", "TEXT", "HEADER Subject"])
def test_many_keys_read_a_letter_once(key: str) -> None:
    session = Stage(WORDS, b"x").selected()
    assert say(session, f"SEARCH{f' NOT {key} zz' * 100}")[0] == "* SEARCH 1 2"
