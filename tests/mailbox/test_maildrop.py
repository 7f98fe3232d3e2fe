"""POP3's view of an INBOX: one session at a time, numbers that stay, names that stay longer."""

import re

import pytest

from mailharness.mail import Address, Message
from mailharness.mailbox import SEEN, Account, InUseError, Maildrop, NonExistentError


@pytest.fixture
def bob() -> Account:
    account = Account(Address.parse("bob@b.tst"), "secret", uid_validity=0xBEEF)
    for n in range(1, 4):
        account.inbox.append(Message(b"Subject: %d\r\n\r\n" % n), internal_date=0.0)
    return account


def numbers(maildrop: Maildrop) -> list[int]:
    return [number for number, _ in maildrop.listing()]


def test_one_session_has_it_and_others_wait_for_its_end(bob: Account) -> None:
    first = Maildrop(bob)
    with pytest.raises(InUseError):
        Maildrop(bob)
    first.release()
    second = Maildrop(bob)
    first.release()  # late, and no longer its lock
    first.quit()
    with pytest.raises(InUseError):
        Maildrop(bob)
    second.quit()
    assert numbers(Maildrop(bob)) == [1, 2, 3]


def test_marked_messages_go_at_quit_and_not_before(bob: Account) -> None:
    maildrop = Maildrop(bob)
    maildrop.delete(2)
    assert numbers(maildrop) == [1, 3]
    assert len(bob.inbox) == 3
    assert [stored.uid for stored in maildrop.quit()] == [2]
    assert [stored.uid for stored in bob.inbox.messages] == [1, 3]
    assert maildrop.quit() == []


def test_a_dropped_connection_removes_nothing(bob: Account) -> None:
    maildrop = Maildrop(bob)
    maildrop.delete(1)
    maildrop.release()
    assert maildrop.quit() == []
    assert len(bob.inbox) == 3


def test_marks_can_be_taken_back(bob: Account) -> None:
    maildrop = Maildrop(bob)
    maildrop.delete(1)
    maildrop.reset()
    assert maildrop.quit() == []
    assert len(bob.inbox) == 3


@pytest.mark.parametrize("number", [0, 4, 10**200])
def test_there_is_no_such_message(bob: Account, number: int) -> None:
    with pytest.raises(NonExistentError):
        Maildrop(bob).delete(number)


def test_a_marked_message_is_no_message(bob: Account) -> None:
    maildrop = Maildrop(bob)
    maildrop.delete(1)
    with pytest.raises(NonExistentError):
        maildrop.message(1)
    with pytest.raises(NonExistentError):
        maildrop.delete(1)


def test_what_others_do_meanwhile_does_not_move_the_numbers(bob: Account) -> None:
    maildrop = Maildrop(bob)
    bob.inbox.expunge([1])
    bob.inbox.append(Message(b"Subject: late\r\n\r\n"), internal_date=0.0)
    assert numbers(maildrop) == [1, 2, 3]
    assert maildrop.message(1).message.subject == "1"
    maildrop.mark_seen(maildrop.message(1))
    maildrop.delete(1)
    maildrop.delete(2)
    assert [stored.uid for stored in maildrop.quit()] == [2]
    assert [stored.uid for stored in bob.inbox.messages] == [3, 4]


def test_what_was_read_here_is_seen_elsewhere(bob: Account) -> None:
    maildrop = Maildrop(bob)
    maildrop.mark_seen(maildrop.message(2))
    assert [stored.flags for stored in bob.inbox.messages] == [frozenset(), {SEEN}, frozenset()]


def test_unique_ids_are_the_same_in_every_session(bob: Account) -> None:
    first = Maildrop(bob)
    before = {stored.message.subject: first.uidl(stored) for _, stored in first.listing()}
    assert before["1"] == "0000beef00000001"
    first.delete(1)
    first.quit()
    second = Maildrop(bob)
    after = {stored.message.subject: second.uidl(stored) for _, stored in second.listing()}
    assert after == {subject: name for subject, name in before.items() if subject != "1"}
    assert all(re.fullmatch(r"[\x21-\x7e]{1,70}", name) for name in before.values())  # RFC 1939 §7
    assert len(set(before.values())) == 3
