"""A support desk that reads by POP3: one ticket a letter, though the line breaks, and no answer to a machine."""

import poplib

import pytest
from desk import Desk

from mailharness import Account, Domain, faults

HELP = "help@desk.test"


@pytest.fixture
def world(mailworld_factory):
    away = Account("eve", auto_reply="Back on Monday.")
    return mailworld_factory(Domain("desk.test", users=["help"]), Domain("home.test", users=["ann", away]))


@pytest.fixture
def desk(world):
    site = world["desk.test"]
    return Desk(site.pop3, site.submission, HELP, world.user(HELP).password)


def test_each_letter_is_a_ticket_and_is_answered(world, desk):
    letter = world.user("ann@home.test").send(to=HELP, subject="It is broken")
    letter.trace.assert_delivered()
    assert desk.collect() == 1
    assert world.user("ann@home.test").inbox.only().subject == "[#1] It is broken"
    letter.trace.assert_read(by=HELP, over="pop3", kept=False)
    assert desk.collect() == 0


def test_a_session_that_breaks_makes_no_second_ticket(world, desk):
    world.user("ann@home.test").send(to=HELP, subject="It is broken").trace.assert_delivered()
    with world.fault(faults.pop3.close("mail.desk.test", "QUIT", times=1)), pytest.raises(poplib.error_proto):
        desk.collect()
    assert desk.collect() == 0  # the letter was still there, and known by its unique-id
    assert list(desk.tickets.values()) == ["It is broken"]
    assert len(world.user("ann@home.test").inbox) == 1
    assert len(world.user(HELP).inbox) == 0


def test_two_collectors_do_not_get_into_each_others_way(world, desk):
    world.user("ann@home.test").send(to=HELP, subject="It is broken").trace.assert_delivered()
    with world.fault(faults.pop3.locked("mail.desk.test", times=1)), pytest.raises(poplib.error_proto, match="IN-USE"):
        desk.collect()
    assert desk.collect() == 1


def test_who_is_away_is_not_answered_in_circles(world, desk):
    world.user("eve@home.test").send(to=HELP, subject="Question").trace.assert_delivered()
    assert desk.collect() == 1
    assert world.user(HELP).inbox.subjects == []  # an auto-reply is not answered by another
    world.user("eve@home.test").send(to=HELP, subject="Again").trace.assert_delivered()
    assert desk.collect() == 1
    assert world.user("eve@home.test").inbox.subjects == ["[#1] Question", "[#2] Again"]
