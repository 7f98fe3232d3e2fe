"""One mailbox: UIDs only grow, flags tell of themselves, and a hundred thousand messages are workable."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.mail import NO_COPY, Copy, Message
from mailharness.mailbox import DELETED, SEEN, Appended, Change, Expunged, Flags, Mailbox, NonExistentError
from mailharness.mailbox.mailbox import without

LETTER = Message(b"Subject: one\r\n\r\nbody\r\n")
FLAGS = st.frozensets(st.sampled_from([SEEN, "\\Flagged", "$Label"]))


def mailbox_of(count: int) -> Mailbox:
    mailbox = Mailbox("INBOX", 7)
    for _ in range(count):
        mailbox.append(LETTER, internal_date=0.0)
    return mailbox


def watched(mailbox: Mailbox) -> list[Change]:
    changes: list[Change] = []
    mailbox.watch(changes.append)
    return changes


def test_what_is_appended_is_kept_as_it_is_and_shared() -> None:
    mailbox, copy = Mailbox("INBOX", 7), Copy(3, 5)
    stored = mailbox.append(LETTER, flags=frozenset({"$Label"}), internal_date=12.5, of=copy)
    assert stored.message is LETTER
    assert (stored.uid, stored.flags, stored.internal_date, stored.of) == (1, frozenset({"$Label"}), 12.5, copy)
    assert stored.size == len(bytes(LETTER)) == mailbox.octets
    assert mailbox.by_uid(1) is stored
    assert list(mailbox.messages) == [stored]
    assert mailbox.by_uid(2) is None


def test_uids_are_never_used_again() -> None:
    mailbox = mailbox_of(3)
    assert mailbox.expunge([3]) == [3]
    assert mailbox.append(LETTER, internal_date=0.0).uid == 4
    assert mailbox.uid_next == 5
    assert mailbox.append(LETTER, internal_date=0.0).of == NO_COPY


def test_expunge_removes_what_is_there_and_says_so_in_order() -> None:
    mailbox = mailbox_of(5)
    changes = watched(mailbox)
    assert mailbox.expunge({4, 2, 99}) == [2, 4]
    assert changes == [Expunged((2, 4), mailbox.highest_modseq)]
    assert [stored.uid for stored in mailbox.messages] == [1, 3, 5]
    assert (len(mailbox), mailbox.octets) == (3, 3 * len(LETTER))
    assert mailbox.expunge([2]) == []
    assert len(changes) == 1


def test_one_who_reads_the_messages_is_not_disturbed_by_an_expunge() -> None:
    mailbox = mailbox_of(3)
    seen = []
    for stored in mailbox.messages:
        seen.append(stored.uid)
        mailbox.expunge([stored.uid])
    assert seen == [1, 2, 3]


def test_flags_change_in_place_and_tell_who_changed_them() -> None:
    mailbox = mailbox_of(1)
    changes, before = watched(mailbox), mailbox.highest_modseq
    stored = mailbox.set_flags(1, frozenset({SEEN}), by="phone")
    assert stored is mailbox.by_uid(1)
    assert stored.modseq == mailbox.highest_modseq > before
    assert changes == [Flags(stored, "phone")]


def test_flags_that_are_so_already_are_no_change() -> None:
    mailbox = mailbox_of(1)
    mailbox.set_flags(1, frozenset({SEEN}))
    changes, before = watched(mailbox), mailbox.highest_modseq
    mailbox.set_flags(1, frozenset({SEEN}))
    assert (changes, mailbox.highest_modseq) == ([], before)


def test_flags_of_a_message_that_is_gone_are_refused() -> None:
    with pytest.raises(NonExistentError, match="UID 2"):
        mailbox_of(1).set_flags(2, frozenset())


def test_recent_is_nobodys_to_set() -> None:
    mailbox = Mailbox("INBOX", 7)
    stored = mailbox.append(LETTER, flags=frozenset({"\\Recent", SEEN}), internal_date=0.0)
    assert stored.flags == {SEEN}
    assert mailbox.set_flags(1, frozenset({"\\Recent"})).flags == frozenset()


def test_recent_messages_belong_to_the_first_who_claims_them() -> None:
    mailbox = mailbox_of(2)
    assert mailbox.unclaimed() == {1, 2}
    assert mailbox.claim_recent() == {1, 2}
    assert mailbox.claim_recent() == set()
    mailbox.append(LETTER, internal_date=0.0)
    mailbox.append(LETTER, internal_date=0.0)
    mailbox.expunge([1, 3])
    assert mailbox.claim_recent() == {4}


def test_a_watcher_leaves_alone_and_twice_is_two() -> None:
    mailbox, changes = Mailbox("INBOX", 7), list[Change]()
    leave, stay = mailbox.watch(changes.append), mailbox.watch(changes.append)
    first = mailbox.append(LETTER, internal_date=0.0)
    assert changes == [Appended(first), Appended(first)]
    leave()
    leave()
    second = mailbox.append(LETTER, internal_date=0.0)
    assert changes[2:] == [Appended(second)]
    stay()
    mailbox.append(LETTER, internal_date=0.0)
    assert len(changes) == 3


def test_a_watcher_may_leave_while_it_is_told() -> None:
    mailbox, told = Mailbox("INBOX", 7), []

    def once(change: Change) -> None:
        told.append(change)
        leave()

    leave = mailbox.watch(once)
    mailbox.append(LETTER, internal_date=0.0)
    mailbox.append(LETTER, internal_date=0.0)
    assert len(told) == 1


@given(
    st.lists(
        st.one_of(
            st.just("append"),
            st.tuples(st.integers(1, 12), FLAGS),
            st.sets(st.integers(1, 12), max_size=4),
        ),
        max_size=30,
    )
)
def test_whoever_watches_knows_all_that_is_in_it(steps: list[object]) -> None:
    mailbox, mirror, modseqs = Mailbox("INBOX", 7), dict[int, frozenset[str]](), [1]

    def reflect(change: Change) -> None:
        match change:
            case Appended(stored) | Flags(stored, _):
                mirror[stored.uid] = stored.flags
            case Expunged(uids):
                for uid in uids:
                    del mirror[uid]
        modseqs.append(mailbox.highest_modseq)

    mailbox.watch(reflect)
    for step in steps:
        match step:
            case "append":
                mailbox.append(LETTER, internal_date=0.0)
            case (int(uid), frozenset() as flags) if mailbox.by_uid(uid):
                mailbox.set_flags(uid, flags)
            case set():
                mailbox.expunge(step)
    assert list(mirror.items()) == [(stored.uid, stored.flags) for stored in mailbox.messages]
    assert all(before <= after for before, after in itertools.pairwise(modseqs))
    assert mailbox.octets == len(LETTER) * len(mailbox)


def test_a_hundred_thousand_messages_are_found_and_removed_without_a_scan_each() -> None:
    mailbox = mailbox_of(100_000)
    assert all(mailbox.by_uid(uid) for uid in range(1, 100_001))
    assert len(mailbox.expunge(range(1, 100_001, 2))) == 50_000
    assert [stored.uid for stored in mailbox.messages[:3]] == [2, 4, 6]


def test_those_marked_as_deleted_are_known_without_a_look_at_the_others() -> None:
    mailbox = mailbox_of(4)
    mailbox.append(LETTER, internal_date=0.0, flags=frozenset({DELETED}))
    for uid in (4, 2, 3):
        mailbox.set_flags(uid, frozenset({DELETED, SEEN}))
    mailbox.set_flags(3, frozenset({SEEN}))
    assert [stored.uid for stored in mailbox.deleted] == [2, 4, 5]
    mailbox.expunge([4])
    assert [stored.uid for stored in mailbox.deleted] == [2, 5]
    heir = Mailbox("INBOX", 7)
    heir.take_up(list(mailbox.messages), [], mailbox.uid_next, mailbox.highest_modseq, 1)
    assert [stored.uid for stored in heir.deleted] == [2, 5]


def test_messages_with_the_same_flags_have_one_set_of_them() -> None:
    mailbox = mailbox_of(2)
    first, second = (mailbox.set_flags(uid, frozenset({SEEN, f"${'label'}"})) for uid in (1, 2))
    assert first.flags is second.flags


class Counted:
    """A message that counts how often it is looked at."""

    looks = 0

    def __init__(self, uid: int) -> None:
        self._uid = uid

    @property
    def uid(self) -> int:
        Counted.looks += 1
        return self._uid


def test_one_goes_without_a_look_at_each_of_the_others() -> None:
    messages: list[Any] = [Counted(2 * n) for n in range(10_000)]
    Counted.looks = 0
    kept, places = without(messages, [3, 5_000, 5_002, 30_000])
    assert (places, len(kept), kept[2_500].uid) == ([2_500, 2_501], 9_998, 5_004)
    assert Counted.looks < 100
