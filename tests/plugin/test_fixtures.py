"""A test gets the world that it, its class or its module describes, running, and nothing of it is left after."""

import pytest

from tests.plugin.inside import OURS_ALONE, run, run_alone

FIVE_LINES = """
def test_a_letter_arrives(mailworld):
    alice, bob = mailworld.user("userA@exampleA.tst"), mailworld.user("userB@exampleB.tst")
    alice.send(to=bob, subject="Hello")
    assert bob.inbox.subjects == ["Hello"]
"""
START = """
import pytest
from mailharness import Domain

def seen(world):
    return [domain.name for domain in world.domains], world.seed, world.timeout
"""


@pytest.mark.parametrize("arguments", [(), ("--strict-markers", "--strict-config"), ("-p", "no:cacheprovider", "-q")])
def test_five_lines_pass_in_an_empty_folder(pytester: pytest.Pytester, arguments) -> None:
    run_alone(pytester, FIVE_LINES, *arguments).assert_outcomes(passed=1)


def test_the_closest_marker_decides_for_domains_and_for_each_option(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        START
        + """
pytestmark = pytest.mark.mailworld(Domain("module.test"), seed=1, timeout=5)

def test_of_the_module(mailworld):
    assert seen(mailworld) == (["module.test"], 1, 5)

@pytest.mark.mailworld(Domain("function.test"), Domain("second.test"))
def test_with_domains(mailworld):
    assert seen(mailworld) == (["function.test", "second.test"], 1, 5)

@pytest.mark.mailworld(seed=2)
class TestOfAClass:
    def test_with_the_seed_of_the_class(self, mailworld):
        assert seen(mailworld) == (["module.test"], 2, 5)

    @pytest.mark.mailworld(seed=3, timeout=6)
    def test_with_options_of_its_own(self, mailworld):
        assert seen(mailworld) == (["module.test"], 3, 6)
""",
        "--strict-markers",
    ).assert_outcomes(passed=4)


def test_a_marker_goes_with_parametrize_and_may_be_one_of_a_parameter(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        START
        + """
@pytest.mark.mailworld(Domain("acme.test", users=["ann"]))
@pytest.mark.parametrize("subject", ["one", "two"])
def test_each_has_a_world_of_its_own(mailworld, subject):
    ann = mailworld.user("ann@acme.test")
    ann.send(to=ann, subject=subject)
    assert ann.inbox.subjects == [subject]

@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.mailworld(Domain(n))) for n in ("a.test", "b.test")])
def test_of_a_parameter(mailworld, name):
    assert seen(mailworld)[0] == [name]
""",
        "--strict-markers",
    ).assert_outcomes(passed=4)


def test_time_is_what_the_marker_says(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        START
        + """
@pytest.mark.mailworld(start=86400)
def test_virtual(mailworld):
    mailworld.clock.advance(minutes=30)
    assert mailworld.clock.now() == 88200

@pytest.mark.mailworld(clock="wall")
def test_wall(mailworld):
    assert mailworld.clock.now() > 1_700_000_000
""",
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("sed=4", "no option of a world 'sed'; did you mean 'seed'?"),
        (
            "Domain('a.test'), users=['x']",
            "no option of a world 'users' (known: clock, keep_letters, seed, spool, start, store, timeout)",
        ),
        ("clock='virtul'", "no clock 'virtul'; did you mean 'virtual'?"),
        ("timeout='5'", "timeout='5': give the world more than 0 seconds to settle"),
        ("timeout=0", "timeout=0: give the world more than 0 seconds to settle"),
        ("'a.test'", "'a.test' is not a Domain: write Domain('a.test', users=[[]...[]])"),
        ("Domain('a.test'), Domain('A.test')", "domain 'A.test' is declared twice"),
    ],
)
def test_a_marker_that_describes_no_world_is_an_error_at_once(pytester: pytest.Pytester, arguments, complaint) -> None:
    result = run(
        pytester, START + f"@pytest.mark.mailworld({arguments})\ndef test_it(mailworld):\n    raise SystemExit('it ran')"
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"E *MisuseError: {complaint}*"])
    result.stdout.no_fnmatch_line("*pytest_plugin*fixtures.py*")


def test_an_indirect_parameter_is_not_silently_ignored(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        START + "@pytest.mark.parametrize('mailworld', [Domain('a.test')], indirect=True)\ndef test_it(mailworld): pass",
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *MisuseError: mailworld takes no indirect parameter: write pytest.param(*"])


def test_the_factory_starts_worlds_that_never_meet(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        START
        + """
def test_two(mailworld, mailworld_factory):
    one, other = (mailworld_factory(Domain("acme.test", users=["ann"]), seed=seed) for seed in (1, 2))
    ann, twin = one.user("ann@acme.test"), other.user("ann@acme.test")
    ann.send(to=ann, subject="mine")
    assert (ann.inbox.subjects, twin.inbox.subjects) == (["mine"], [])
    assert (one.seed, other.seed, mailworld.letters) == (1, 2, [])
""",
    ).assert_outcomes(passed=1)


def test_the_factory_knows_its_options_too(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(mailworld_factory): mailworld_factory(cloc='wall')")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *MisuseError: no option of a world 'cloc'; did you mean 'clock'?*"])


def test_every_world_is_stopped_the_last_one_first_even_if_one_will_not(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
stopped = []

def test_three(mailworld_factory, monkeypatch):
    for name in ("first", "stubborn", "last"):
        world = mailworld_factory()
        def stop(world=world, name=name, stop=world.stop):
            stop()
            stopped.append(name)
            assert name != "stubborn", "will not stop"
        world.stop = stop

def test_what_was_stopped():
    assert stopped == ["last", "stubborn", "first"]
""",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_three*", "E *AssertionError: will not stop*"])


def test_a_world_that_the_test_stopped_is_no_trouble(pytester: pytest.Pytester) -> None:
    run(pytester, "def test_it(mailworld): mailworld.stop()").assert_outcomes(passed=1)


def test_the_marker_and_the_fixtures_are_explained(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess(*OURS_ALONE, "--markers").stdout.fnmatch_lines(
        ["@pytest.mark.mailworld(*domains, start=*"]
    )
    fixtures = pytester.runpytest_inprocess(*OURS_ALONE, "--fixtures")
    fixtures.stdout.fnmatch_lines(["mailworld -- *", "*A running world: exampleA.tst*", "mailworld_factory *-- *"])
