"""Mailboxes that outlive their world: stopped, or killed in the middle of its work."""

import contextlib
import imaplib
import json
import signal
import smtplib
import sqlite3
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imapclient
import pytest

from mailharness import Account, Domain, MisuseError, World, faults, rules
from mailharness.mailbox import Account as Kept
from tests.scenarios.stage import ACME, GLOBEX, cast, playing

SECONDS = 20
BOB = "bob@globex.test"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "mail.db"


def account(world: World, name: str = BOB) -> Kept:
    found = world["globex.test"].store.named(name)
    assert found is not None
    return found


def everything(world: World, name: str = BOB) -> Any:
    """All that a client can see of a user's mailboxes."""
    of = account(world, name)
    return (of.subscriptions, dict(of.notes), of.used), {
        name: (
            (box.uid_validity, box.uid_next, box.highest_modseq, box.object_id, box.special_use, dict(box.notes), len(box)),
            box.url_key,
            [
                (one.uid, bytes(one.message), one.flags, one.modseq, one.internal_date, one.save_date)
                for one in box.messages
            ],
            box.vanished(0, [(1, 1000)]),
            box.unclaimed(),
        )
        for name, box in of.mailboxes.items()
    }


@contextlib.contextmanager
def reader(world: World) -> Iterator[imapclient.IMAPClient]:
    with imapclient.IMAPClient(*world["globex.test"].imap, ssl=False, timeout=SECONDS) as client:
        client.login("bob", "secret")
        client.select_folder("INBOX")
        yield client


def rearrange(world: World) -> None:
    """All that a client can do to its mailboxes."""
    with reader(world) as client:
        client.set_flags([1], ["\\Seen", "$Work"])
        client.create_folder("Lists/team")
        client.copy([1], "Lists/team")
        client.move([2], "Lists/team")
        client.delete_messages([3])
        client.expunge()
        client.create_folder("Old")
        client.append("Old", b"Subject: appended\r\n\r\nx\r\n", ["\\Draft"])
        client.rename_folder("Old", "New")
        client.create_folder("Gone")
        client.append("Gone", b"Subject: gone\r\n\r\nx\r\n")
        client.delete_folder("Gone")
        client.subscribe_folder("Lists/team")
        client.unsubscribe_folder("Sent")
    with imaplib.IMAP4(*world["globex.test"].imap) as plain:
        plain.login("bob", "secret")
        plain.xatom("SETMETADATA", "INBOX", '(/private/comment "mine")')
        plain.xatom("CREATE", "Pics", "(USE (\\Archive))")
        plain.xatom("RESETKEY", "INBOX")


def test_all_of_a_mailbox_is_there_in_the_next_world(store: Path) -> None:
    with playing(store=store, start=1000) as world:
        alice, bob = cast(world)
        for subject in ("one", "two", "three", "four"):
            alice.send(to=bob, subject=subject)
        world.settle()
        rearrange(world)
        before = everything(world)
    assert before[1]["INBOX"][1] == 1
    assert before[1]["INBOX"][3] == [2, 3]
    with playing(store=store, start=9000) as world:
        assert everything(world) == before
        alice, bob = cast(world)
        alice.send(to=bob, subject="five")
        assert bob.inbox.subjects == ["one", "four", "five"]
        assert account(world).inbox.messages[-1].uid == 5
        assert account(world).create("Gone").uid_validity > before[1]["New"][0][0]
        world.settle()
        before = everything(world)
    with playing(store=store) as world:
        assert everything(world) == before


def test_rules_and_a_postmaster_find_their_mail_again(store: Path) -> None:
    globex = Domain("globex.test", users=[Account("bob", filters=[rules.file_into("All")])])
    with playing(ACME, globex, store=store) as world:
        world.user("alice@acme.test").send(to=[BOB, "postmaster@globex.test"])
    with playing(ACME, globex, store=store) as world:
        assert len(account(world).get("All")) == 1
        assert len(world.user("postmaster@globex.test").inbox) == 1


def test_who_had_an_automatic_answer_gets_none_in_the_next_world(store: Path) -> None:
    globex = Domain("globex.test", users=[Account("bob", auto_reply="Away")])
    for start, answers in ((1000, 1), (9000, 1), (9000 + 7 * 86_400, 2)):
        with playing(ACME, globex, store=store, start=start) as world:
            world.user("alice@acme.test").send(to=BOB, subject="There?")
            assert world.user("alice@acme.test").inbox.subjects == ["Auto: There?"] * answers


