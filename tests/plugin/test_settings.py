"""What the ini file and the flags say holds for every world of a run; what cannot be ends the run before its first test."""

import pytest

from tests.plugin.inside import run, run_alone

SCENARIO = '[[domain]]\nname = "acme.test"\nusers = ["ann"]\n'
SEEN = """
def test_it(mailworld, mailworld_factory):
    for world in (mailworld, mailworld_factory()):
        assert ([domain.name for domain in world.domains], world.seed, world.timeout) == {}
"""
SETTINGS = {"scenario": "mail.toml", "seed": "5", "timeout": "2.5"}
OF_THE_SETTINGS = (["acme.test"], 5, 2.5)


@pytest.fixture
def folder(pytester: pytest.Pytester) -> pytest.Pytester:
    (pytester.path / "mail.toml").write_text(SCENARIO)
    return pytester


def flags(settings: dict[str, str]) -> list[str]:
    return [f"--mailharness-{name}={value}" for name, value in settings.items()]


def ini(pytester: pytest.Pytester, settings: dict[str, str]) -> None:
    pytester.makeini("[pytest]\n" + "\n".join(f"mailharness_{name} = {value}" for name, value in settings.items()))


@pytest.mark.parametrize("by", ["ini", "flags"])
@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["here", "xdist"])
def test_a_setting_is_an_ini_option_and_a_flag(folder: pytest.Pytester, by, workers) -> None:
    if by == "ini":
        ini(folder, SETTINGS)
    given = flags(SETTINGS) if by == "flags" else []
    run_alone(folder, SEEN.format(OF_THE_SETTINGS), *given, *workers).assert_outcomes(passed=1)


def test_a_flag_goes_before_the_ini_file_and_the_test_s_own_word_before_both(folder: pytest.Pytester) -> None:
    ini(folder, SETTINGS)
    source = (
        SEEN.format((["acme.test"], 7, 2.5))
        + """
import pytest
from mailharness import Domain

@pytest.mark.mailworld(Domain("own.test"), seed=8)
def test_its_own_word(mailworld):
    assert (mailworld.domains[0].name, mailworld.seed, mailworld.timeout) == ("own.test", 8, 2.5)
"""
    )
    run(folder, source, "--mailharness-seed=7").assert_outcomes(passed=2)


def test_a_scenario_is_found_beside_the_ini_file_and_a_flag_s_beside_the_caller(
    folder: pytest.Pytester, monkeypatch
) -> None:
    ini(folder, {"scenario": "mail.toml"})
    (folder.path / "below").mkdir()
    (folder.path / "below" / "other.toml").write_text(SCENARIO.replace("acme", "other"))
    folder.makepyfile("def test_it(mailworld, pytestconfig): assert mailworld.domains[0].name == 'other.test'")
    monkeypatch.chdir(folder.path / "below")
    folder.runpytest_subprocess("..", "--mailharness-scenario=other.toml", "-p", "no:asyncio").assert_outcomes(passed=1)
    folder.makepyfile("def test_it(mailworld): assert mailworld.domains[0].name == 'acme.test'")
    folder.runpytest_subprocess("..", "-p", "no:asyncio").assert_outcomes(passed=1)


WRONG = {
    "seed=1.5": "must be a whole number",
    "seed=dice": "must be a whole number",
    "timeout=0": "must be a number of seconds above 0",
    "timeout=nan": "must be a number of seconds above 0",
    "timeout=soon": "must be a number of seconds above 0",
    "trace=allways": "must be one of never, failed, always; did you mean 'always'?",
    "scenario=male.toml": "no such file: */male.toml; there is one of mail.toml; did you mean 'mail.toml'?",
    "scenario=nowhere/mail.toml": "no such file: */nowhere/mail.toml",
}


@pytest.mark.parametrize("written", ["--mailharness-{}", "-omailharness_{}"], ids=["flag", "ini"])
@pytest.mark.parametrize("setting", WRONG)
def test_a_wrong_value_ends_the_run_and_names_what_was_meant(folder: pytest.Pytester, setting: str, written: str) -> None:
    result = run(folder, "def test_it(): pass", written.format(setting))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name, _, value = setting.partition("=")
    result.stderr.fnmatch_lines([f"ERROR: *mailharness?{name} = {value}: {WRONG[setting]}"])


def test_a_misspelt_ini_option_ends_the_run(pytester: pytest.Pytester) -> None:
    ini(pytester, {"sed": "4"})
    result = run(pytester, "def test_it(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: mailharness_sed: there is no such option; *; did you mean 'mailharness_seed'?"])


def test_a_scenario_that_cannot_be_read_fails_the_first_test_that_needs_it(folder: pytest.Pytester) -> None:
    (folder.path / "mail.toml").write_text(SCENARIO.replace("users", "user"))
    result = run(folder, "def test_it(mailworld): pass", *flags(SETTINGS))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *MisuseError: no key in *mail.toml*'user'; did you mean 'users'?*"])


def test_the_header_says_what_worlds_are_made_from(folder: pytest.Pytester) -> None:
    run(folder, "def test_it(): pass").stdout.re_match_lines([r"mailharness \d\S+: seed 0, the default world"])
    told = run(folder, "def test_it(): pass", *flags(SETTINGS))
    told.stdout.re_match_lines([r"mailharness \d\S+: seed 5, scenario \S*/mail.toml"])
    run(folder, "def test_it(): pass", "-q").stdout.no_fnmatch_line("mailharness *seed*")


def test_the_flags_are_explained(pytester: pytest.Pytester) -> None:
    told = run(pytester, "", "--help").stdout.str()
    names = ("artifacts", "scenario", "seed", "timeout", "trace")
    assert [name for name in names if f"--mailharness-{name}=" not in told] == []
