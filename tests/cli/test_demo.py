"""The demo tells what happened and nothing else."""

import io
import re

import pytest

from mailharness import Account, Domain, Gateway, World, faults, filters
from mailharness.cli import main
from mailharness.cli.demo import Demo
from mailharness.cli.page import WIDTH, Page, wants_colour
from mailharness.cli.story import Story

TOLD_IN_ORDER = [
    "userA@exampleA.tst writes 'Hello' to userB@exampleB.tst",
    "userA@exampleA.tst -> mail.exampleA.tst",
    "250 2.0.0 Ok: queued as 00000001",
    "mail.exampleA.tst asks for MX exampleB.tst",
    "a.root-servers (127.",
    "ns.nic.tst (127.",
    "ns.exampleB.tst (127.",
    "= 10 mail.exampleB.tst",
    "mail.exampleA.tst asks for A mail.exampleB.tst",
    "mail.exampleB.tst, preference 10 of 10",
    "mail.exampleA.tst -> mail.exampleB.tst (127.",
    "250 2.0.0 Ok: queued as 00000002",
    "encrypted by TLSv1",
    "mail.exampleB.tst writes it into userB@exampleB.tst/INBOX under UID 1",
    "IMAP",
    "left it there; on the server now: 1",
    "POP3",
    "left it there; on the server now: 1",
    "POP3",
    "deleted it there; on the server now: 0",
    "asks for MX exampleB.tst: cached",
    "over the connection kept from before",
    "userB@exampleB.tst/INBOX under UID 2",
    "4 questions to name servers",
    "0 questions to name servers",
]


def in_order(text: str, wanted: list[str]) -> list[str]:
    """Those of ``wanted`` that do not follow the one before them in ``text``."""
    missing, place = [], 0
    for one in wanted:
        found = text.find(one, place)
        if found < 0:
            missing.append(one)
        else:
            place = found + len(one)
    return missing


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def story_of(world: World, sender: str, reader: str) -> tuple[bool, str]:
    out = io.StringIO()
    arrived = Demo(world, Page(out, colour=False), world.user(sender), world.user(reader)).run()
    return arrived, one_line(out.getvalue())


def test_both_letters_arrive_and_the_story_is_told_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    told = capsys.readouterr().out
    assert in_order(one_line(told), TOLD_IN_ORDER) == []
    assert len(re.findall(r"^ +\d+\.\d\d ms  ", told, re.MULTILINE)) > 30


