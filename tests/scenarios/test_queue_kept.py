"""Queues that outlive their world: stopped, or killed in the middle of its work."""

import contextlib
import json
import signal
import smtplib
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailharness import Account, Domain, Forward, Gateway, MailingList, MisuseError, World, faults
from tests.scenarios.stage import ACME, GLOBEX, cast, playing

SECONDS = 20


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "queues.db"


def test_what_waits_is_there_in_the_next_world(spool: Path) -> None:
    with playing(spool=spool, start=0) as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mail.globex.test", "RCPT", "450 4.2.1 busy")):
            for subject in ("one", "two", "three"):
                alice.send(to=[bob, "dave@globex.test"], subject=subject)
            world.clock.advance(minutes=15)
        queue = world["acme.test"].queue
        queue.hold(2)
        queue.delete(3, recipient=bob)
        before = list(queue)
    with playing(spool=spool, start=1200) as world:
        queue, (alice, bob) = world["acme.test"].queue, cast(world)
        for then, now in zip(before, queue, strict=True):
            for name in ("host", "sender", "recipients", "domain", "attempts", "due", "queued_at", "held", "replies"):
                assert getattr(now, name) == getattr(then, name), name
        assert world.letters[0].subject == "one"
        world.clock.advance(minutes=30)
        assert bob.inbox.subjects == ["one"]
        assert world.user("dave@globex.test").inbox.subjects == ["one", "three"]
        world.letter(1).trace.assert_delivered(attempts=3)
        queue.release()
        assert bob.inbox.subjects == ["one", "two"]
    with playing(spool=spool) as world:
        assert (len(world["acme.test"].queue), world.letters) == (0, [])


def test_age_goes_on_and_a_letter_is_given_up_in_its_time(spool: Path) -> None:
    refusing = faults.refuse("mail.globex.test")
    with playing(spool=spool, start=0) as world, world.fault(refusing):
        world.user("alice@acme.test").send(to="bob@globex.test")
        world.clock.advance(hours=5)
        assert [one.action for one in world.letter(1).trace.bounces] == ["delayed"]
    with playing(spool=spool, start=6 * 3600) as world, world.fault(refusing):
        world.clock.advance(days=5, hours=-6, seconds=-1)
        world.letter(1).trace.assert_queued()
        world.clock.advance(seconds=1)
        assert [(one.action, one.status) for one in world.letter(1).trace.bounces] == [("failed", "4.4.1")]
        assert len(world.user("alice@acme.test").inbox) == 1


def test_letters_of_several_worlds_stay_apart(spool: Path) -> None:
    refusing = faults.refuse("mail.globex.test")
    with playing(spool=spool, start=0) as world, world.fault(refusing):
        for to in ("carol@acme.test", "bob@globex.test"):
            world.user("alice@acme.test").send(to=to, subject="second of the first world")
    with playing(spool=spool, start=0) as world, world.fault(refusing):
        world.user("alice@acme.test").send(to="bob@globex.test", subject="second of the second world")
        assert [letter.number for letter in world.letters] == [1, 2]
    with playing(spool=spool, start=0) as world:
        assert [letter.subject for letter in world.letters] == ["second of the first world", "second of the second world"]
        assert [entry.letter for entry in world["acme.test"].queue] == [1, 2]


FULL_BOX = Domain("globex.test", users=[Account("bob", quota=1000), "dave"])


def send_too_much(world: World) -> None:
    """A letter to bob, whose mailbox it fits not, and dave; no MAIL has announced its size."""
    with smtplib.SMTP(*world["globex.test"].smtp) as smtp:
        smtp.helo("x.test")
        octets = b"Subject: too big\r\n\r\n" + b"x" * 2000
        smtp.sendmail("alice@acme.test", ["bob@globex.test", "dave@globex.test"], octets)


