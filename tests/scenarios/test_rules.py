"""Rules of accounts: where a letter comes to lie, and what the trace says of it."""

import smtplib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailharness import Account, Domain, Message, MisuseError, World, read_toml, rules
from mailharness.trace.events import Delivered, Discarded, Filtered
from tests.scenarios.stage import ACME, cast, playing

LIST = b"List-Id: The team <team.acme.test>\r\nSubject: news\r\n\r\nhi\r\n"
PLAIN = b"Subject: hello\r\n\r\nhi\r\n"
BOB = "bob@globex.test"


def globex(*filters: Any, **more: Any) -> Domain:
    return Domain("globex.test", users=[Account("bob", filters=filters, **more), "dave", "erin"])


def where(world: World, name: str = BOB) -> dict[str, int]:
    """How many letters are in each of the user's mailboxes that has one."""
    account = world["globex.test"].store.named(name)
    assert account is not None
    return {name: len(mailbox) for name, mailbox in account.mailboxes.items() if len(mailbox)}


def told(world: World, kind: Any) -> list[Any]:
    return [event for event in world.journal.events if isinstance(event, kind)]


TEAM = rules.header("List-Id", contains="TEAM")
OURS = rules.sender(is_="Alice@acme.test")
# each row: the rules, the letter, and what is in which mailbox of bob's
FILED: list[tuple[str, list[Any], bytes, dict[str, int]]] = [
    ("no rule", [], PLAIN, {"INBOX": 1}),
    ("a folder", [rules.file_into("Lists/team", when=TEAM)], LIST, {"Lists/team": 1}),
    ("not for this one", [rules.file_into("Lists/team", when=TEAM)], PLAIN, {"INBOX": 1}),
    ("both", [rules.file_into("Lists", copy=True)], PLAIN, {"Lists": 1, "INBOX": 1}),
    ("two folders", [rules.file_into("A"), rules.file_into("B")], PLAIN, {"A": 1, "B": 1}),
    ("one folder twice", [rules.file_into("A"), rules.file_into("a"), rules.file_into("A")], PLAIN, {"A": 1, "a": 1}),
    ("INBOX in any case", [rules.file_into("inbox"), rules.keep()], PLAIN, {"INBOX": 1}),
    ("discarded", [rules.discard()], PLAIN, {}),
    ("discarded, but filed", [rules.discard(), rules.file_into("A")], PLAIN, {"A": 1}),
    ("kept and filed", [rules.keep(), rules.file_into("A")], PLAIN, {"A": 1, "INBOX": 1}),
    ("stopped", [rules.stop(when=OURS), rules.discard()], PLAIN, {"INBOX": 1}),
    ("the recipient's detail", [rules.file_into("A", when=rules.recipient(contains="+x@"))], PLAIN, {"INBOX": 1}),
    ("a pattern", [rules.file_into("A", when=rules.header("Subject", matches="^H.l+o$"))], PLAIN, {"A": 1}),
    ("size", [rules.file_into("A", when=rules.larger_than(10))], PLAIN, {"A": 1}),
    ("and", [rules.discard(when=TEAM & OURS)], LIST, {}),
    ("not and", [rules.discard(when=TEAM & ~OURS)], LIST, {"INBOX": 1}),
    ("or", [rules.discard(when=rules.any_of(TEAM, OURS))], PLAIN, {}),
    ("a field that is there", [rules.discard(when=rules.header("subject"))], PLAIN, {}),
    ("a field that is not", [rules.discard(when=rules.header("X-Spam"))], PLAIN, {"INBOX": 1}),
    ("a function says when", [rules.discard(when=lambda message, _: message.subject == "hello")], PLAIN, {}),
    ("a function", [lambda message, _: rules.file_into(message.subject)], PLAIN, {"hello": 1}),
    ("a function says nothing", [lambda message, envelope: None], PLAIN, {"INBOX": 1}),
    ("a function says much", [lambda *_: [rules.file_into("A"), rules.file_into("B", when=TEAM)]], PLAIN, {"A": 1}),
]


@pytest.mark.parametrize(("filters", "octets", "found"), [row[1:] for row in FILED], ids=[row[0] for row in FILED])
def test_where_a_letter_comes_to_lie(filters: list[Any], octets: bytes, found: dict[str, int]) -> None:
    with playing(ACME, globex(*filters)) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, message=octets)
        world.settle()
        assert where(world) == found
        in_place = {event.mailbox for event in told(world, Delivered) if event.letter == letter.number}
        assert in_place == set(found)


