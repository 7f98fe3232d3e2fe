"""How a queue uses its connections: how many, how long, and what a machine that goes off leaves behind."""

import pytest

from mailharness import Address, Domain, Letter, MisuseError, Schedule, SendingLimits, User, World, faults
from mailharness.faults import PASS, Answer, Cut, Delay, Drop, Fault, Verdict
from mailharness.trace.events import Attempted, Commanded, DataEnded, Dialed, Event, Greeted, Opened, Queried, Replied
from tests.scenarios.stage import ACME, GLOBEX, GLOBEX_TWO_MX, cast, playing, whenever


def acme(**limits: int) -> Domain:
    return Domain("acme.test", users=["alice"], sending=SendingLimits(**limits))


def slow(verb: str, verdict: Verdict, host: str = "mail.globex.test", times: int | None = None) -> Fault:
    """``verdict`` for each command of that name at ``host``."""

    def matches(event: Event) -> bool:
        return isinstance(event, Commanded) and event.verb == verb and event.host == host

    return whenever(matches, verdict, times=times)


THERE = "mail.globex.test"


def sessions_at(world: World, host: str) -> list[int]:
    """The SMTP sessions that other hosts opened at ``host``, by number."""
    world.settle()
    opened = [event for event in world.journal.events if isinstance(event, Opened) and event.host == host]
    return [event.session for event in opened if not event.peer.startswith("127.") and "@" not in event.peer]


def write_many(alice: User, bob: User, count: int) -> list[Letter]:
    return [alice.send(to=bob, subject=str(number)) for number in range(count)]


def test_an_attempt_over_the_limit_waits_its_turn_in_order() -> None:
    with playing(acme(connections=2), GLOBEX) as world:
        alice, bob = cast(world)
        with world.fault(slow("RCPT", Delay(60))):
            letters = write_many(alice, bob, 5)
            assert len(sessions_at(world, "mail.globex.test")) == 2
            assert [entry.letter for entry in world["acme.test"].queue] == [3, 4, 5]
            assert "all 2 connections to globex.test are in use" in letters[2].trace.stop
            world.assert_conserved()
            world.clock.advance(seconds=60)
            assert bob.inbox.subjects == ["0", "1"]
            assert [entry.letter for entry in world["acme.test"].queue] == [5]
            world.clock.advance(seconds=120)
        assert bob.inbox.subjects == ["0", "1", "2", "3", "4"]
        for letter in letters:
            letter.trace.assert_delivered(attempts=1)


def test_a_kept_connection_is_left_with_a_quit() -> None:
    with playing() as world:
        alice, bob = cast(world)
        for pause in (0, 40, 59, 60):
            world.clock.advance(seconds=pause)
            alice.send(to=bob)
        assert len(sessions_at(world, "mail.globex.test")) == 2
        world.clock.advance(seconds=60)
        quits = [event.at for event in world.journal.of_kind(Commanded) if (event.verb, event.host) == ("QUIT", THERE)]
        assert len(quits) == 2
        assert quits[1] == world.clock.now()


@pytest.mark.parametrize("verdict", [Drop(), Delay(7200), Cut()])
def test_an_idle_connection_that_is_not_let_go_holds_up_nobody(verdict: Verdict) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(slow("QUIT", verdict)):
            alice.send(to=bob)
            world.clock.advance(seconds=60)
            alice.send(to=bob)
            assert len(bob.inbox.subjects) == 2
            world.clock.advance(hours=1)


def test_twenty_connections_are_the_limit_where_none_is_named() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(slow("RCPT", Delay(60))):
            write_many(alice, bob, 22)
            assert len(sessions_at(world, "mail.globex.test")) == 20
            world.clock.advance(minutes=5)
        assert bob.inbox.subjects == [str(number) for number in range(22)]


def test_in_line_a_letter_may_be_held_or_deleted() -> None:
    with playing(acme(connections=1), GLOBEX) as world:
        alice, bob = cast(world)
        queue = world["acme.test"].queue
        with world.fault(slow("RCPT", Delay(60), times=1)):
            _, held, deleted, last = write_many(alice, bob, 4)
            queue.hold(held)
            queue.delete(deleted)
            queue.flush()
            world.clock.advance(minutes=5)
        assert bob.inbox.subjects == ["0", "3"]
        assert deleted.trace.status == {"bob@globex.test": "discarded"}
        assert [entry.letter for entry in queue] == [held.number]
        queue.release(held)
        assert bob.inbox.subjects == ["0", "3", "1"]
        last.trace.assert_delivered(attempts=1)


