"""A world lives as long as whoever asked for it, and the run's own world is as new for each test."""

import pytest

from tests.plugin.inside import run, run_alone

SCOPES = ("function", "class", "module", "package", "session")
OF_A_SCOPE = """
import pytest
from mailharness import WorldStoppedError

lives = []

@pytest.fixture(scope="{scope}")
def shared(mailworld_factory):
    world = mailworld_factory(seed=3)
    lives.append(world)
    yield world
    world.settle()  # its world runs still while it ends

class TestOne:
    @pytest.mark.parametrize("number", [1, 2])
    def test_a_letter(self, shared, number):
        shared.user("userA@exampleA.tst").send(to="userB@exampleB.tst", subject=str(number))
        assert shared.user("userB@exampleB.tst").inbox.subjects == {subjects}[number - 1]

def test_lives(shared):
    assert len(lives) == {lives}
    for world in lives[:-1]:
        with pytest.raises(WorldStoppedError):
            world.settle()
"""
EACH_ITS_OWN = [["1"], ["2"]]
TOGETHER = [["1"], ["1", "2"]]
MADE = {"function": (EACH_ITS_OWN, 3), "class": (TOGETHER, 2), "module": (TOGETHER, 1), "package": (TOGETHER, 1)}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_fixture_of_any_scope_starts_a_world_that_lives_as_long_as_it(pytester: pytest.Pytester, scope: str) -> None:
    subjects, lives = MADE.get(scope, (TOGETHER, 1))
    run(pytester, OF_A_SCOPE.format(scope=scope, subjects=subjects, lives=lives)).assert_outcomes(passed=3)


def test_a_world_of_a_test_ends_with_the_test_and_one_of_a_class_with_the_class(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
import pytest
from mailharness import WorldStoppedError

worlds = []

@pytest.fixture(scope="class")
def of_the_class(mailworld_factory):
    worlds.append(mailworld_factory())

class TestOne:
    def test_one(self, of_the_class, mailworld_factory):
        worlds.append(mailworld_factory())

    def test_two(self, of_the_class):
        of_class, of_test = worlds
        of_class.settle()
        with pytest.raises(WorldStoppedError):
            of_test.settle()

def test_three():
    for world in worlds:
        with pytest.raises(WorldStoppedError):
            world.settle()
""",
    ).assert_outcomes(passed=3)


def test_a_world_that_is_asked_for_dynamically_or_while_a_fixture_ends(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
import pytest

late = []

@pytest.fixture(scope="module")
def ending(mailworld_factory):
    yield
    late.append(mailworld_factory())

def test_one(ending, request):
    assert request.getfixturevalue("mailworld").letters == []
    assert request.getfixturevalue("mailworld_factory")().letters == []
""",
        "-W",
        "error",
    ).assert_outcomes(passed=1)


def test_a_shared_world_is_told_by_the_test_that_fails_and_only_what_happened_in_it(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import pytest

@pytest.fixture(scope="module")
def application(mailworld_factory):
    world = mailworld_factory()
    return lambda subject: world.user("userA@exampleA.tst").send(to="nobody@exampleB.tst", subject=subject)

def test_passes(application): application("one")

def test_fails(application):
    application("two")
    assert False

def test_of_another_kind(): assert False
""",
    )
    result.assert_outcomes(passed=1, failed=2)
    told = result.stdout.str()
    assert told.count("- mail trace -") == 1
    assert "letter 1: " not in told
    result.stdout.fnmatch_lines(["world of *; * in this test (* before it)*", "letter *: userA@exampleA.tst -> nobody@*"])


RESET = """
import pytest

@pytest.fixture(scope="session")
def application(mailworld_session):
    return mailworld_session["exampleA.tst"].submission

@pytest.mark.parametrize("number", range({tests}))
def test_as_new(mailworld_session, application, number):
    world = mailworld_session
    alice, bob = world.user("userA@exampleA.tst"), world.user("userB@exampleB.tst")
    assert (world.letters, bob.inbox.subjects, world.dns.queries()) == ([], [], [])
    assert application == world["exampleA.tst"].submission
    world.clock.advance(hours=1)
    letter = alice.send(to=bob, subject=str(number))
    world.switch_off("mail.exampleB.tst")
    assert letter.number == 1

def test_without(): pass
"""


@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "2"), ("-p", "xdist", "-n", "2", "--dist", "loadfile")])
def test_the_world_of_the_run_is_as_new_for_each_test(pytester: pytest.Pytester, arguments) -> None:
    start = run_alone if arguments else run
    start(pytester, RESET.format(tests=6), *arguments).assert_outcomes(passed=7)


def test_a_failure_tells_of_the_letters_of_its_own_test_and_is_told_before_the_reset(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import pytest

@pytest.mark.parametrize("subject", ["one", "two"])
def test_it(mailworld_session, subject):
    mailworld_session.user("userA@exampleA.tst").send(to="nobody@exampleA.tst", subject=subject)
    assert subject == "one"
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["world of exampleA.tst, exampleB.tst; seed 0; 1 letter", "letter 1: *: refused"])


def test_the_world_of_the_run_is_described_in_a_conftest_or_a_scenario(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
import pytest
from mailharness import Domain

@pytest.fixture(scope="session")
def mailworld_session(mailworld_factory):
    return mailworld_factory(Domain("acme.test", users=["ann"]))
"""
    )
    source = """
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_it(mailworld_session, number):
    ann = mailworld_session.user("ann@acme.test")
    ann.send(to=ann, subject="Hello")
    assert ann.inbox.subjects == ["Hello"]
"""
    run(pytester, source).assert_outcomes(passed=2)
    (pytester.path / "conftest.py").unlink()
    (pytester.path / "mail.toml").write_text('[[domain]]\nname = "acme.test"\nusers = ["ann"]\n')
    run_alone(pytester, source, "--mailharness-scenario=mail.toml").assert_outcomes(passed=2)


def test_a_test_that_stops_the_world_of_the_run_is_an_error_of_those_behind_it(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        "def test_one(mailworld_session): mailworld_session.stop()\ndef test_two(mailworld_session): pass",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E *WorldStoppedError: the world was stopped*"])
