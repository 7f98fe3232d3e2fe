"""A newsletter has to learn who is gone and who is only late: from reports, over days, on virtual time."""

import pytest
from newsletter import Newsletter

from mailharness import Account, Domain

PEOPLE = ["ann", Account("gus", bounce="550 5.2.1 Left the company", bounce_after=3600)]


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(
        Domain("shop.test", users=["news"]), Domain("a.test", users=PEOPLE), Domain("b.test", users=["ben"])
    )


@pytest.fixture
def newsletter(world):
    shop = world["shop.test"]
    everyone = {"ann@a.test", "nobody@a.test", "gus@a.test", "ben@b.test"}
    return Newsletter(shop.submission, shop.imap, world.user("news@shop.test").password, everyone)


def test_who_is_gone_is_written_to_no_more(world, newsletter):
    newsletter.send("March", "Spring is here.")
    world.settle()
    newsletter.read_what_came_back()
    assert newsletter.gone == {"nobody@a.test"}  # refused while it was sent

    world.clock.advance(hours=1)  # taken at first, and given back later
    newsletter.read_what_came_back()
    assert newsletter.gone == {"nobody@a.test", "gus@a.test"}

    newsletter.send("April", "It rains.")
    assert world.user("ann@a.test").inbox.subjects == ["March", "April"]
    assert world.user("gus@a.test").inbox.subjects == []
    assert len(world.letters) == 4 + 2 + 2  # four of March, two reports, two of April


def test_who_is_only_late_stays(world, newsletter):
    world.switch_off("mail.b.test")
    newsletter.send("March", "Spring is here.")
    world.clock.advance(hours=5)
    newsletter.read_what_came_back()
    assert newsletter.late == {"ben@b.test"}
    assert "ben@b.test" in newsletter.subscribers

    world.switch_on("mail.b.test")
    world.clock.advance(hours=12)
    assert world.user("ben@b.test").inbox.subjects == ["March"]


def test_after_five_days_nobody_waits_any_longer(world, newsletter):
    world.switch_off("mail.b.test")
    newsletter.send("March", "Spring is here.")
    world.clock.advance(days=6)
    newsletter.read_what_came_back()
    assert (newsletter.late, "ben@b.test" in newsletter.gone) == (set(), True)