def test_a_full_destination_holds_up_no_other() -> None:
    with playing(acme(connections=1), GLOBEX, Domain("initech.test", users=["erin"])) as world:
        alice, bob = cast(world)
        with world.fault(slow("RCPT", Delay(60))):
            write_many(alice, bob, 2)
            alice.send(to="erin@initech.test").trace.assert_delivered()
            world.clock.advance(minutes=3)


@pytest.mark.parametrize(("letters", "sessions"), [(1, 6), (2, 3), (4, 2), (None, 1)])
def test_a_connection_serves_so_many_letters(letters: int | None, sessions: int) -> None:
    domain = Domain("acme.test", users=["alice"], sending=SendingLimits(letters=letters))
    with playing(domain, GLOBEX) as world:
        alice, bob = cast(world)
        write_many(alice, bob, 6)
        assert len(sessions_at(world, "mail.globex.test")) == sessions


def test_letters_of_two_domains_with_one_mx_share_a_connection_but_no_transaction() -> None:
    with playing(ACME, GLOBEX, Domain("initech.test", users=["erin"])) as world:
        alice, _ = cast(world)
        world["initech.test"].zone.replace("MX", "10 mail.globex.test.")
        letter = alice.send(to=["bob@globex.test", "erin@initech.test"])
        attempts = [(event.session, [*map(str, event.recipients)]) for event in letter.trace.attempts]
        assert sorted(who for _, who in attempts if who[0].endswith("globex.test")) == [["bob@globex.test"]]
        alice.send(to=["bob@globex.test"])
        assert len(sessions_at(world, "mail.globex.test")) <= 2


def test_what_limits_may_not_be() -> None:
    with pytest.raises(MisuseError, match=r"sending=3\): write limits, as in sending=SendingLimits\(connections=2\)"):
        Domain("acme.test", sending=3)  # type: ignore[arg-type]


# -- as many recipients a transaction as the receiver will take ----


class _Counting:
    """A receiver that takes ``most`` recipients a transaction, and answers the others ``text``."""

    def __init__(self, most: int, text: str) -> None:
        self.most, self.text = most, text
        self.taken = 0

    def __call__(self, event: Event) -> Verdict:
        if not isinstance(event, Commanded) or event.host != "mail.globex.test":
            return PASS
        self.taken = 0 if event.verb == "MAIL" else self.taken + (event.verb == "RCPT")
        return Answer(self.text) if event.verb == "RCPT" and self.taken > self.most else PASS


CROWD = Domain("globex.test", users=[f"u{number}" for number in range(7)])


@pytest.mark.parametrize("text", ["452 4.5.3 Too many recipients", "552 5.5.3 Too many recipients", "452 too many for me"])
def test_recipients_over_the_receivers_limit_come_in_another_transaction_at_once(text: str) -> None:
    everyone = [f"u{number}@globex.test" for number in range(7)]
    with playing(ACME, CROWD) as world, world.fault(Fault("few at a time", _Counting(3, text))):
        letter = world.user("alice@acme.test").send(to=everyone, subject="all")
        letter.trace.assert_delivered(attempts=1)
        assert [len(attempt.recipients) for attempt in letter.trace.attempts] == [7, 4, 1]
        assert all(world.user(one).inbox.subjects == ["all"] for one in everyone)
        assert len({attempt.session for attempt in letter.trace.attempts}) == 1


@pytest.mark.parametrize("text", ["452 4.5.3 Too many recipients", "552 5.5.3 Too many recipients"])
def test_a_receiver_that_takes_none_at_all_is_tried_again_later(text: str) -> None:
    with playing(ACME, CROWD) as world, world.fault(Fault("none at all", _Counting(0, text))):
        letter = world.user("alice@acme.test").send(to=["u0@globex.test", "u1@globex.test"])
        letter.trace.assert_queued(reply="452 4.5.3")
        assert len(letter.trace.attempts) == 1


# -- a machine that is switched off ----


STALLS = {
    "the look-up": (lambda e: isinstance(e, Queried) and e.rrtype == "MX" and e.by == "mail.acme.test", "globex.test"),
    "the connection": (lambda e: isinstance(e, Dialed) and e.to == "mail.globex.test", "mail.globex.test"),
    "the greeting": (lambda e: isinstance(e, Greeted) and e.host == "mail.globex.test", "mail.globex.test"),
    "MAIL": (lambda e: isinstance(e, Commanded) and e.verb == "MAIL" and e.host == "mail.globex.test", "mail.globex.test"),
    "the end of the data": (lambda e: isinstance(e, DataEnded) and e.host == "mail.globex.test", "mail.globex.test"),
}


