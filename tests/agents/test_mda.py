"""Final delivery: who is taken, what is written above the letter, and where it lies afterwards."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from mailharness import Address, Message
from mailharness.agents.mda import Mda
from mailharness.agents.store import Store
from mailharness.clock import VirtualClock, Work
from mailharness.mail import Copy, Envelope
from mailharness.mailbox import Account
from mailharness.trace.events import Delivered

BOB, ANN = Address.parse("bob@b.test"), Address.parse("ann@a.test")
LETTER = Message(b"Subject: hi\r\n\r\nbody\r\n")


def play(quota: int | None = None) -> tuple[Mda, Account, list[Any]]:
    account, told = Account(BOB, "secret", quota=quota), []
    around: Any = SimpleNamespace(clock=VirtualClock(Work(), start=1234), announce=told.append, hears=lambda kind: False)
    return Mda("mail.b.test", Store("b.test", [account]), around), account, told


@pytest.mark.parametrize(("sender", "path"), [(ANN, b"<ann@a.test>"), (None, b"<>")])
def test_a_delivered_letter_bears_its_return_path_and_is_told(sender: Address | None, path: bytes) -> None:
    mda, account, told = play()
    to = Address.parse("Bob+lists@b.test")
    assert mda.deliver(Copy(3, 8), Envelope(sender, (to,)), to, LETTER) is None
    (stored,) = account.inbox.messages
    assert bytes(stored.message) == b"Return-Path: %b\r\nDelivered-To: Bob+lists@b.test\r\n" % path + bytes(LETTER)
    assert (stored.internal_date, stored.of) == (1234, Copy(3, 8))
    (event,) = told
    assert isinstance(event, Delivered)
    assert (event.recipient, event.account, event.mailbox, event.uid) == (to, "bob@b.test", "INBOX", stored.uid)


@pytest.mark.parametrize(
    ("to", "quota", "octets", "reply"),
    [
        ("bop@b.test", None, 0, "550 5.1.1 No such user here"),
        ("bob@b.test", None, 10**12, None),
        ("bob@b.test", 100, 100, None),
        ("bob@b.test", 100, 101, "452 4.2.2 Mailbox is full"),
        ("bob@b.test", 0, 0, None),
    ],
)
def test_who_is_taken(to: str, quota: int | None, octets: int, reply: str | None) -> None:
    mda, _, _ = play(quota)
    problem = mda.check(Address.parse(to), octets)
    assert (str(problem) if problem else None) == reply


def test_a_letter_that_is_not_taken_leaves_nothing_behind() -> None:
    mda, account, told = play(quota=5)
    assert str(mda.deliver(Copy(1, 1), Envelope(ANN, (BOB,)), BOB, LETTER)) == "452 4.2.2 Mailbox is full"
    assert (len(account.inbox.messages), told) == (0, [])


def test_the_hour_of_arrival_is_the_worlds() -> None:
    mda, account, _ = play()
    asyncio.run(mda._around.clock.advance(60))
    mda.deliver(Copy(1, 1), Envelope(ANN, (BOB,)), BOB, LETTER)
    assert account.inbox.messages[0].internal_date == 1294


def test_a_postmasters_mailbox_is_never_full() -> None:
    """RFC 5321 §4.5.1: whoever runs the domain must be reachable."""
    account = Account(Address.parse("Postmaster@b.test"), "secret", quota=1)
    around: Any = SimpleNamespace(clock=VirtualClock(Work(), start=1234), announce=lambda _: None, hears=lambda _: False)
    mda = Mda("mail.b.test", Store("b.test", [account]), around)
    assert mda.check(account.address, 10**9) is None
    assert mda.deliver(Copy(1, 1), Envelope(ANN, (account.address,)), account.address, LETTER) is None
    assert len(account.inbox.messages) == 1
