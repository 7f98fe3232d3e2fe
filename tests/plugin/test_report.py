"""A failing test tells what became of its letters; a passing one says nothing, and no report ever fails."""

import re

import pytest
from pytest_mailharness import story

from tests.plugin.inside import run, run_alone

STOPPED = """
from mailharness import faults

def test_greylisted(mailworld):
    alice, bob = mailworld.user("userA@exampleA.tst"), mailworld.user("userB@exampleB.tst")
    with mailworld.fault(
        faults.reply("mail.exampleB.tst", "RCPT", "451 4.7.1 later"),
        faults.reply("mail.exampleA.tst", "VRFY", "252 2.1.5 maybe", optional=True),
    ):
        alice.send(to=bob, subject="Hello")
    assert bob.inbox.subjects == ["Hello"]
"""
SECTION = [
    "*- mail trace -*",
    "world of exampleA.tst, exampleB.tst; seed 0; 1 letter",
    "fault reply at mail.exampleB.tst to RCPT: 451 4.7.1 later: fired once",
    "fault reply at mail.exampleA.tst to VRFY: 252 2.1.5 maybe: never fired",
    "letter 1: userA@exampleA.tst -> userB@exampleB.tst: queued",
    "  mail.exampleA.tst",
    "    |  looked up    exampleB.tst MX: 10 mail.exampleB.tst",
    "  X stopped at mail.exampleB.tst, RCPT: 451 4.7.1 later (fault: reply at *",
    "=== Connected to mail.exampleB.tst from mail.exampleA.tst *",
    "<~[*] 451 4.7.1 later",
]
SEND = """
from mailharness import Domain, World, faults
import pytest

def send(world, *subjects, to="userB@exampleB.tst"):
    for subject in subjects:
        world.user("userA@exampleA.tst").send(to=to, subject=subject)
"""


@pytest.mark.parametrize(
    "arguments", [(), ("--tb=short",), ("-q",), ("-rA", "-q"), ("--tb=short", "-p", "xdist", "-n", "2")]
)
def test_the_letter_is_drawn_to_where_it_stopped_with_the_session(pytester: pytest.Pytester, arguments) -> None:
    start = run_alone if "-n" in arguments else run
    result = start(pytester, STOPPED, *arguments)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(SECTION)
    result.stdout.no_fnmatch_line("=== Connected to mail.exampleA.tst *")


def test_a_letter_that_arrived_is_drawn_without_a_session(pytester: pytest.Pytester) -> None:
    result = run(
        pytester, SEND + "def test_it(mailworld):\n    send(mailworld, 'Hello')\n    mailworld.settle()\n    assert False"
    )
    result.stdout.fnmatch_lines(
        ["letter 1: * -> userB@exampleB.tst: delivered", "*|  delivered    into userB@exampleB.tst/*"]
    )
    result.stdout.no_fnmatch_line("=== *")


@pytest.mark.parametrize(
    "test",
    [
        "def test_it(mailworld): send(mailworld, 'Hello')",
        "@pytest.mark.xfail\ndef test_it(mailworld): assert not send(mailworld, 'Hello') and False",
        "def test_it(mailworld): send(mailworld, 'Hello'); pytest.skip()",
        "def test_it(): assert False",
    ],
    ids=["passed", "xfailed", "skipped", "without a world"],
)
def test_there_is_no_section_where_there_is_nothing_to_tell(pytester: pytest.Pytester, test) -> None:
    result = run(pytester, SEND + test, "-rA")
    assert sum(result.parseoutcomes().values()) == 1
    result.stdout.no_fnmatch_line("*mail trace*")


