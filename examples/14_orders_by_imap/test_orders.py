"""What an application that polls a mailbox must live through: a server that is away, a password refused, a lost answer."""

import pytest
from orders import Orders

from mailharness import Domain, faults

SHOP = "mail.shop.test"


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(Domain("shop.test", users=["orders"]), Domain("home.test", users=["ann"]))


@pytest.fixture
def orders(world):
    user = world.user("orders@shop.test")
    return Orders(world["shop.test"].imap, str(user), user.password)


def order(world, text):
    letter = world.user("ann@home.test").send(to="orders@shop.test", subject="Hello", text=text)
    letter.trace.assert_delivered(folder="INBOX")
    return letter


def test_an_order_is_taken_and_filed(world, orders):
    letter = order(world, "I'd like to order 2 x tea, please")
    assert orders.poll()
    assert orders.taken == [("ann@home.test", 2, "tea")]
    letter.trace.assert_read(by="orders@shop.test", over="imap")
    shop = world.user("orders@shop.test")
    assert (shop.inbox.subjects, shop.mailbox("Done").subjects) == ([], ["Hello"])


def test_a_server_that_is_away_loses_nothing(world, orders):
    order(world, "order 1 x cup")
    trouble = [
        faults.imap.unavailable(SHOP, "SELECT", times=1),
        faults.imap.refuse_login(SHOP, times=1),
        faults.imap.cut_after(SHOP, 40, "FETCH", times=1),
    ]
    with world.fault(*trouble):
        assert [orders.poll() for _ in range(4)] == [False, False, False, True]
    assert orders.taken == [("ann@home.test", 1, "cup")]


def test_an_answer_that_is_lost_makes_no_second_order(world, orders):
    order(world, "order 3 x jam")
    order(world, "order 1 x bread")
    with world.fault(faults.imap.close(SHOP, "MOVE", times=1)):
        assert not orders.poll()
    assert orders.poll()
    assert orders.taken == [("ann@home.test", 3, "jam"), ("ann@home.test", 1, "bread")]


def test_other_uids_make_no_second_order(world, orders):
    order(world, "order 5 x rope")
    assert orders.poll()
    with world.fault(faults.storage.new_uidvalidity("orders@shop.test")):
        assert orders.poll()
    assert orders.taken == [("ann@home.test", 5, "rope")]