def test_a_letter_that_waits_for_room_in_a_mailbox_waits_on(spool: Path) -> None:
    with playing(ACME, FULL_BOX, spool=spool) as world:
        send_too_much(world)
        assert [entry.attempts for entry in world["globex.test"].queue] == [1]
        assert world.user("dave@globex.test").inbox.subjects == ["too big"]
    with playing(spool=spool) as world:
        assert [entry.attempts for entry in world["globex.test"].queue] == [1]
        world["globex.test"].queue.flush()
        assert world.user("bob@globex.test").inbox.subjects == ["too big"]
        assert world.user("dave@globex.test").inbox.subjects == []


def test_a_report_that_waits_is_kept_as_well(spool: Path) -> None:
    with playing(ACME, FULL_BOX, spool=spool) as world, world.fault(faults.refuse("mail.acme.test")):
        send_too_much(world)
        world["globex.test"].queue.delete(bounce=True)
        assert [entry.sender for entry in world["globex.test"].queue] == [None]
    with playing(spool=spool) as world:
        world["globex.test"].queue.flush()
        assert world.user("alice@acme.test").inbox.subjects == ["Undelivered Mail Returned to Sender"]


def test_what_a_gateway_has_taken_is_kept_too(spool: Path) -> None:
    guarded = Domain("globex.test", users=["bob"], gateway=Gateway())
    with playing(ACME, guarded, spool=spool) as world:
        world.switch_off("mail.globex.test")
        world.user("alice@acme.test").send(to="bob@globex.test", subject="through the gate")
        assert [entry.host for entry in world["globex.test"].queue] == ["gateway.globex.test"]
    with playing(ACME, guarded, spool=spool) as world:
        world["globex.test"].queue.flush()
        assert world.user("bob@globex.test").inbox.subjects == ["through the gate"]


def test_envelopes_are_kept_whole(spool: Path) -> None:
    people = [Domain("bücher.test", users=["jörg"]), Domain("globex.test", users=["bob"])]
    with playing(*people, spool=spool) as world, world.fault(faults.refuse("mail.globex.test")):
        world.user("jörg@bücher.test").send(to="bob@globex.test", subject="Grüße", text="ü" * 100)
        before = world["bücher.test"].queue[0]
    with playing(*people, spool=spool) as world:
        assert world["bücher.test"].queue[0].sender == before.sender
        world["bücher.test"].queue.flush()
        assert world.user("bob@globex.test").inbox[0].text == "ü" * 100 + "\n"


def not_a_database(path: Path) -> None:
    path.write_bytes(b"Subject: no database\r\n" * 100)