def test_the_trace_shows_which_rule_did_it() -> None:
    spam = rules.discard(when=rules.header("X-Spam", is_="yes"), name="no spam")
    with playing(ACME, globex(rules.file_into("Lists", when=TEAM), spam)) as world:
        alice, bob = cast(world)
        filed, gone = alice.send(to=bob, message=LIST), alice.send(to=bob, message=b"X-Spam: YES\r\n\r\n")
        (step,) = [hop for hop in filed.trace.hops if hop.kind == "filtered"]
        assert step.text == "by file into Lists: file into Lists"
        assert filed.trace.status[BOB] == "delivered"
        assert gone.trace.status[BOB] == "discarded"
        (event,) = told(world, Discarded)
        assert event.rule == "bob@globex.test's rule 'no spam'"


def test_flags_are_there_when_a_reader_comes() -> None:
    with playing(ACME, globex(rules.flag("\\flagged", "$Boss", when=OURS), rules.file_into("Work"))) as world:
        alice, bob = cast(world)
        alice.send(to=bob, message=PLAIN).trace.assert_delivered()
        account = world["globex.test"].store.named(BOB)
        assert account is not None
        assert account.get("Work").messages[0].flags == {"\\Flagged", "$Boss"}
        assert "Work" in account.subscriptions


def test_forwards_make_copies() -> None:
    onward = rules.forward("carol@acme.test", "dave@globex.test", when=OURS, keep=True)
    with playing(ACME, globex(onward)) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, message=PLAIN, notify=["SUCCESS"])
        letter.trace.assert_delivered()
        assert len(bob.inbox) == len(world.user("dave@globex.test").inbox) == 1
        (theirs,) = world.user("carol@acme.test").inbox
        assert theirs.headers("Delivered-To") == ["carol@acme.test", BOB]
        assert theirs.header("Return-Path") == "<alice@acme.test>"
        (report,) = world.user("alice@acme.test").inbox
        dsn = report.as_dsn()
        assert dsn is not None
        assert [one.action for one in dsn.recipients] == ["expanded"]


def test_a_circle_of_rules_ends_in_an_inbox() -> None:
    there, back = rules.forward("carol@acme.test"), rules.forward(BOB)
    acme = Domain("acme.test", users=["alice", Account("carol", filters=[back])])
    with playing(acme, globex(there)) as world:
        alice, bob = cast(world)
        alice.send(to=bob, message=PLAIN)
        assert (len(bob.inbox), len(world.user("carol@acme.test").inbox)) == (1, 0)
        assert [event.reason for event in told(world, Filtered) if event.reason] == ["it was sent on from here before"]


def test_vacation_answers_once_to_each_sender() -> None:
    with playing(ACME, globex(rules.vacation("I am away.", every=86_400), rules.discard())) as world:
        alice, bob = cast(world)
        for _ in range(2):
            alice.send(to=bob, subject="are you there?")
        assert [message.text for message in alice.inbox] == ["I am away.\n"]
        world.clock.advance(days=1)
        alice.send(to=bob, subject="and now?")
        assert len(alice.inbox) == 2


def raising(message: Message, envelope: Any) -> None:
    raise KeyError("no such thing")


def leaving(message: Message, envelope: Any) -> None:
    raise SystemExit(3)


def wrong(message: Message, envelope: Any) -> str:
    return "Trash"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (raising, "raised KeyError: 'no such thing' (test_rules.py:"),
        (leaving, "raised SystemExit: 3 (test_rules.py:"),
        (wrong, "returned 'Trash'; it may return rules such as rules.discard(), or None"),
    ],
)
def test_a_function_that_fails_keeps_the_letter_and_says_so(function: Callable[..., Any], reason: str) -> None:
    with playing(ACME, globex(rules.discard(), function)) as world:
        alice, bob = cast(world)
        alice.send(to=bob, message=PLAIN).trace.assert_delivered()
        assert where(world) == {"INBOX": 1}
        failed = told(world, Filtered)[-1]
        assert (failed.filter, failed.verdict) == (function.__name__, "fail")
        assert failed.reason.startswith(reason)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    opened = threading.Event()
    yield opened
    opened.set()


def test_a_function_that_hangs_keeps_the_letter_and_stops_nobody(gate: threading.Event) -> None:
    def hanging(message: Message, envelope: Any) -> None:
        gate.wait(60)

    with playing(ACME, globex(hanging)) as world:
        world.internet._workshop._patience = 0.2
        alice, bob = cast(world)
        alice.send(to=bob, message=PLAIN)
        alice.send(to="dave@globex.test", message=PLAIN)
        assert (len(bob.inbox), len(world.user("dave@globex.test").inbox)) == (1, 1)
        (failed,) = told(world, Filtered)
        assert (failed.filter, failed.reason) == ("hanging", "did not come to an end in 0.2 s")


