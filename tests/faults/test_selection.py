"""Which events a fault means: sessions, counts, windows and draws, and words that could never mean anything."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailharness import MisuseError, faults
from mailharness.clock import VirtualClock, Work
from mailharness.faults import PASS, Fault, Switchboard
from mailharness.mail import Address
from mailharness.trace import Journal
from mailharness.trace.events import SMTP, Commanded, DataEnded, Dialed, Event, Greeted, Opened, Replied, Storing

MX1 = "mx1.b.test"
START = 1_000_000.0


class Bench:
    """One switchboard at a still clock, and sessions that speak at it."""

    def __init__(self, *armed: Fault, seed: int = 0) -> None:
        self.clock = VirtualClock(Work(), start=START)
        self.switchboard = Switchboard(Journal(self.clock), seed)
        self.armed = [self.switchboard.arm(fault) for fault in armed]

    def bites(self, event: Event) -> bool:
        return self.switchboard.announce(event) is not PASS

    def said(self, line: str, session: int = 1, host: str = MX1) -> bool:
        verb = line.partition(" ")[0]
        return self.bites(Commanded(host=host, session=session, protocol=SMTP, verb=verb, line=line))

    def opened(self, session: int = 1, peer: str = "mail.a.test", address: str = "127.0.0.9") -> bool:
        return self.bites(Opened(host=MX1, session=session, protocol=SMTP, peer=peer, address=address, port=4))

    def ended(self, session: int = 1) -> bool:
        return self.bites(DataEnded(host=MX1, session=session, protocol=SMTP, size=10))


def rcpt(**which: object) -> Fault:
    return faults.reply(MX1, "RCPT", "451 4.7.1 later", **which)  # type: ignore[arg-type]


def bitten(bench: Bench, lines: Iterable[str], session: int = 1) -> list[str]:
    return [line for line in lines if bench.said(line, session)]


LETTER = ["MAIL FROM:<ann@a.test>", "RCPT TO:<bob@b.test>", "RCPT TO:<eve@B.test> NOTIFY=NEVER", "DATA"]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, [1, 2]),
        ({"recipient": "bob@b.test"}, [1]),
        ({"recipient": "EVE@b.test"}, [2]),
        ({"recipient": "*@b.test"}, [1, 2]),
        ({"recipient": "*@c.test"}, []),
        ({"sender": "ann@a.test"}, [1, 2]),
        ({"sender": "*@b.test"}, []),
        ({"sender": "ann@a.test", "recipient": "eve@b.test"}, [2]),
        ({"nth": 1}, [1]),
        ({"nth": 2}, [2]),
        ({"nth": 3}, []),
        ({"recipient": "eve@b.test", "nth": 1}, [2]),
        ({"times": 1}, [1]),
        ({"client": "mail.a.test"}, [1, 2]),
        ({"client": "*.a.test"}, [1, 2]),
        ({"client": "127.0.0.9"}, [1, 2]),
        ({"client": "mail.c.test"}, []),
        ({"session": 1}, [1, 2]),
        ({"session": 2}, []),
        ({"probability": 1}, [1, 2]),
        ({"probability": 0}, []),
    ],
    ids=str,
)
def test_the_words_narrow_a_fault_down(which: dict, expected: list[int]) -> None:
    bench = Bench(rcpt(**which))
    bench.opened()
    assert bitten(bench, LETTER) == [LETTER[n] for n in expected]


@pytest.mark.parametrize(("word", "who", "bites"), [("sender", "<>", True), ("sender", "ann@a.test", False)])
def test_the_null_sender_has_a_name_too(word: str, who: str, bites: bool) -> None:
    bench = Bench(rcpt(**{word: who}))
    assert bool(bitten(bench, ["MAIL FROM:<>", "RCPT TO:<bob@b.test>"])) is bites


def test_at_the_final_dot_any_recipient_of_the_transaction_counts_and_none_of_the_one_before() -> None:
    bench = Bench(faults.reply(MX1, "EOD", "452 4.3.1 full", recipient="eve@b.test"))
    bitten(bench, LETTER)
    assert bench.ended()
    bitten(bench, ["MAIL FROM:<ann@a.test>", "RCPT TO:<bob@b.test>"])
    assert not bench.ended()


def test_what_is_done_to_a_reply_is_done_to_that_of_one_command() -> None:
    bench = Bench(faults.smtp.slow_reply(MX1, "RCPT", 5, recipient="bob@b.test"))
    answered = []
    for line in LETTER:
        bench.said(line)
        if bench.bites(Replied(host=MX1, session=1, protocol=SMTP, text="250 ok")):
            answered.append(line)
    assert answered == LETTER[1:2]


def test_sessions_are_counted_since_the_fault_was_armed_each_once() -> None:
    bench = Bench()
    bench.opened(1)
    bench.switchboard.arm(rcpt(session=2))
    for session in (2, 3, 4):
        bench.opened(session)
    assert [session for session in (2, 3, 4, 3) if bench.said(LETTER[1], session)] == [3, 3]


def test_the_nth_is_counted_in_each_session_anew() -> None:
    bench = Bench(rcpt(nth=2))
    assert [bench.said(LETTER[1], session) for session in (1, 2, 1, 2, 1)] == [False, False, True, True, False]


IN_AN_HOUR = datetime.fromtimestamp(START + 3600, timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("window", "bites"),
    [
        ({"after": 60}, [False, True, True]),
        ({"until": 60}, [True, False, False]),
        ({"after": 60, "until": 3600}, [False, True, False]),
        ({"after": IN_AN_HOUR}, [False, False, True]),
        ({"until": IN_AN_HOUR}, [True, True, False]),
        ({"after": 0}, [True, True, True]),
    ],
)
def test_a_window_opens_and_shuts_on_the_worlds_clock(window: dict, bites: list[bool]) -> None:
    bench, found = Bench(rcpt(**window)), []
    for seconds in (0, 60, 3600):
        bench.clock._move_to(START + seconds)
        found.append(bench.said(LETTER[1]))
    assert found == bites


def draws(fault: Fault, seed: int = 0, before: int = 0) -> list[bool]:
    bench = Bench(*[rcpt(session=99, optional=True)] * before, fault, seed=seed)
    return [bench.said(LETTER[1]) for _ in range(64)]


def test_the_same_seed_draws_the_same_and_a_seed_of_its_own_is_the_faults() -> None:
    some = rcpt(probability=0.5)
    assert draws(some) == draws(some)
    assert 10 < sum(draws(some)) < 54
    assert draws(some, seed=1) != draws(some)
    assert draws(some, before=1) != draws(some)
    own = rcpt(probability=0.5, seed=7)
    assert draws(own, seed=1, before=1) == draws(own)


def test_what_is_not_meant_is_not_drawn_for() -> None:
    def at(lines: list[str]) -> list[bool]:
        bench = Bench(rcpt(probability=0.5, recipient="bob@b.test"))
        return [bench.said(line) for line in lines if "bob" in line or bench.said(line)]

    assert at([LETTER[1]] * 20) == at([LETTER[1], LETTER[2]] * 20)


def test_a_connection_is_its_dialers_and_a_mailbox_its_owners() -> None:
    dialed = faults.network.blackhole(MX1, client="mail.a.test", nth=2)
    bench = Bench(dialed, faults.storage.mailbox_locked("bob@b.test"))
    hosts = ["mail.a.test", "mail.c.test", "mail.a.test"]
    called = [Dialed(host=host, to=MX1, address="127.0.0.3", port=25, protocol=SMTP) for host in hosts]
    assert list(map(bench.bites, called)) == [False, False, True]
    owners = [Address.parse(who) for who in ("eve@b.test", "BOB@b.test")]
    stored = [Storing(host=MX1, recipient=who, sender=None, size=1) for who in owners]
    assert list(map(bench.bites, stored)) == [False, True]


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "STARTTLS"])
def test_nobody_is_known_before_mail(command: str) -> None:
    with pytest.raises(MisuseError, match=f"sender='ann@a.test' is not known yet at {command}"):
        faults.smtp.hang(MX1, command, sender="ann@a.test")


def test_no_recipient_is_known_at_mail() -> None:
    with pytest.raises(MisuseError, match=r"recipient='bob@b\.test' is not known yet at MAIL"):
        faults.reply(MX1, "MAIL", "451 no", recipient="bob@b.test")


WRONG: list[tuple[Callable[[], Fault], str]] = [
    (lambda: rcpt(times=0), "times=0: a fault fires at least once"),
    (lambda: rcpt(nth=0), "nth=0: they are counted from 1"),
    (lambda: rcpt(session=-1), "session=-1: they are counted from 1"),
    (lambda: rcpt(session=1.5), r"session=1\.5: they are counted"),
    (lambda: rcpt(probability=1.5), r"probability=1\.5: write a number from 0 to 1"),
    (lambda: rcpt(probability=-0.1), r"probability=-0\.1: write a number from 0 to 1"),
    (lambda: rcpt(probability=float("nan")), "probability=nan"),
    (lambda: rcpt(after=-1), "after=-1: write seconds since the fault was armed"),
    (lambda: rcpt(until=float("inf")), "until=inf: write seconds"),
    (lambda: rcpt(after=60, until=30), "after=60 is later than until=30: then it never fires"),
    (lambda: rcpt(after=datetime(2030, 1, 31)), "say in which time zone"),
    (lambda: rcpt(after=datetime(2031, 1, 1, tzinfo=UTC), until=datetime(2030, 1, 1, tzinfo=UTC)), "is later than"),
    (lambda: faults.refuse(object()), r"faults\.network\.refuse\(host=<object .*>\): write its name or a number"),
    (lambda: rcpt(sender=["eve@b.tst"]), r"faults\.smtp\.reply\(sender=\['eve@b\.tst'\]\): write its name"),
    (lambda: rcpt(until="5m"), r"a value of the wrong kind for faults\.smtp\.reply: "),
    (lambda: rcpt(times="1"), r"a value of the wrong kind for faults\.smtp\.reply: "),
    (lambda: faults.reply(MX1, "RCPT", 450), r"a value of the wrong kind for faults\.smtp\.reply: "),
    (lambda: faults.smtp.drop_after(MX1, "5"), r"a value of the wrong kind for faults\.smtp\.drop_after: "),
    (lambda: rcpt(tims=1), "no argument of faults.smtp.reply: 'tims'; did you mean 'times'"),
    (lambda: faults.smtp.reset(MX1), "missing a required argument: 'command'; its arguments are host, command, end"),
    (lambda: faults.smtp.reset(MX1, "RCTP"), "no SMTP verb or phase 'RCTP'; did you mean 'RCPT'"),
    (lambda: faults.smtp.reset(MX1, "RCPT", end="sever"), "no end 'sever'; did you mean 'server'"),
    (lambda: faults.smtp.delay(MX1, "RCPT", -1), "a finite number of seconds, 0 or more"),
    (lambda: faults.smtp.drip(MX1, "RCPT", 0), "more than 0 octets a second"),
    (lambda: faults.smtp.drop_after(MX1, -1), "-1 octets: write a number of octets that can have crossed"),
    (lambda: faults.smtp.wrong_code(MX1, "RCPT", 199), "is not an SMTP reply"),
    (lambda: faults.smtp.wrong_code(MX1, "RCPT", 600), "is not an SMTP reply"),
    (lambda: faults.smtp.multi_line(MX1, "RCPT", 0), "lines=0"),
    (lambda: faults.smtp.wrong_command(MX1, "MAIL", "bdat 10 LAST"), "octets that would never come"),
    (lambda: faults.smtp.garbage(MX1, "MAIL", "RSET\r\nBDAT 010", end="client"), "octets that would never come"),
    (lambda: faults.smtp.slow_reply(MX1, "BODY", 1), "nothing is answered in the middle of the data; name EOD"),
    (lambda: faults.smtp.garbage(MX1, "RCPT", "✓"), "each character stands for one octet"),
    (lambda: faults.smtp.garbage(MX1, "EOD", end="client"), "a client has no command to say at EOD"),
    (lambda: faults.smtp.hide(MX1), "names no extension"),
    (lambda: faults.smtp.hide(MX1, "STARTLS"), "no extension 'STARTLS'; did you mean 'STARTTLS'"),
    (lambda: faults.network.partition("*", "*"), "name at least one of the two hosts"),
    (lambda: faults.network.latency("*", "*", 1), "name at least one of the two hosts"),
    (lambda: faults.network.latency("a.test", "*", -1), "a finite number of seconds"),
    (lambda: faults.network.bandwidth("a.test", "*", -1), "more than 0 octets a second"),
    (lambda: faults.tls.certificate(MX1, "expird"), "no kind of certificate 'expird'; did you mean 'expired'"),
    (lambda: faults.storage.disk_full(MX1, "afterwards"), "no moment of disk_full 'afterwards'; did you mean 'after'"),
    (lambda: faults.storage.mailbox_locked("bob"), "'bob' is no address of a user"),
    (lambda: faults.dns.servfail("b.test", probability=2), "probability=2: write a number from 0 to 1"),
]


@pytest.mark.parametrize(("make", "complaint"), WRONG, ids=[complaint[:40] for _, complaint in WRONG])
def test_a_fault_that_could_never_be_meant_is_refused_at_once(make: Callable[[], Fault], complaint: str) -> None:
    with pytest.raises(MisuseError, match=complaint):
        make()


def test_a_greeting_is_the_same_session_as_what_follows() -> None:
    bench = Bench(faults.reply(MX1, "CONNECT", "421 no", session=2))
    greeted = [Greeted(host=MX1, session=session, protocol=SMTP) for session in (5, 6, 7)]
    assert list(map(bench.bites, greeted)) == [False, True, False]


def test_a_line_inside_of_auth_is_no_command_but_what_answers_it_answers_auth() -> None:
    refused, slow = faults.reply(MX1, "AUTH", "535 5.7.8 no"), faults.smtp.slow_reply(MX1, "AUTH", 5)
    bench = Bench(refused, slow)
    told = [("AUTH", "AUTH LOGIN"), ("", "***"), ("", "NO\x00VERB")]
    heard = []
    for verb, line in told:
        heard.append(bench.bites(Commanded(host=MX1, session=1, protocol=SMTP, verb=verb, line=line)))
        heard.append(bench.bites(Replied(host=MX1, session=1, protocol=SMTP, text="334 ")))
    assert heard == [True, True, False, True, False, False]
