"""One user's mailboxes by name, as RFC 3501 §6.3 has clients create, delete and rename them."""

import pytest

from mailharness.mail import Address, Copy, Message
from mailharness.mailbox import (
    Account,
    AlreadyExistsError,
    CannotError,
    Change,
    Expunged,
    HasChildrenError,
    MailboxError,
    NonExistentError,
    OverQuotaError,
)

LETTER = Message(b"Subject: one\r\n\r\nbody\r\n")


@pytest.fixture
def bob() -> Account:
    return Account(Address.parse("bob@b.tst"), "secret")


def test_an_account_starts_with_what_a_letter_needs(bob: Account) -> None:
    assert list(bob.mailboxes) == ["INBOX", "Sent"]
    assert bob.subscriptions == {"INBOX", "Sent"}
    assert bob.inbox is bob.get("InBox")
    assert bob.inbox.uid_validity != bob.get("Sent").uid_validity


@pytest.mark.parametrize(("given", "right"), [("secret", True), ("Secret", False), ("", False), ("secret ", False)])
def test_the_password_is_the_password(bob: Account, given: str, right: bool) -> None:
    assert bob.check_password(given) is right


# each row: what is done, in order, and the names that are there at the end besides INBOX and Sent
NAMES: list[tuple[str, list[tuple[str, ...]], set[str]]] = [
    ("create", [("create", "a")], {"a"}),
    ("create makes the parents", [("create", "a/b/c")], {"a", "a/b", "a/b/c"}),
    ("a final separator only announces children", [("create", "a/")], {"a"}),
    ("below INBOX, in any case", [("create", "inbox/a")], {"INBOX/a"}),
    ("names are Unicode", [("create", "Entwürfe")], {"Entwürfe"}),
    ("case matters elsewhere", [("create", "a"), ("create", "A")], {"a", "A"}),
    ("delete leaves the children", [("create", "a/b"), ("delete", "a")], {"a/b"}),
    ("what has only children may come back", [("create", "a/b"), ("delete", "a"), ("create", "a")], {"a", "a/b"}),
    ("rename", [("create", "a"), ("rename", "a", "b")], {"b"}),
    ("rename takes the children along", [("create", "a/b/c"), ("rename", "a", "z")], {"z", "z/b", "z/b/c"}),
    ("rename makes the parents", [("create", "a"), ("rename", "a", "x/y")], {"x", "x/y"}),
    ("rename of a mere parent", [("create", "a/b"), ("delete", "a"), ("rename", "a", "z")], {"z/b"}),
    ("rename one level up", [("create", "a/b/b"), ("delete", "a"), ("rename", "a/b", "a")], {"a", "a/b"}),
    ("only whole levels count", [("create", "a"), ("create", "ab"), ("rename", "a", "z")], {"z", "ab"}),
    ("rename of INBOX leaves it and its children", [("create", "INBOX/a"), ("rename", "inbox", "z")], {"INBOX/a", "z"}),
]