@pytest.mark.parametrize("arguments", [[], ["--without", "tst"], ["--over-quota"]], ids=" ".join)
def test_it_fits_a_terminal_and_has_no_colours_in_a_pipe(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    main(["demo", *arguments])
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= WIDTH
    assert "\033" not in told
    assert told.isascii()


@pytest.mark.parametrize(
    ("arguments", "wanted", "unwanted"),
    [
        (["--without", "tst"], "no server of tst. answered: ns.nic.tst at 127.", "127.0.0.1:"),
        (["--without", "TST"], "no server of tst. answered: ns.nic.tst at 127.", "ns.exampleB.tst"),
        (["--without", "."], "The letter stopped at mail.exampleA.tst, exampleB.tst MX", "ns.nic.tst"),
        (["--without", "exampleB.tst"], "no server of exampleB.tst. answered: ns.exampleB.tst at 127.", " MDA "),
        (["--without", "ns.exampleB.tst"], "no server of exampleB.tst. answered: ns.exampleB.tst at 127.", " MDA "),
        (["--without", "mail.exampleB.tst"], "stopped at mail.exampleA.tst: mail.exampleB.tst (127.", " MDA "),
        (["--without", "mail.exampleA.tst"], "The letter was not even submitted", " DNS "),
        (["--over-quota"], "The letter stopped at mail.exampleB.tst, RCPT: 452 4.2.2 Mailbox is full", " MDA "),
    ],
    ids=" ".join,
)
def test_what_is_missing_stops_the_letter_there(
    capsys: pytest.CaptureFixture[str], arguments: list[str], wanted: str, unwanted: str
) -> None:
    assert main(["demo", *arguments]) == 1
    told = one_line(capsys.readouterr().out)
    assert wanted in told
    assert unwanted not in told
    assert "READS IT" not in told


def test_a_letter_that_stopped_is_reported_to_its_sender_when_its_time_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--without", "mail.exampleB.tst"]) == 1
    told = one_line(capsys.readouterr().out)
    assert re.search(
        r"Six days later .* \d+ attempts, and userA@exampleA.tst's inbox holds 'Delayed .*', 'Undelivered Mail .* Sender'",
        told,
    )


def test_a_machine_that_the_letter_does_not_need_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--without", "resolver"]) == 0
    assert "Switched off: resolver (127." in capsys.readouterr().out


def test_several_machines_can_be_switched_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--without", "resolver", "--without", "mail.exampleB.tst"]) == 1
    told = capsys.readouterr().out
    for host in ("resolver", "mail.exampleB.tst"):
        assert f"Switched off: {host} (127." in told
    assert main(["demo"]) == 0
    assert "Switched off" not in capsys.readouterr().out


@pytest.mark.parametrize(("name", "nearest"), [("tts", "tst"), ("mail.exampelB.tst", "mail.exampleB.tst")])
def test_an_unknown_machine_is_named_with_the_nearest(capsys: pytest.CaptureFixture[str], name: str, nearest: str) -> None:
    assert main(["demo", "--without", name]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"mailharness: no machine or zone {name!r}; did you mean {nearest!r}?")


def test_another_world_has_another_story() -> None:
    domains = (
        Domain("acme.test", users=["alice"]),
        Domain("globex.example", users=["bob"], mx=["mx1", "mx2"], imap=["imap"]),
    )
    with World(*domains) as world:
        arrived, told = story_of(world, "alice@acme.test", "bob@globex.example")
        addresses = {host.name: host.address for host in world.internet.atlas.hosts.values()}
    assert arrived
    assert "mx1.globex.example, preference 10 of 10, 20" in told
    for name in ("ns.nic.example", "ns.globex.example", "mx1.globex.example", "imap.globex.example"):
        assert f"{name} ({addresses[name]})" in told
    assert "tst" not in told


def test_a_refused_mx_is_told_and_then_the_next_one() -> None:
    domains = Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"], mx=["mx1", "mx2"])
    with World(*domains) as world, world.fault(faults.refuse("mx1.globex.test")):
        arrived, told = story_of(world, "alice@acme.test", "bob@globex.test")
    assert arrived
    wanted = ["mx1.globex.test, preference 10 of 10, 20", "connection refused", "mx2.globex.test, preference 20 of 10, 20"]
    assert in_order(told, [*wanted, "mx2.globex.test writes it into bob@globex.test/INBOX"]) == []


def test_a_gateway_and_what_it_says_are_told() -> None:
    def curious(arrival: filters.Arrival) -> filters.Quarantine:
        return filters.Quarantine("held for a look")

    domains = Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"], gateway=Gateway([curious]))
    with World(*domains) as world:
        arrived, told = story_of(world, "alice@acme.test", "bob@globex.test")
    assert not arrived
    wanted = [
        "gateway.globex.test, curious: quarantine held for a look",
        "gateway.globex.test holds it for bob@globex.test",
    ]
    assert in_order(told, wanted) == []


def test_a_bounce_and_a_login_are_told() -> None:
    domains = Domain("acme.test", users=["alice"]), Domain("globex.test", users=[Account("bob")])
    out = io.StringIO()
    with World(*domains) as world:
        letter = world.user("alice@acme.test").send(to="nobody@globex.test", subject="Who", tls=True, login=True)
        Story(world, Page(out, colour=False)).tell_letter(letter.number)
    told = one_line(out.getvalue())
    assert "encrypted by TLSv1.3" in told
    assert "logged in as alice@acme.test" in told
    assert "gives up on nobody@globex.test, 5.1.1" in told


class Terminal(io.StringIO):
    """Somewhere that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "environment", "wanted"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_are_for_terminals(out: io.StringIO, environment: dict[str, str], wanted: bool) -> None:
    assert wants_colour(out, environment) is wanted


def test_a_page_paints_rows_and_not_their_indent() -> None:
    out = Terminal()
    page = Page(out, colour=True)
    page.step("SMTP", "word " * 30, 0.0012, colour="bad")
    first, second = out.getvalue().splitlines()
    assert first.startswith("    1.20 ms  \033[36mSMTP        \033[0m\033[31mword")
    assert re.match(r" {25}\033\[31mword[ word]*\033\[0m$", second)
