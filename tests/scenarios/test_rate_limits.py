"""Rates, quotas, caps, tarpits and lists, told from the outside."""

import smtplib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import Any

import pytest

from mailharness import Domain, Gateway, Host, Schedule, World, behaviours
from mailharness.trace.events import Closed, Event, Judged, Refused
from tests.scenarios.stage import ACME, cast, playing

HOUR, DAY = 3600, 86400
QUARTERLY = Domain("acme.test", users=["alice", "carol"], retry=Schedule(steps=(), every=900))


@contextmanager
def behaving(*given: Any, acme: Domain = ACME) -> Iterator[World]:
    """A world whose GLOBEX has these behaviours."""
    with playing(acme, Domain("globex.test", users=["bob", "dave"], host=Host(behaviours=given))) as world:
        yield world


def refusers(world: World) -> list[str]:
    return [event.by for event in world.journal.events if isinstance(event, Refused)]


@contextmanager
def told(world: World, kind: type[Event]) -> Iterator[None]:
    """Wait, behind the block, for an event of that kind: what a foreign client does the world cannot settle for."""
    events: SimpleQueue[Event] = SimpleQueue()
    unwatch = world.journal.watch(lambda event: events.put(event) if isinstance(event, kind) else None)
    yield
    events.get(timeout=20)
    unwatch()


# -- rates ----


def test_of_twelve_letters_ten_are_delivered_and_two_in_the_next_window() -> None:
    limit = behaviours.rate_limit(messages=10, per=HOUR, by="sender", reply="450 4.7.1 Too much mail")
    with behaving(limit, acme=QUARTERLY) as world:
        alice, bob = cast(world)
        letters = [alice.send(to=bob, subject=f"letter {n}") for n in range(12)]
        outcomes = [letter.trace.status["bob@globex.test"] for letter in letters]
        assert outcomes == ["delivered"] * 10 + ["queued"] * 2
        assert "MAIL: 450 4.7.1 Too much mail (by rate_limit)" in letters[-1].trace.stop
        world.user("carol@acme.test").send(to=bob).trace.assert_delivered()
        world.clock.advance(minutes=59)
        assert len(bob.inbox) == 11
        world.clock.advance(minutes=1)
        for letter in letters[10:]:
            letter.trace.assert_delivered(attempts=5)


@pytest.mark.parametrize(
    ("by", "counted"),
    [
        ("client", {"client": 3}),
        ("sender", {"alice@acme.test": 2, "carol@acme.test": 1}),
        ("sender_domain", {"acme.test": 3}),
        ("recipient", {"bob@globex.test": 2, "dave@globex.test": 2}),
        ("recipient_domain", {"globex.test": 4}),
        ("account", {}),
    ],
)
def test_what_is_counted_together(by: str, counted: dict[str, int]) -> None:
    with behaving(behaviours.rate_limit(messages=9, per=HOUR, by=by)) as world:
        alice, bob = cast(world)
        alice.send(to=[bob, "dave@globex.test"])
        alice.send(to=bob)
        world.user("carol@acme.test").send(to="dave@globex.test")
        rows = list(world.host("mail.globex.test").behaviours)
        client = world.host("mail.acme.test").address
        expected = {f"{by} {client if key == 'client' else key}": f"{n} of 9 in 3600 s" for key, n in counted.items()}
        assert {row.whom: row.state for row in rows} == expected


def test_an_account_has_a_limit_where_it_submits() -> None:
    limit = behaviours.rate_limit(messages=1, per=HOUR, by="account")
    with playing(Domain("acme.test", users=["alice", "carol"], host=Host(behaviours=[limit]))) as world:
        alice = world.user("alice@acme.test")
        alice.send(to="carol@acme.test", login=True).trace.assert_delivered()
        second = alice.send(to="carol@acme.test", login=True)
        second.trace.assert_refused(at="mail.acme.test", reply=450)
        alice.send(to="carol@acme.test").trace.assert_delivered()
        assert refusers(world) == ["rate_limit"]


def test_a_recipient_has_a_quota_of_letters() -> None:
    with behaving(behaviours.recipient_quota(messages=2, per=HOUR), acme=QUARTERLY) as world:
        alice, bob = cast(world)
        letters = [alice.send(to=[bob, "dave@globex.test"] if n == 2 else bob) for n in range(3)]
        assert letters[2].trace.status == {"bob@globex.test": "queued", "dave@globex.test": "delivered"}
        assert "452 4.2.2 This recipient has had enough mail for now (by recipient_quota)" in letters[2].trace.stop
        world.clock.advance(hours=1)
        letters[2].trace.assert_delivered()


