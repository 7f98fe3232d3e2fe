"""A world that was reset is as new, at its old doors: each thing a life can leave behind is looked for in the next."""

import asyncio
import contextlib
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailharness import Domain, Gateway, Host, MisuseError, World, WorldStoppedError, behaviours, faults
from tests.world.belongings import nothing_left

DOMAINS = (
    Domain("acme.test", users=["ann"], gateway=Gateway(attachments=["*.exe"])),
    Domain(
        "globex.test",
        users=["bob"],
        mx=[Host("mail", behaviours=[behaviours.greylisting(delay=300)])],
    ),
)


@pytest.fixture
def world() -> Iterator[World]:
    with nothing_left(), World(*DOMAINS, start=86_400) as running:
        yield running


def send(world: World, subject: str = "Hello", to: str = "bob@globex.test") -> None:
    world.user("ann@acme.test").send(to=to, subject=subject)


LEAVES: dict[str, Callable[[World], object]] = {
    "letters": lambda world: [letter.number for letter in world.letters],
    "events": lambda world: len(world.journal.of_kind(object)),
    "inbox": lambda world: world.user("ann@acme.test").inbox.subjects,
    "mailboxes": lambda world: world.user("ann@acme.test").mailboxes,
    "queue": lambda world: list(world["acme.test"].queue),
    "clock": lambda world: world.clock.now(),
    "cache": lambda world: str(world["acme.test"].resolver.cache),
    "greylist": lambda world: str(world["globex.test"].host("mail").behaviours),
    "zone": lambda world: str(world["globex.test"].zone),
    "machines": lambda world: [host.running for host in world["globex.test"].hosts.values()],
    "armed": lambda world: world._switchboard.armed,
    "queries": lambda world: world.dns.queries(),
    "flags": lambda world: [message.flags for message in world.user("ann@acme.test").mailbox().contents],
}
"""What can be seen of what a life has left."""


def live(world: World) -> contextlib.AbstractContextManager[object]:
    """A life that leaves something in every place; what it gives is a block that has not ended."""
    send(world)  # greylisted
    send(world, "to myself", to="ann@acme.test")
    world.user("ann@acme.test").fetch(via="imap")
    world["globex.test"].zone.replace("MX", "10 elsewhere.globex.test.", strict=False)
    world.clock.advance(minutes=1)
    world.switch_off("mail.globex.test")
    broken = world.fault(faults.reply("mail.acme.test", "VRFY", "252 2.1.5 maybe", optional=True))
    broken.__enter__()
    return broken


def test_nothing_of_a_life_is_left_in_the_next(world: World) -> None:
    new = {name: look(world) for name, look in LEAVES.items()}
    block = live(world)
    assert [name for name, look in LEAVES.items() if look(world) == new[name]] == ["mailboxes"], "it leaves no more traces"
    world.reset()
    block.__exit__(None, None, None)
    assert {name: look(world) for name, look in LEAVES.items()} == new


def test_each_life_is_like_the_first(world: World) -> None:
    told = []
    for _ in range(3):
        send(world, "the same")
        world.clock.advance(minutes=20)
        bob = world.user("bob@globex.test")
        told.append((world.letters[0].number, bob.inbox[0].header("Message-ID")))
        assert bob.inbox.subjects == ["the same"]
        world.reset()
    assert told == [told[0]] * 3


def test_its_doors_stay_where_they_are_and_whoever_is_connected_is_cut(world: World) -> None:
    doors = (world["acme.test"].submission, world["globex.test"].imap, world.resolver.endpoint, world.ca_file)
    with smtplib.SMTP(*doors[0]) as smtp:
        smtp.ehlo()
        world.reset()
        with pytest.raises(smtplib.SMTPServerDisconnected):
            smtp.noop()
    assert doors == (world["acme.test"].submission, world["globex.test"].imap, world.resolver.endpoint, world.ca_file)
    assert Path(world.ca_file).exists()
    with smtplib.SMTP(*doors[0]) as smtp:
        smtp.starttls(context=world.ssl_context())
        smtp.sendmail("ann@acme.test", ["ann@acme.test"], b"Subject: again\r\n\r\n")
    assert world.user("ann@acme.test").inbox.subjects == ["again"]