@pytest.mark.parametrize(("steps", "names"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_names(bob: Account, steps: list[tuple[str, ...]], names: set[str]) -> None:
    for verb, *arguments in steps:
        getattr(bob, verb)(*arguments)
    assert set(bob.mailboxes) == {"INBOX", "Sent"} | names
    assert all(bob.get(name).name == name for name in bob.mailboxes)


# each row: what is there, what is tried, how it is refused
REFUSALS: list[tuple[str, tuple[str, ...], type[MailboxError]]] = [
    ("a", ("create", "a"), AlreadyExistsError),
    ("a", ("create", "inbox"), AlreadyExistsError),
    ("a", ("create", ""), CannotError),
    ("a", ("create", "/"), CannotError),
    ("a", ("create", "/a"), CannotError),
    ("a", ("create", "a//b"), CannotError),
    ("a", ("create", "a\r\nb"), CannotError),
    ("a", ("delete", "INBOX"), CannotError),
    ("a", ("delete", "b"), NonExistentError),
    ("a", ("rename", "b", "c"), NonExistentError),
    ("a", ("rename", "a", "Sent"), AlreadyExistsError),
    ("a", ("rename", "a", "inbox"), AlreadyExistsError),
    ("a", ("rename", "a", "a"), AlreadyExistsError),
    ("a", ("rename", "a", "a/b"), CannotError),
    ("a", ("rename", "INBOX", "a"), AlreadyExistsError),
    ("a", ("get", "b"), NonExistentError),
]


@pytest.mark.parametrize(("there", "tried", "error"), REFUSALS, ids=[" ".join(row[1]) for row in REFUSALS])
def test_refusals_know_their_response(bob: Account, there: str, tried: tuple[str, ...], error: type[MailboxError]) -> None:
    bob.create(there)
    before = dict(bob.mailboxes)
    with pytest.raises(error) as caught:
        getattr(bob, tried[0])(*tried[1:])
    assert caught.value.response == f"[{error.code}] {caught.value}"
    assert bob.mailboxes == before


def test_a_mere_parent_cannot_be_deleted_again(bob: Account) -> None:
    bob.create("a/b")
    bob.delete("a")
    with pytest.raises(HasChildrenError):
        bob.delete("a")
    assert bob.children("a") == ["a/b"]


def test_a_name_in_the_way_of_a_child_stops_the_whole_rename(bob: Account) -> None:
    bob.create("a/x")
    bob.create("b/x")
    bob.delete("b")
    with pytest.raises(AlreadyExistsError):
        bob.rename("a", "b")
    assert "a/x" in bob


def test_a_renamed_mailbox_keeps_its_messages_and_their_uids(bob: Account) -> None:
    stored = bob.create("a").append(LETTER, internal_date=1.0)
    validity = bob.get("a").uid_validity
    renamed = bob.rename("a", "b")
    assert renamed is bob.get("b")
    assert (renamed.by_uid(stored.uid), renamed.uid_validity) == (stored, validity)


def test_under_one_name_uidvalidity_only_grows(bob: Account) -> None:
    bob.create("old")
    seen = [bob.create("a").uid_validity]
    bob.delete("a")
    bob.rename("old", "a")  # older than the mailbox that was called so
    seen.append(bob.get("a").uid_validity)
    bob.rename("a", "b")
    seen.append(bob.create("a").uid_validity)
    assert seen == sorted(set(seen))


def test_renaming_inbox_moves_the_letters_and_tells_its_watchers(bob: Account) -> None:
    stored = bob.inbox.append(LETTER, flags=frozenset({"$Label"}), internal_date=5.0, of=Copy(3, 4))
    gone: list[Change] = []
    bob.inbox.watch(gone.append)
    bob.rename("INBOX", "2024")
    moved = bob.get("2024").messages[0]
    assert (moved.message, moved.flags, moved.internal_date, moved.of) == (LETTER, frozenset({"$Label"}), 5.0, Copy(3, 4))
    assert len(bob.inbox) == 0
    assert [change.uids for change in gone if isinstance(change, Expunged)] == [(stored.uid,)]


def test_subscriptions_outlive_the_mailbox(bob: Account) -> None:
    bob.create("a")
    bob.subscribe("a")
    bob.subscribe("inbox")
    bob.delete("a")
    assert bob.subscriptions == {"INBOX", "Sent", "a"}
    bob.unsubscribe("a")
    bob.unsubscribe("never")
    assert bob.subscriptions == {"INBOX", "Sent"}


def test_the_quota_counts_every_mailbox_to_the_octet() -> None:
    bob = Account(Address.parse("bob@b.tst"), "secret", quota=3 * len(LETTER))
    bob.inbox.append(LETTER, internal_date=0.0)
    bob.create("a").append(LETTER, internal_date=0.0)
    assert bob.used == 2 * len(LETTER)
    assert bob.has_room_for(len(LETTER))
    with pytest.raises(OverQuotaError, match=f"of {3 * len(LETTER)}"):
        bob.require_room_for(len(LETTER) + 1)
    bob.delete("a")
    bob.require_room_for(2 * len(LETTER))


def test_without_a_quota_everything_fits(bob: Account) -> None:
    assert bob.has_room_for(10**15)
