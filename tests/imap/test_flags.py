"""Flags by name: system flags have one spelling, a keyword is the same in any case, spelled as it was first."""

import pytest

from tests.imap.stage import LETTERS, Stage, say

# What is done to message 1, a keyword of which is called aa already, and the flags that it has then.
SPELT = [
    ("STORE 1 FLAGS (bb BB Bb)", "bb"),
    ("STORE 1 FLAGS (AA bb)", "aa bb"),
    ("STORE 1 +FLAGS (AA BB bb)", "BB aa"),
    ("STORE 1 -FLAGS AA", ""),
    ("STORE 1 FLAGS (\\seen \\SEEN \\Flagged)", "\\Flagged \\Seen"),
]


@pytest.mark.parametrize(("command", "flags"), SPELT)
def test_a_keyword_is_kept_once(command: str, flags: str) -> None:
    stage = Stage(LETTERS[0])
    stage.bob.inbox.claim_recent()
    session = stage.selected()
    say(session, "STORE 1 FLAGS (aa)")
    assert say(session, command)[-2:] == [f"* 1 FETCH (FLAGS ({flags}))", "a OK stored"]


def test_an_appended_message_has_its_keywords_once() -> None:
    session = Stage().selected()
    flags, _permanent, *_counts, _tagged = say(session, "APPEND INBOX (bb BB \\DRAFT) {1+}\r\nx")
    assert flags == "* FLAGS (\\Answered \\Deleted \\Draft \\Flagged \\Seen bb)"
    assert say(session, "FETCH 1 FLAGS")[0] == "* 1 FETCH (FLAGS (\\Draft \\Recent bb))"


def test_a_keyword_that_is_known_is_not_announced_in_another_case() -> None:
    stage = Stage(*LETTERS)
    session = stage.selected()
    assert say(session, "STORE 1 FLAGS ($Work)")[0].startswith("* FLAGS ($Work ")
    assert say(session, "STORE 2 FLAGS ($WORK)") == ["* 2 FETCH (FLAGS ($Work \\Recent))", "a OK stored"]


def test_who_may_set_no_flags_hears_of_a_new_one_and_not_that_more_are_welcome() -> None:
    stage = Stage(*LETTERS)
    session = stage.selected("EXAMINE INBOX")
    stage.deliver(b"x", "$Work")
    announced, *counts = say(session, "NOOP")
    assert announced == "* FLAGS ($Work \\Answered \\Deleted \\Draft \\Flagged \\Seen)"
    assert counts == ["* 4 EXISTS", "* 4 RECENT", "a OK done"]