def test_a_refusal_with_421_ends_the_session() -> None:
    with behaving(behaviours.rate_limit(messages=1, per=HOUR, reply="421 4.7.0 Enough for now")) as world:
        alice, bob = cast(world)
        alice.send(to=bob)
        letter = alice.send(to=bob)
        letter.trace.assert_queued(reply=421)
        assert "MAIL: 421 4.7.0 Enough for now (by rate_limit)" in letter.trace.stop
        world.clock.advance(hours=2)
        letter.trace.assert_delivered()


def test_a_gateway_has_behaviours_and_the_host_behind_it_none() -> None:
    mx = Host("mx", behaviours=[behaviours.recipient_quota(messages=1, per=HOUR)])
    globex = Domain("globex.test", users=["bob"], mx=[mx], gateway=Gateway())
    with playing(QUARTERLY, globex) as world:
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_delivered()
        second = alice.send(to=bob)
        assert "stopped at mx.globex.test, RCPT: 452 4.2.2" in second.trace.stop
        world.clock.advance(hours=1)
        second.trace.assert_delivered(via="mx.globex.test")
        assert world.host("mail.globex.test").behaviours.names == ()


# -- caps ----


def test_a_client_over_its_cap_reads_421_for_a_greeting_and_is_cut() -> None:
    with behaving(behaviours.connection_limit(per_client=2, total=2)) as world, ExitStack() as open_ones:
        door = world["globex.test"].smtp
        first, _ = (open_ones.enter_context(smtplib.SMTP(*door)) for _ in range(2))
        assert str(world.host("mail.globex.test").behaviours).endswith(": 2 open")
        with pytest.raises(smtplib.SMTPConnectError) as refusal:
            smtplib.SMTP(*door)
        assert refusal.value.smtp_code == 421
        first.quit()
        with smtplib.SMTP(*door) as again:
            assert again.noop()[0] == 250
    assert refusers(world) == ["connection_limit"]


def test_a_host_that_is_full_defers_a_letter_until_a_session_has_ended() -> None:
    with behaving(behaviours.connection_limit(total=1, reply="421 4.3.2 Full up")) as world:
        alice, bob = cast(world)
        with smtplib.SMTP(*world["globex.test"].smtp):
            letter = alice.send(to=bob)
            letter.trace.assert_queued(reply=421)
            assert "stopped at mail.globex.test, greeting: 421 4.3.2 Full up (by connection_limit)" in letter.trace.stop
        world.clock.advance(minutes=15)
        letter.trace.assert_delivered(attempts=2)


def test_one_that_keeps_its_session_makes_room_within_a_minute() -> None:
    initech = Domain("initech.test", users=["peter"])
    full = Domain("globex.test", users=["bob"], host=Host(behaviours=[behaviours.connection_limit(total=1)]))
    with playing(ACME, initech, full) as world:
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_delivered()
        letter = world.user("peter@initech.test").send(to=bob)
        letter.trace.assert_queued(reply=421)
        world.clock.advance(seconds=59)
        assert len(world.host("mail.globex.test").behaviours) == 1
        world.clock.advance(seconds=1)
        assert len(world.host("mail.globex.test").behaviours) == 0
        world.clock.advance(minutes=15)
        letter.trace.assert_delivered(attempts=2)


@pytest.mark.parametrize("leave", [smtplib.SMTP.quit, smtplib.SMTP.close])
def test_every_end_of_a_session_is_counted_once(leave: Any) -> None:
    with behaving(behaviours.connection_limit(total=1)) as world:
        for _ in range(3):
            with told(world, Closed):
                leave(smtplib.SMTP(*world["globex.test"].smtp))
        assert len(world.host("mail.globex.test").behaviours) == 0


# -- tarpits ----


def test_a_tarpitted_letter_goes_on_when_time_does() -> None:
    with behaving(behaviours.tarpit(seconds=20, of="rcpt")) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        assert "in transit, at mail.globex.test, held up by tarpit of mail.globex.test: delay by 20" in letter.trace.stop
        world.assert_conserved()
        world.clock.advance(seconds=19)
        assert bob.inbox.subjects == []
        world.clock.advance(seconds=1)
        letter.trace.assert_delivered(attempts=1)


@pytest.mark.parametrize(
    ("of", "after", "seconds"),
    [
        ("rcpt", 0, 30),
        ("rcpt", 1, 20),
        ("rcpt", 3, 0),
        ("error", 0, 10),
        ("error", 1, 0),
        ("every", 0, 90),
        ("every", 2, 70),
    ],
)
def test_which_replies_are_late(of: str, after: int, seconds: int) -> None:
    """Nine replies are slow at most: greeting, EHLO, STARTTLS, EHLO, MAIL, three RCPT, DATA; the last ones follow."""
    with behaving(behaviours.tarpit(seconds=10, after=after, of=of)) as world:
        alice, bob = cast(world)
        letter = alice.send(to=[bob, "nobody@globex.test", "dave@globex.test"])
        if seconds:
            world.clock.advance(seconds=seconds - 1)
            assert letter.trace.status["bob@globex.test"] == "in transit"
            world.clock.advance(seconds=1)
        assert letter.trace.status["bob@globex.test"] == "delivered"


