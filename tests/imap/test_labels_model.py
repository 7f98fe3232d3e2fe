"""Whatever is done to Gmail's mailboxes and labels, each message is where it has to be, with the same flags everywhere."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.mailbox import DELETED
from mailharness.mailbox.labelled import LabelledAccount
from mailharness.mailbox.labels import ALL_MAIL, APART, FLAGGED, STARRED
from tests.imap.stage import Stage, say
from tests.imap.test_labels import gmail, letter

NAMES = ["INBOX", *(f"[Gmail]/{name}" for name in ("All Mail", "Trash", "Spam", "Starred", "Drafts")), "Work", "Play"]
BOXES = st.sampled_from([f'"{name}"' for name in NAMES])
SIGNS = st.sampled_from(["+", "-", ""])
FLAGS = st.sampled_from(["\\Flagged", "\\Seen", "\\Deleted", "$x"])
LABELS = st.sampled_from(["\\Inbox", "\\Starred", "\\Trash", "\\Spam", "Work Play", "\\Draft"])
RENUMBER = "NOOP (and INBOX is built anew)"
STEPS = st.one_of(
    st.builds("SELECT {}".format, BOXES),
    st.builds("{} {} {}".format, st.sampled_from(["COPY", "MOVE"]), st.integers(1, 3), BOXES),
    st.builds("STORE {} {}FLAGS ({})".format, st.integers(1, 3), SIGNS, FLAGS),
    st.builds("UID STORE 1:* {}X-GM-LABELS ({})".format, SIGNS, LABELS),
    st.sampled_from(["EXPUNGE", "RENAME INBOX Old", "DELETE Play", "CREATE Play", "RENAME Play Work", RENUMBER]),
)


def look(stage: Stage) -> None:
    """All that has to be so of every message, at any moment."""
    assert isinstance(stage.bob, LabelledAccount)
    labels = stage.bob.labels
    places = {}
    for name, mailbox in stage.bob.mailboxes.items():
        assert mailbox.octets == sum(stored.size for stored in mailbox.messages)
        for stored in mailbox.messages:
            mail = labels.find(stored)
            assert mail is not None
            places.setdefault(mail, {})[name] = stored
    assert stage.bob.used == sum(mail.anywhere().size for mail in places)
    for mail, found in places.items():
        assert {label.name: stored for label, stored in mail.places.items()} == found
        flags = {stored.flags for stored in found.values()}
        assert len(flags) == 1
        assert DELETED not in next(iter(flags))
        if found.keys() & set(APART):
            assert len(found) == 1
        else:
            assert ALL_MAIL in found
            assert (STARRED in found) is (FLAGGED in next(iter(flags)))


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=20))
def test_a_message_is_where_it_has_to_be(steps: list[str]) -> None:
    stage = gmail(*map(letter, range(4)))
    session = stage.selected()
    say(session, "CREATE Work", "CREATE Play")
    for step in steps:
        if step == RENUMBER:
            stage.bob.inbox.renew_uids()
        assert say(session, step)[-1].startswith(("a OK", "a NO", "a BAD")), step
        look(stage)