def test_the_functions_envelope_is_of_the_one_recipient() -> None:
    seen: list[Any] = []
    with playing(ACME, globex(lambda _, envelope: seen.append(envelope))) as world:
        world.user("alice@acme.test").send(to=["bob+x@globex.test", "dave@globex.test"], message=PLAIN).trace.paths  # noqa: B018
        world.settle()
        assert [(str(one.sender), [*map(str, one.recipients)]) for one in seen] == [
            ("alice@acme.test", ["bob+x@globex.test"])
        ]


def test_rules_hold_at_the_door_of_lmtp() -> None:
    with playing(ACME, globex(lambda *_: rules.file_into("A"))) as world:
        with smtplib.LMTP(*world["globex.test"].lmtp, local_hostname="x.test") as client:
            client.sendmail("x@x.test", BOB, PLAIN)
        world.settle()
        assert where(world) == {"A": 1}


def test_delivery_tells_by_which_address_a_letter_came() -> None:
    with playing(ACME, globex()) as world:
        world.user("alice@acme.test").send(to="bob+lists@globex.test", message=PLAIN)
        (letter,) = world.user(BOB).inbox
        assert [name for name, _ in letter.fields][:2] == ["Return-Path", "Delivered-To"]
        assert letter.header("Delivered-To") == "bob+lists@globex.test"


def test_folders_to_begin_with() -> None:
    with playing(ACME, globex(folders=["Drafts", "Lists/team", "Spam"])) as world:
        account = world["globex.test"].store.named(BOB)
        assert account is not None
        uses = {name: mailbox.special_use for name, mailbox in account.mailboxes.items()}
        assert uses == {
            "INBOX": "",
            "Sent": "\\Sent",
            "Drafts": "\\Drafts",
            "Lists": "",
            "Lists/team": "",
            "Spam": "\\Junk",
        }


SCENARIO = """
[[domain]]
name = "acme.test"
users = ["alice"]

[[domain]]
name = "globex.test"

[[domain.users]]
name = "bob"
folders = ["Junk"]
filters = [
    { file_into = "Lists/team", header = "List-Id", contains = "team" },
    { flag = ["\\\\Flagged", "$Boss"], sender = true, is = "alice@acme.test" },
    { discard = true, larger_than = 1000000, name = "too big" },
]
"""


def test_rules_in_a_scenario_file(tmp_path: Path) -> None:
    path = tmp_path / "world.toml"
    path.write_text(SCENARIO)
    domains = read_toml(path)
    assert list(domains[1].users[0].filters) == [
        rules.file_into("Lists/team", when=rules.header("List-Id", contains="team")),
        rules.flag("\\Flagged", "$Boss", when=rules.sender(is_="alice@acme.test")),
        rules.discard(when=rules.larger_than(1_000_000), name="too big"),
    ]
    path.write_text(SCENARIO.replace("file_into =", "file ="))
    with pytest.raises(MisuseError, match=r"rule 1: 'file'; did you mean 'file_into'"):
        read_toml(path)


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: rules.file_into(""), "a mailbox name is not empty"),
    (lambda: rules.file_into(3), "write the name of a mailbox"),  # type: ignore[arg-type]
    (lambda: rules.flag(), r"write one or more of \\Answered"),
    (lambda: rules.flag("\\Recent"), r"write one or more of \\Answered"),
    (lambda: rules.flag("two words"), "keywords of letters and digits"),
    (lambda: rules.forward(), "write an address"),
    (lambda: rules.forward("bob"), "bob"),
    (lambda: rules.vacation(""), "write the text"),
    (lambda: rules.vacation("x", every=-1), "0 or more seconds"),
    (lambda: rules.header("no colon:"), "the name of a header field"),
    (lambda: rules.header("X", matches="("), "no regular expression"),
    (lambda: rules.larger_than(-1), "a number of octets"),
    (lambda: rules.any_of(), "give conditions"),
    (lambda: rules.discard(when="spam"), "write a condition"),  # type: ignore[arg-type]
    (lambda: Account("bob", filters=rules.discard()), "give a list, even for one rule"),  # type: ignore[arg-type]
    (lambda: Account("bob", filters=[rules.discard]), r"write rules\.discard\(\.\.\.\)"),
    (lambda: Account("bob", filters=[rules.larger_than(3)]), "is no rule"),  # type: ignore[list-item]
    (lambda: Account("bob", filters=["discard"]), "is no rule"),  # type: ignore[list-item]
    (lambda: Account("bob", folders=["a//b"]), "no empty level"),
    (lambda: Account("bob", folders="Drafts"), "a list of names"),
]


@pytest.mark.parametrize(("make", "cure"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_what_makes_no_sense_is_told_at_the_call(make: Callable[[], Any], cure: str) -> None:
    with pytest.raises(MisuseError, match=cure):
        make()