def test_two_tarpits_are_twice_as_slow() -> None:
    slow = behaviours.tarpit(seconds=10, of="rcpt")
    with behaving(slow, slow) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        world.clock.advance(seconds=19)
        assert letter.trace.status == {"bob@globex.test": "in transit"}
        world.clock.advance(seconds=1)
        letter.trace.assert_delivered()


@pytest.mark.parametrize("of", ["rcpt", "every"])
def test_a_tarpit_that_outlasts_patience_loses_no_letter(of: str) -> None:
    with behaving(behaviours.tarpit(seconds=2000, of=of)) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        for _ in range(12):
            world.clock.advance(minutes=20)
            world.assert_conserved()
        assert letter.trace.attempts
        world.clock.advance(days=6)
        assert letter.trace.status["bob@globex.test"] == "bounced"
        assert bob.inbox.subjects == []


def test_a_letter_whose_250_came_too_late_is_delivered_twice_and_the_books_say_why() -> None:
    with behaving(
        behaviours.tarpit(seconds=2000, after=7, of="every"), behaviours.rate_limit(messages=2, per=DAY)
    ) as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="twice")
        world.clock.advance(hours=2)
        assert bob.inbox.subjects == ["twice", "twice"]
        world.assert_conserved()


def test_a_client_that_leaves_the_tarpit_is_gone_and_counted_out() -> None:
    with behaving(behaviours.connection_limit(total=1), behaviours.tarpit(seconds=60, of="rcpt")) as world:
        smtp = smtplib.SMTP(*world["globex.test"].smtp)
        smtp.ehlo("x.test")
        smtp.mail("alice@acme.test")
        with told(world, Judged):
            smtp.putcmd("RCPT TO:<bob@globex.test>")
        with told(world, Closed):
            smtp.close()
        world.clock.advance(minutes=5)
        assert len(world.host("mail.globex.test").behaviours) == 0


# -- lists ----


@pytest.mark.parametrize(
    ("listed", "phase"),
    [
        ({"senders": ["ALICE@*"]}, "MAIL"),
        ({"recipients": ["bob@globex.test"]}, "RCPT"),
        ({"clients": ["mail.acme.*"]}, "greeting"),
        ({"clients": ["127.0.0.0/8"]}, "greeting"),
        ({"helos": ["mail.acme.test"]}, "HELO"),
    ],
)
def test_whoever_is_on_the_list_is_turned_away(listed: dict[str, list[str]], phase: str) -> None:
    with behaving(behaviours.block(**listed, reply="550 5.7.1 Go away")) as world:  # type: ignore[arg-type]
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        letter.trace.assert_bounced(status="5.7.1")
        assert f"stopped at mail.globex.test, {phase}: 550 5.7.1 Go away (by block)" in letter.trace.stop


def test_the_first_refusal_wins_and_whom_an_exemption_names_is_not_asked_further() -> None:
    first, second = behaviours.block(senders=["alice@*"]), behaviours.block(senders=["*"], reply="550 5.7.1 Nobody at all")
    allowed = behaviours.allow(senders=["carol@acme.test"])
    with behaving(first, allowed, second) as world:
        alice, bob = cast(world)
        assert "554 5.7.1 Access denied" in alice.send(to=bob).trace.stop
        world.user("carol@acme.test").send(to=bob).trace.assert_delivered()
        dave = world.user("dave@globex.test").send(to=bob)
        dave.trace.assert_refused(reply="550 5.7.1 Nobody at all")


@pytest.mark.parametrize(
    "listed", [{"clients": ["mail.acme.test"]}, {"helos": ["mail.acme.test"]}, {"recipients": ["bob@*"]}], ids=str
)
def test_an_exemption_holds_for_all_that_follows(listed: dict[str, list[str]]) -> None:
    with behaving(behaviours.allow(**listed), behaviours.greylisting()) as world:  # type: ignore[arg-type]
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_delivered(attempts=1)


def test_what_was_refused_at_rcpt_is_not_said_to_be_refused_at_data() -> None:
    """One who pipelines hears 554 to DATA too, once nobody is left."""
    domain = Domain("globex.test", users=["bob"], mx=[Host("mx", behaviours=[behaviours.block(recipients=["bob@*"])])])
    with playing(ACME, domain) as world:
        letter = world.user("alice@acme.test").send(to="bob@globex.test")
        assert "stopped at mx.globex.test, RCPT: 554 5.7.1 Access denied (by block)" in letter.trace.stop