@pytest.mark.parametrize("name", STALLS)
def test_what_a_machine_has_under_way_is_cut_when_it_is_switched_off(name: str) -> None:
    matches, to = STALLS[name]
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(whenever(matches, Delay(600), times=None)):
            letter = alice.send(to=bob, subject="interrupted")
            assert letter.trace.status == {"bob@globex.test": "in transit"}
            world.switch_off("mail.acme.test")
            world.assert_conserved()
            letter.trace.assert_queued(at="mail.acme.test")
            (attempt,) = letter.trace.attempts
            assert (attempt.to, attempt.problem) == (to, "mail.acme.test was switched off")
        world.clock.advance(hours=8)
        assert bob.inbox.subjects == []
        world.switch_on("mail.acme.test")
        letter.trace.assert_delivered(attempts=2)
        assert bob.inbox.subjects == ["interrupted"]


def test_a_letter_that_arrived_while_its_sender_went_off_may_arrive_twice_and_the_trace_says_why() -> None:
    with playing() as world:
        alice, bob = cast(world)
        answer = whenever(
            lambda e: isinstance(e, Replied) and "queued as" in e.text and e.host == "mail.globex.test", Drop()
        )
        with world.fault(answer):
            letter = alice.send(to=bob, subject="twice")
            world.settle()
            world.switch_off("mail.acme.test")
        world.switch_on("mail.acme.test")
        world.clock.advance(minutes=15)
        assert bob.inbox.subjects == ["twice", "twice"]
        assert any("the reply was lost" in hop.text for hop in letter.trace.hops)


def test_those_in_line_wait_where_a_machine_is_switched_off() -> None:
    with playing(acme(connections=1), GLOBEX) as world:
        alice, bob = cast(world)
        with world.fault(slow("RCPT", Delay(600))):
            write_many(alice, bob, 3)
            world.settle()
            world.switch_off("mail.acme.test")
            assert [entry.attempts for entry in world["acme.test"].queue] == [1, 0, 0]
        world.clock.advance(minutes=1)
        world.switch_on("mail.acme.test")
        assert bob.inbox.subjects == ["1", "2"]
        world.clock.advance(minutes=15)
        assert bob.inbox.subjects == ["1", "2", "0"]


# -- five days ----


Told = dict[str, list[str]]
"""What was told of each session and of each letter, in order."""


def five_days(schedule: Schedule, command: str) -> tuple[Told, int]:
    """Two hosts never take a letter: what is told of it until its sender has the report, and how many attempts it took."""
    patient = Domain("acme.test", users=["alice"], retry=schedule)
    with playing(patient, GLOBEX_TWO_MX, start=0) as world:
        alice, bob = cast(world)
        busy = [faults.reply(f"mx{number}.globex.test", command, "421 4.7.1 later") for number in (1, 2)]
        with world.fault(*busy):
            letter = alice.send(to=bob)
            world.clock.advance(days=6)
        assert [one.action for one in letter.trace.bounces] == ["delayed", "failed"]
        told: Told = {}
        for event in world.journal.events:
            line = f"{event.at:.0f} {event.host} {type(event).__name__}"
            for what, number in (("session", event.session), ("letter", event.letter)):
                told.setdefault(f"{what} {number}", []).append(line if number else "")
        seen = sum(isinstance(event, Opened) and event.host.startswith("mx") for event in world.journal.events)
        assert seen == len(letter.trace.attempts) == sum(isinstance(e, Attempted) for e in world.journal.events)
        return told, seen


def test_each_attempt_of_five_days_is_seen_by_a_receiver() -> None:
    told, seen = five_days(Schedule(), "RCPT")
    assert seen == 2 * 35
    assert told["letter 1"][-1].startswith(f"{5 * 86400} mail.acme.test Bounced")


def test_a_hundred_runs_of_five_days_tell_the_same_of_each_session_and_each_letter() -> None:
    """Fewer attempts than a schedule makes by itself: it is the runs that count here."""
    runs = [five_days(Schedule(steps=(900,), every=86400), "CONNECT") for _ in range(100)]
    assert all(run == runs[0] for run in runs)
    assert runs[0][1] == 2 * 7


def test_a_delay_and_a_bounce_reach_the_sender_within_five_days() -> None:
    with playing() as world:
        alice, _ = cast(world)
        with world.fault(whenever(lambda e: isinstance(e, Opened) and e.host == "mail.globex.test", Cut(), times=None)):
            letter = alice.send(to=Address.parse("bob@globex.test"))
            world.clock.advance(hours=4)
            (delayed,) = letter.trace.bounces
            world.clock.advance(days=5)
        assert (delayed.action, letter.trace.bounces[1].action) == ("delayed", "failed")
        assert len(alice.inbox) == 2
