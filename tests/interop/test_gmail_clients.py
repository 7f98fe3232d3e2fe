"""imapclient speaks Gmail's extensions to a world whose server is Gmail's; what it does outlives the world."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imapclient

from mailharness import Account, Domain, Host, World, rules

TEAM = rules.file_into("Lists/team", when=rules.header("Subject", contains="[team]"))
GLOBEX = Domain("globex.test", users=["bob", Account("amy", filters=[TEAM])], host=Host(imap="gmail"))
ACME = Domain("acme.test", users=["alice"])
SECONDS = 20


@contextlib.contextmanager
def reader(world: World, user: str = "bob", folder: str = "INBOX") -> Iterator[imapclient.IMAPClient]:
    with imapclient.IMAPClient(*world["globex.test"].imap, ssl=False, timeout=SECONDS) as client:
        client.login(user, "secret")
        client.select_folder(folder)
        yield client


def everything(world: World) -> dict[str, list[Any]]:
    account = world["globex.test"].store.named("bob")
    assert account is not None
    return {
        name: [mailbox.uid_validity, *((one.uid, one.thread, one.flags, bytes(one.message)) for one in mailbox.messages)]
        for name, mailbox in account.mailboxes.items()
    }


def test_a_message_is_delivered_labelled_archived_and_thrown_away(tmp_path: Path) -> None:
    with World(GLOBEX, ACME, store=tmp_path / "mail.db") as world:
        alice, bob = world.user("alice@acme.test"), world.user("bob@globex.test")
        for subject in ("Plan", "Photo"):
            alice.send(to=bob, subject=subject)
            world.settle()
        with reader(world) as client:
            assert b"X-GM-EXT-1" in client.capabilities()
            assert client.find_special_folder(b"\\All") == "[Gmail]/All Mail"
            assert client.get_gmail_labels([1, 2]) == {1: [], 2: []}
            assert client.add_gmail_labels([1], ["Work", "Ä b", "\\Starred"]) == {1: ["\\Starred", "Work", "Ä b"]}
            assert client.remove_gmail_labels([1], ["Ä b"]) == {1: ["\\Starred", "Work"]}
            assert client.gmail_search("subject:plan is:starred") == [1]
            numbers = client.fetch([1], ["X-GM-MSGID", "X-GM-THRID"])[1]
            client.delete_messages([1])
            client.expunge()
            assert client.search() == [2]
        with reader(world, folder="Work") as client:
            assert client.get_gmail_labels([1]) == {1: ["\\Starred"]}
            again = client.fetch([1], ["X-GM-MSGID", "X-GM-THRID"])[1]
            assert {key: again[key] for key in again if b"GM" in key} == {
                key: numbers[key] for key in again if b"GM" in key
            }
            client.move([1], "[Gmail]/Trash")
        assert [message.subject for message in bob.fetch(via="pop3")] == ["Photo"]
        before = everything(world)
        assert [len(before[name]) - 1 for name in ("INBOX", "[Gmail]/All Mail", "Work", "[Gmail]/Trash")] == [1, 1, 0, 1]
        world.assert_conserved()
    with World(GLOBEX, ACME, store=tmp_path / "mail.db") as world:
        assert everything(world) == before
        world.user("alice@acme.test").send(to="bob@globex.test", subject="Re: Photo")
        world.settle()
        photo, answer = everything(world)["[Gmail]/All Mail"][1:]
        assert photo[1] == answer[1]


def test_a_rule_files_under_a_label_and_nothing_is_lost_from_all_mail() -> None:
    with World(GLOBEX, ACME) as world:
        alice, amy = world.user("alice@acme.test"), world.user("amy@globex.test")
        alice.send(to=amy, subject="[team] Lunch?").trace.assert_delivered()
        assert len(amy.inbox) == 0
        with reader(world, "amy", "[Gmail]/All Mail") as client:
            assert client.get_gmail_labels([1]) == {1: ["Lists/team"]}


def test_a_device_keeps_what_it_sends_where_gmail_does() -> None:
    with World(GLOBEX, ACME) as world:
        laptop = world.user("bob@globex.test").mua("laptop")
        laptop.send(to="alice@acme.test", subject="Mine").trace.assert_delivered()
        with reader(world, folder="[Gmail]/All Mail") as client:
            assert client.get_gmail_labels([1]) == {1: ["\\Sent"]}
            assert not client.folder_exists("Sent")


def test_mailboxes_of_before_become_labels(tmp_path: Path) -> None:
    plain = Domain("globex.test", users=["bob"])
    with World(plain, ACME, store=tmp_path / "mail.db") as world:
        world.user("alice@acme.test").send(to="bob@globex.test", subject="Old")
        world.settle()
        with reader(world) as client:
            client.append("Sent", b"Subject: mine\r\n\r\n")
            client.append("Sent", b"Subject: mine\r\n\r\n")
    for _ in range(2):
        with World(GLOBEX, ACME, store=tmp_path / "mail.db") as world, reader(world, folder="[Gmail]/All Mail") as client:
            assert client.get_gmail_labels([1, 2]) == {1: ["\\Inbox"], 2: ["Sent"]}
