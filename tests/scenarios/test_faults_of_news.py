"""What no command asks for, broken: clients that wait are dropped, told late or never; messages are numbered anew."""

import imaplib
from collections.abc import Iterator

import imapclient
import pytest

from mailharness import World, faults
from mailharness.faults import Fault
from tests.scenarios.mailbox_clients import BOB, HOST, pop3, two_letters
from tests.scenarios.stage import cast

IMAP, POP3, STORAGE = faults.imap, faults.pop3, faults.storage


@pytest.fixture
def world() -> Iterator[World]:
    with two_letters() as world:
        yield world


# -- waiting ----


def waiting(world: World) -> imapclient.IMAPClient:
    """imapclient in IDLE on bob's INBOX."""
    client = imapclient.IMAPClient(*world["globex.test"].imap, ssl=False, timeout=10)
    client.login("bob", "secret")
    client.select_folder("INBOX")
    client.idle()
    return client


def test_a_connection_is_dropped_in_idle(world: World) -> None:
    with world.fault(IMAP.drop_in_idle(HOST, 600)):
        client = waiting(world)
        world.clock.advance(seconds=599)
        assert client.idle_check(timeout=0) == []
        world.clock.advance(seconds=1)
        assert client.idle_check(timeout=10) == []  # imapclient keeps quiet about it, until it is asked for more
        with pytest.raises((OSError, imaplib.IMAP4.abort)):
            client.idle_done()
        client.shutdown()


def test_who_has_left_idle_is_not_dropped(world: World) -> None:
    with world.fault(IMAP.drop_in_idle(HOST, 600)):
        client = waiting(world)
        client.idle_done()
        world.clock.advance(seconds=600)
        assert client.noop()[1] == []
        client.logout()


def test_exists_comes_late_and_in_order(world: World) -> None:
    alice, bob = cast(world)
    with world.fault(IMAP.late_exists(HOST, 60, times=1)):
        client = waiting(world)
        alice.send(to=bob, subject="late")
        alice.send(to=bob, subject="behind it")
        world.settle()
        assert client.idle_check(timeout=0) == []
        world.clock.advance(seconds=60)
        told = client.idle_check(timeout=10)
        client.idle_done()
        assert [told[-2], len(client.search())] == [(4, b"EXISTS"), 4]
        client.logout()


def test_exists_is_missed_until_the_mailbox_is_opened_again(world: World) -> None:
    alice, bob = cast(world)
    with world.fault(IMAP.missed_exists(HOST, user=BOB, times=1)):
        client = waiting(world)
        alice.send(to=bob, subject="never heard of")
        alice.send(to=bob, subject="heard of")
        world.settle()
        assert client.idle_check(timeout=10)[0] == (3, b"EXISTS")
        client.idle_done()
        assert (len(client.search()), client.select_folder("INBOX")[b"EXISTS"]) == (3, 4)
        client.logout()


# -- numbers that change ----


def numbers(world: World) -> tuple[int, list[int]]:
    with imapclient.IMAPClient(*world["globex.test"].imap, ssl=False, timeout=10) as client:
        client.login("bob", "secret")
        return client.select_folder("INBOX")[b"UIDVALIDITY"], client.search()


def unique_ids(world: World) -> list[bytes]:
    client = pop3(world)
    try:
        return [line.split()[1] for line in client.uidl()[1]]
    finally:
        client.quit()
        client.close()


RENUMBERED = {
    "another UIDVALIDITY": (STORAGE.new_uidvalidity(BOB, times=1), 1, [1, 2]),
    "other UIDs": (STORAGE.renumber(BOB, times=1), 0, [3, 4]),
    "both": (STORAGE.renumber(BOB, validity=True, times=1), 1, [3, 4]),
}


@pytest.mark.parametrize(("fault", "more", "uids"), RENUMBERED.values(), ids=RENUMBERED.keys())
def test_a_mailbox_is_numbered_anew(world: World, fault: Fault, more: int, uids: list[int]) -> None:
    (validity, before), old = numbers(world), unique_ids(world)
    assert before == [1, 2]
    laptop = world.user(BOB).mua("laptop", via="imap")
    laptop.sync()
    with world.fault(fault):
        assert numbers(world) == (validity + more, uids)
    assert not set(unique_ids(world)) & set(old)
    laptop.sync()
    assert laptop.subjects == ["first", "second"]


def test_unique_ids_change_and_mail_is_downloaded_twice(world: World) -> None:
    old = unique_ids(world)
    phone = world.user(BOB).mua("phone", via="pop3", keep=True)
    phone.sync()
    with world.fault(POP3.new_uidls(HOST, user=BOB, times=1)):
        phone.sync()
    assert phone.subjects == ["first", "second", "first", "second"]
    assert not set(unique_ids(world)) & set(old)


def test_a_mailbox_that_is_full_after_the_250(world: World) -> None:
    alice, bob = cast(world)
    with world.fault(STORAGE.over_quota(BOB)):
        letter = alice.send(to=bob)
    letter.trace.assert_bounced(status="5.2.2")
