"""Every fault of SMTP at every step, at both ends: where the letter is at once, where it ends, and how often.

The rows of a table are written as ``at once > in the end x times``. The books balance whenever the world is at rest, and
the line that tells where the letter stopped names the fault.
"""

import smtplib
from collections.abc import Callable, Iterator

import pytest

from mailharness import faults
from mailharness.faults import Fault
from mailharness.trace.events import Attempted, Closed, Commanded, Refused, Relayed, Replied
from tests.scenarios.stage import cast, playing

MX, MTA = "mail.globex.test", "mail.acme.test"
SMTP = faults.smtp

AGAIN = "queued > delivered x1"
WAITS = "in transit > delivered x1"
UNHARMED = "delivered > delivered x1"
TWICE = "delivered > delivered x2"
NEVER = "bounced > bounced x0"

BEFORE_THE_DATA = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA")
INSTEAD: dict[str, Callable[..., Fault]] = {
    "garbage": SMTP.garbage,
    "delay": lambda *place, **which: SMTP.delay(*place, 60, **which),
    "hang": SMTP.hang,
    "close": SMTP.close,
    "reset": SMTP.reset,
}
TO_THE_REPLY: dict[str, Callable[..., Fault]] = {
    "slow_reply": lambda *place, **which: SMTP.slow_reply(*place, 60, **which),
    "drip": lambda *place, **which: SMTP.drip(*place, 5, **which),
    "multi_line": SMTP.multi_line,
    "wrong_code": lambda *place, **which: SMTP.wrong_code(*place, 451, **which),
    "lose_reply": SMTP.lose_reply,
}


