"""mutt at a terminal, curl and aioimaplib: each reads, flags, moves, deletes, and aioimaplib idles, in one mailbox."""

import asyncio
import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aioimaplib import IMAP4

from mailharness import Domain, World
from tests.interop.running import PATIENCE, run

BOB = "bob@b.test"
MUTT = """\
set folder="imap://bob@{host}:{port}/" spoolfile="+INBOX" imap_user="bob" imap_pass="secret" imap_authenticators="login"
set ssl_starttls=no ssl_force_tls=no header_cache="" mark_old=no sort=mailbox-order
set resolve=no confirmappend=no confirmcreate=no wait_key=no delete=yes quit=yes move=no pager_stop=yes
push "{keys}"
"""
KEYS = "<first-entry><flag-message><next-entry><save-message>=Archive<enter><last-entry><delete-message><quit>"


@pytest.fixture
def world() -> Iterator[World]:
    """bob has three letters."""
    with World(Domain("b.test", users=["alice", "bob"])) as world:
        for subject in ("one", "two", "three"):
            world.user("alice@b.test").send(to=BOB, subject=subject, text=f"text of {subject}\r\n")
            world.settle()
        yield world
        world.assert_conserved()


def flags(world: World, mailbox: str = "INBOX") -> dict[str, set[str]]:
    """The flags of each message, by its subject."""
    return {stored.message.subject: set(stored.flags) for stored in world.user(BOB).mailbox(mailbox).contents}


def at_a_terminal(*command: str, home: Path) -> str:
    """Run a program that wants a terminal until it ends; what it has painted."""
    near, far = pty.openpty()
    environment = {"TERM": "xterm", "HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    painted = b""
    with subprocess.Popen(command, stdin=far, stdout=far, stderr=far, env=environment, start_new_session=True) as program:
        os.close(far)
        try:
            while more := os.read(near, 4096):
                painted += more
        except OSError:  # how Linux says that nobody has the terminal any more
            pass
        os.close(near)
        assert program.wait(PATIENCE) == 0, painted
    return painted.decode("utf-8", "replace")


def test_mutt_flags_moves_and_deletes(world: World, program: Callable[[str], str], tmp_path: Path) -> None:
    host, port = world["b.test"].imap
    settings = tmp_path / "muttrc"
    settings.write_text(MUTT.format(host=host, port=port, keys=KEYS))
    painted = at_a_terminal(program("mutt"), "-n", "-F", str(settings), home=tmp_path)
    assert "three" in painted
    assert (flags(world), world.user(BOB).mailbox("Archive").subjects) == ({"one": {"\\Flagged"}}, ["two"])


def test_mutt_reads(world: World, program: Callable[[str], str], tmp_path: Path) -> None:
    host, port = world["b.test"].imap
    settings = tmp_path / "muttrc"
    keys = f"<last-entry><pipe-message>cat >{tmp_path}/read<enter><quit>"
    settings.write_text(MUTT.format(host=host, port=port, keys=keys))
    at_a_terminal(program("mutt"), "-n", "-F", str(settings), home=tmp_path)
    assert (tmp_path / "read").read_text().endswith("\n\ntext of three\n")


def test_curl_reads_flags_moves_and_deletes(world: World, program: Callable[[str], str]) -> None:
    host, port = world["b.test"].imap

    def curl(path: str, *options: str) -> bytes:
        return run(program("curl"), "-sS", "--user", "bob:secret", *options, f"imap://{host}:{port}/{path}")

    assert b"Sent" in curl("")
    assert b"text of two" in curl("INBOX;MAILINDEX=2")
    assert curl("INBOX?SUBJECT%20three").split() == [b"*", b"SEARCH", b"3"]
    curl("INBOX", "--request", "STORE 1 +FLAGS \\Flagged")
    curl("INBOX", "--request", "CREATE Archive")
    curl("INBOX", "--request", "MOVE 2 Archive")
    curl("INBOX", "--request", "STORE 2 +FLAGS \\Deleted")
    curl("INBOX", "--request", "EXPUNGE")
    assert (flags(world), world.user(BOB).mailbox("Archive").subjects) == ({"one": {"\\Flagged"}}, ["two"])


async def by_aioimaplib(world: World) -> list[str]:
    """Read, flag, move and delete; then what a client that idles is told of the next letter."""
    client = IMAP4(*world["b.test"].imap, timeout=PATIENCE)
    await client.wait_hello_from_server()
    await client.login("bob", "secret")
    await client.select("INBOX")
    assert b"text of one" in (await client.fetch("1", "(BODY.PEEK[TEXT])")).lines[1]
    await client.store("1", "+FLAGS", "(\\Flagged)")
    await client.create("Archive")
    assert (await client.move("2", "Archive")).result == "OK"
    await client.store("2", "+FLAGS", "(\\Deleted)")
    await client.expunge()
    await client.idle_start(timeout=PATIENCE)
    await world.aio.user("alice@b.test").send(to=BOB, subject="four")
    told: list[str] = []
    while not any("EXISTS" in line for line in told):
        told += [line.decode() for line in await client.wait_server_push()]
    client.idle_done()
    await client.logout()
    return told


def test_aioimaplib_reads_flags_moves_deletes_and_idles(world: World) -> None:
    assert "2 EXISTS" in asyncio.run(by_aioimaplib(world))
    assert flags(world) == {"one": {"\\Flagged"}, "four": set()}
    assert world.user(BOB).mailbox("Archive").subjects == ["two"]
