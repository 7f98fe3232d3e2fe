"""Several programs at one mailbox, each with a disk of its own: with a server, and without."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mailharness import Account, Domain, MisuseError, User, World, faults
from mailharness.mailbox import Mailbox
from mailharness.trace.events import Fetched, Removed
from mailharness.world.mua import Mua
from tests.scenarios.stage import ACME, GLOBEX, cast, playing

BOB = "bob@globex.test"
DAY = 86_400


def on_server(world: World, folder: str = "INBOX") -> dict[str, frozenset[str]]:
    """Subjects and flags in one of bob's mailboxes."""
    world.settle()
    account = world["globex.test"].store.named(BOB)
    assert account is not None
    box = account.mailboxes.get(folder) or Mailbox(folder, 1)
    return {stored.message.subject: stored.flags for stored in box.messages}


def on(device: Mua, folder: str = "INBOX") -> dict[str, frozenset[str]]:
    return {message.subject: device.flags(message) for message in device.folder(folder)}


def send(world: World, *subjects: str) -> User:
    alice, bob = cast(world)
    for subject in subjects:
        alice.send(to=bob, subject=subject)
    return bob


# -- IMAP ----


def test_what_is_done_offline_is_done_on_the_server_by_the_next_sync() -> None:
    with playing() as world:
        laptop = send(world, "read", "flagged", "moved", "deleted", "left").mua("laptop")
        laptop.sync()
        assert set(on_server(world).values()) == {frozenset()}  # looking at it marks nothing
        read, flagged, moved, deleted, _ = laptop.messages
        world.switch_off("mail.globex.test")
        laptop.mark_read(read)
        laptop.flag(flagged)
        laptop.flag(flagged, "$Work")
        laptop.flag(moved)
        laptop.move(moved, "Archive/2026")
        laptop.delete(deleted)
        assert laptop.subjects == ["read", "flagged", "left"]
        assert on(laptop, "Archive/2026") == {"moved": {"\\Flagged"}}
        with pytest.raises(OSError, match=r"\w"):
            laptop.sync()
        world.switch_on("mail.globex.test")
        assert len(on_server(world)) == 5
        laptop.sync()
        assert on_server(world) == on(laptop) == {"read": {"\\Seen"}, "flagged": {"\\Flagged", "$Work"}, "left": set()}
        assert on_server(world, "Archive/2026") == on(laptop, "Archive/2026") == {"moved": {"\\Flagged"}}


def test_what_others_do_is_learnt() -> None:
    with playing() as world:
        bob = send(world, "one", "two", "three")
        laptop, phone = bob.mua("laptop"), bob.mua("phone")
        laptop.sync()
        phone.sync()
        phone.mark_read(phone.messages[0])
        phone.delete(phone.messages[1])
        phone.sync()
        send(world, "four")
        laptop.sync()
        assert on(laptop) == on_server(world) == {"one": {"\\Seen"}, "three": set(), "four": set()}
        laptop.mark_read(laptop.messages[0], read=False)
        laptop.sync()
        phone.sync()
        assert on(phone) == on_server(world) == {"one": set(), "three": set(), "four": set()}


def fetched(world: World) -> int:
    return sum(isinstance(event, Fetched) for event in world.journal.events)


def test_nothing_is_downloaded_twice_and_nothing_new_costs_no_fetch() -> None:
    with playing() as world:
        laptop = send(world, "one", "two").mua("laptop")
        laptop.sync()
        assert fetched(world) == 2
        laptop.mark_read(laptop.messages[0])
        laptop.sync()
        laptop.sync()
        assert fetched(world) == 2
        send(world, "three")
        laptop.sync()
        assert fetched(world) == 3


def test_a_mailbox_made_anew_is_another_one() -> None:
    with playing() as world:
        bob = send(world, "one")
        laptop = bob.mua("laptop", folders=["Lists"])
        laptop.sync()
        laptop.move(laptop.messages[0], "Lists")
        laptop.sync()
        account = world["globex.test"].store.named(BOB)
        assert account is not None
        account.delete("Lists")
        account.create("Lists")
        bob.send(to=bob, subject="two")
        laptop.sync()
        assert (laptop.folder("Lists"), laptop.subjects) == ((), ["two"])


def test_a_letter_sent_from_a_device_lies_in_sent() -> None:
    with playing() as world:
        alice, bob = cast(world)
        laptop, phone = bob.mua("laptop"), bob.mua("phone", folders=["Sent"])
        letter = laptop.send(to=alice, cc="dave@globex.test", subject="hello", text="hi")
        letter.trace.assert_delivered()
        phone.sync()
        assert on_server(world, "Sent") == on(phone, "Sent") == {"hello": {"\\Seen"}}
        assert laptop.folder("Sent") == phone.folder("Sent")
        assert phone.folder("Sent")[0].text == "hi\n"