def rows(store: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(store)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_octets_are_in_the_file_once_and_go_with_the_last_message(store: Path) -> None:
    with playing(store=store) as world:
        world.user("alice@acme.test").send(to=[BOB, "dave@globex.test"], text="x" * 100_000)
        world.settle()
        with reader(world) as client:
            client.copy([1], "Sent")
    assert (rows(store, "messages"), rows(store, "bodies")) == (3, 1)
    assert store.stat().st_size < 200_000
    with playing(store=store) as world:
        first, other = (account(world, name).inbox.messages[0].message for name in (BOB, "dave@globex.test"))
        assert first.original is other.original
        for name in (BOB, "dave@globex.test"):
            account(world, name).inbox.expunge([1])
    assert (rows(store, "messages"), rows(store, "bodies")) == (1, 1)
    with playing(store=store) as world:
        account(world).get("Sent").expunge([1])
    assert (rows(store, "messages"), rows(store, "bodies")) == (0, 0)


def test_octets_are_in_memory_once_however_many_mailboxes_hold_them() -> None:
    names = [f"user{number}" for number in range(30)]
    octets = b"Subject: big\r\n\r\n" + b"x" * 998 + b"\r\n"
    octets += (b"y" * 998 + b"\r\n") * 1000
    with playing(Domain("globex.test", users=["bob", *names])) as world:
        everyone = [f"{name}@globex.test" for name in names]
        world.user(BOB).send(to=BOB, message=b"Subject: warm\r\n\r\n").trace.assert_delivered()
        tracemalloc.start()
        try:
            world.user(BOB).send(to=[BOB, *everyone], message=octets).trace.assert_delivered()
            with reader(world) as client:
                for _ in range(10):
                    client.copy([2], "Sent")
            used, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert sum(len(account(world, name).inbox) for name in everyone) == len(names)
        assert len(account(world).get("Sent")) == 10
        assert used < 4 * len(octets)


def test_a_store_knows_its_own(store: Path) -> None:
    with World(spool=store):
        pass
    with (
        pytest.raises(MisuseError, match=r"store='.*mail\.db': this file is no mail store of this version"),
        World(store=store),
    ):
        pass
    with pytest.raises(MisuseError, match="store=3: give the world the path of a file"):
        World(store=3)  # type: ignore[arg-type]


def test_mail_of_a_user_who_is_gone_is_not_forgotten_in_silence(store: Path) -> None:
    with playing(store=store) as world:
        world.user("alice@acme.test").send(to=BOB)
    fewer = Domain("globex.test", users=["dave"])
    with (
        pytest.raises(MisuseError, match=r"users that this world has not: bob@globex\.test \(1\)"),
        World(fewer, store=store),
    ):
        pass
    with World(ACME, GLOBEX, store=store) as world, pytest.raises(MisuseError, match="another world"), World(store=store):
        pass


def test_a_queue_forgets_what_the_mailbox_has_and_nothing_before(store: Path, tmp_path: Path) -> None:
    files: dict[str, Any] = {"store": store, "spool": tmp_path / "queues.db"}
    with playing(**files) as world, world.fault(faults.refuse("mail.globex.test")):
        world.user("alice@acme.test").send(to=BOB, subject="later")
        assert len(world["acme.test"].queue) == 1
    with playing(**files) as world:
        world["acme.test"].queue.flush()
        assert world.user(BOB).inbox.subjects == ["later"]
    assert (rows(store, "messages"), rows(files["spool"], "letters")) == (1, 0)


# -- killed ----

SCENARIO = """
[[domain]]
name = "acme.test"
users = ["alice"]

[[domain]]
name = "globex.test"
users = ["bob"]
"""


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """``mailharness up`` in a process of its own, and what it says of itself; killed at the end."""
    (folder / "scenario.toml").write_text(SCENARIO)
    command = [sys.executable, "-m", "mailharness", "up", "scenario.toml", "--json", "--store", "mail.db", *options]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=SECONDS)


def endpoint(directory: dict[str, Any], domain: str, service: str) -> tuple[str, int]:
    found = next(one for one in directory["domains"] if one["name"] == domain)["endpoints"][service]
    return found["host"], found["port"]


def flood(where: tuple[str, int], name: str, taken: list[str]) -> None:
    """Send until nobody is there any more; ``taken`` are the subjects that had a 250."""
    with contextlib.suppress(OSError, smtplib.SMTPException), smtplib.SMTP(*where, "x.test", timeout=SECONDS) as client:
        for number in range(10_000):
            subject = f"{name} {number}"
            client.sendmail("alice@acme.test", [BOB], f"Subject: {subject}\r\n\r\nx\r\n")
            taken.append(subject)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