def another_database(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")


@pytest.mark.parametrize("make", [not_a_database, another_database])
def test_a_file_that_is_something_else_is_refused_and_left_alone(spool: Path, make: Any) -> None:
    make(spool)
    before = spool.read_bytes()
    with pytest.raises(MisuseError, match=r"queues\.db.*: this file is no spool"), World(spool=spool):
        pass
    assert spool.read_bytes() == before


def test_a_file_is_one_worlds_at_a_time(spool: Path) -> None:
    with World(spool=spool), pytest.raises(MisuseError, match="another world uses this file"), World(spool=spool):
        pass
    with World(spool=spool) as world:
        assert world.letters == []


def cut_in_half(path: Path) -> None:
    octets = path.read_bytes()
    path.write_bytes(octets[: len(octets) // 2])


def overwritten(path: Path) -> None:
    octets = path.read_bytes()
    path.write_bytes(octets[:4096] + b"\xff" * (len(octets) - 4096))


def changed(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(statement)
            connection.commit()

    return change


DAMAGES = {
    "cut in half": cut_in_half,
    "overwritten": overwritten,
    "no table": changed("DROP TABLE states"),
    "no JSON": changed("UPDATE states SET envelope = '{'"),
    "no envelope": changed("UPDATE states SET envelope = '{}'"),
    "no address": changed("UPDATE states SET envelope = replace(envelope, '@', ' ')"),
    "no time": changed("UPDATE states SET due = NULL"),
    "no cause": changed("UPDATE letters SET cause = 'whim'"),
    "no octets": changed("UPDATE letters SET message = 'text'"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_told_and_let_go(spool: Path, damage: Callable[[Path], None]) -> None:
    with playing(spool=spool) as world, world.fault(faults.refuse("mail.globex.test")):
        world.user("alice@acme.test").send(to="bob@globex.test", text="x" * 5_000)
    damage(spool)
    with pytest.raises(MisuseError, match=r"this file is damaged: .*; name another, or a new one"), World(spool=spool):
        pass
    spool.unlink()
    with World(spool=spool) as world:
        assert world.letters == []


@pytest.mark.parametrize("path", ["", "no/such/folder/queues.db"])
def test_a_file_that_cannot_be_made(path: str) -> None:
    with pytest.raises(MisuseError, match="name a file in a folder that is there"), World(spool=path):
        pass


def test_what_is_no_path() -> None:
    with pytest.raises(MisuseError, match=r"spool=3: give the world the path of a file"):
        World(spool=3)  # type: ignore[arg-type]


def test_letters_of_a_domain_that_is_gone_are_not_forgotten_in_silence(spool: Path) -> None:
    with playing(spool=spool) as world, world.fault(faults.refuse("mail.globex.test")):
        world.user("alice@acme.test").send(to="bob@globex.test")
        assert len(world["acme.test"].queue) == 1
    with (
        pytest.raises(MisuseError, match=r"at hosts that this world has not: mail\.acme\.test \(1\); declare their"),
        World(GLOBEX, spool=spool),
    ):
        pass
    with playing(spool=spool) as world:
        assert len(world["acme.test"].queue) == 1
        world["acme.test"].queue.delete()


def test_where_the_disk_is_full_no_letter_is_taken(spool: Path) -> None:
    with playing(spool=spool) as world:
        storage = world.internet.around.storage
        connection = storage._connection  # type: ignore[union-attr]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
        with world.fault(faults.refuse("mail.globex.test")), smtplib.SMTP(*world["acme.test"].submission) as smtp:
            smtp.ehlo("x.test")
            with pytest.raises(smtplib.SMTPDataError) as refusal:
                smtp.sendmail("alice@acme.test", ["bob@globex.test"], b"Subject: x\r\n\r\n" + b"x" * 100_000)
            assert refusal.value.smtp_code == 452
            assert b"4.3.1" in refusal.value.smtp_error
            connection.execute(f"PRAGMA max_page_count={pages + 1000}")
            smtp.sendmail("alice@acme.test", ["bob@globex.test"], b"Subject: y\r\n\r\n")


# -- killed ----

FULL, ROOM = "quota = 0", "quota = 100000000"
SCENARIO = """
[[domain]]
name = "acme.test"
users = ["alice"]

[[domain]]
name = "globex.test"
users = [{ name = "bob", QUOTA }]
"""


@contextlib.contextmanager
def running(folder: Path, quota: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """``mailharness up`` in a process of its own, and what it says of itself; killed at the end."""
    (folder / "scenario.toml").write_text(SCENARIO.replace("QUOTA", quota))
    command = [sys.executable, "-m", "mailharness", "up", "scenario.toml", "--json", "--spool", "queues.db"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=SECONDS)


def flood(endpoint: dict[str, Any], name: str, taken: list[str]) -> None:
    """Send until nobody is there any more; ``taken`` are the subjects that had a 250."""
    client = smtplib.SMTP(endpoint["host"], endpoint["port"], "x.test", timeout=SECONDS)
    with contextlib.suppress(OSError, smtplib.SMTPException), client:
        for number in range(10_000):
            subject = f"{name} {number}"
            client.sendmail("alice@acme.test", ["bob@globex.test"], f"Subject: {subject}\r\n\r\nx\r\n")
            taken.append(subject)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_world_that_is_killed_loses_no_letter_that_it_said_250_to(tmp_path: Path) -> None:
    taken: list[str] = []
    for count in (60, 120):
        with running(tmp_path, FULL) as (process, directory):
            endpoint = next(one for one in directory["domains"] if one["name"] == "acme.test")["endpoints"]["submission"]
            clients = [threading.Thread(target=flood, args=(endpoint, f"{count}-{n}", taken)) for n in range(3)]
            for client in clients:
                client.start()
            assert process.stdout is not None
            for line in process.stdout:
                if json.loads(line)["event"] == "queued" and len(taken) > count:
                    break
            process.send_signal(signal.SIGKILL)
            for client in clients:
                client.join()
    assert len(taken) > 120
    with running(tmp_path, FULL) as (process, _):
        assert process.stdout is not None
        told = Counter(json.loads(process.stdout.readline())["event"] for _ in range(2 * len(taken)))
        assert told["queued"] >= len(taken) - 1
    domains = (Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"]))
    with playing(*domains, spool=tmp_path / "queues.db") as world:
        world["acme.test"].queue.flush()
        arrived = Counter(world.user("bob@globex.test").inbox.subjects)
    assert [subject for subject in taken if arrived[subject] != 1] == []
    assert len(arrived) <= len(taken) + 6


def test_a_bounce_finds_its_way_back_through_an_address_that_an_earlier_world_wrote(spool: Path) -> None:
    rewriting = Domain("globex.test", users=[Account("bob", forward=Forward("nobody@home.test", rewrite="srs"))])
    domains = (ACME, rewriting, Domain("home.test", users=["carol"]))
    with playing(*domains, spool=spool) as world:
        world.switch_off("mail.home.test")
        world.user("alice@acme.test").send(to="bob@globex.test")
        assert str(world["globex.test"].queue[0].sender).startswith("SRS0=")
    with playing(*domains, spool=spool) as world:
        world["globex.test"].queue.flush()
        assert world.user("alice@acme.test").inbox.subjects == ["Undelivered Mail Returned to Sender"]


EXPANDING = Domain(
    "acme.test",
    users=[
        "alice",
        Account("gone", forward="bob@globex.test"),
        Account("both", forward=Forward("bob@globex.test", keep=True)),
    ],
    aliases={"team": ["alice", "bob@globex.test"]},
    lists=[MailingList("all", ["alice", "bob@globex.test"], post="anyone", verp=True)],
)


@pytest.mark.parametrize("name", ["team", "all", "gone", "both"])
@pytest.mark.parametrize("header", [b"", b"Delivered-To: gone@acme.test\r\n"])
def test_where_the_disk_is_full_nothing_has_been_made_of_a_letter(spool: Path, name: str, header: bytes) -> None:
    with playing(EXPANDING, GLOBEX, spool=spool) as world:
        connection = world.internet.around.storage._connection  # type: ignore[union-attr]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
        with smtplib.SMTP(*world["acme.test"].submission) as smtp:
            octets = header + b"Subject: x\r\n\r\n" + b"x" * 100_000
            with pytest.raises(smtplib.SMTPDataError, match=r"4\.3\.1"):
                smtp.sendmail("alice@acme.test", [f"{name}@acme.test", "bob@globex.test"], octets)
        (letter,) = world.letters
        assert set(letter.trace.status.values()) == {"refused"}
        assert not any(user.inbox for user in world.users)
        connection.execute(f"PRAGMA max_page_count={pages + 1000}")


@pytest.mark.parametrize("to", ["team@acme.test", "all@acme.test", "both@acme.test", "bob@globex.test"])
def test_a_letter_that_was_kept_whole_is_expanded_by_the_next_world(spool: Path, to: str) -> None:
    """The file is as one is whose world was killed between the two."""
    with playing(EXPANDING, GLOBEX, spool=spool) as world, world.fault(faults.refuse("mail.globex.test")):
        world.user("alice@acme.test").send(to="bob@globex.test", subject="once")
    changed("UPDATE letters SET domain = ''")(spool)
    changed(f"UPDATE states SET envelope = replace(envelope, 'bob@globex.test', '{to}'), due = 0")(spool)
    with playing(EXPANDING, GLOBEX, spool=spool) as world:
        assert world.user("bob@globex.test").inbox.subjects == ["once"]
        world.letter(1).trace.assert_delivered()
    with playing(EXPANDING, GLOBEX, spool=spool) as world:
        assert world.letters == []