@pytest.mark.parametrize("via", ["imap", "pop3"])
def test_what_is_composed_without_a_server_is_sent_by_the_next_session(via: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        laptop = bob.mua("laptop", via=via)
        world.switch_off("mail.globex.test")
        laptop.compose(to=alice, subject="from the train", text="hi")
        assert [message.subject for message in laptop.outbox] == ["from the train"]
        assert world.letters == []
        world.switch_on("mail.globex.test")
        (letter,) = laptop.sync()
        letter.trace.assert_delivered(to=alice)
        assert (laptop.outbox, list(on(laptop, "Sent"))) == ((), ["from the train"])
        assert laptop.sync() == ()


def test_what_nobody_takes_stays_in_the_outbox() -> None:
    with playing() as world:
        alice, bob = cast(world)
        laptop = bob.mua("laptop")
        laptop.compose(to=alice, subject="later")
        with world.fault(faults.reply("mail.globex.test", "RCPT", "451 4.3.2 not now", times=1)):
            assert laptop.sync() == ()
        assert [message.subject for message in laptop.outbox] == ["later"]
        (letter,) = laptop.sync()
        letter.trace.assert_delivered(to=alice)


def test_a_program_that_keeps_nothing_there_expunges_what_it_has() -> None:
    with playing() as world:
        laptop = send(world, "one", "two").mua("laptop", keep=False)
        laptop.sync()
        assert (laptop.subjects, on_server(world)) == (["one", "two"], {})


# -- POP3 ----


def test_days_on_the_server_are_days_of_the_worlds_clock() -> None:
    with playing() as world:
        phone = send(world, "one").mua("phone", via="pop3", keep=14)
        phone.sync()
        world.clock.advance(days=7)
        send(world, "two")
        phone.sync()
        assert set(on_server(world)) == {"one", "two"}
        world.clock.advance(days=7, seconds=-1)
        phone.sync()
        assert set(on_server(world)) == {"one", "two"}
        world.clock.advance(seconds=1)
        phone.sync()
        assert (set(on_server(world)), phone.subjects) == ({"two"}, ["one", "two"])


@pytest.mark.parametrize(("keep", "left"), [(True, {"one", "two"}), (False, set()), (0, set()), (0.5, {"one", "two"})])
def test_what_a_download_leaves_on_the_server(keep: bool | float, left: set[str]) -> None:
    with playing() as world:
        phone = send(world, "one", "two").mua("phone", via="pop3", keep=keep)
        phone.sync()
        assert (set(on_server(world)), phone.subjects) == (left, ["one", "two"])
        removed = [event.protocol for event in world.journal.events if isinstance(event, Removed)]
        assert len(removed) == 2 - len(left)


def test_what_is_deleted_on_the_phone_goes_from_the_server_and_does_not_come_back() -> None:
    with playing() as world:
        phone = send(world, "one", "two").mua("phone", via="pop3")
        phone.sync()
        phone.delete(phone.messages[0])
        phone.mark_read(phone.messages[0])
        for _ in range(2):
            phone.sync()
            assert (on(phone), set(on_server(world))) == ({"two": {"\\Seen"}}, {"two"})
        phone.send(to="alice@acme.test", subject="mine")
        assert ([*on(phone, "Sent")], on_server(world, "Sent")) == (["mine"], {})


# -- what cannot be ----

WRONG: list[tuple[Callable[[User], Any], str]] = [
    (lambda bob: bob.mua("x", via="smtp"), "no protocol to fetch mail by 'smtp'"),
    (lambda bob: bob.mua("x", keep=14), "write via='pop3' too"),
    (lambda bob: bob.mua("x", via="pop3", keep=-1), "for how many days"),
    (lambda bob: bob.mua("x", folders="Sent"), "a list of mailboxes"),
    (lambda bob: bob.mua("x").mark_read("one"), "is no message; give one of its messages"),  # type: ignore[arg-type]
    (lambda bob: bob.mua("x").delete(bob.inbox[0]), r"holds no such message; sync\(\) first"),
    (lambda bob: synced(bob).flag(bob.inbox[0], "\\deleted"), r"write \.delete\(message\)"),
    (lambda bob: synced(bob, via="pop3").move(bob.inbox[0], "Old"), "cannot move: POP3 knows the INBOX alone"),
]


def synced(user: User, **how: Any) -> Mua:
    device = user.mua("x", **how)
    device.sync()
    return device


@pytest.mark.parametrize(("act", "cure"), WRONG, ids=[cure for _, cure in WRONG])
def test_what_cannot_be_is_told(act: Callable[[User], Any], cure: str) -> None:
    with playing() as world:
        bob = send(world, "one")
        with pytest.raises(MisuseError, match=cure):
            act(bob)


def test_the_twins_may_be_awaited() -> None:
    async def story() -> list[str]:
        async with World(ACME, GLOBEX) as world:
            laptop = world.aio.user(BOB).mua("laptop")
            await laptop.send(to=world.aio.user(BOB), subject="to myself")
            await world.aio.settle()
            await laptop.sync()
            laptop.delete(laptop.messages[0])
            laptop.compose(to=world.aio.user(BOB), subject="later")
            assert [message.subject for message in laptop.outbox] == ["later"]
            await laptop.sync()
            return [*laptop.subjects, *(message.subject for message in laptop.folder("Sent"))]

    assert asyncio.run(story()) == ["later", "to myself", "later"]


# -- in any order ----

FOLDERS = ("INBOX", "Archive", "Lists/team")
FLAGS = ("\\Seen", "\\Flagged", "$Work")
View = dict[str, tuple[str, frozenset[str]]]
"""Folder and flags by subject."""


class Devices(RuleBasedStateMachine):
    """Two devices and a server against a model: what was done to a message where it no longer is, is done to nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Domain("globex.test", users=[Account("bob", folders=FOLDERS[1:])])).start()
        self.bob = self.world.user(BOB)
        self.devices = [self.bob.mua(name, folders=FOLDERS) for name in ("laptop", "phone")]
        self.numbers = itertools.count(1)
        self.server: View = {}
        self.synced: list[View] = [{}, {}]
        self.shown: list[View] = [{}, {}]
        self.moves: dict[str, int] = {}
        self.known_moves: list[dict[str, int]] = [{}, {}]

    def teardown(self) -> None:
        self.world.assert_conserved()
        self.world.stop()

    @rule()
    def receive(self) -> None:
        subject = f"letter {next(self.numbers)}"
        self.bob.send(to=self.bob, subject=subject)
        self.world.settle()
        self.server[subject] = ("INBOX", frozenset())

    @initialize()
    def begin(self) -> None:
        """With letters that both have."""
        for _ in range(3):
            self.receive()
        for device in range(2):
            self.sync(device)

    def pick(self, device: int, number: int) -> tuple[str, Any]:
        subjects = sorted(self.shown[device])
        subject = subjects[number % len(subjects)]
        folder, _ = self.shown[device][subject]
        (message,) = (one for one in self.devices[device].folder(folder) if one.subject == subject)
        return subject, message

    @rule(device=st.integers(0, 1), number=st.integers(0, 9), flag=st.sampled_from(FLAGS), on=st.booleans())
    def flag(self, device: int, number: int, flag: str, on: bool) -> None:
        if self.shown[device]:
            subject, message = self.pick(device, number)
            self.devices[device].flag(message, flag, on=on)
            folder, flags = self.shown[device][subject]
            self.shown[device][subject] = (folder, flags | {flag} if on else flags - {flag})

    @rule(device=st.integers(0, 1), number=st.integers(0, 9), folder=st.sampled_from(FOLDERS))
    def move(self, device: int, number: int, folder: str) -> None:
        if self.shown[device]:
            subject, message = self.pick(device, number)
            self.devices[device].move(message, folder)
            self.shown[device][subject] = (folder, self.shown[device][subject][1])

    @rule(device=st.integers(0, 1), number=st.integers(0, 9))
    def delete(self, device: int, number: int) -> None:
        if self.shown[device]:
            subject, message = self.pick(device, number)
            self.devices[device].delete(message)
            del self.shown[device][subject]

    @rule(device=st.integers(0, 1))
    def sync(self, device: int) -> None:
        self.devices[device].sync()
        for subject, (folder, known) in self.synced[device].items():
            if subject in self.server and self.server[subject][0] == folder and self.stays_known(subject, device):
                self.apply(subject, known, self.shown[device].get(subject))
        self.synced[device], self.shown[device] = dict(self.server), dict(self.server)
        self.known_moves[device] = dict(self.moves)

    def stays_known(self, subject: str, device: int) -> bool:
        """Whether the message is still the one under the UID that the device knows."""
        return self.moves.get(subject, 0) == self.known_moves[device].get(subject, 0)

    def apply(self, subject: str, known: frozenset[str], wanted: tuple[str, frozenset[str]] | None) -> None:
        folder, flags = self.server[subject]
        if wanted is None:
            del self.server[subject]
            return
        if wanted[0] != folder:
            self.moves[subject] = self.moves.get(subject, 0) + 1
        self.server[subject] = (wanted[0], (flags | (wanted[1] - known)) - (known - wanted[1]))

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        for device, shown in zip(self.devices, self.shown, strict=True):
            found = {subject: (folder, flags) for folder in FOLDERS for subject, flags in on(device, folder).items()}
            assert found == shown
        there = {s: (folder, flags) for folder in FOLDERS for s, flags in on_server(self.world, folder).items()}
        assert there == self.server


TestDevices = Devices.TestCase
TestDevices.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
