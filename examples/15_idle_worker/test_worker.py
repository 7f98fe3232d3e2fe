"""A worker that idles hears of mail at once, and outlives a connection that is cut and news that never come."""

import pytest
from worker import Worker

from mailharness import Domain, faults

SHOP = "mail.shop.test"
SECONDS = 10


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(Domain("shop.test", users=["desk"]), Domain("home.test", users=["ann"]))


@pytest.fixture
def worker(world):
    desk = world.user("desk@shop.test")
    worker = Worker(world["shop.test"].imap, str(desk), desk.password)
    worker.start()
    yield worker
    worker.end()
    write(world, "the last one")  # wakes it, so that it sees that it is to end
    worker.join(SECONDS)


def write(world, subject):
    return world.user("ann@home.test").send(to="desk@shop.test", subject=subject)


def test_it_hears_at_once(world, worker):
    assert worker.idling.wait(SECONDS)
    write(world, "Hello").trace.assert_delivered()
    assert worker.heard.get(timeout=SECONDS) == "Hello"


def test_it_has_what_came_before(world):
    write(world, "Early").trace.assert_delivered()
    desk = world.user("desk@shop.test")
    worker = Worker(world["shop.test"].imap, str(desk), desk.password)
    worker.start()
    assert worker.heard.get(timeout=SECONDS) == "Early"
    worker.end()
    write(world, "the last one")
    worker.join(SECONDS)


def test_a_connection_that_is_cut_in_idle_is_made_again(world, worker):
    assert worker.idling.wait(SECONDS)
    with world.fault(faults.imap.drop_in_idle(SHOP, 60, times=1)):
        write(world, "One").trace.assert_delivered()
        assert worker.heard.get(timeout=SECONDS) == "One"
        world.clock.advance(minutes=2)
    write(world, "Two").trace.assert_delivered()
    assert worker.heard.get(timeout=SECONDS) == "Two"
    assert worker.connections == 2
