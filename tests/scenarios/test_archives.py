"""Mailboxes written to disk as others keep them, and read from there."""

import asyncio
import contextlib
import mailbox as standard
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailharness import Account, Domain, MisuseError, User, World
from mailharness.net.archives import Archived, read_archive, write_archive
from mailharness.net.folders import write_folders
from tests.scenarios.stage import ACME, GLOBEX, cast, playing

MESSAGES = [
    Archived(b"Subject: plain\r\n\r\nhi\r\n", frozenset(), 1000.0),
    Archived(b"Subject: read\r\n\r\nhi\r\n\r\nFrom here on\r\n>From me\r\n", frozenset({"\\Seen", "\\Answered"}), 2000.0),
    Archived(b"Subject: all\r\n\r\n", frozenset({"\\Seen", "\\Flagged", "\\Draft", "\\Deleted", "$Work", "later"}), 1e9),
    Archived(b"Subject: folded\r\n and long\r\nX-Other: \xff\r\n\r\n\r\n\r\n", frozenset({"$Work"}), 4000.0),
    Archived(b"Subject: no body\r\n", frozenset({"\\Flagged"}), 5000.0),
]


@pytest.mark.parametrize("form", ["maildir", "mbox"])
def test_what_is_written_is_read_back(tmp_path: Path, form: str) -> None:
    write_archive(tmp_path / "box", form, MESSAGES)
    assert sorted(read_archive(tmp_path / "box")) == sorted(MESSAGES)


@pytest.mark.parametrize("form", ["maildir", "mbox"])
def test_nothing_is_written_and_read_back(tmp_path: Path, form: str) -> None:
    write_archive(tmp_path / "box", form, [])
    assert read_archive(tmp_path / "box") == []


def as_others_see(path: Path, form: str) -> list[tuple[str, set[str]]]:
    """Subject and flags, in the standard library's letters."""
    box: Any = standard.Maildir(path) if form == "maildir" else standard.mbox(path)
    with contextlib.closing(box):
        return sorted((message["Subject"], set(message.get_flags())) for message in box)


@pytest.mark.parametrize(
    ("form", "read", "all_of_them"), [("maildir", set("RS"), set("DFSTab")), ("mbox", set("RAO"), set("RDFTO"))]
)
def test_the_standard_library_reads_it(tmp_path: Path, form: str, read: set[str], all_of_them: set[str]) -> None:
    write_archive(tmp_path / "box", form, MESSAGES)
    found = dict(as_others_see(tmp_path / "box", form))
    assert len(found) == len(MESSAGES)
    assert (found["read"], found["all"]) == (read, all_of_them)


def in_maildir(path: Path) -> None:
    box = standard.Maildir(path)
    message = standard.MaildirMessage(b"Subject: theirs\n\nhi\n")
    message.set_flags("FS")
    message.set_subdir("cur")
    message.set_date(7000)
    box.add(message)


def in_mbox(path: Path) -> None:
    box = standard.mbox(path)
    message = standard.mboxMessage(b"Subject: theirs\n\nhi\n")
    message.set_flags("RF")
    message.set_from("alice@acme.test Thu Jan  1 01:56:40 1970")
    box.add(message)
    box.close()


@pytest.mark.parametrize("make", [in_maildir, in_mbox])
def test_what_the_standard_library_writes_is_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "box")
    assert read_archive(tmp_path / "box") == [
        Archived(b"Subject: theirs\r\n\r\nhi\r\n", frozenset({"\\Seen", "\\Flagged"}), 7000.0)
    ]


@pytest.mark.parametrize("form", ["maildir", "mbox"])
def test_a_mailbox_goes_from_one_user_to_another(tmp_path: Path, form: str) -> None:
    with playing(start=1_000_000) as world:
        alice, bob = cast(world)
        for subject in ("one", "two"):
            alice.send(to=bob, subject=subject)
            world.clock.advance(hours=1)
        assert bob.mailbox().export(tmp_path / "box", form) == 2
        dave = world.user("dave@globex.test")
        assert dave.mailbox("Old/mail").import_from(tmp_path / "box") == 2
        assert dave.mailboxes == ["INBOX", "Sent", "Old", "Old/mail"]
        mine, theirs = bob.mailbox("inbox").contents, dave.mailbox("Old/mail").contents
        assert [(one.message, one.flags, one.date) for one in mine] == [
            (one.message, one.flags, one.date) for one in theirs
        ]
        assert dave.mua("laptop").name == "laptop"
        assert dave.inbox.subjects == []