TOLD = {
    "no-letter": (
        "@pytest.mark.mailworld(Domain('only.test'), seed=5)\ndef test_it(mailworld): assert False",
        ["world of only.test; seed 5; no letters"],
    ),
    "several-worlds": (
        "def test_it(mailworld_factory):\n    send(mailworld_factory(), 'a')\n    assert mailworld_factory(seed=9) is None",
        ["*seed 0; 1 letter", "letter 1: *", "*seed 9; no letters"],
    ),
    "setup": (
        "@pytest.fixture\ndef site(mailworld):\n    send(mailworld, 'a')\n    assert False\ndef test_it(site): pass",
        ["*ERROR at setup of test_it*", "*mail trace*", "letter 1: *"],
    ),
    "teardown": (
        "@pytest.fixture\ndef site(mailworld):\n    yield\n    send(mailworld, 'a')\n    assert False\n"
        "def test_it(site): pass",
        ["*ERROR at teardown of test_it*", "*mail trace*", "letter 1: *"],
    ),
    "shared-world": (
        "@pytest.fixture(scope='module')\ndef shared():\n    with World(seed=3) as world:\n        yield world\n"
        "def test_it(shared):\n    send(shared, 'a')\n    assert False",
        ["*mail trace*", "*seed 3; 1 letter", "letter 1: *"],
    ),
    "stopped-world": (
        "def test_it(mailworld):\n    send(mailworld, 'a')\n    mailworld.stop()\n    assert False",
        ["*mail trace*", "letter 1: *"],
    ),
    "refused": (
        "def test_it(mailworld):\n    send(mailworld, 'a', to='nobody@exampleA.tst')\n    assert False",
        ["letter 1: *: refused", "  X stopped at mail.exampleA.tst*: 550 5.1.1 *", "<[*][*] 550 5.1.1 *"],
    ),
    "no-letter-but-a-session": (
        "import smtplib\ndef test_it(mailworld):\n"
        "    with smtplib.SMTP(*mailworld['exampleA.tst'].submission) as smtp:\n        smtp.login('userA', 'wrong')",
        ["*; no letters", "=== Trying mail.exampleA.tst...", "<[*][*] 535 *"],
    ),
}


@pytest.mark.parametrize(("test", "lines"), TOLD.values(), ids=TOLD)
def test_whatever_fails_the_worlds_of_the_test_are_told(pytester: pytest.Pytester, test, lines) -> None:
    run(pytester, SEND + test).stdout.fnmatch_lines(lines)


def test_a_world_that_two_fixtures_give_is_told_once(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        SEND
        + """
@pytest.fixture(scope="module")
def shared():
    with World(Domain("m.test", users=["x"])) as world:
        yield world

@pytest.fixture
def site(shared):
    return shared

def test_it(site, shared, mailworld):
    assert False
""",
    )
    told = [line.split(";")[0] for line in result.outlines if line.startswith("world of ")]
    assert told == ["world of exampleA.tst, exampleB.tst", "world of m.test"]


def test_of_many_letters_those_that_stopped_are_told_and_then_the_last(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        SEND
        + """
def test_it(mailworld):
    with mailworld.fault(faults.reply("mail.exampleB.tst", "EOD", "554 5.6.0 no", times=1)):
        send(mailworld, "the lost one")
    send(mailworld, *map(str, range(12)))
    mailworld.settle()
    assert False
""",
    )
    told = [line.split(":")[0] for line in result.outlines if line.startswith("letter ")]
    assert told == ["letter 1", *(f"letter {number}" for number in range(6, 15))]
    result.stdout.fnmatch_lines(["*; 14 letters, 10 of them here", "letter 1: *: bounced"])


def test_a_long_session_is_told_from_its_start_and_its_end(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import smtplib
def test_it(mailworld):
    with smtplib.SMTP(*mailworld["exampleA.tst"].submission) as smtp:
        for number in range(90):
            smtp.docmd("NOOP", str(number))
    assert False
""",
    )
    told = result.outlines[result.outlines.index("=== Trying mail.exampleA.tst...") :]
    assert [line.endswith("lines are left out)") for line in told].index(True) == story.LINES
    assert {" -> NOOP 0", " -> NOOP 89", " -> QUIT"} < set(told)
    assert " -> NOOP 45" not in told


@pytest.mark.parametrize("broken", ["mailworld.journal = None", "mailworld.domains = None"])
def test_a_report_never_fails_for_its_mail_trace(pytester: pytest.Pytester, broken) -> None:
    result = run(pytester, f"def test_it(mailworld):\n    {broken}\n    assert False, 'the test has the word'")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *the test has the word*", "*mail trace*", "(the mail trace could not be told: *Error: *)"]
    )


def test_the_letters_of_a_test_are_not_kept_after_it(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
import gc, weakref
worlds = []

def test_one(mailworld, mailworld_factory):
    worlds.extend(map(weakref.ref, (mailworld, mailworld_factory())))

def test_two():
    gc.collect()
    assert [world() for world in worlds] == [None, None]
""",
    ).assert_outcomes(passed=2)