@pytest.mark.parametrize(
    ("domain", "service", "options"),
    [("globex.test", "smtp", ()), ("acme.test", "submission", ("--spool", "queues.db"))],
    ids=["straight into the mailbox", "through a queue"],
)
def test_a_world_that_is_killed_loses_no_letter_that_it_said_250_to(
    tmp_path: Path, domain: str, service: str, options: tuple[str, ...]
) -> None:
    taken: list[str] = []
    for count in (60, 120):
        with running(tmp_path, *options) as (process, directory):
            where = endpoint(directory, domain, service)
            clients = [threading.Thread(target=flood, args=(where, f"{count}-{n}", taken)) for n in range(3)]
            for client in clients:
                client.start()
            assert process.stdout is not None
            for line in process.stdout:
                if json.loads(line)["event"] == "delivered" and len(taken) > count:
                    break
            process.send_signal(signal.SIGKILL)
            for client in clients:
                client.join()
    assert len(taken) > 120
    files: dict[str, Any] = {"store": tmp_path / "mail.db"} | ({"spool": tmp_path / "queues.db"} if options else {})
    with playing(Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"]), **files) as world:
        world["acme.test"].queue.flush()
        arrived = world.user(BOB).inbox.subjects
        uids = [one.uid for one in account(world).inbox.messages]
    assert set(taken) <= set(arrived)
    assert uids == sorted(set(uids))


# -- killed while clients read and write ----


class Ledger:
    """What one client did, in order: the UID, flags and fate that the server has said OK to; ``open`` is the UID of which
    more was asked than answered."""

    def __init__(self) -> None:
        self.kept: dict[int, set[str]] = {}
        self.gone: set[int] = set()
        self.open = 0
        self.is_long = threading.Event()


def work(where: tuple[str, int], folder: str, ledger: Ledger) -> None:
    """Append, flag, expunge until nobody is there any more."""
    client = imaplib.IMAP4(*where, timeout=SECONDS)
    with contextlib.suppress(OSError, imaplib.IMAP4.error):
        client.login("bob", "secret")
        client.create(folder)
        client.select(folder)
        for number in range(10_000):
            status, data = client.append(folder, "", "", f"Subject: {folder} {number}\r\n\r\nx\r\n".encode())
            assert status == "OK"
            ledger.open = uid = int(data[0].split(b"]")[0].split()[2])
            ledger.kept[uid] = set()
            if number % 3:
                assert client.uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Deleted $mark)")[0] == "OK"
                ledger.kept[uid] = {"\\Deleted", "$mark"}
            if number % 3 == 2:
                assert client.uid("EXPUNGE", str(uid))[0] == "OK"
                del ledger.kept[uid]
                ledger.gone.add(uid)
            if number == 30:
                ledger.is_long.set()
    client.shutdown()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_world_that_is_killed_forgets_nothing_that_a_client_was_told(tmp_path: Path) -> None:
    ledgers = {f"Box{number}": Ledger() for number in range(4)}
    with running(tmp_path) as (process, directory):
        where = endpoint(directory, "globex.test", "imap")
        clients = [threading.Thread(target=work, args=(where, *one)) for one in ledgers.items()]
        for client in clients:
            client.start()
        assert all(ledger.is_long.wait(SECONDS) for ledger in ledgers.values())
        process.send_signal(signal.SIGKILL)
        for client in clients:
            client.join()
    with playing(
        Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"]), store=tmp_path / "mail.db"
    ) as world:
        for folder, ledger in ledgers.items():
            found = {one.uid: set(one.flags) for one in account(world).get(folder).messages}
            assert not found.keys() & ledger.gone
            assert {uid: flags for uid, flags in ledger.kept.items() if uid != ledger.open}.items() <= found.items()
            assert all(found[uid] >= flags for uid, flags in ledger.kept.items() if uid in found)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_world_may_be_killed_the_moment_it_says_ok(tmp_path: Path) -> None:
    octets = b"Subject: big\r\n\r\n" + b"y" * 5_000_000
    with running(tmp_path) as (process, directory):
        client = imaplib.IMAP4(*endpoint(directory, "globex.test", "imap"), timeout=SECONDS)
        client.login("bob", "secret")
        assert client.append("INBOX", "", "", octets)[0] == "OK"
        process.send_signal(signal.SIGKILL)
        client.shutdown()
    with playing(
        Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"]), store=tmp_path / "mail.db"
    ) as world:
        assert [bytes(message) for message in world.user(BOB).inbox] == [octets]