def test_what_is_imported_is_all_there_or_nothing(tmp_path: Path) -> None:
    write_archive(tmp_path / "box", "mbox", MESSAGES)
    with playing(ACME, Domain("globex.test", users=[Account("bob", quota=100)])) as world:
        bob = world.user("bob@globex.test")
        with pytest.raises(MisuseError, match=r"bob@globex\.test, mailbox 'INBOX': \d+ octets do not fit"):
            bob.mailbox().import_from(tmp_path / "box")
        assert bob.inbox.subjects == []


@pytest.mark.parametrize("form", ["maildir", "mbox"])
def test_all_mailboxes_go_from_one_user_to_another_with_those_below(tmp_path: Path, form: str) -> None:
    boxes = {"INBOX": MESSAGES[:2], "Lists/team": MESSAGES[2:3], "Ä.b/c&d": MESSAGES[3:], "Empty": []}
    write_folders(tmp_path / "one", form, boxes)
    with playing(start=1_000_000) as world:
        bob, dave = world.user("bob@globex.test"), world.user("dave@globex.test")
        assert bob.import_from(tmp_path / "one") == len(MESSAGES)
        assert set(bob.mailboxes) == {"INBOX", "Sent", "Lists", "Lists/team", "Ä.b", "Ä.b/c&d", "Empty"}
        assert bob.export(tmp_path / "two", form) == len(MESSAGES)
        assert dave.import_from(tmp_path / "two") == len(MESSAGES)
        for name, messages in boxes.items():
            for user in (bob, dave):
                found = user.mailbox(name).contents
                assert sorted(Archived(bytes(one.message), one.flags, one.date) for one in found) == sorted(messages)


def test_the_standard_library_finds_the_folders(tmp_path: Path) -> None:
    with playing() as world:
        bob = world.user("bob@globex.test")
        write_archive(tmp_path / "box", "mbox", MESSAGES)
        bob.mailbox("Lists/team").import_from(tmp_path / "box")
        bob.export(tmp_path / "all")
    with contextlib.closing(standard.Maildir(tmp_path / "all")) as box:
        assert sorted(box.list_folders()) == ["Lists", "Lists.team", "Sent"]
        assert len(box.get_folder("Lists.team")) == len(MESSAGES)


WRONG: list[tuple[Callable[[User, Path], Any], str]] = [
    (lambda bob, path: bob.mailbox("Nope").export(path / "x"), "no mailbox of bob@globex.test 'Nope'"),
    (lambda bob, path: bob.mailbox().export(path / "x", "zip"), "no format of an archive 'zip'"),
    (lambda bob, path: bob.mailbox().export(path), "is there already"),
    (lambda bob, path: bob.mailbox().export(path / "no" / "x", "mbox"), "may be written to"),
    (lambda bob, path: bob.mailbox().import_from(path), "name a Maildir"),
    (lambda bob, path: bob.mailbox().import_from(path / "no"), "No such file"),
    (lambda bob, path: bob.mailbox().import_from(__file__), "is no mbox, which starts with 'From '"),
    (lambda bob, path: bob.export(path), "is there already"),
    (lambda bob, path: bob.export(path, "mbox"), "is there already"),
    (lambda bob, path: bob.export(path / "no" / "x", "mbox"), "may be written to"),
    (lambda bob, path: bob.export(path / "x", "zip"), "no format of an archive 'zip'"),
    (lambda bob, path: bob.import_from(path / "no"), "name a Maildir, or a folder of mbox files"),
    (lambda bob, path: (path / "&").touch() or bob.import_from(path), "rename it in modified UTF-7"),
    (lambda bob, path: bob.mailbox(3), "write a name"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("act", "cure"), WRONG, ids=[cure for _, cure in WRONG])
def test_what_cannot_be_is_told(tmp_path: Path, act: Callable[[User, Path], Any], cure: str) -> None:
    with playing() as world, pytest.raises(MisuseError, match=cure):
        act(world.user("bob@globex.test"), tmp_path)


def test_the_twins_may_be_awaited(tmp_path: Path) -> None:
    async def story() -> list[str]:
        async with World(ACME, GLOBEX) as world:
            bob = world.aio.user("bob@globex.test")
            await world.aio.user("alice@acme.test").send(to=bob, subject="hello")
            assert await bob.mailbox().export(tmp_path / "box") == 1
            assert await bob.mailbox("Copy").import_from(tmp_path / "box") == 1
            assert await bob.export(tmp_path / "all") == 2
            assert await world.aio.user("dave@globex.test").import_from(tmp_path / "all") == 2
            return [one.message.subject for one in await bob.mailbox("Copy").contents()]

    assert asyncio.run(story()) == ["hello"]