def rows(moments: tuple[str, ...], outcomes: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    return ((moment, fault, outcome) for moment in moments for fault, outcome in outcomes.items())


BROKEN = {"garbage": AGAIN, "delay": WAITS, "hang": WAITS, "close": AGAIN, "reset": AGAIN}
SERVER = [
    *rows((*BEFORE_THE_DATA, "BODY", "EOD"), BROKEN),
    *rows(BEFORE_THE_DATA, {"slow_reply": WAITS, "drip": WAITS, "multi_line": UNHARMED, "lose_reply": AGAIN}),
    *rows(("CONNECT", "MAIL", "RCPT", "DATA"), {"wrong_code": AGAIN}),
    ("EHLO", "wrong_code", UNHARMED),  # HELO is tried then
    *rows(("STARTTLS",), {"garbage": AGAIN, "delay": WAITS, "hang": WAITS, "close": UNHARMED, "reset": UNHARMED}),
    *rows(("STARTTLS",), {"slow_reply": WAITS, "drip": WAITS, "multi_line": UNHARMED, "lose_reply": UNHARMED}),
    *rows(("EOD",), {"slow_reply": UNHARMED, "drip": UNHARMED, "multi_line": UNHARMED}),
    *rows(("EOD",), {"wrong_code": TWICE, "lose_reply": TWICE}),
]
CLIENT = [
    *rows(("CONNECT", *BEFORE_THE_DATA, "BODY"), {name: BROKEN[name] for name in ("delay", "hang", "close", "reset")}),
    *rows(("EHLO", "STARTTLS"), {"garbage": UNHARMED}),  # HELO is said then, or no TLS used
    *rows(("MAIL", "RCPT", "DATA"), {"garbage": NEVER}),
    *rows(("STARTTLS",), {"delay": WAITS, "hang": WAITS, "close": AGAIN, "reset": AGAIN}),
    *rows(("EOD",), {"delay": UNHARMED, "hang": TWICE, "close": TWICE, "reset": TWICE}),
]


def story(*broken: Fault) -> tuple[str, str]:
    """What becomes of one letter over two hosts while they are broken, and the line that says where it stopped."""
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(*broken):
            letter = alice.send(to=bob, subject="Hello")
            at_once, stop = letter.trace.status[str(bob)], letter.trace.stop
            world.assert_conserved()
            world.clock.advance(hours=3)
        end = letter.trace.status[str(bob)]
        return f"{at_once} > {end} x{len(bob.inbox)}", stop


def check(fault: Fault, outcome: str) -> None:
    told, stop = story(fault)
    assert told == outcome
    assert fault.name in stop or outcome in (UNHARMED, TWICE)


@pytest.mark.parametrize(("moment", "name", "outcome"), SERVER)
def test_a_server_that_breaks(moment: str, name: str, outcome: str) -> None:
    make = INSTEAD.get(name) or TO_THE_REPLY[name]
    check(make(MX, moment, times=1), outcome)


@pytest.mark.parametrize(("moment", "name", "outcome"), CLIENT)
def test_a_client_that_breaks(moment: str, name: str, outcome: str) -> None:
    check(INSTEAD[name](MTA, moment, end="client", times=1), outcome)


@pytest.mark.parametrize("name", [*INSTEAD, *TO_THE_REPLY])
def test_a_broken_farewell_of_a_server_harms_no_letter(name: str) -> None:
    """A client says QUIT at once where the transaction has failed."""
    later = SMTP.reply(MX, "RCPT", "450 4.2.1 busy", times=1)
    told, stop = story((INSTEAD | TO_THE_REPLY)[name](MX, "QUIT", times=1), later)
    assert told in (AGAIN, WAITS)
    assert "450 4.2.1 busy" in stop or name in ("delay", "hang", "slow_reply", "drip")


@pytest.mark.parametrize("name", ["delay", "hang", "close", "reset"])
def test_a_broken_farewell_of_a_client_harms_no_letter(name: str) -> None:
    later = SMTP.reply(MX, "RCPT", "450 4.2.1 busy", times=1)
    told, _ = story(INSTEAD[name](MTA, "QUIT", end="client", times=1), later)
    assert told in (AGAIN, WAITS)


WHOLE = [
    (SMTP.drop_after(MX, 100, times=1), AGAIN),
    (SMTP.drop_after(MX, 0, times=1), AGAIN),
    (SMTP.drop_after(MX, 1_000_000, times=1), AGAIN),
    (SMTP.drop_after(MTA, 100, end="client", times=1), AGAIN),
    (SMTP.drop_after(MTA, 1_000_000, end="client", times=1), AGAIN),
    (SMTP.reply(MX, "BODY", "552 5.3.4 too big"), NEVER),
    (SMTP.reply(MX, "BODY", "421 4.3.2 closing", times=1), AGAIN),
    (SMTP.hide(MX, "PIPELINING", "SIZE", "8BITMIME"), UNHARMED),
    (SMTP.hide(MX, "starttls"), UNHARMED),
    (SMTP.wrong_command(MTA, "RCPT", "RCTP TO:<bob@globex.test>"), NEVER),
    (SMTP.wrong_command(MTA, "MAIL", "MAIL FROM:alice@acme.test"), NEVER),
    (SMTP.say_helo(MTA), UNHARMED),
    (faults.network.refuse(MX, times=1), AGAIN),
    (faults.network.unreachable(MX, times=1), AGAIN),
    (faults.network.blackhole(MX, times=1), WAITS),
    (faults.network.partition(MTA, MX, times=1), WAITS),
    (faults.network.partition(MX, "*", times=1), WAITS),
    (faults.network.latency(MTA, MX, 2), WAITS),
    (faults.network.bandwidth("*", MX, 10), WAITS),
    (faults.network.reset_after(MX, 0, times=1), AGAIN),
    (faults.network.reset_after(MX, 30, times=2), AGAIN),
    (faults.network.reset_after(MX, 100, times=1), AGAIN),  # behind STARTTLS
    (faults.tls.strip_starttls(MX), UNHARMED),
    (faults.tls.refuse_starttls(MX), UNHARMED),
    (faults.tls.fail_handshake(MX), UNHARMED),
    (faults.tls.certificate(MX, "expired"), UNHARMED),
    (faults.storage.disk_full(MX, times=1), AGAIN),
    (faults.storage.disk_full(MX, "after", times=1), AGAIN),
    (faults.storage.mailbox_locked("bob@globex.test", times=1), AGAIN),
    (faults.storage.mailbox_missing("bob@globex.test"), NEVER),
    (faults.storage.slow(MX, 30), WAITS),
]


@pytest.mark.parametrize(("fault", "outcome"), WHOLE, ids=lambda value: str(value)[:60])
def test_a_fault_that_is_bound_to_no_command(fault: Fault, outcome: str) -> None:
    check(fault, outcome)


@pytest.mark.parametrize(
    ("moment", "outcome"),
    [*((moment, WAITS) for moment in ("CONNECT", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "BODY")), ("EOD", TWICE)],
)
def test_a_client_that_takes_longer_than_it_has_gives_up_and_comes_again(moment: str, outcome: str) -> None:
    check(SMTP.delay(MTA, moment, 4000, end="client", times=1), outcome)


def test_a_client_that_skips_quit_just_leaves() -> None:
    with playing() as world:
        alice, bob = cast(world)
        unknown = SMTP.reply(MX, "RCPT", "550 5.1.1 unknown", times=1)
        with world.fault(unknown, SMTP.skip_quit(MTA)):
            letter = alice.send(to=bob)
        letter.trace.assert_bounced()
        session = next(event.session for event in world.journal.of_kind(Refused) + world.journal.of_kind(Attempted))
        verbs = [event.verb for event in world.journal.of_session(session) if isinstance(event, Commanded)]
        (closed,) = (event for event in world.journal.of_session(session) if isinstance(event, Closed))
        assert ("QUIT" in verbs, closed.how) == (False, "eof")


def test_a_dripped_reply_takes_its_time() -> None:
    """The 250 to the final dot has some 30 octets: at 1 a second the sender knows of it half a minute later."""
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(SMTP.drip(MX, "EOD", 1)):
            letter = alice.send(to=bob)
            started = world.clock.now()
            world.clock.advance(minutes=2)
        (relayed,) = world.journal.of_kind(Relayed)
        replies = [event.text for event in world.journal.of_session(relayed.session) if isinstance(event, Replied)]
        (final,) = (text for text in replies if "queued as" in text)
        assert relayed.at - started == len(final) + 2
        letter.trace.assert_delivered(attempts=1)


def test_what_is_hidden_is_not_announced_and_not_understood() -> None:
    hidden = SMTP.hide(MX, "SIZE", "STARTTLS", client="127.0.0.1")
    with playing() as world, world.fault(hidden), smtplib.SMTP(*world["globex.test"].smtp) as client:
        client.ehlo("me.test")
        assert client.has_extn("pipelining")
        assert not client.has_extn("size")
        assert not client.has_extn("starttls")
        assert client.docmd("MAIL FROM:<me@me.test> SIZE=10")[0] == 555
        assert client.docmd("STARTTLS")[0] == 502


def test_a_reply_of_more_lines_is_one_reply() -> None:
    longer = SMTP.multi_line(MX, "NOOP", 2)
    with playing() as world, world.fault(longer), smtplib.SMTP(*world["globex.test"].smtp) as client:
        assert client.noop() == (250, b"2.0.0 OK\n2.0.0 Line 1 of more\n2.0.0 Line 2 of more")


@pytest.mark.parametrize("command", ["VRFY", "RSET", "NOOP", "HELP", "EXPN", "HELO"])
def test_a_command_that_no_letter_needs_can_be_broken_too(command: str) -> None:
    argument = "x" if command in ("VRFY", "HELO") else ""
    with playing() as world, smtplib.SMTP(*world["globex.test"].smtp) as client:
        with world.fault(SMTP.garbage(MX, command, "hm")):
            assert client.docmd(command, argument)[0] == -1
        with world.fault(SMTP.close(MX, command)), pytest.raises(smtplib.SMTPServerDisconnected):
            client.docmd(command, argument)
