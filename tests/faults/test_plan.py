"""Plans: whatever faults a test can arm can be written down, read again, and mean the same."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness import MisuseError, faults
from mailharness.faults import PASS, Fault
from mailharness.faults.spec import REGISTRY
from mailharness.trace.events import CERTIFICATES, DNS_TYPES, IMAP_VERBS, POP3_VERBS, SMTP_PHASES, SMTP_VERBS

HOSTS = st.sampled_from(["mx1.b.test", "mail.a.test"])
SECONDS = st.one_of(st.integers(0, 10**6), st.floats(0, 1e6))
PACE = st.floats(0.01, 1e9)
NUMBER = st.integers(1, 9)
ADDRESSES = st.sampled_from(["bob@b.test", "*@a.test", "ann@a.test"])
NAMES = st.sampled_from(["b.test", "*.b.test", "mail.b.test"])
VALUES = {
    "host": HOSTS,
    "a": HOSTS,
    "b": HOSTS,
    "command": st.sampled_from(sorted(SMTP_VERBS | SMTP_PHASES | IMAP_VERBS | POP3_VERBS)),
    "text": st.sampled_from(['451 4.7.1 "later" \\ or never', "550 5.1.1 grüß\tdich\x7f", 'NO [INUSE] "x"', "-ERR x"]),
    "line": st.sampled_from(["HELP", 'VRFY "x"']),
    "end": st.sampled_from(["server", "client"]),
    "seconds": SECONDS,
    "octets": st.integers(0, 10**6),
    "octets_per_second": PACE,
    "lines": NUMBER,
    "code": st.integers(200, 599),
    "extensions": st.lists(st.sampled_from(["SIZE", "STARTTLS", "dsn"]), min_size=1, max_size=3),
    "kind": st.sampled_from(sorted(CERTIFICATES)),
    "when": st.sampled_from(["before", "after"]),
    "user": st.sampled_from(["bob@b.test", "eve@b.test"]),
    "mailbox": st.sampled_from(["INBOX", "Sent/2030"]),
    "validity": st.booleans(),
    "permanent": st.booleans(),
    "name": NAMES,
    "type": st.sampled_from(sorted(DNS_TYPES)),
    "server": st.sampled_from(["resolver", "tst", "."]),
    "other": st.just("x.test"),
    "to": st.just("y.test"),
    "victim": st.just("bank.test"),
    "address": st.just("127.0.0.3"),
    "ttl": st.integers(0, 99),
    "upward": st.booleans(),
    "times": NUMBER,
    "session": NUMBER,
    "nth": NUMBER,
    "after": st.one_of(SECONDS, st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1))),
    "until": SECONDS,
    "probability": st.one_of(st.floats(0, 1), st.integers(0, 1)),
    "seed": st.one_of(st.integers(), st.just("7/1")),
    "optional": st.booleans(),
    "client": st.sampled_from(["mail.a.test", "*.a.test", "127.0.0.9"]),
    "sender": ADDRESSES,
    "recipient": ADDRESSES,
}


@st.composite
def some_fault(draw: st.DrawFn) -> Fault | None:
    """Any call of any function; None where it is one that means nothing, as a recipient at the greeting."""
    function = REGISTRY[draw(st.sampled_from(sorted(REGISTRY)))]
    arguments = {key: draw(VALUES[key]) for key in function.keywords if draw(st.booleans())}
    try:
        return function(arguments)
    except MisuseError:
        return None


@settings(max_examples=200, deadline=None)
@given(st.lists(some_fault(), max_size=4))
def test_any_plan_is_read_as_it_was_written(drawn: list[Fault | None]) -> None:
    plan = [fault for fault in drawn if fault is not None]
    text = faults.to_toml(plan)
    again = faults.from_toml(text)
    assert [(str(one), one.spec, one.when, one.hosts, one.servers, one.optional) for one in again] == [
        (str(one), one.spec, one.when, one.hosts, one.servers, one.optional) for one in plan
    ]
    assert faults.to_toml(again) == text


_OF_FAMILY = {"imap": {"command": "FETCH", "text": "NO no"}, "pop3": {"command": "RETR", "text": "-ERR no"}}


def least(name: str) -> dict:
    """The first value of what a function cannot do without."""
    values = {"host": "mx1.b.test", "a": "a.test", "b": "b.test", "command": "RCPT", "text": "451 no", "line": "HELP"}
    values |= {"seconds": 1, "octets": 1, "octets_per_second": 1, "code": 250, "extensions": ["SIZE"], "kind": "expired"}
    values |= {"user": "bob@b.test", "name": "b.test", "victim": "bank.test"}
    values |= _OF_FAMILY.get(name.partition(".")[0], {})
    return {key: values[key] for key in REGISTRY[name].keywords if key in values}


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_function_round_trips(name: str) -> None:
    fault = REGISTRY[name](least(name))
    assert fault.spec is not None
    assert fault.spec.function == name
    (again,) = faults.from_toml(faults.to_toml([fault]))
    assert (again.name, again.spec) == (fault.name, fault.spec)


def test_a_plan_is_plain_to_read() -> None:
    plan = [faults.reply("mx1.b.test", "RCPT", "451 4.7.1 later", times=2), faults.smtp.hide("mx1.b.test", "SIZE", "DSN")]
    assert faults.to_toml(plan) == (
        '[[fault]]\nfault = "smtp.reply"\nhost = "mx1.b.test"\ncommand = "RCPT"\ntext = "451 4.7.1 later"\ntimes = 2\n'
        '\n[[fault]]\nfault = "smtp.hide"\nhost = "mx1.b.test"\nextensions = ["SIZE", "DSN"]\n'
    )


def test_a_plan_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(faults.to_toml([faults.dns.servfail("b.test", type="MX")]), encoding="utf-8")
    (fault,) = faults.read_plan(file)
    assert str(fault) == "SERVFAIL for b.test MX"


def test_no_plan_is_a_plan() -> None:
    assert (faults.from_toml(""), faults.to_toml([])) == ((), "")


def test_a_judge_of_ones_own_cannot_be_written() -> None:
    with pytest.raises(MisuseError, match="'mine' has a judge of its own, which cannot be written"):
        faults.to_toml([Fault("mine", lambda event: PASS)])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[fault]", "the plan: "),
        ("[[falt]]", "no key in the plan: 'falt'; did you mean 'fault'"),
        ("[fault]\nfault = 'smtp.reply'", r"write \[\[fault\]\] in two brackets"),
        ("[[fault]]", "no kind of fault in the plan, fault 1: ''"),
        ("[[fault]]\nfault = 3", "no kind of fault in the plan, fault 1: '3'"),
        (
            "[[fault]]\nfault = 'smtp.replay'",
            "no kind of fault in the plan, fault 1: 'smtp.replay'; did you mean 'smtp.reply'",
        ),
        (
            "[[fault]]\nfault = 'network.refuse'\nhots = 'x'",
            "of network.refuse in the plan, fault 1: 'hots'; did you mean 'host'",
        ),
        (
            "[[fault]]\nfault = 'network.refuse'",
            "the plan, fault 1: faults.network.refuse: missing a required argument: 'host'",
        ),
        ("[[fault]]\nfault = 'network.refuse'\nhost = 3", "the plan, fault 1: a value of the wrong kind"),
        ("[[fault]]\nfault = 'network.refuse'\nhost = 'a'\ntimes = 'x'", "the plan, fault 1: a value of the wrong kind"),
        ("[[fault]]\nfault = 'smtp.hide'\nextensions = ['SIZE']", "the plan, fault 1: host is missing"),
    ],
)
def test_a_plan_that_cannot_be_says_where(text: str, complaint: str) -> None:
    with pytest.raises(MisuseError, match=complaint):
        faults.from_toml(text)


def test_a_plan_that_is_not_there() -> None:
    with pytest.raises(MisuseError, match="no-such-plan"):
        faults.read_plan("no-such-plan.toml")
