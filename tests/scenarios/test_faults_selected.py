"""Faults for some and not for others, from then and until then, at random and yet the same; written down and replayed."""

import smtplib
from pathlib import Path

import pytest

from mailharness import Domain, Host, MisuseError, UnusedFaultError, User, faults
from mailharness.faults import Fault
from tests.scenarios.stage import ACME, GLOBEX, cast, playing

MX, BOOKS = "mail.globex.test", "mail.xn--bcher-kva.test"
OTHER = Domain("other.test", users=["olga"])


def later(**which: object) -> Fault:
    return faults.reply(MX, "RCPT", "451 4.7.1 later", **which)  # type: ignore[arg-type]


def statuses(*senders: User, to: User) -> list[str]:
    return [sender.send(to=to).trace.status[str(to)] for sender in senders]


@pytest.mark.parametrize("which", [{"client": "mail.acme.test"}, {"sender": "alice@acme.test"}, {"sender": "*@acme.test"}])
def test_one_sender_is_refused_and_another_is_not(which: dict) -> None:
    with playing(ACME, GLOBEX, OTHER) as world:
        alice, bob = cast(world)
        with world.fault(later(**which)):
            assert statuses(alice, world.user("olga@other.test"), to=bob) == ["queued", "delivered"]


def test_one_recipient_of_a_letter_waits_and_the_other_has_it() -> None:
    with playing() as world:
        alice, bob = cast(world)
        dave = world.user("dave@globex.test")
        with world.fault(later(recipient="dave@globex.test", times=1)):
            letter = alice.send(to=[bob, dave])
            assert letter.trace.status == {str(bob): "delivered", str(dave): "queued"}
            world.clock.advance(hours=1)
        assert (len(bob.inbox), len(dave.inbox)) == (1, 1)


def test_the_second_session_is_the_one_that_fails() -> None:
    with playing(ACME, GLOBEX, OTHER) as world:
        alice, bob = cast(world)
        with world.fault(faults.smtp.reset(MX, "EHLO", session=2)):
            assert statuses(alice, world.user("olga@other.test"), to=bob) == ["delivered", "queued"]


def test_a_window_of_half_an_hour() -> None:
    """Attempts are made at once, after a quarter of an hour, and after three: the second meets the fault."""
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(later(times=1), later(after=600, until=1800)) as (_, window):
            letter = alice.send(to=bob)
            world.clock.advance(hours=2)
        letter.trace.assert_delivered(attempts=3)
        assert window.fired == 1


def test_what_is_drawn_is_the_same_in_every_world_of_the_seed() -> None:
    def drawn(seed: int, *plan: Fault) -> tuple[list[str], str]:
        with playing(seed=seed) as world:
            alice, bob = cast(world)
            with world.fault(*(plan or (later(probability=0.5),))) as armed:
                return statuses(*[alice] * 16, to=bob), faults.to_toml(armed)

    found, plan = drawn(1)
    assert set(found) == {"queued", "delivered"}
    assert drawn(1) == (found, plan)
    assert drawn(2)[0] != found
    assert drawn(2, *faults.from_toml(plan)) == (found, plan)


def test_a_plan_is_read_and_breaks_a_world(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    plan = [faults.dns.servfail("globex.test", type="MX", times=1), later(times=1), faults.smtp.lose_reply(MX, times=1)]
    file.write_text(faults.to_toml(plan), encoding="utf-8")
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(*faults.read_plan(file)) as armed:
            letter = alice.send(to=bob)
            world.clock.advance(hours=6)
        assert [one.fired for one in armed] == [1, 1, 1]
        assert (letter.trace.status[str(bob)], len(bob.inbox)) == ("delivered", 2)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (later(recipient="bop@globex.test"), "'bop@globex.test'; did you mean 'bob@globex.test'"),
        (later(sender="alicia@acme.test"), "'alicia@acme.test'; did you mean 'alice@acme.test'"),
        (later(client="mail.acne.test"), r"no client for the fault .* 'mail.acne.test'; did you mean 'mail.acme.test'"),
        (faults.storage.mailbox_locked("bop@globex.test"), "'bop@globex.test'; did you mean 'bob@globex.test'"),
        (faults.network.partition("mail.acme.test", "mx.globex.test"), "no host for the fault .* 'mx.globex.test'"),
        (faults.smtp.hang("mail.globax.test", "MAIL", end="client"), "'mail.globax.test'; did you mean 'mail.globex.test'"),
        (faults.tls.fail_handshake("mail.globax.test"), "'mail.globax.test'; did you mean 'mail.globex.test'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_who_is_not_there_cannot_be_meant(fault: Fault, complaint: str) -> None:
    with playing() as world, pytest.raises(MisuseError, match=complaint), world.fault(fault):
        pass


@pytest.mark.parametrize(
    "which", [{"recipient": "Bob+x@GLOBEX.test"}, {"sender": "anyone@elsewhere.test"}, {"client": "127.0.0.1"}]
)
def test_who_may_be_there_can(which: dict) -> None:
    with playing() as world, world.fault(later(**which, optional=True)) as (armed,):
        assert armed.fired == 0


def test_a_fault_that_was_never_drawn_tested_nothing() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with pytest.raises(UnusedFaultError, match=r"never fired: .*, probability=0"), world.fault(later(probability=0)):
            alice.send(to=bob)


def test_a_foreign_client_is_known_by_its_address() -> None:
    mine = faults.reply(MX, "NOOP", "450 not you", client="127.0.0.1")
    with playing() as world, world.fault(mine), smtplib.SMTP(*world["globex.test"].smtp) as client:
        assert client.noop()[0] == 450


@pytest.mark.parametrize("meant", ["bob@bücher.test", "*@BÜCHER.test", "bob@xn--bcher-kva.test"])
@pytest.mark.parametrize("hide", [[], ["SMTPUTF8"]])
def test_an_international_recipient_is_meant_however_the_wire_spells_it(meant: str, hide: list[str]) -> None:
    books = Domain("bücher.test", users=["bob"], host=Host(hide=hide))
    with playing(ACME, books) as world, world.fault(faults.reply(BOOKS, "RCPT", "450 4.2.1 Busy", recipient=meant)):
        letter = world.user("alice@acme.test").send(to="bob@bücher.test", message=b"Subject: x\r\n\r\nx\r\n")
        letter.trace.assert_queued(reply=450)


@pytest.mark.parametrize("number", [1, 2])
def test_the_sessions_of_a_client_are_its_own(number: int) -> None:
    """Not those in which it was given the letters."""
    second = Domain("other.test", users=["olga"])
    with playing(ACME, GLOBEX, second) as world:
        alice, bob = cast(world)
        with world.fault(faults.smtp.delay("mail.acme.test", "MAIL", 60, session=number, end="client")):
            letters = [alice.send(to=to) for to in (bob, "olga@other.test")]
            held = [list(letter.trace.status.values()) for letter in letters].index(["in transit"])
            assert held == number - 1
            world.clock.advance(minutes=1)