COMPLAINTS = {
    "a fault that never fires": (
        "def test_it(mailworld):\n    with mailworld.fault(faults.refuse('mail.exampleB.tst')):\n        pass",
        "*UnusedFaultError: never fired: refuse mail.exampleB.tst*",
    ),
    "a letter that never comes": (
        "def test_it(mailworld):\n    with mailworld.expect(subject='Hi'):\n        send(mailworld, 'Hj')",
        "*ExpectationError: expected exactly one letter*",
    ),
    "a letter that is waited for": (
        "def test_it(mailworld):\n    mailworld.wait_for(subject='x', timeout=0.01)",
        "*ExpectationError: no letter (subject='x') came within 0.01 s*",
    ),
    "a claim": (
        "def test_it(mailworld):\n    send(mailworld, 'x')\n    mailworld.letters[0].trace.assert_bounced()",
        "*ExpectationError: letter 1 did not bounce: it arrived*",
    ),
    "an argument": (
        "def test_it(mailworld):\n    send(mailworld, 3)",
        "*MisuseError: send(subject=3): write text*",
    ),
    "a marker": (
        "@pytest.mark.mailworld('m.test')\ndef test_it(mailworld): pass",
        "*MisuseError: 'm.test' is not a Domain: write Domain('m.test', users=[[]...])*",
    ),
    "a world": ("def test_it():\n    World('a.test')", "*MisuseError: 'a.test' is not a Domain*"),
}


@pytest.mark.parametrize("complaint", COMPLAINTS)
def test_a_complaint_ends_at_the_test_s_own_line(pytester: pytest.Pytester, complaint: str) -> None:
    source, says = COMPLAINTS[complaint]
    result = run(pytester, SEND + source)
    result.stdout.fnmatch_lines([f"E{says}"])
    traceback = result.stdout.str().partition("- mail trace -")[0].partition("short test summary")[0]
    places = re.findall(r"^(\S+\.py):\d+: ", traceback, re.MULTILINE)
    inside = complaint == "a marker"  # no line of the test has called us
    assert [place.endswith("mailharness/world/blueprint/domains.py") for place in places][-1:] == [inside]
    assert len(places) <= 2
    assert "contextlib.py" not in traceback
    assert "mailharness/" in run(pytester, SEND + source, "--full-trace").stdout.str()


def test_what_goes_wrong_elsewhere_keeps_its_whole_traceback(pytester: pytest.Pytester) -> None:
    result = run(
        pytester, SEND + "def test_it(mailworld):\n    mailworld.switch_off('exampleA.tst')\n    mailworld.clock.gone()"
    )
    result.stdout.fnmatch_lines(["E*AttributeError: 'WorldClock' object has no attribute 'gone'"])
    result = run(
        pytester, SEND + "def test_it(mailworld):\n    mailworld.switch_off('mail.exampleA.tst')\n    send(mailworld, 'x')"
    )
    result.stdout.fnmatch_lines(["*mailharness/world/user.py:*", "*smtplib.py:*"])


def test_a_letter_that_the_error_draws_is_not_drawn_again(pytester: pytest.Pytester) -> None:
    source = """
def test_it(mailworld):
    send(mailworld, "arrives")
    send(mailworld, "stops", to="nobody@exampleB.tst")
    mailworld.letters[1].trace.assert_delivered()
"""
    told = run(pytester, SEND + source, "-rN").stdout.str()  # where CI is set, pytest's summary has every line again
    assert told.count("|  submitted    from <userA@exampleA.tst> for nobody@exampleB.tst") == 1
    assert told.count("|  submitted    from <userA@exampleA.tst> for userB@exampleB.tst") == 1
    assert told.count("<~* 550 5.1.1 No such user here") == 1
    assert "letter 2: userA@exampleA.tst -> nobody@exampleB.tst: bounced (drawn above)" in told