def test_who_knocks_meanwhile_is_let_in_afterwards(world: World) -> None:
    door, greetings = world["acme.test"].submission, []

    def knock() -> None:
        for _ in range(30):
            with socket.create_connection(door, timeout=10) as client, contextlib.suppress(ConnectionResetError):
                greetings.append(client.recv(3))

    knocking = threading.Thread(target=knock)
    knocking.start()
    for _ in range(10):
        world.reset()
    knocking.join()
    assert set(greetings) <= {b"220", b""}
    assert greetings[-1] == b"220"


def test_what_was_on_its_way_reaches_nobody(world: World) -> None:
    """A relay is cut at every moment of its way: while it asks for names, connects, and speaks."""
    for turns in range(60):
        send(world)
        world.thread.call(turn_over(turns))
        world.reset()
        world.settle()
        assert world.journal.events == []


async def turn_over(times: int) -> None:
    """Let the world's loop turn that often."""
    for _ in range(times):
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turn.set_result, None)
        await turn


def test_users_the_clock_and_the_letters_are_good_in_any_life(world: World) -> None:
    ann, clock = world.user("ann@acme.test"), world.clock
    old = ann.send(to=ann, subject="before")
    old.trace.assert_delivered()
    world.reset()
    clock.advance(hours=1)
    assert clock.now() == world.clock.now() == 86_400 + 3600
    ann.send(to=ann, subject="after")
    assert ann.inbox.subjects == ["after"]
    assert old.subject == "before"
    assert old.trace.delivered


def test_what_was_a_part_of_the_old_life_says_so(world: World) -> None:
    site, zone, dns = world["acme.test"], world["acme.test"].zone, world.dns
    queue, cache = site.queue, site.resolver.cache
    world.reset()
    stale: list[Callable[[], object]] = [
        lambda: list(site.queue),
        lambda: site.zone,
        lambda: list(queue),
        queue.flush,
        lambda: zone.replace("A", "127.0.0.1"),
        cache.flush,
        dns.queries,
        lambda: list(site.host("mail").queue),
    ]
    for look in stale:
        with pytest.raises(WorldStoppedError, match=r"handed out before world.reset\(\): ask the world for it again"):
            look()


@pytest.mark.parametrize("kept", ["spool", "store"])
def test_a_world_with_a_file_cannot_be_as_new(kept: str, tmp_path: Path) -> None:
    with World(**{kept: tmp_path / "kept"}) as world, pytest.raises(MisuseError, match=rf"a world with {kept}= keeps"):
        world.reset()
    with pytest.raises(WorldStoppedError):
        world.reset()


def test_a_world_on_the_wall_s_clock_forgets_what_was_due() -> None:
    with World(*DOMAINS, clock="wall") as world:
        send(world)
        world.settle()
        world.reset()
        world.clock.advance(days=1)
        assert world.journal.letters == []


def test_a_reset_that_fails_gives_everything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("too many open files")

    for step in ("world.lifetime.Internet", "world.internet.Internet.start"):
        with nothing_left(), World(*DOMAINS) as world, monkeypatch.context() as patch:
            assert world.ca_file.exists()
            patch.setattr(f"mailharness.{step}", fails)
            with pytest.raises(OSError, match="too many open files"):
                world.reset()
            with pytest.raises(WorldStoppedError, match="was stopped"):
                world.settle()


def test_in_a_loop_of_one_s_own() -> None:
    async def story() -> None:
        async with World() as world:
            ann = world.aio.user("userA@exampleA.tst")
            await ann.send(to=ann, subject="before")
            await world.aio.reset()
            assert (await ann.inbox()).subjects == []

    asyncio.run(story())
