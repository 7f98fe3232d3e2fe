"""What a run says of all its worlds: each setting is an ini option ``mailharness_NAME`` and a flag ``--mailharness-NAME``.

The flag goes before the ini file, and what a test says itself goes before both. A value that cannot be ends the run before
its first test.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

PREFIX = "mailharness"
TRACES = ("never", "failed", "always")
_VALUES: "pytest.StashKey[dict[str, Any]]" = pytest.StashKey()


class WrongError(ValueError):
    """A value that cannot be, for a reason of its own."""


class Setting:
    """One setting. ``read`` makes its value of the text and of the folder that the text was written in, and raises
    ValueError for what cannot be; ``must_be`` says what it is, in words."""

    def __init__(self, read: Callable[[str, Path], Any], must_be: str, metavar: str, help: str) -> None:  # noqa: A002
        self.read = read
        self.must_be = must_be
        self.metavar = metavar
        self.help = help


def _seconds(text: str, _folder: Path) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise ValueError
    return seconds


def _whole(text: str, _folder: Path) -> int:
    return int(text)


def _trace(text: str, _folder: Path) -> str:
    if text not in TRACES:
        raise WrongError("must be " + _one_of(text, TRACES))
    return text


def _scenario(text: str, folder: Path) -> Path:
    path = folder / Path(text).expanduser()
    if not path.is_file():
        there = sorted(other.name for other in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        raise WrongError(f"no such file: {path}" + (f"; there is {_one_of(path.name, there)}" if there else ""))
    return path


def _place(text: str, folder: Path) -> Path:
    path = folder / Path(text).expanduser()
    if not text or (path.exists() and not path.is_dir()):
        raise ValueError
    return path


def _allow(text: str, _folder: Path) -> tuple[str, ...]:
    from mailharness.net.egress import Guard  # loaded where there is something to check

    entries = tuple(text.split())
    try:
        Guard().allow(entries)
    except ValueError as error:
        raise WrongError(str(error)) from None
    return entries


SETTINGS: Mapping[str, Setting] = {
    "allow": Setting(
        _allow, "names, addresses and networks", "NAMES", "what a test with `redirected` may reach outside its world"
    ),
    "artifacts": Setting(
        _place, "the path of a folder", "DIR", "where a failing test leaves pictures, messages, journal and scenario"
    ),
    "scenario": Setting(
        _scenario, "the path of a TOML file", "FILE", "the domains of a world that says none itself, as a scenario file"
    ),
    "seed": Setting(_whole, "a whole number", "N", "the seed of all that a world draws at random (0)"),
    "timeout": Setting(
        _seconds,
        "a number of seconds above 0",
        "SECONDS",
        "real seconds after which a world that does not settle is an error (30)",
    ),
    "trace": Setting(
        _trace, "one of never, failed, always", "|".join(TRACES), "whose report tells what became of the letters (failed)"
    ),
}


def declare(parser: pytest.Parser) -> None:
    """Make the settings known to pytest."""
    group = parser.getgroup(PREFIX, "mailharness")
    for name, setting in SETTINGS.items():
        parser.addini(f"{PREFIX}_{name}", setting.help, default="")
        group.addoption(f"--{PREFIX}-{name}", dest=f"{PREFIX}_{name}", metavar=setting.metavar, help=setting.help)


def read(config: pytest.Config) -> None:
    """Read all of them. Raises pytest.UsageError for a value that cannot be, and for a name of ours that is none."""
    _check_names(config)
    found = {name: _found(config, name) for name in SETTINGS}
    config.stash[_VALUES] = {name: value for name, value in found.items() if value is not None}


def setting(config: pytest.Config, name: str, default: Any = None) -> Any:
    """The value of one setting; ``default`` where the run says nothing."""
    return config.stash[_VALUES].get(name, default)


def world_options(config: pytest.Config) -> dict[str, Any]:
    """The options of ``mailharness.World`` that the run sets."""
    return {name: value for name, value in config.stash[_VALUES].items() if name in ("seed", "timeout")}


def header(config: pytest.Config) -> str:
    """The line at the top of a run: which version, and what its worlds are made from."""
    ours = f"{__package__}.plugin"
    found = (
        dist for plugin, dist in config.pluginmanager.list_plugin_distinfo() if getattr(plugin, "__name__", "") == ours
    )
    version = next((f" {dist.version}" for dist in found), "")
    scenario: Path | None = setting(config, "scenario")
    world = f"scenario {scenario}" if scenario else "the default world"
    return f"{PREFIX}{version}: seed {setting(config, 'seed', 0)}, {world}"


def again(item: pytest.Item) -> str:
    """The line that repeats one test, with worlds that are made from the same."""
    import shlex

    seed, scenario = setting(item.config, "seed", 0), setting(item.config, "scenario")
    flags = [f"--{PREFIX}-seed={seed}", *([f"--{PREFIX}-scenario={scenario}"] if scenario else [])]
    return "to repeat it: " + shlex.join(["pytest", item.nodeid, *flags])


def _found(config: pytest.Config, name: str) -> Any:
    """The value of one setting, or None. Workers of a run, wherever they are, are told a path that is whole."""
    flag = config.getoption(f"{PREFIX}_{name}")
    if flag is not None:
        value = _value(name, f"--{PREFIX}-{name}", str(flag), config.invocation_params.dir)
        if isinstance(value, Path):
            setattr(config.option, f"{PREFIX}_{name}", str(value))
        return value
    text = str(config.getini(f"{PREFIX}_{name}")).strip()
    folder = config.inipath.parent if config.inipath else config.rootpath
    return _value(name, f"{PREFIX}_{name}", text, folder) if text else None


def _value(name: str, written: str, text: str, folder: Path) -> Any:
    try:
        return SETTINGS[name].read(text.strip(), folder)
    except ValueError as error:
        told = str(error) if isinstance(error, WrongError) else f"must be {SETTINGS[name].must_be}"
        raise pytest.UsageError(f"{written} = {text}: {told}") from None


def _check_names(config: pytest.Config) -> None:
    """pytest only warns of an ini option that nobody has declared; one of ours is misspelt."""
    unknown: Callable[[], Iterable[str]] = getattr(config, "_get_unknown_ini_keys", tuple)
    known = [f"{PREFIX}_{name}" for name in SETTINGS]
    for name in unknown():
        if name.startswith(PREFIX):
            raise pytest.UsageError(f"{name}: there is no such option; there is {_one_of(name, known)}")


def _one_of(given: str, known: Iterable[str]) -> str:
    """``one of a, b (did you mean 'b'?)``."""
    import difflib  # loaded where a name is wrong

    names = list(known)
    near = difflib.get_close_matches(given, names, n=1)
    return f"one of {', '.join(names)}" + (f"; did you mean {near[0]!r}?" if near else "")
